"""Does a written assessment keep to the manuals? Faults that rules over the project's own knowledge base find in a reply.

A code that is not that of the disorder named beside it, a severity that was not described or that the number of signs does not
give, a criterion that the disorder has not, a number or a length of time that its criteria do not name, a PDM-2 term that
does not exist or belongs elsewhere. The base is written for this project and its words are what criteria are known by: a
criterion put in words that it does not have counts as invented, so the question asks for the diagnosis's own terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pixel_core import taxonomy
from pixel_core.evaluation.clinical.diagnosis import spans_of, words_of
from pixel_core.evaluation.clinical.manual import Disorder, Manual, numbers_in, phrases_of
from pixel_core.evaluation.persona.transitions import stems_of
from pixel_core.knowledge.disorder_names import class_of_title, key_of
from pixel_core.knowledge.durations import days_in, same_time

Kind = Literal["diagnosis", "code", "severity", "criteria", "numbers", "pdm2"]
KINDS: tuple[Kind, ...] = ("diagnosis", "code", "severity", "criteria", "numbers", "pdm2")
SEVERITY = ("mild", "moderate", "severe", "extreme", "profound")
PATTERNS: Mapping[str, str] = {  # family of disorders -> its pattern on the symptom axis of PDM-2
    "Schizophrenia Spectrum and Other Psychotic Disorders": "psychotic_experience",
    "Bipolar and Related Disorders": "mood_experience",
    "Depressive Disorders": "mood_experience",
    "Anxiety Disorders": "anxiety_experience",
    "Obsessive-Compulsive and Related Disorders": "anxiety_experience",
    "Trauma- and Stressor-Related Disorders": "stressor_experience",
    "Dissociative Disorders": "stressor_experience",
    "Somatic Symptom and Related Disorders": "somatic_experience",
    "Feeding and Eating Disorders": "specific_symptom_experience",
    "Sleep-Wake Disorders": "specific_symptom_experience",
    "Sexual Dysfunctions": "specific_symptom_experience",
    "Gender Dysphoria": "specific_symptom_experience",
    "Disruptive, Impulse-Control, and Conduct Disorders": "specific_symptom_experience",
    "Paraphilic Disorders": "specific_symptom_experience",
    "Elimination Disorders": "specific_symptom_experience",
    "Substance-Related and Addictive Disorders": "addiction_and_illness_experience",
    "Neurocognitive Disorders": "addiction_and_illness_experience",
}
_PART = re.compile(r"^\W*(diagnosis|severity|criteria|pdm-?2)\b[^:\n]*:[ \t]*", re.IGNORECASE | re.MULTILINE)
_CODE = re.compile(r"\b([A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)\b")
_ASKED = re.compile(r"\bat least\b[^.;\n]*|\b[a-z0-9]+(?: [a-z]+)? or more\b[^.;\n]*", re.IGNORECASE)
_SIGNS = r"(?:signs?|symptoms?|criteria|of (?:the|these|them|its|which))"
_COUNTED = re.compile(rf"\b([a-z]+|\d{{1,2}})(?: or more)?(?: other)? {_SIGNS}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a reply, and the words that are."""

    kind: Kind
    words: str


@dataclass(frozen=True, slots=True)
class Case:
    """The person whom a reply is about: the codes that apply, and how severe it is."""

    codes: tuple[str, ...]
    severity: str


def parts_of(reply: str) -> dict[str, str]:
    """The labelled parts of a reply (`Diagnosis:`, `Severity:`, `Criteria:`, `PDM-2:`), in lower case without hyphen; each to the next."""
    marks = list(_PART.finditer(reply))
    ends = [*(mark.start() for mark in marks[1:]), len(reply)][: len(marks)]
    return {m[1].lower().replace("-", ""): reply[m.end() : end].strip() for m, end in zip(marks, ends, strict=True)}


def faults_of(reply: str, case: Case, manual: Manual) -> list[Fault]:
    """Every fault of a reply, in the order of `KINDS`; what it does not say is a fault too, but for numbers."""
    parts = parts_of(reply)
    meant = classes_in(parts.get("diagnosis", ""))
    about = [manual.disorders[code] for code in meant if code in manual.disorders]
    return [
        *_of_diagnosis(meant, parts.get("diagnosis", ""), case),
        *_of_code(parts.get("diagnosis", ""), reply),
        *_of_severity(parts.get("severity", ""), about, case),
        *_of_criteria(parts.get("criteria", ""), about, manual),
        *_of_numbers(reply, about),
        *_of_pdm2(parts.get("pdm2", ""), meant),
    ]


