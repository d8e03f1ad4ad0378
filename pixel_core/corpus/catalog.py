"""The catalogue of sources: `sources.yaml`, strictly read, one entry a source."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pixel_core.artifacts import digest_of
from pixel_core.conversation import Part, Role

Shape = Literal[
    "messages",
    "sharegpt",
    "alpaca",
    "context_response",
    "question_answer",
    "tagged_text",
    "cot",
    "turn_table",
    "labelled_post",
    "labelled_pair",
    "preference",
]
_KEY = r"^[a-z0-9][a-z0-9_-]*$"
_HUB = r"^[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*$"
_REVISION = r"^([0-9a-f]{40}|sha256:[0-9a-f]{64})$"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
# Unfiltered by design: a difficult client may talk so, an assistant or a therapist never.
CLIENT_ONLY = frozenset({"ChaoticNeutrals/Synthetic-Dark-RP", "UnfilteredAI/dan_remixed"})


class CatalogueError(ValueError):
    """The catalogue is missing or malformed, or holds no such source; the message names file, key and remedy."""


class Parts(BaseModel):
    """Who speaks as `user` and as `assistant`: the part policy of a source.

    Therapy is {client, therapist}; plain assistance {other, assistant}; a source that only the client
    of the therapy-training mode may learn from is {therapist, client}.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    user: Part
    assistant: Part


