"""A mapping table: which labels the codes and ratings of a set's fields give, where they sit, and why."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pixel_core.artifacts import digest_of
from pixel_core.conversation import REST
from pixel_core.corpus.catalog import explain
from pixel_core.corpus.labels import SCALES, fault
from pixel_core.taxonomy import ids

Place = Literal["replies", "last_reply", "posts", "last_post"]


class MappingError(ValueError):
    """A mapping table is missing or malformed; the message names it and the remedy."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class _Placed(_Strict):
    """What every field of a mapping says: where it is read, which turns its labels sit on, whose they are, and why."""

    field: str
    """Column, `a.b` for b within a."""
    read: Literal["row", "turn"] = "row"
    """Whether the field belongs to the row or session, or to each turn (a message, or an utterance with its annotators)."""
    at: Place
    """Turns that carry the labels: replies are the assistant's, posts the user's."""
    optional: bool = False
    """A row without the field has no label of it, instead of being rejected."""
    source: Annotated[str, Field(pattern=r"^derived:[a-z0-9_]+$")] | None = None
    """`derived:<rule>` where the label says something else than the code did; none: the source's own `label_source`."""
    why: Annotated[str, Field(min_length=20)]
    """Why the mapping is right, in one sentence."""


class CodeField(_Placed):
    """A field of codes, each with the outputs and values that it stands for; a code that says nothing maps to {}."""

    codes: dict[str, dict[str, float]]
    """Code to output to value."""
    split: str | None = None
    """What separates several codes in one field."""
    ids: bool = False
    """The codes are written as numbers: their place in the entry's `classes`."""
    closes: tuple[str, ...] = ()
    """Heads whose other outputs are known to be 0."""
    shown: bool = False
    """Only on turns that show a technique."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Every output that a code gives."""
        found = dict.fromkeys(output for values in self.codes.values() for output in values)
        return (*found, *(f"{head}.{REST}" for head in self.closes))

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for output, value in ((o, v) for values in self.codes.values() for o, v in values.items()):
            if reason := fault(output, value):
                raise ValueError(f"{output} = {value:g} is no label: {reason}")
        if unknown := set(self.closes) - set(SCALES):
            raise ValueError(f"closes names {', '.join(sorted(unknown))}, which are no heads")
        return self


class ScaleField(_Placed):
    """A rating on a scale, moved linearly onto the scale of an output."""

    output: str
    minus: str | None = None
    """Another rating that is taken from it."""
    low: float
    high: float
    """Ends of the rating's scale."""
    bottom: float = 0.0
    top: float = 1.0
    """What the ends become."""
    clip: bool = False
    """A rating beyond an end counts as that end; otherwise the row is rejected."""
    whole: bool = False
    """Only whole numbers are ratings."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The one output."""
        return (self.output,)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if reason := fault(self.output, self.bottom) or fault(self.output, self.top):
            raise ValueError(f"{self.output} from {self.bottom:g} to {self.top:g} is no label: {reason}")
        return self


class Coding(_Strict):
    """What a code says of techniques: those it shows, and those it leaves open because it does not tell them apart.

    With `form` the form of the question in the text decides between open and closed where it can.
    """

    shows: tuple[str, ...] = ()
    leaves_open: tuple[str, ...] = ()
    form: bool = False

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if unknown := {*self.shows, *self.leaves_open} - set(ids("techniques")):
            raise ValueError(f"{', '.join(sorted(unknown))} stand in no row of techniques.csv")
        if both := set(self.shows) & set(self.leaves_open):
            raise ValueError(f"{', '.join(sorted(both))} cannot be shown and left open")
        return self


class CodingField(_Placed):
    """A field that codes what a reply does, into `technique` and `intervention`.

    Techniques that some code of the mapping's codings speaks of and this one does not name are absent.
    """

    coding: dict[str, Coding]
    """Code to techniques."""
    none: tuple[str, ...] = ()
    """Codes that stand for: nothing of this kind."""

    @property
    def techniques(self) -> tuple[str, ...]:
        """Every technique that the codes speak of."""
        return tuple(sorted({t for c in self.coding.values() for t in (*c.shows, *c.leaves_open)}))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The techniques as outputs of both heads."""
        shown = sorted({t for c in self.coding.values() for t in c.shows})
        return (*(f"technique.{t}" for t in self.techniques), *(f"intervention.{t}" for t in shown))


LabelField = CodeField | ScaleField | CodingField


class Intervention(_Strict):
    """The field that says which coded behaviour of a turn is the main one, and the field of each behaviour."""

    field: str
    behaviours: dict[str, str]


class LabelMapping(_Strict):
    """The mapping of one set."""

    about: Annotated[str, Field(min_length=1)]
    """The set, and where its codes are documented."""
    fields: Annotated[tuple[LabelField, ...], Field(min_length=1)]
    intervention: Intervention | None = None
    """Which coding names the intervention; none: the first technique that a turn shows."""

    @property
    def digest(self) -> str:
        """SHA-256 of the table's values: an input of what is built with it."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def scheme(self) -> tuple[str, ...]:
        """The techniques that the set's coders chose among."""
        return tuple(sorted({t for field in self.fields if isinstance(field, CodingField) for t in field.techniques}))

    def rules(self) -> Iterator[tuple[str, str, LabelField]]:
        """(output, name of the mapping's field, field) for every output that the table can give."""
        for field in self.fields:
            for output in field.outputs:
                yield output, field.field, field


@cache
def load_mapping(name: str) -> LabelMapping:
    """A mapping that ships, by name, or one of a file; raises MappingError."""
    resource = Path(name) if name.endswith(".yaml") else files(__package__) / f"{name}.yaml"
    if not resource.is_file():
        raise MappingError(f"the label mapping {name!r} does not exist: use one of {', '.join(shipped_mappings())}, or name a .yaml file")
    try:
        raw = yaml.safe_load(resource.read_text(encoding="utf-8"))
        return LabelMapping(**raw)
    except (yaml.YAMLError, UnicodeDecodeError, TypeError) as error:
        raise MappingError(f"the label mapping {name!r} is not a YAML table: {error}") from error
    except ValidationError as error:
        raise MappingError(f"the label mapping {name!r}: {explain(error)}") from error


def shipped_mappings() -> tuple[str, ...]:
    """The names of the mappings that ship, sorted."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in files(__package__).iterdir() if p.name.endswith(".yaml")))