def classes_in(text: str) -> list[str]:
    """The classes that a text names in words, each once; a name within a longer one does not count."""
    words = words_of(text)
    found = {code: spans_of(words, name) for code, name in _names().items()}
    spans = [(span, code) for code, own in found.items() for span in own]
    free = [c for (a, b), c in spans if not any(x <= a and b <= y and (x, y) != (a, b) for (x, y), _ in spans)]
    return list(dict.fromkeys(free)) or [c.id for c in [class_of_title(_CODE.sub("", text).strip(" ()-:,."))] if c]


def owner_of(code: str) -> str | None:
    """The class that an ICD-10-CM code belongs to: its own, an alias, or the longest that it begins with; None for no class's."""
    aliases = {c.id: c.fields["class"] for c in taxonomy.classes("dsm5_aliases")}
    known = [*taxonomy.ids("dsm5"), *aliases]
    fitting = [one for one in known if code == one or (code.startswith(one) and (len(one) > 3 or code[3:4] == "."))]
    return aliases.get(longest, longest) if (longest := max(fitting, key=len, default=None)) else None


@cache
def _names() -> dict[str, list[str]]:
    return {c.id: words_of(c.name) for c in taxonomy.classes("dsm5")}


def _of_diagnosis(meant: Sequence[str], text: str, case: Case) -> Iterator[Fault]:
    if not meant or not set(meant) <= set(case.codes):
        yield Fault("diagnosis", text)


def _of_code(diagnosis: str, reply: str) -> Iterator[Fault]:
    """Every line with codes and names has only codes of what it names; the diagnosis has one."""
    if not _CODE.search(diagnosis):
        yield Fault("code", diagnosis)
    named = classes_in(diagnosis)
    for line in reply.splitlines():
        own = classes_in(line) or named
        yield from (Fault("code", code) for code in _CODE.findall(line) if owner_of(code) not in own)


def _of_severity(text: str, about: Sequence[Disorder], case: Case) -> Iterator[Fault]:
    said = [word for word in SEVERITY if word in words_of(text)]
    if said != [case.severity]:
        yield Fault("severity", text)
        return
    counted = _counted(text)
    graded = [one.severities[said[0]] for one in about if said[0] in one.severities]
    if counted and graded and not any(counted <= fitting for fitting in graded):
        yield Fault("severity", text)


def _of_criteria(text: str, about: Sequence[Disorder], manual: Manual) -> Iterator[Fault]:
    phrases = [phrase for phrase in phrases_of(text) if stems_of(_ASKED.sub(" ", phrase)) or not _ASKED.search(phrase)]
    if not phrases:
        yield Fault("criteria", text)
    codes = [one.code for one in about]
    yield from (Fault("criteria", phrase) for phrase in phrases if not manual.names_sign(phrase, codes))


def _of_numbers(reply: str, about: Sequence[Disorder]) -> Iterator[Fault]:
    """What is said to be needed (`at least five signs`, `at least two weeks`, `six months or more`) stands in the criteria."""
    if not about:
        return
    for match in _ASKED.finditer(reply):
        said = match[0].strip()
        known = [any(same_time(days, named) for one in about for named in one.days) for days in days_in(said)]
        known += [any(count in one.thresholds for one in about) for count in _counted(said)]
        if not all(known):
            yield Fault("numbers", said)


def _of_pdm2(text: str, meant: Sequence[str]) -> Iterator[Fault]:
    """A term is named that exists, and none of the symptom axis that belongs to another family."""
    terms = {key_of(c.name): c.id for name in ("pdm2", "pdm2_axes") for c in taxonomy.classes(name)}  # type: ignore[arg-type]
    pieces = [part for part in text.partition("\n")[0].split(";") if part.strip()]
    found = [terms.get(key_of(piece)) for piece in pieces]
    if not found:
        yield Fault("pdm2", text)
    families = {taxonomy.find("dsm5", code).fields["chapter"] for code in meant}
    wanted = {PATTERNS[family] for family in families if family in PATTERNS}
    for piece, term in zip(pieces, found, strict=True):
        if term is None or (wanted and term in PATTERNS.values() and term not in wanted):
            yield Fault("pdm2", piece.strip())


def _counted(text: str) -> set[int]:
    """How many signs a text speaks of."""
    return {number for match in _COUNTED.finditer(text) for number in numbers_in(match[1])}
