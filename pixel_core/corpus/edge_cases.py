"""Difficult therapy scenarios as conversations for both parts, therapist and training client; beside them, dialogues of two personas."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pixel_core.artifacts import Built, Summary, build, tree_digest
from pixel_core.conversation import Conversation, ConversationError, Label, Provenance, Turn, validate, write_conversations
from pixel_core.corpus import dual_persona
from pixel_core.corpus.never import rules_of
from pixel_core.corpus.scenario import LABEL_SOURCE, ScenarioError, read_scenarios, text_of, training_prompt
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects
from pixel_core.taxonomy import ids

VERSION = "2"
SOURCE = "edge_cases"


def build_edge_cases(scenarios: Path, out: Path, *, dialogues: Path | None = None, force: bool = False) -> Built:
    """Write `conversations.parquet` with two conversations a scenario and one a dialogue of two personas, and `rejected.parquet`.

    Raises ScenarioError when a file is missing or no list; a malformed scenario or dialogue is rejected alone.
    """
    sources: list[tuple[str, Path, Callable[[Any], Sequence[Conversation]]]] = [(SOURCE, scenarios, conversations_of)]
    if dialogues:
        sources.append((dual_persona.SOURCE, dialogues, lambda one: (dual_persona.conversation_of(one),)))
    raw = [(source, number, one, make) for source, path, make in sources for number, one in enumerate(read_scenarios(path), 1)]

    def write(folder: Path) -> Summary:
        kept: list[Conversation] = []
        rejects: list[Reject] = []
        seen: set[tuple[str, str]] = set()
        for source, number, one, make in raw:
            try:
                name = source, text_of(one, "id") if isinstance(one, dict) else ""
                if name in seen:
                    raise ScenarioError("repeated_id", "an earlier entry has the same id")
                kept += make(one)
                seen.add(name)
            except (ScenarioError, ConversationError) as error:
                rejects.append(Reject(source, f"entry {number}", error.reason, str(error), as_content(one)))
        write_conversations(folder / "conversations.parquet", sorted(kept, key=lambda c: c.id))
        write_rejects(folder, rejects)
        figures = {
            "read": len(raw),
            "scenarios": sum(source == SOURCE for source, _ in seen),
            "dialogues": sum(source != SOURCE for source, _ in seen),
            "transitions": sum(len(c.extra.get("transitions", ())) for c in kept),
            "turns": sum(len(c.turns) for c in kept),
        }
        return Summary(rows=len(kept), rejects=count_reasons(rejects), figures=figures)

    inputs = {source: tree_digest(path) for source, path, _ in sources}
    return build(out, kind="edge_case_conversations", version=VERSION, inputs=inputs, write=write, force=force)


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
        turns.append((text_of(line, "text"), (*labels, *(label for label in absent if label.output != f"technique.{shown}"))))
    return turns


def _conversation(scenario: Mapping[str, Any], turns: Sequence[Turn], learner: str) -> Conversation:
    name, difficulty = text_of(scenario, "id"), scenario.get("difficulty")
    rules_of(scenario.get("never"))
    if type(difficulty) is not int:
        raise ScenarioError("bad_difficulty", "difficulty must be a whole number from 1 to 5")
    where = Provenance(
        SOURCE, "pixel:scenarios/edge_cases.yaml", f"scenario {name}", "CC0-1.0", "synthetic", "pixel_core.corpus.edge_cases/1"
    )
    kept = {field: scenario[field] for field in ("title", "client", "goals", "good_reply", "never") if field in scenario}
    conversation = Conversation(tuple(turns), "personality", f"{SOURCE}:{name}", difficulty, (where,), kept | {"learner": learner})
    validate(conversation)
    return conversation
