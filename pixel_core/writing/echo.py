"""The client's own words in the therapist's mouth: a clause turned to `you`, or a few words in quotation marks."""

from __future__ import annotations

import re

from pixel_core.writing.content import filler_words

LONGEST = 12  # words of a clause that is said back; more sounds like a transcript
_COMFORTABLE = 10  # so long it may be whenever the sentence allows
_SHORTEST = 4
_PAIRS = {
    "i'm": "you're",
    "i am": "you are",
    "am i": "are you",
    "i was": "you were",
    "was i": "were you",
    "i wasn't": "you weren't",
    "i've": "you've",
    "i'd": "you'd",
    "i'll": "you'll",
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "we're": "you're",
    "we've": "you've",
    "we'd": "you'd",
    "we'll": "you'll",
    "we": "you",
    "us": "you",
    "our": "your",
    "ours": "yours",
    "ourselves": "yourselves",
}
_PERSON = re.compile(r"\b(" + "|".join(sorted((re.escape(k) for k in _PAIRS), key=len, reverse=True)) + r")\b(?!')", re.I)
_ADVERB_WAS = re.compile(r"\bI ((?:\w+ly|just|always|never|once|only|still|also) )was\b")
# Speech about the listener, quotations, questions and exclamations do not survive the change of person.
_UNFIT = re.compile(
    r"\byou\b|\byour\b|\byou're\b|[?!…]|\.\.\.|(?:^|\s)['\"“\u2018]|['\"”\u2019](?:\s|,|$)|\blook,|\bI mean\b|^Ask me\b", re.I
)
_BAD_START = re.compile(
    r"(?:and|but|so|or|no|yes|then|because|since|as|that|which|who|what|when|if|where|while|honestly|funny|look|sorry|oh|well|sad|maybe|"
    r"although|though|nor|than|to|for|at|in|on|with|of|even|until|till|having|had|people call me)\b",
    re.I,
)
_QUOTE_START = re.compile(
    r"(?:and|but|or|so|nor|because|since|that|which|who|than|as|of|to|for|is|are|was|were|had|has|have|the|a|an|my|if|when|"
    r"back|down|up|even|still|then|now|over|three|two|one|forty|with|without|at|on|in|even|saw|go|went|come|came|be|been|put|took|although|"
    r"though|whenever|until|till|whoever|also|either|only|says|said|tells|told|asked|asks?|brought|turn|straight|right|otherwise|within|"
    r"behind|against|about|both|by the time)\b",
    re.I,
)
# A piece that begins with one of these is cut out of something longer, unless somebody does something in it.
_QUOTE_LED = re.compile(r"(?:after|before|between|by|from|under|near|inside|around)\b(?!.*\b(?:I|we|they|he|she|it|there)\b)", re.I)
_UNQUOTABLE = re.compile(r"[\"“”?!]|(?:^|\s)'|'(?:\s|$)|\b[Yy]ou\b")
_LISTENER = re.compile(r"\byou", re.I)
# What changes the sense of what came before it, or brings the point of it.
_TURNS = re.compile(r"(?:but|though|although|yet|only|except|unless|as if|as though|and|it's|it was|that's|that was)\b", re.I)
_COMMON = (
    "It|That|There|He|She|What|Who|Nobody|Everyone|Everybody|Someone|Here|One|Food|Life|Work|Money|Time|Everything|Nothing|Something|Mine|"
    "Sleep|Reading|Other|School|Home|Day|Night"
)
_PROPER = re.compile(
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|I\b|Mum\b|Dad\b|Papa\b|Gran\b|Christmas\b|Easter\b|God\b|"
    rf"(?!(?:{_COMMON})'s)[A-Z]\w+'s\b"
)


def second_person(clause: str) -> str:
    """The clause with the speaker turned into the listener: `I've lost my keys` becomes `you've lost your keys`."""
    clause = _ADVERB_WAS.sub(r"I \1were", clause)
    turned = _PERSON.sub(lambda match: _matching_case(match.group(), _PAIRS[match.group().lower()]), clause)
    return re.sub(r"\b(you(?:'ve|'d)?) was\b", r"\1 were", turned, flags=re.I)


def clause_of(sentence: str) -> str | None:
    """The sentence, or its beginning up to a comma, turned to `you`, without a final stop; None when it cannot be said back.

    What speaks of the client nowhere is no reflection, and a second sentence is left to be said by itself.
    """
    text = sentence.strip().rstrip(".")
    if _UNFIT.search(text) or _BAD_START.match(text):
        return None
    pieces = re.split(r"(?<=[,;:.]) ", text)
    fits = []
    for count in range(1, len(pieces) + 1):
        candidate = " ".join(pieces[:count]).rstrip(",;:.")
        led_up = any(_TURNS.match(piece) for piece in pieces[count:]) or pieces[count - 1].endswith(":")
        if re.search(r"\. ", candidate):
            break
        whole = count == len(pieces) or (_stands_alone(candidate) and not led_up and (count == 1 or len(pieces[count - 1].split()) > 3))
        if whole and _SHORTEST < len(candidate.split()) <= LONGEST:
            fits.append(candidate)
    short = [f for f in fits if len(f.split()) <= _COMFORTABLE]
    chosen = (short or fits)[-1] if fits else None
    turned = second_person(chosen) if chosen else ""
    return turned if _LISTENER.search(turned) else None


def quote_of(sentence: str) -> str | None:
    """The most telling words of the sentence as they were said, in quotation marks; None when no piece is short and full enough."""
    pieces = [p.strip(" .,;:") for p in re.split(r"[,;:.] |(?<!hundred) and | but | \u2013 ", sentence.strip())]
    fits = [p for p in pieces if 3 <= len(p.split()) <= 9 and not (_UNQUOTABLE.search(p) or _QUOTE_START.match(p) or _QUOTE_LED.match(p))]
    best = max(fits, key=_telling, default=None)
    return f'"{_lower(best)}"' if best and _telling(best) >= 2 else None


def _telling(piece: str) -> int:
    """How many words of the piece carry meaning of their own."""
    return sum(1 for word in re.findall(r"[a-z]+(?:'[a-z]+)?", piece.lower()) if len(word) > 3 and word not in filler_words())


def sentence_case(text: str) -> str:
    """The text with its first letter, after quotation marks, in upper case."""
    position = next((i for i, c in enumerate(text) if c.isalpha()), 0)
    return text[:position] + text[position : position + 1].upper() + text[position + 1 :]


def continued(text: str) -> str:
    """The text as it goes on after a comma or colon: the first letter lower, names and `I` kept."""
    return _lower(text)


def _stands_alone(beginning: str) -> bool:
    """Whether the beginning of a sentence holds a subject and a verb, as far as words tell."""
    return (
        bool(re.search(r"\b(i|it|he|she|they|we|there|people|everyone|my \w+|the \w+)('\w+)?\b.*\s\w+", beginning, re.I))
        and len(beginning.split()) > _SHORTEST
    )


def _lower(text: str) -> str:
    return text if _PROPER.match(text) else text[:1].lower() + text[1:]


def _matching_case(found: str, replacement: str) -> str:
    """Upper case only where the word began a sentence; `I` is upper everywhere and tells nothing."""
    begins = found[:1].isupper() and not re.match(r"I\b", found)
    return replacement[:1].upper() + replacement[1:] if begins else replacement
