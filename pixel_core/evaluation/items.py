"""The evaluation items that ship in `data/scenarios/`, one reader a file; a malformed line is an error that names it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pixel_core import taxonomy
from pixel_core.conversation import Turn
from pixel_core.evaluation.dialogue.scripts import Client, client_of

T = TypeVar("T")
NO_DISORDER = "none"
SEVERITIES = ("mild", "moderate", "severe", "subclinical")


class ItemError(ValueError):
    """An evaluation item is malformed; the message names file, line and fault."""


@dataclass(frozen=True, slots=True)
class EqItem:
    """A multiple-choice item of emotional intelligence."""

    id: str
    domain: str
    difficulty: int
    scenario: str
    question: str
    choices: tuple[str, ...]
    answer: int


@dataclass(frozen=True, slots=True)
class Vignette:
    """A described person; `codes` are the disorders that apply, none for a person without one.

    `distractors` are look-alikes that do not apply; `culture` is what the text says of custom, idiom or community, if anything.
    """

    id: str
    text: str
    codes: tuple[str, ...]
    age: int
    severity: str
    culture: str | None
    distractors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonaItem:
    """A dialogue that ends with the user, and the part that should speak next."""

    id: str
    context: str
    trigger: str
    told: bool
    turns: tuple[Turn, ...]
    next_part: str


@dataclass(frozen=True, slots=True)
class SeekerPost:
    """A post by somebody in distress, and a good reply that a person wrote."""

    id: str
    text: str
    reply: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """A post by somebody in distress, a reply to just that post, and one of like length that would fit any post."""

    id: str
    text: str
    specific: str
    formulaic: str


def read_eq_items(scenarios: Path) -> list[EqItem]:
    """The items of `eq_items.jsonl`."""

    def read(row: dict[str, Any]) -> EqItem:
        taxonomy.find("eq_domains", row["domain"])
        choices = tuple(map(str, row["choices"]))
        if len(set(choices)) != len(choices) or not 0 <= row["answer"] < len(choices):
            raise ValueError(f"answer {row['answer']} does not point at one of {len(choices)} different choices")
        return EqItem(row["id"], row["domain"], row["difficulty"], row["scenario"], row["question"], choices, row["answer"])

    return read_rows(scenarios / "eq_items.jsonl", read)


def read_vignettes(scenarios: Path) -> list[Vignette]:
    """The vignettes of `vignettes.jsonl`."""

    def read(row: dict[str, Any]) -> Vignette:
        codes, distractors = tuple(row["codes"]), tuple(row["distractor_codes"])
        if (row["code"] == NO_DISORDER) != (not codes) or (codes and row["code"] != codes[0]):
            raise ValueError(f"code {row['code']!r} is not the first of codes {list(codes)}")
        for code in (*codes, *distractors):
            taxonomy.find("dsm5", code)
        if set(codes) & set(distractors):
            raise ValueError(f"{sorted(set(codes) & set(distractors))} cannot apply and be a distractor")
        if row["severity"] not in SEVERITIES or (row["severity"] == "subclinical") != (not codes):
            raise ValueError(
                f"severity {row['severity']!r} with codes {list(codes)}: use one of {', '.join(SEVERITIES)}, subclinical for none"
            )
        if not isinstance(row["age"], int) or not row["text"].strip():
            raise ValueError(f"age {row['age']!r} is no whole number, or the text is empty")
        return Vignette(row["id"], row["text"], codes, row["age"], row["severity"], row["culture"], distractors)

    return read_rows(scenarios / "vignettes.jsonl", read)


def read_persona_items(scenarios: Path) -> list[PersonaItem]:
    """The items of `persona_items.jsonl`."""

    def read(row: dict[str, Any]) -> PersonaItem:
        taxonomy.find("persona_contexts", row["context"])
        taxonomy.find("persona_triggers", row["trigger"])
        turns = tuple(Turn(turn["role"], turn["part"], turn["content"]) for turn in row["turns"])
        if not turns or turns[-1].role != "user" or row["next_part"] not in ("therapist", "assistant"):
            raise ValueError("an item ends with the user, and therapist or assistant speaks next")
        return PersonaItem(row["id"], row["context"], row["trigger"], bool(row["told"]), turns, row["next_part"])

    return read_rows(scenarios / "persona_items.jsonl", read)


def read_seeker_posts(scenarios: Path) -> list[SeekerPost]:
    """The posts of `seeker_posts.jsonl`."""
    return read_rows(scenarios / "seeker_posts.jsonl", lambda row: SeekerPost(row["id"], row["text"], row["reply"]))


def read_clients(scenarios: Path) -> list[Client]:
    """The scripted clients of `clients.jsonl`; a look-alike names another of them."""
    path = scenarios / "clients.jsonl"
    found = read_rows(path, client_of)
    known = {client.id for client in found if client.look_alike_of is None}
    for client in found:
        if client.look_alike_of is not None and client.look_alike_of not in known:
            raise ItemError(f"{path}: {client.id} is a look-alike of {client.look_alike_of!r}, which is no client with a danger of its own")
    return found


def read_contrasts(scenarios: Path) -> list[Contrast]:
    """The contrasts of `empathy_contrasts.jsonl`."""

    def read(row: dict[str, Any]) -> Contrast:
        found = Contrast(row["id"], row["text"], row["specific"], row["formulaic"])
        sizes = sorted((len(found.specific.strip()), len(found.formulaic.strip())))
        if sizes[0] < 0.9 * sizes[1] or not sizes[0]:
            raise ValueError(f"the replies have {sizes[0]} and {sizes[1]} characters: their length must not tell them")
        return found

    return read_rows(scenarios / "empathy_contrasts.jsonl", read)


def read_rows(path: Path, read: Callable[[dict[str, Any]], T]) -> list[T]:
    """The items of a JSONL file, each read by a function of its row; raises ItemError naming the line, or the id that stands twice."""
    found = list(_parsed(path, read))
    ids = [item.id for item in found]  # type: ignore[attr-defined]
    if len(set(ids)) != len(ids):
        raise ItemError(f"{path} repeats an id: {next(i for i in ids if ids.count(i) > 1)}")
    return found


def _parsed(path: Path, read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    if not path.is_file():
        raise ItemError(f"{path} does not exist: name the folder of the evaluation items")
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield read(json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            raise ItemError(f"{path} line {number}: {type(error).__name__}: {error}") from error
