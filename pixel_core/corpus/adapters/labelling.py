"""The labels that a mapping table gives the turns of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pixel_core.conversation import REST, Label, Turn
from pixel_core.corpus.adapters.rows import RowError, look, number
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.mappings import CodeField, Coding, CodingField, LabelField, LabelMapping, ScaleField, load_mapping, question_form
from pixel_core.taxonomy import ids

FORM = "derived:question_form"
Values = Sequence[Mapping[str, Any]]  # what is said of one thing: one object, or one for each annotator


@dataclass
class Spoken:
    """A turn and what the row says of it."""

    turn: Turn
    values: Values = ()
    labels: list[Label] = field(default_factory=list)

    @property
    def labelled(self) -> Turn:
        """The turn with its labels, each output once."""
        first = {label.output: label for label in reversed(self.labels)}
        return replace(self.turn, labels=tuple(first[output] for output in dict.fromkeys(label.output for label in self.labels)))


def label(spoken: Sequence[Spoken], row: Values, entry: SourceEntry) -> tuple[Turn, ...]:
    """The turns with the labels of the entry's mapping; raises RowError for a code or rating that it does not know."""
    if entry.labels is None:
        return tuple(one.turn for one in spoken)
    mapping = load_mapping(entry.labels)
    codings = [rule for rule in mapping.fields if isinstance(rule, CodingField)]
    if codings:
        for one in spoken:
            if one.turn.role == "assistant":
                one.labels += _techniques(one, codings, mapping, entry)
    for rule in mapping.fields:
        if not isinstance(rule, CodingField):
            for one in _places(spoken, rule):
                one.labels += _labels(one.values if rule.read == "turn" else row, rule, entry)
    return tuple(one.labelled for one in spoken)


def _places(spoken: Sequence[Spoken], rule: LabelField) -> Iterator[Spoken]:
    role = "assistant" if rule.at in ("replies", "last_reply") else "user"
    found = [one for one in spoken if one.turn.role == role]
    if rule.at.startswith("last"):
        found = found[-1:]
    shown = isinstance(rule, CodeField) and rule.shown
    return (one for one in found if not shown or any(a.head == "technique" and a.value == 1 for a in one.labels))


def _labels(values: Values, rule: LabelField, entry: SourceEntry) -> list[Label]:
    source = rule.source or entry.label_source
    if isinstance(rule, ScaleField):
        value = _rating(values, rule)
        return [] if value is None else [Label(rule.output, value, source)]
    assert isinstance(rule, CodeField)  # noqa: S101 - codings are dealt with by turn
    winner = _vote(values, rule.field)
    if winner is None:
        if not rule.optional and not any(look(one, rule.field) is not None for one in values):
            raise RowError("missing_field", f"the row has no {rule.field}")
        return []
    names = [code.strip() for code in winner.split(rule.split)] if rule.split else [winner]
    if rule.ids:
        names = [_class_name(code, rule.field, entry) for code in names]
    if any(code not in rule.codes for code in names):
        raise RowError("unknown_code", f"{rule.field} is none of the {len(rule.codes)} codes that the mapping knows")
    given = {output: value for code in names for output, value in rule.codes[code].items()}
    labels = [Label(output, value, source) for output, value in given.items()]
    return [*labels, *(Label(f"{head}.{REST}", 0.0, source) for head in rule.closes)]


def _class_name(code: str, column: str, entry: SourceEntry) -> str:
    classes = entry.classes or ids("emotions")
    if not code.isdecimal():
        raise RowError("wrong_type", f"{column} holds no numbers of classes")
    if len(code) > 4 or int(code) >= len(classes):  # longer numbers are not worth parsing
        raise RowError("out_of_range", f"{column} holds a number that is not between 0 and {len(classes) - 1}")
    return classes[int(code)]


def _rating(values: Values, rule: ScaleField) -> float | None:
    """The mean of what is said of the rating, on the scale of its output; None when nothing is said and nothing need be."""
    ratings = []
    for one in values:
        columns = [column for column in (rule.field, rule.minus) if column]
        if rule.optional and any(look(one, column) is None for column in columns):
            continue
        first, *taken = (number(one, column) for column in columns)
        value = first - sum(taken)
        if rule.clip:
            value = min(max(value, rule.low), rule.high)
        if not rule.low <= value <= rule.high or (rule.whole and value != int(value)):
            raise RowError("out_of_range", f"{rule.field} is no rating from {rule.low:g} to {rule.high:g}")
        ratings.append(rule.bottom + (value - rule.low) / (rule.high - rule.low) * (rule.top - rule.bottom))
    return sum(ratings) / len(ratings) if ratings else None


def _techniques(one: Spoken, fields: Sequence[CodingField], mapping: LabelMapping, entry: SourceEntry) -> list[Label]:
    """1 for techniques shown, 0 for the rest of the scheme, none for what is left open; the main one is the `intervention`."""
    codings: dict[str, Coding] = {}
    by = dict.fromkeys(mapping.scheme, entry.label_source)
    for rule in fields:
        coding = _coding(one.values, rule)
        if coding.form and (form := question_form(one.turn.content)):
            by |= dict.fromkeys((form, *coding.leaves_open), FORM)  # the coder left these open, and the form decides
            coding = Coding(shows=(form,))
        elif rule.source:
            by |= dict.fromkeys(rule.techniques, rule.source)
        codings[rule.field] = coding
    shown = dict.fromkeys(t for coding in codings.values() for t in coding.shows)
    left_open = {t for coding in codings.values() for t in coding.leaves_open}
    labels = [Label(f"technique.{t}", 1.0, by[t]) for t in shown]
    labels += [Label(f"technique.{t}", 0.0, by[t]) for t in mapping.scheme if t not in shown and t not in left_open]
    return labels + [Label(f"intervention.{t}", 1.0, by[t]) for t in _main(one.values, mapping, codings)]


def _main(values: Values, mapping: LabelMapping, codings: Mapping[str, Coding]) -> tuple[str, ...]:
    """The technique that the turn is mainly: the first shown, or that of the behaviour which the annotators call the main one."""
    if mapping.intervention is None:
        return tuple(t for coding in codings.values() for t in coding.shows)[:1]
    name = mapping.intervention.behaviours.get(_vote(values, mapping.intervention.field) or "", "")
    return codings[name].shows[:1] if name in codings else ()


def _coding(values: Values, rule: CodingField) -> Coding:
    """What the majority says of one field; a tie leaves all its techniques open."""
    votes = [str(code).strip() if (code := look(one, rule.field)) not in (None, "") else "" for one in values]
    if not any(votes) and not rule.optional and not rule.none:
        raise RowError("missing_field", f"the turn has no {rule.field}")
    if unknown := set(votes) - set(rule.coding) - set(rule.none) - ({""} if rule.optional or rule.none else set()):
        raise RowError("unknown_code", f"{rule.field} has {len(unknown)} codes that the mapping does not know")
    votes = ["" if vote in rule.none else vote for vote in votes]
    winner = majority(votes)
    if winner is None:
        return Coding(leaves_open=rule.techniques)
    return rule.coding.get(winner, Coding())


def _vote(values: Values, column: str) -> str | None:
    """What most objects say of a column, as text; None for a tie or when none says anything."""
    said = [str(value).strip() for one in values if (value := look(one, column)) is not None and not isinstance(value, (dict, list, bool))]
    return majority(vote for vote in said if vote)


def majority(votes: Iterable[str]) -> str | None:
    """The most frequent vote, or None when two are equally frequent or there is none."""
    ranked = Counter(votes).most_common(2)
    return None if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]) else ranked[0][0]
