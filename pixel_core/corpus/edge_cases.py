"""Difficult therapy scenarios as conversations for both parts: the therapist, and the client of the training mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pixel_core.artifacts import Built, Summary, build, tree_digest
from pixel_core.conversation import Conversation, ConversationError, Label, Provenance, Turn, validate, write_conversations
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects
from pixel_core.taxonomy import ids

VERSION = "1"
SOURCE = "edge_cases"
LABEL_SOURCE = "written"
_SHEET = ("age", "context", "presenting", "stance")


class ScenarioError(ValueError):
    """A scenario, or the file of them, is malformed; `reason` is the reject code of a single scenario."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def build_edge_cases(scenarios: Path, out: Path, *, force: bool = False) -> Built:
    """Write `conversations.parquet` with two conversations a scenario, and `rejected.parquet`.

    Raises ScenarioError when the file is missing or no list of scenarios; a malformed scenario is rejected alone.
    """
    raw = _read(scenarios)

    def write(folder: Path) -> Summary:
        kept: list[Conversation] = []
        rejects: list[Reject] = []
        seen: set[str] = set()
        for number, scenario in enumerate(raw, 1):
            try:
                name = _text(scenario, "id") if isinstance(scenario, dict) else ""
                if name in seen:
                    raise ScenarioError("repeated_id", "an earlier scenario has the same id")
                kept += conversations_of(scenario)
                seen.add(name)
            except (ScenarioError, ConversationError) as error:
                rejects.append(Reject(SOURCE, f"scenario {number}", error.reason, str(error), as_content(scenario)))
        write_conversations(folder / "conversations.parquet", sorted(kept, key=lambda c: c.id))
        write_rejects(folder, rejects)
        figures = {"read": len(raw), "scenarios": len(seen), "turns": sum(len(c.turns) for c in kept)}
        return Summary(rows=len(kept), rejects=count_reasons(rejects), figures=figures)

    return build(
        out, kind="edge_case_conversations", version=VERSION, inputs={"scenarios": tree_digest(scenarios)}, write=write, force=force
    )


def conversations_of(scenario: Mapping[str, Any]) -> tuple[Conversation, Conversation]:
    """The therapist's and the client's conversation of one scenario; raises ScenarioError.

    In the first the therapist is the assistant and learns; in the second a system turn announces therapy-training
    mode, the client is the assistant and learns. Both have one group, so no split divides them.
    """
    if not isinstance(scenario, dict):
        raise ScenarioError("wrong_type", "a scenario must be a mapping")
    client, level = _client_turns(scenario)
    therapist = _therapist_turns(scenario)
    if len(client) != len(therapist):
        raise ScenarioError("unequal_lines", f"{len(client)} client lines, but {len(therapist)} therapist lines")
    pairs = list(zip(client, therapist, strict=True))
    crisis = (Label("crisis.level", float(level), LABEL_SOURCE),)
    last = len(pairs) - 1
    treating = [
        turn
        for i, (said, (reply, labels)) in enumerate(pairs)
        for turn in (
            Turn("user", "client", said, labels=crisis if i == last else ()),
            Turn("assistant", "therapist", reply, learn=True, labels=labels),
        )
    ]
    playing = [Turn("system", "other", training_prompt(scenario))]
    for i, (said, (reply, labels)) in enumerate(pairs):
        playing.append(Turn("assistant", "client", said, learn=True, labels=crisis if i == last else ()))
        playing.append(Turn("user", "therapist", reply, labels=labels))
    return _conversation(scenario, treating, "therapist"), _conversation(scenario, playing, "client")


def training_prompt(scenario: Mapping[str, Any]) -> str:
    """The system turn of therapy-training mode: that it is one, and whom the model plays."""
    sheet = scenario.get("client")
    if not isinstance(sheet, dict) or not all(sheet.get(field) for field in _SHEET):
        raise ScenarioError("missing_field", f"client must have {', '.join(_SHEET)}")
    return (
        "Therapy training mode. You play the client so that a therapist can practise; stay in the part, neither easier nor harder.\n"
        f"Client: {sheet['age']} years old. {sheet['context']}\nComes with: {sheet['presenting']}\nStance: {sheet['stance']}\n"
        f"Difficulty: {scenario.get('difficulty')} of 5."
    )


def _read(path: Path) -> list[Any]:
    if not path.is_file():
        raise ScenarioError("missing", f"{path} does not exist: restore the scenarios that ship, or point PIXEL_DATA at their data folder")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError("malformed", f"{path} is not YAML: {error}") from error
    if not isinstance(raw, list) or not raw:
        raise ScenarioError("malformed", f"{path} must be a list of scenarios")
    return raw


def _client_turns(scenario: Mapping[str, Any]) -> tuple[Sequence[str], int]:
    lines, level = scenario.get("client_lines"), scenario.get("crisis_level")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, str) and line.strip() for line in lines):
        raise ScenarioError("missing_field", "client_lines must be a list of texts")
    if type(level) is not int or not 0 <= level < len(ids("crisis")):
        raise ScenarioError("out_of_range", f"crisis_level must be 0 to {len(ids('crisis')) - 1}")
    return [line.strip() for line in lines], level


def _therapist_turns(scenario: Mapping[str, Any]) -> list[tuple[str, tuple[Label, ...]]]:
    """Each line with its labels: its technique is shown, those that the scenario does not name are not, the others stay open."""
    lines, named = scenario.get("therapist_lines"), scenario.get("techniques")
    if not isinstance(lines, list) or not isinstance(named, list) or not all(isinstance(line, dict) for line in lines):
        raise ScenarioError("missing_field", "therapist_lines must be a list of {technique, text}, techniques a list")
    if unknown := sorted({str(t) for t in [*named, *(line.get("technique") for line in lines)]} - set(ids("techniques"))):
        raise ScenarioError("outside_taxonomy", f"{len(unknown)} techniques are not in techniques.csv: {', '.join(unknown)}")
    absent = [Label(f"technique.{t}", 0.0, LABEL_SOURCE) for t in ids("techniques") if t not in named]
    turns = []
    for line in lines:
        shown = line["technique"]
        labels = [Label(f"technique.{shown}", 1.0, LABEL_SOURCE), Label(f"intervention.{shown}", 1.0, LABEL_SOURCE)]
        turns.append((_text(line, "text"), (*labels, *(label for label in absent if label.output != f"technique.{shown}"))))
    return turns


def _conversation(scenario: Mapping[str, Any], turns: Sequence[Turn], learner: str) -> Conversation:
    name, difficulty = _text(scenario, "id"), scenario.get("difficulty")
    if type(difficulty) is not int:
        raise ScenarioError("bad_difficulty", "difficulty must be a whole number from 1 to 5")
    where = Provenance(
        SOURCE, "pixel:scenarios/edge_cases.yaml", f"scenario {name}", "CC0-1.0", "synthetic", "pixel_core.corpus.edge_cases/1"
    )
    kept = {field: scenario[field] for field in ("title", "client", "goals", "good_reply", "never") if field in scenario}
    conversation = Conversation(tuple(turns), "personality", f"{SOURCE}:{name}", difficulty, (where,), kept | {"learner": learner})
    validate(conversation)
    return conversation


def _text(values: Mapping[str, Any], field: str) -> str:
    value = values.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ScenarioError("missing_field", f"{field} must be text")
    return value.strip()
