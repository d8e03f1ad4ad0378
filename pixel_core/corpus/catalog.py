"""The catalogue of sources: `sources.yaml`, strictly read, one entry a source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pixel_core.artifacts import digest_of
from pixel_core.conversation import Part

Shape = Literal[
    "esconv",
    "counsel_chat",
    "annomi",
    "cot",
    "sharegpt",
    "preference",
    "goemotions",
    "emobank",
    "epitome",
    "cssrs",
    "diasafety",
]
_KEY = r"^[a-z0-9][a-z0-9_-]*$"


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


class SourceEntry(BaseModel):
    """One source of `sources.yaml`: where it lies, how it is read, and on what terms."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    name: Annotated[str, Field(pattern=_KEY)]
    """Key of the entry: the source's partition and the `source` of its provenance."""
    category: Literal["psychology", "voice", "mental_health", "reasoning", "personality", "supervision", "preference"]
    """Share of the mixture that it belongs to; `supervision` are labelled posts and pairs, `preference` chosen and rejected replies."""
    shape: Shape
    """Which adapter reads its rows."""
    kind: Literal["file"] = "file"
    """How it is fetched."""
    files: Annotated[tuple[str, ...], Field(min_length=1)]
    """Paths: relative to the data folder, absolute, or beginning with ~."""
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
    label_source: Annotated[str, Field(pattern=r"^(human|derived:[a-z0-9_]+|model:[A-Za-z0-9_./-]+)$")] = "human"
    """Who gave the labels: `human`, `derived:<rule>` or `model:<name>`."""
    difficulty: Annotated[int, Field(ge=1, le=5)] = 2
    """Difficulty of its conversations."""
    enabled: bool = True
    """A disabled source cannot be built or selected."""
    optional: bool = False
    """A missing file gives an empty artifact, which says so, instead of an error."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if (self.category == "preference") != (self.shape == "preference"):
            raise ValueError(f"category {self.category} and shape {self.shape} do not go together: preference pairs are both or neither")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 of the entry's values: an input of what is built from it."""
        return digest_of(self.model_dump(mode="json"))

    def paths(self, data_root: Path) -> tuple[Path, ...]:
        """The entry's files, relative ones resolved against the data folder."""
        return tuple(data_root / Path(name).expanduser() for name in self.files)


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


def find_source(catalogue: Mapping[str, SourceEntry], name: str) -> SourceEntry:
    """The enabled entry with this name; raises CatalogueError."""
    if name not in catalogue:
        raise CatalogueError(f"source {name!r} is not in the catalogue: use one of {', '.join(catalogue)}, or add an entry to sources.yaml")
    if not catalogue[name].enabled:
        raise CatalogueError(
            f"source {name!r} is disabled in sources.yaml: set enabled: true, or take it out of the recipe's corpus.sources"
        )
    return catalogue[name]


def _entry(path: Path, name: str, values: object) -> SourceEntry:
    if not isinstance(values, dict):
        raise CatalogueError(f"catalogue {path}: source {name!r} must be a mapping of fields")
    try:
        return SourceEntry(name=name, **values)
    except ValidationError as error:
        raise CatalogueError(f"catalogue {path}, source {name!r}: {_explain(error)}") from error
    except TypeError as error:
        raise CatalogueError(f"catalogue {path}, source {name!r}: fields must be named by text, and `name` is the key itself") from error


def _explain(error: ValidationError) -> str:
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