class Join(BaseModel):
    """Rows of several files that are one record: those that agree in the columns `by`.

    In the file whose name begins with a key of `files`, `column` is read as the column that the key stands for. The
    columns `same` must hold the same words in all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    by: Annotated[tuple[str, ...], Field(min_length=1)]
    same: tuple[str, ...] = ()
    column: str
    files: Annotated[dict[str, str], Field(min_length=1)]


class SourceEntry(BaseModel):
    """One source of `sources.yaml`: where it lies, how it is read, and on what terms."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(pattern=_KEY)]
    """Key of the entry: the source's partition and the `source` of its provenance."""
    category: Literal["psychology", "voice", "mental_health", "reasoning", "personality", "supervision", "preference"]
    """Share of the mixture that it belongs to; `supervision` are labelled posts and pairs, `preference` chosen and rejected replies."""
    shape: Shape
    """Which adapter reads its rows."""
    files: tuple[str, ...] = ()
    """Paths or patterns: relative to the data folder, absolute, beginning with ~ or with ${VARIABLE}."""
    hub: Annotated[str, Field(pattern=_HUB)] | None = None
    """Hugging Face set, `owner/name`, instead of files."""
    subset: str | None = None
    """Configuration of the hub set."""
    split: str = "train"
    """Split of the hub set."""
    streaming: bool = False
    """Read the hub set row by row, without a copy on disk."""
    revision: Annotated[str, Field(pattern=_REVISION)] | None = None
    """Commit of the hub set, or `sha256:` of the files; what is read must be that."""
    fields: dict[str, str | tuple[str, ...]] = {}
    """Columns that hold what the shape reads, where they have other names; `a.b` is b within a; of several the texts are joined."""
    roles: dict[str, Role] = {}
    """The role of each speaker's name or tag; `*` for all others."""
    parse: dict[str, str] = {}
    """Regular expressions that whole columns match; their named groups become columns."""
    lists: tuple[str, ...] = ()
    """Columns that hold a list of texts as a Python literal."""
    join: Join | None = None
    """Rows of several files that are one record."""
    labels: str | None = None
    """The mapping of codes to labels: a name in `pixel_core/corpus/mappings`, or a .yaml file of one's own."""
    group: tuple[str, ...] = ()
    """Columns that name what no split may divide; none: equal text."""
    keep: tuple[str, ...] = ()
    """Columns that go along in `extra`."""
    supervision_where: dict[str, str] = {}
    """Columns and values of rows that give labels only: their language is not learnt."""
    columns: tuple[str, ...] = ()
    """Column names of a CSV or TSV without a header line."""
    classes: str | tuple[str, ...] = ()
    """Class names in the order of the label ids that rows hold: a list, or a file with one name a line; empty: the taxonomy's order."""
    uri: Annotated[str, Field(min_length=1)]
    """Public address that provenance names."""
    licence: Annotated[str, Field(min_length=1)]
    """SPDX identifier, or a short name of the terms."""
    consent: Literal["synthetic", "written", "licence", "public"]
    """On what footing the people in it speak: nobody's words, agreed in writing, by the licence, or posted in public."""
    parts: Parts
    """Who speaks as user and as assistant."""
    learner: Literal["therapist", "client", "assistant", "nobody"]
    """The part that a model learns to speak from it; no other part is ever learnt from this source."""
    label_source: Annotated[str, Field(pattern=r"^(human|written|derived:[a-z0-9_]+|model:[A-Za-z0-9_./-]+)$")] = "human"
    """Who gave the labels: `human`, `written`, `derived:<rule>` or `model:<name>`."""
    difficulty: Annotated[int, Field(ge=1, le=5)] = 2
    """Difficulty of its conversations."""
    enabled: bool = True
    """No recipe can select a disabled source; it can be built by hand."""
    optional: bool = False
    """A missing file gives an empty artifact, which says so, instead of an error."""

    @field_validator("parse")
    @classmethod
    def _compile(cls, patterns: dict[str, str]) -> dict[str, str]:
        for column, pattern in patterns.items():
            try:
                if not re.compile(pattern).groupindex:
                    raise ValueError(f"the expression of {column} names no group: write (?P<column>...)")
            except re.error as error:
                raise ValueError(f"the expression of {column} is none: {error}") from error
        return patterns

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if bool(self.files) == bool(self.hub):
            raise ValueError("a source has either files or hub")
        if self.hub and self.revision and self.revision.startswith("sha256:"):
            raise ValueError("the revision of a hub set is a commit of 40 hex digits")
        if self.files and self.revision and not self.revision.startswith("sha256:"):
            raise ValueError("the revision of files is sha256: and their digest")
        if (self.category == "preference") != (self.shape == "preference"):
            raise ValueError(f"category {self.category} and shape {self.shape} do not go together: preference pairs are both or neither")
        learner = "nobody" if self.category == "supervision" else self.parts.assistant
        if self.learner != learner:
            raise ValueError(f"learner is {self.learner}, but {learner} learns from category {self.category} with these parts")
        if self.hub in CLIENT_ONLY and self.learner != "client":
            raise ValueError(
                f"{self.hub} is for the client of the therapy-training mode: set parts to {{user: therapist, assistant: client}}"
            )
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the entry's values: an input of what is built from it."""
        return digest_of(self.model_dump(mode="json"))

    def paths(self, data_root: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
        """The entry's files: relative ones against the data folder, variables and patterns resolved, those of a pattern in name order.

        A pattern without a match stands for itself, so that it is missing. Raises CatalogueError for a variable that is not set.
        """
        found: list[Path] = []
        for name in self.files:
            path = data_root / Path(_VARIABLE.sub(lambda match: self._value(match[1], variables), name)).expanduser()
            matches = sorted(path.parent.glob(path.name)) if any(mark in path.name for mark in "*?[") else []
            found += matches or [path]
        return tuple(found)

    def _value(self, variable: str, variables: Mapping[str, str]) -> str:
        if not variables.get(variable):
            raise CatalogueError(
                f"source {self.name!r} lies below ${{{variable}}}, which is not set: export {variable}=<folder of its files>"
            )
        return variables[variable]


def load_catalogue(path: Path) -> dict[str, SourceEntry]:
    """The entries of a catalogue file by name, in file order; raises CatalogueError."""
    if not path.is_file():
        raise CatalogueError(f"catalogue {path} does not exist: restore data/sources.yaml, or point PIXEL_DATA at the folder that holds it")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CatalogueError(f"catalogue {path} is not YAML: {error}") from error
    if not isinstance(raw, dict) or not raw:
        raise CatalogueError(f"catalogue {path} must map source names to entries")
    return {str(name): _entry(path, str(name), values) for name, values in raw.items()}


def entry_of(catalogue: Mapping[str, SourceEntry], name: str) -> SourceEntry:
    """The entry with this name, enabled or not; raises CatalogueError."""
    if name not in catalogue:
        raise CatalogueError(f"source {name!r} is not in the catalogue: use one of {', '.join(catalogue)}, or add an entry to sources.yaml")
    return catalogue[name]


def find_source(catalogue: Mapping[str, SourceEntry], name: str) -> SourceEntry:
    """The enabled entry with this name, as recipes select them; raises CatalogueError."""
    entry = entry_of(catalogue, name)
    if not entry.enabled:
        raise CatalogueError(
            f"source {name!r} is disabled in sources.yaml: set enabled: true, or take it out of the recipe's corpus.sources"
        )
    return entry


def _entry(path: Path, name: str, values: object) -> SourceEntry:
    if not isinstance(values, dict):
        raise CatalogueError(f"catalogue {path}: source {name!r} must be a mapping of fields")
    try:
        return SourceEntry(name=name, **values)
    except ValidationError as error:
        raise CatalogueError(f"catalogue {path}, source {name!r}: {explain(error)}") from error
    except TypeError as error:
        raise CatalogueError(f"catalogue {path}, source {name!r}: fields must be named by text, and `name` is the key itself") from error


def explain(error: ValidationError) -> str:
    """What is wrong in a file of settings, field by field."""
    parts = []
    for detail in error.errors():
        where = ".".join(str(part) for part in detail["loc"]) or "entry"
        if detail["type"] == "extra_forbidden":
            parts.append(f"unknown field {where}: remove it or correct its spelling")
        elif detail["type"] == "missing":
            parts.append(f"missing field {where}")
        else:
            parts.append(f"{where} = {detail['input']!r}: {detail['msg']}")
    return "; ".join(parts)
