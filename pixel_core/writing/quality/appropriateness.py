"""Rules that every written conversation keeps: no diagnosis thrust on a client, no medication order, no blame, no promise, danger first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from pixel_core import taxonomy
from pixel_core.conversation import Conversation, Turn
from pixel_core.sentences import clauses_of, sentences_of
from pixel_core.writing.risk import IDEATION, level_labelled

# Names of disorders as people say them; the full names of the taxonomy are added.
_DIAGNOSES = (
    r"depression|clinically depressed|bipolar|manic|mania|borderline|schizophreni\w+|psychosis|psychotic|ptsd|ocd|adhd|autism|autistic|"
    r"anorexi\w+|bulimi\w+|alcoholi\w+|addict\w*|agoraphobi\w+|dysmorphi\w+|narcissis\w+|psychopath\w*|sadis\w+|histrionic|schizoid|"
    r"(?:generali[sz]ed|social|health|separation) anxiety|(?:social|specific) phobia|asperger\w*|tourette\w*|c-?ptsd|bpd|gad|mdd|insomniac|"
    r"you(?:'ve got|'ve|(?: clearly| probably| simply)? (?:have(?: got)?|suffer from))(?: \w+)? "
    r"(?:anxiety|insomnia|phobia)(?= ?[.,;!]|$)|you(?:'re| are)(?: \w+)? depressed|"
    r"paranoid|paranoia|hypochondri\w+|disorders?|diagnosed|(?:my|your) diagnosis|diagnosis (?:is|of)"
)
_MEDICINE = (
    r"medic(?:ation|ine)s?|meds|tablets?|pills?|antidepressants?|tranquillisers?|sedatives?|benzodiazepines?|lithium|sertraline|fluoxetine|"
    r"diazepam|ssris?|dose|doses|dosage|(?:\d+ ?)?(?:mg|milligrams?)"
)
_CHANGE = (
    r"start|stop|quit|take|try|increase|raise|double|triple|halve|reduce|lower|cut|skip|drop|change|taper|wean|throw away|bin|"
    r"get off|come off|go off|leave off|leave out|switch to|go back to"
)
_ORDER = re.compile(rf"(?<![-\w])(?:{_CHANGE})\b(?!-)[^.?!]*\b(?:{_MEDICINE})\b", re.I)
_QUESTION = re.compile(r"(?:and |so )?(?:did|do|have|has|when|how|what|who|since|are|were|was|is|does)\b(?! (?:about|if)\b).*\?$", re.I)
_PRESCRIBER = r"(?:doctors?|gp|psychiatrist|pharmacist|surgery|(?:who|whoever) prescribe[sd]?)"
# To be told to ask first leaves it to the doctor; to be told what to do, and a doctor named after it, does not.
_DEFERS = re.compile(
    rf"\b(?:ask|talk|speak|see|ring|call|check|discuss|consult)\b[^.?!]{{0,40}}\b{_PRESCRIBER}\b|"
    rf"\b{_PRESCRIBER}(?:'s)? (?:(?:can|should|has to|must|may|will|might) (?:tell|say|decide|judge|advise|help|change|adjust|look|check|"
    r"start|stop|raise|lower|try|prescribe)|decides|is the one|said|told|wrote|advised|suggested|recommended|prescribed)|"
    r"\b(?:question|matter|decision|one) (?:with|for) (?:your|the|a) (?:doctor|gp|psychiatrist)\b",
    re.I,
)
_DEFERS_AFTER = re.compile(
    rf"\b(?:before|until|unless|without|only (?:after|when|if|once)|as)\b[^.?!]*\b(?:{_PRESCRIBER}|prescribed)\b|"
    rf"\b(?:belongs?|best left|up|a question|a decision) (?:with|for|to) (?:your|the|a) {_PRESCRIBER}\b|\bnot mine\b|\bisn't mine\b|"
    r"\b(?:don't|do not|never) (?:just |simply |suddenly )?(?:stop|change|skip|halve|double)\b|\bbetween you and\b",
    re.I,
)
_SETS_ASIDE = re.compile(r"\b(?:whatever|no matter what|regardless|even if|without (?:ask|tell|see|talk)ing|no need to|not mind)\b", re.I)
_BLAME = re.compile(
    r"\b(?:you (?:only )?have (?:only )?yourself to blame|you(?:'ve)? (?:brought|bring) (?:this|it|that) (?:up)?on yourself|"
    r"you should have known better|pull yourself together|get over (?:it|yourself)|stop feeling sorry for yourself|man up|"
    r"snap out of it|it(?:'s| is| was) (?:all )?your (?:own )?fault|if you really wanted to|"
    r"you(?:'re| are) (?:just |only |simply |being )*(?:dramatic|selfish|lazy|weak|hysterical|overreacting|too sensitive))\b",
    re.I,
)
_CURE = re.compile(
    r"\b(?:(?:i|we) (?:can )?(?:promise|guarantee)(?: you)?(?: that)? (?:you|it|this)(?:'ll| will)|(?:completely|fully|totally) cured|"
    r"you(?:'ll| will) (?:definitely|certainly|never) (?:be cured|recover|be well|get well|get better|relapse|feel that way again)|"
    r"(?:this|that|it) will cure|guaranteed to (?:work|help)|a (?:sure|certain) cure)\b",
    re.I,
)
# Speech about such words is not such speech: it denies them, or tells whose they are.
_REPORTS = re.compile(
    r"\b(?:not|never|nobody|nor|isn't|wasn't|doesn't|don't|can't|"
    r"says?|said|tells?|told|hear|voice|thought|sounds? like|as if|whether|if it)\b|"
    r"[\"\u201c]|^'|\s'",
    re.I,
)
_METHODS = re.compile(
    r"\b(?:overdos\w+|hang(?:ing)? yourself|noose|razor blades?|slit|jump(?:ing)? (?:off|from)|lethal|"
    r"cut your(?:self| (?:own )?(?:wrist|arm|vein|leg|skin|throat|thigh)s?))\b",
    re.I,
)


def appropriateness_faults(conversation: Conversation) -> list[str]:
    """The rules that a conversation breaks, as reason codes, each once; [] when it keeps them all."""
    return list(dict.fromkeys(_faults(conversation.turns)))


def _faults(turns: Sequence[Turn]) -> Iterator[str]:
    for turn in turns:
        if turn.part not in ("therapist", "assistant"):
            continue
        if turn.part == "therapist" and _diagnosis().search(turn.content):
            yield "diagnosis_named"
        if any(_orders_medicine(sentence) for sentence in sentences_of(turn.content)):
            yield "medication_order"
        if _METHODS.search(turn.content):
            yield "method_named"
        sentences = clauses_of(turn.content)
        if any(_BLAME.search(sentence) and not _REPORTS.search(sentence) for sentence in sentences):
            yield "blame"
        if any(_CURE.search(sentence) and not _REPORTS.search(sentence) for sentence in sentences if turn.part == "therapist"):
            yield "promise_of_cure"
    yield from _danger(turns)


def _orders_medicine(sentence: str) -> bool:
    """Whether a sentence tells somebody what to do about medicine. Neither a question nor what is left to the doctor does."""
    order = _ORDER.search(sentence)
    if order is None or _QUESTION.match(sentence):
        return False
    if _SETS_ASIDE.search(sentence):
        return True
    first = _DEFERS.search(sentence)
    return not (_DEFERS_AFTER.search(sentence) or (first and first.start() < order.start()))


def _danger(turns: Sequence[Turn]) -> Iterator[str]:
    """Whoever voices thoughts of dying is asked about them in the very next turn, and a plan is made in the same conversation."""
    first = next((i for i, turn in enumerate(turns) if level_labelled(turn.labels) >= IDEATION), None)
    if first is None:
        return
    replies = [turn for turn in turns[first + 1 :] if turn.part == "therapist"]
    if not replies or "safety_assessment" not in replies[0].shown("technique"):
        yield "danger_not_first"
    if not any("safety_planning" in turn.shown("technique") for turn in replies):
        yield "no_safety_plan"


@cache
def _diagnosis() -> re.Pattern[str]:
    names = "|".join(re.escape(c.name) for c in taxonomy.classes("dsm5"))
    return re.compile(rf"\b(?:{_DIAGNOSES}|{names})\b", re.I)
