"""Checks of the written scenarios: what helpers say in them, and how the dialogues of two personas change."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from pixel_core.artifacts import verify
from pixel_core.conversation import Conversation, Turn, read_conversations
from pixel_core.corpus.adapters.rows import CLIENT_MODE
from pixel_core.corpus.dual_persona import SOURCE, changes
from pixel_core.corpus.never import broken_rules, rules_of
from pixel_core.findings import Findings, Severity, at_least, at_most, equals, none_of
from pixel_core.taxonomy import ids

FEWEST_TURNS = 8
FEWEST_DIALOGUES = 5  # of a context
FEWEST_CHANGES = 4  # that a trigger causes
MOST_OF_A_TRIGGER = 2 / 3  # of its replies that may be in one part: the trigger alone must not give the part away
_MECHANICAL = re.compile(r"\b(?:switch|enter|activat|exit|leav)(?:e|es|ed|ing)?\b[^.?!]*\bmode\b", re.IGNORECASE)


def check_edge_cases(folder: Path) -> Findings:
    """Every scenario has both parts, one learnt by the therapist and one by the client, of eight turns or more; none was lost."""
    manifest = verify(folder)
    learners: dict[str, list[str]] = defaultdict(list)
    groups: set[str] = set()
    announced = short = 0
    for conversation in read_conversations(folder / "conversations.parquet"):
        groups.add(conversation.group)
        short += sum(turn.role != "system" for turn in conversation.turns) < FEWEST_TURNS
        if not _two_personas(conversation):
            parts = {turn.part for turn in conversation.turns if turn.learn}
            learners[conversation.group] += sorted(parts)
            announced += parts == {"client"} and conversation.turns[0].role == "system"
    lost = sum(manifest.summary.rejects.values())
    both = sum(sorted(parts) == ["client", "therapist"] for parts in learners.values())
    return Findings.of(
        [
            at_least("scenarios", len(learners), 1),
            at_least("scenarios for a varied practice", len(learners), 30, severity=Severity.WARNING),
            equals("scenarios with both parts", both, len(learners)),
            equals("client parts announced by a system turn", announced, len(learners)),
            equals(f"conversations of fewer than {FEWEST_TURNS} turns", short, 0),
            equals("entries read, kept or rejected", len(groups) + lost, manifest.summary.figures["read"]),
            none_of("rejected entries", manifest.summary.rejects),
        ]
    )


def check_nothing_ruled_out(folder: Path) -> Findings:
    """No helper does what its scenario, or every scenario, rules out; every scenario rules something out by a rule that can fail."""
    verify(folder)
    broken: Counter[str] = Counter()
    rules = 0
    for conversation in read_conversations(folder / "conversations.parquet"):
        own = () if _two_personas(conversation) else rules_of(conversation.extra["never"])
        rules += len(own)
        said = [turn.content for turn in conversation.turns if _by_helper(conversation, turn)]
        broken.update(f"{conversation.group}: {rule.what}" for rule in broken_rules(own, said))
    return Findings.of([at_least("rules looked at", rules, 1), none_of("things done that are ruled out", broken)])


def check_transitions(folder: Path) -> Findings:
    """Transitions are marked where the model's part changes and nowhere else; the client is entered under a training turn only."""
    verify(folder)
    faults: Counter[str] = Counter()
    count = 0
    for conversation in filter(_two_personas, read_conversations(folder / "conversations.parquet")):
        marked, held = conversation.extra["transitions"], conversation.extra["held"]
        found = list(changes(conversation.turns))
        count += len(found)
        faults["part changes and marks differ"] += found != [(m["turn"], m["from"], m["to"]) for m in marked]
        spoken = {index: turn.part for index, turn in enumerate(conversation.turns) if turn.role == "assistant"}
        changed = {index for index, _, _ in found}
        faults["held where the part changes"] += sum(m["turn"] in changed or spoken.get(m["turn"]) != m["part"] for m in held)
        faults["no trigger of the taxonomy"] += sum(m["trigger"] not in ids("persona_triggers") for m in (*marked, *held))
        faults["neither told nor untold"] += sum(type(m["told"]) is not bool for m in (*marked, *held))
        faults["announced like a machine"] += sum(bool(_MECHANICAL.search(conversation.turns[index].content)) for index in changed)
        announced = conversation.turns[0].role == "system" and CLIENT_MODE in conversation.turns[0].content
        faults["client without training mode"] += "client" in spoken.values() and not announced
    return Findings.of([at_least("transitions", count, 1), none_of("faults of transitions", +faults)])


def check_personas_covered(folder: Path) -> Findings:
    """Every context has dialogues and every trigger transitions; both ways, told and untold, and some where the part is rightly kept.

    Of the replies to one trigger neither part has more than two in three, so that the trigger alone does not tell who speaks next.
    """
    verify(folder)
    dialogues = list(filter(_two_personas, read_conversations(folder / "conversations.parquet")))
    contexts = Counter(c.extra["context"] for c in dialogues)
    marks = [mark for c in dialogues for mark in c.extra["transitions"]]
    triggers, told = Counter(m["trigger"] for m in marks), Counter(m["told"] for m in marks)
    ways = Counter((m["from"], m["to"]) for m in marks)
    findings = [at_least(f"dialogues of {name}", contexts[name], FEWEST_DIALOGUES) for name in ids("persona_contexts")]
    findings += [at_least(f"transitions by {name}", triggers[name], FEWEST_CHANGES) for name in ids("persona_triggers")]
    findings += [at_least(f"transitions {word}", told[value], FEWEST_CHANGES) for word, value in (("told", True), ("untold", False))]
    pair = ("assistant", "therapist")
    findings += [at_least(f"transitions from {a} to {b}", ways[a, b], FEWEST_CHANGES) for a, b in (pair, pair[::-1])]
    for name in ids("persona_triggers"):
        next_parts = Counter(part for trigger, part in _replies(dialogues) if trigger == name)
        most = max(next_parts.values(), default=0) / max(next_parts.total(), 1)
        findings.append(at_most(f"replies to {name} in its most frequent part", most, MOST_OF_A_TRIGGER))
    findings.append(at_least("parts held against a trigger", sum(len(c.extra["held"]) for c in dialogues), FEWEST_CHANGES))
    findings.append(equals("dialogues that share a scenario", len(dialogues) - len({c.group for c in dialogues}), 0))
    return Findings.of(findings)


def _replies(dialogues: Iterable[Conversation]) -> Iterator[tuple[str, str]]:
    """Trigger and part of each reply that has a trigger, whether it changes the part or keeps it."""
    for dialogue in dialogues:
        yield from ((mark["trigger"], mark["to"]) for mark in dialogue.extra["transitions"])
        yield from ((mark["trigger"], mark["part"]) for mark in dialogue.extra["held"])


def _two_personas(conversation: Conversation) -> bool:
    return conversation.provenance[0].source == SOURCE


def _by_helper(conversation: Conversation, turn: Turn) -> bool:
    """Whether a helper speaks whose conduct counts: not the user who practises on a played client in a dialogue."""
    return turn.part in ("therapist", "assistant") and not (_two_personas(conversation) and turn.role != "assistant")
