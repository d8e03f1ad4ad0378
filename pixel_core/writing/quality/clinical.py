"""Clinical accuracy: what a conversation is labelled with against what its client voices and what the classes ask for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from pixel_core.conversation import Conversation
from pixel_core.sentences import sentences_of
from pixel_core.writing.facts import Facts, facts_of, join
from pixel_core.writing.phrases import bank
from pixel_core.writing.risk import IDEATION, level_labelled, level_of
from pixel_core.writing.standards import Standards

_TIMES = ("since", "onset")  # what a therapist may not contradict either
_WELL = ("everyday", "subclinical")
_FEWEST = 2  # symptoms of the class that a conversation is about
_HEADS = ("clinical", "pdm2")
_TOLERANCE = 0.8  # of the days that a class asks for: people round
_ASKED = re.compile(r"\b(?:how long|since when|for how long|when did (?:it|this|that|all this|things) (?:start|begin))", re.I)
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: n for n, word in enumerate(_WORDS)} | {"a": 1, "an": 1, "couple of": 2, "a couple of": 2, "a few": 3, "several": 4}
_DAYS = {"day": 1, "night": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_NUMBER = rf"\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))}"
_SPAN = re.compile(rf"\b({_NUMBER}) (?:or (?:two|so|three) )?({'|'.join(_DAYS)})s?\b", re.I)
_HOW_OFTEN = re.compile(r"\b(?:\w+s|once|twice) (?:a|per|each|every) (?:day|night|week|month|year)\b", re.I)
_LASTING = re.compile(r"\bfor (?:many )?years\b|\balways\b|as long as I can|since I was|all my life|\byears\b", re.I)


def clinical_faults(conversation: Conversation, standards: Standards) -> Iterator[str]:
    """The reasons why a conversation is not accurate, as codes."""
    kind, voiced = str(conversation.extra.get("kind", "")), conversation.extra.get("voiced", [])
    labelled = {label.output for _, label in conversation.labels if label.head in _HEADS and label.value == 1}
    if kind == "questions":
        return
    if kind in _WELL and labelled:
        yield "label_without_disorder"
    by_class: defaultdict[str, set[str]] = defaultdict(set)
    for entry in voiced:
        label, standard = _find(standards, entry["class"])
        if standard is None or entry["feature"] not in standard:
            yield "unknown_feature"
            continue
        if entry["role"] != standard[entry["feature"]]:
            yield "wrong_role"
        if entry["role"] == "symptom":
            by_class[label].add(entry["feature"])
    yield from _classes(kind, labelled, by_class, standards)
    yield from _durations(conversation, labelled, standards)
    yield from _danger_labelled(conversation)
    yield from _one_person(conversation, labelled)


def _times_of(text: str) -> Facts:
    """How long the trouble has lasted, by what a text says."""
    return {facet: values for facet, values in facts_of(text).items() if facet in _TIMES}


def _find(standards: Standards, code: str) -> tuple[str, Mapping[str, str] | None]:
    label = next((f"{head}.{code}" for head in _HEADS if f"{head}.{code}" in standards.classes), "")
    return label, standards.classes[label].features if label else None


def _classes(kind: str, labelled: set[str], voiced: Mapping[str, set[str]], standards: Standards) -> Iterator[str]:
    if kind not in _WELL and not labelled:
        yield "no_class"
    if kind == "comorbid" and len(labelled) < 2:
        yield "one_class_only"
    for label in labelled:
        if label not in standards.classes:
            yield "unknown_class"
    if labelled and max((len(voiced.get(label, ())) for label in labelled), default=0) < _FEWEST:
        yield "too_few_symptoms"
    if any(not voiced.get(label) for label in labelled):
        yield "class_without_symptom"
    heard = labelled | set(voiced)
    if any(
        len({standards.classes[label].poles[k] for k in keys if k in standards.classes[label].poles}) > 1 for label, keys in voiced.items()
    ):
        yield "both_poles"
    if any((a, b) in standards.excluded for a in heard for b in heard):
        yield "excluded_class"
    if kind not in _WELL and set(voiced) - labelled:
        yield "feature_of_another_class"
    if kind == "subclinical" and any(standards.classes[label].met_by(keys) for label, keys in voiced.items()):
        yield "threshold_met_without_disorder"


def _durations(conversation: Conversation, labelled: set[str], standards: Standards) -> Iterator[str]:
    """Asked how long, a client names no time that is too short for the class."""
    least = max((standards.classes[label].min_days or 0 for label in labelled if label in standards.classes), default=0)
    courses = {entry["turn"] for entry in conversation.extra.get("voiced", []) if entry["role"] == "course"}
    for index, turn in enumerate(conversation.turns):
        asked = index > 0 and turn.part == "client" and _ASKED.search(conversation.turns[index - 1].content)
        if least and (asked or index in courses) and (days := days_told(turn.content)) is not None and days < _TOLERANCE * least:
            yield "duration_contradicted"


def days_told(text: str) -> float | None:
    """The longest time that a text tells, in days; None when it tells none."""
    if _LASTING.search(text):
        return float("inf")
    spans = [_number(match[1]) * _DAYS[match[2].lower()] for match in _SPAN.finditer(_HOW_OFTEN.sub("", text))]
    return max(spans, default=None)


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]


def _danger_labelled(conversation: Conversation) -> Iterator[str]:
    """What a client says of dying is labelled at least as high as the words tell."""
    for turn in conversation.turns:
        level = level_of(turn.content) if turn.part == "client" else 0
        if level >= IDEATION and level_labelled(turn.labels) < IDEATION:
            yield "danger_not_labelled"


def _one_person(conversation: Conversation, labelled: set[str]) -> Iterator[str]:
    """What a client tells of work, home and family comes from one person, the one of the sheet, whom the classes can befall."""
    known = {*bank("facts")["within"], *bank("facts")["lifelong"]}
    codes = [code for label in sorted(labelled) if (code := label.partition(".")[2]) in known]
    voiced = {(entry["turn"], entry["class"]) for entry in conversation.extra.get("voiced", [])}
    heard = {code for _, code in voiced}
    told: Facts = {}
    for index, turn in enumerate(conversation.turns):
        # where a class is not voiced, `she` is not the partner
        scopes = [code for code in codes if (index, code) in voiced or code not in heard] or [""]
        times = {facet: told[facet] for facet in _TIMES if facet in told}
        if turn.part == "therapist" and times and join(times, _times_of(turn.content)) is None:
            yield "time_contradicted"
        for sentence in sentences_of(turn.content) if turn.part == "client" else ():
            for scope in scopes:
                joined = join(told, facts_of(sentence, scope))
                if joined is None:
                    yield "facts_contradict"
                    return
                told = joined
    person = conversation.extra.get("sheet", {}).get("person", {})
    if any(person[facet] not in values for facet, values in told.items() if facet in person):
        yield "sheet_contradicted"
