"""Contact data in a text: e-mail addresses, links, handles, street addresses, account and phone numbers, found by how they are written.

A street address is a house number, up to three names and a word for a street (`14 Elm Park Road`); in small letters such a word must be
one that is hardly anything else (`42 oak street`, not `42 oak court`). `tests/pixel_core/corpus/test_contacts.py` measures what is found.
Missed are streets without such a word (`12 Broadway`), numbers behind the street (`Hauptstrasse 12`) or in words, and sites alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

KINDS = ("email", "link", "handle", "address", "account", "phone")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EMAIL = re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b")
# What people write lest machines read it: `jane.doe (at) example.org`, `jane at example dot org`.
_AT = r"(?:\s?[(\[{<]\s?at\s?[)\]}>]\s?)"
_DOT = r"(?:\s?[(\[{<]\s?dot\s?[)\]}>]\s?|\s+dot\s+)"
_ENDS = "com|org|net|edu|gov|info|io|co|uk|de|fr|eu|ca|au|nz|ie|nl|ch"
_LOCAL = rf"(?<![\w.+-])[\w+.-]++(?:{_DOT}[\w+.-]++){{0,3}}"
_BRACKETED = re.compile(rf"{_LOCAL}{_AT}[\w-]+(?:(?:\.|{_DOT})[\w-]+)+", re.IGNORECASE)
_SPOKEN = re.compile(rf"({_LOCAL})\s+at\s+([\w-]+)(?:(?:\.|{_DOT})[\w-]+)*?(?:{_DOT}(?:{_ENDS})\b)+", re.IGNORECASE)
_HALF_SPOKEN = re.compile(
    rf"(?<![\w.+-])(?=[\w.+-]*[A-Za-z])(?=[\w+-]*[._\d])[\w.+-]++ (?:at|@) (?:[\w-]+\.)+(?:{_ENDS})\b(?!\.\w)", re.IGNORECASE
)
_NO_LOCAL = _words(
    """
    work works worked working look looks looked looking shop shopped bought buy order ordered find found available is are was were be
    me us him her them it you i we they sold live store stare stared point pointed book booked
    """
)
_NO_DOMAIN = _words(
    """
    the a an this that these those one every each my your his her our their some any no which what
    """
)

_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"')\]]+[^\s<>\"')\].,;:!?]", re.IGNORECASE)
_HANDLE = re.compile(r"(?<![\w.@/])(?:@|/?\bu/)(?!(?:all|everyone|here|channel)\b)([A-Za-z_][\w-]{2,29})(?!\w|@|\.\w)")

_CLEAR = "Street|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Boulevard|Blvd|Crescent"
_CAPITAL = (
    "St|Dr|Close|Way|Square|Sq|Gardens|Gdns|Terrace|Court|Ct|Grove|Hill|Park|Row|Walk|Mews|Green|Parade|Parkway|Pkwy|Highway|Hwy|Plaza|Alley"
    "|Place|Pl|Circle|Rise|Quay|Wharf|Yard|Trail"
)
_NUMBER = r"(?<![\w.,$£€#:/-])\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?,?[ \t]"
_ORDINAL = r"\d{1,3}(?:st|nd|rd|th)"
_PART = rf"(?:[A-Z][A-Za-z'\u2019.-]+|[NSEW]\.?|{_ORDINAL}|of|the)"
_WRITTEN = rf"(?!(?:of|the) )(?:{_PART}[ \t]){{1,3}}(?:{_CLEAR}|{_CAPITAL})\b(?!['\u2019-]\w)\.?"
_SMALL = (
    rf"(?i:(?:(?:[a-z][a-z'\u2019.]+|[nsew]|{_ORDINAL})[ \t]){{1,3}}?(?:{_CLEAR}|st)\b(?!['\u2019-]\w)\.?)"
    r"(?![ \t](?:food|drugs?|lights?|corners?|smart|performers?|party|parties|trips?|tests?|signs?|markets?|names?|fights?|wear|life|way))"
)
_ADDRESS = re.compile(rf"{_NUMBER}(?:{_WRITTEN}|(?P<small>{_SMALL}))")
# What a number counts, and what stands before a number that is no house's: neither is part of an address, however it is written.
_COUNTED = _words(
    """
    second seconds sec secs minute minutes min mins hour hours hr hrs day days night nights week weeks month months year years yr yrs
    mile miles km kms kilometre kilometres kilometer kilometers metre metres meter meters yard yards foot feet ft block blocks house
    houses door doors lane lanes way step steps time times people person persons kids cars percent pm am gb tb mb gig gigs dollar
    dollars pounds euros january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep oct nov dec
    """
)
_NO_HOUSE = _words(
    """
    chapter season episode level page step act game grade version volume figure table room gate platform track lesson unit age aged
    number top
    """
)
# In small letters no name of a street either.
_NO_STREET = _words(
    """
    a an the of on in at to from by for with and or but as if so than then that this these those my your his her our their its i we
    you he she they it is are was were be been had have has did do down up along across off over under into near past behind after
    before through more other another different new old same long short big small little good bad busy quiet empty dark wet dead dirt
    gravel main open side back bike bus cycle fast slow left right middle wrong hard flash thumb usb test sex disk food toll country
    rough wide narrow straight paved unpaved famous single double two three four five six first last next only separate major possible
    car road street avenue drive kids men women boys girls guys friends wheel round
    """
)

# Letters and digits in one: case, passport and licence numbers, British postcodes. A code of a disorder (F32.1) is shorter.
_ACCOUNT = re.compile(r"(?<![\w./-])(?:[A-Z]{1,3}-?\d{5,12}|[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2})(?![\w/-])")
# Digits in groups as people write numbers, or seven and more in a row; a sum of money, a fraction or a version has other marks around it.
_BEFORE = r"(?<![\w.,/=$£€#-])"
_GROUPS = r"(?:\+\d{1,3}[\s.-]?)?(?:\(\d{2,5}\)[\s.-]?)?\d{2,5}(?:[\s.-]\d{2,8}){1,4}(?![\w/-])(?!\.\d)"
_PHONE = re.compile(rf"{_BEFORE}{_GROUPS}|{_BEFORE}\+?\d{{7,15}}(?!\w)")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}|(?:1[89]|20)\d\d[\s-](?:1[89]|20)\d\d")
# An organisation's line, not a person's: the number of a helpline must stay right.
_TOLL_FREE = re.compile(r"(?:\+?1[\s.-]?)?\(?8(?:00|33|44|55|66|77|88)\)?|0800|0808|116")

# Reserved for examples: example.org, and the numbers 555-0100 to 555-0199 under successive area codes.
_PSEUDONYMS = {
    "email": re.compile(r"contact\d+@example\.org"),
    "link": re.compile(r"https://example\.org/\d+"),
    "handle": re.compile(r"(?:@|/?u/)user\d+"),
    "address": re.compile(r"\d+ Example Street\.?"),
    "account": re.compile(r"ID-\d{5}"),
    "phone": re.compile(r"[2-9]\d\d-555-01\d\d"),
}

Says = Callable[[str, str, str], str]
"""What is said in place of contact data, by its kind, a key that is equal for all spellings of the same, and how it stands there."""


def pseudonym(kind: str, number: int) -> str:
    """The contact data that stand for the first, second ... of their kind, reserved for examples."""
    if kind == "email":
        return f"contact{number}@example.org"
    if kind == "link":
        return f"https://example.org/{number}"
    if kind == "handle":
        return f"@user{number}"
    if kind == "address":
        return f"{number} Example Street"
    if kind == "account":
        return f"ID-{number:05d}"
    return f"{200 + number // 100}-555-01{number % 100:02d}"


def replace_contacts(text: str, says: Says) -> str:
    """The text with what `says` returns in place of its contact data."""
    text = _EMAIL.sub(lambda m: says("email", m[0].casefold(), m[0]), text)
    text = _BRACKETED.sub(lambda m: says("email", _plain(m[0]), m[0]), text)
    text = _SPOKEN.sub(lambda m: says("email", _plain(m[0]), m[0]) if _is_spoken(m) else m[0], text)
    text = _HALF_SPOKEN.sub(lambda m: says("email", _plain(m[0]), m[0]), text)
    text = _LINK.sub(lambda m: says("link", m[0].casefold().rstrip("/"), m[0]), text)
    text = _HANDLE.sub(lambda m: says("handle", m[1].casefold(), m[0]), text)
    text = _ADDRESS.sub(lambda m: says("address", _street(m[0]), m[0]) if _is_street(m) else m[0], text)
    text = _ACCOUNT.sub(lambda m: says("account", m[0], m[0]), text)
    return _PHONE.sub(lambda m: says("phone", re.sub(r"\D", "", m[0]), m[0]) if _is_phone(m[0]) else m[0], text)


def contact_kinds(text: str) -> Counter[str]:
    """How much contact data a text holds by kind, beside pseudonyms."""
    found: Counter[str] = Counter()

    def says(kind: str, key: str, said: str) -> str:
        if _PSEUDONYMS[kind].fullmatch(said):
            return said
        found[kind] += 1
        return pseudonym(kind, 1)

    replace_contacts(text, says)
    return found


def _plain(text: str) -> str:
    """An e-mail address without its disguise."""
    text = re.sub(r"\s*[(\[{<]\s?at\s?[)\]}>]\s*|\s+(?:at|@)\s+", "@", text.casefold())
    return re.sub(r"\s*[(\[{<]\s?dot\s?[)\]}>]\s*|\s+dot\s+", ".", text)


def _is_spoken(match: re.Match[str]) -> bool:
    return match[1].casefold() not in _NO_LOCAL and match[2].casefold() not in _NO_DOMAIN


def _street(text: str) -> str:
    return " ".join(re.sub(r"[.,]", "", text.casefold()).split())


def _is_street(match: re.Match[str]) -> bool:
    """Whether number, names and street are an address; the last word is the street's."""
    names = match[0].casefold().split()[1:-1]
    before = re.search(r"(\w+)\W*$", match.string[max(0, match.start() - 30) : match.start()])
    if before and before[1].casefold() in _NO_HOUSE:
        return False
    return not any(name in _COUNTED or (match["small"] and name in _NO_STREET) for name in names)


def _is_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 7 <= len(digits) <= 15 and not _DATE.fullmatch(text) and not _TOLL_FREE.match(text)
