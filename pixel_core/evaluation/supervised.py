"""Supervised heads on held-out labels: one task a head, built from the table of heads and the test splits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pixel_core.conversation import Conversation
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import HeadTask, Question
from pixel_core.evaluation.held_out import HeldOut, named, unlabelled
from pixel_core.model.batch import head_targets_of, query_masks_of
from pixel_core.model.heads import HeadSpec, find_head

VERSION = "2"


def head_task(head: str, axis: str, data: HeldOut, *, limit: int, headline: bool = False, human: bool = False) -> HeadTask:
    """What a head says about every held-out turn with a label for it, at most `limit` turns, beside its training prior.

    `human` leaves out what was written as it was labelled: only what people said of others' turns counts.
    """
    questions, excluded = data.keep(labelled_turns(head, data.examples, human=human), limit)
    return HeadTask(
        name=f"{head}_head",
        axis=axis,
        version=VERSION,
        questions=questions,
        measures=measures_of(find_head(head), headline=headline),
        excluded=excluded,
        head=head,
    )


def labelled_turns(head: str, conversations: Iterable[Conversation], *, human: bool = False) -> list[Question]:
    """A question for every turn about which somebody's labels for a head say something and that gives the head something to read.

    Labels that a rule or a model gave measure agreement with that rule or model: they ask nothing.
    """
    spec = find_head(head)
    found = []
    for conversation in conversations:
        for t, turn in enumerate(conversation.turns):
            given = tuple(label for label in turn.labels if label.head == head and (label.source == "human" if human else label.given))
            if not given:
                continue
            truth = head_targets_of([replace(turn, labels=given)], 0).get(head)
            read = _read(spec, conversation, t)
            if truth is not None and read:
                turns = unlabelled(conversation.turns[: t + 1])
                found.append(Question(named(conversation, t), conversation.group, turns, tuple(truth), "\n".join(read), t=t))
    return found


def measures_of(spec: HeadSpec, *, headline: bool = False) -> tuple[Measure, ...]:
    """What is measured of a head, by its kind; the first is the headline if there is to be one."""
    name = spec.name
    if spec.kind == "regression":  # on [0, 1], so that bins of what is said compare with the mean of what is so
        parts = [_measure(f"{name}_{output}_mae", "mae", "scores", (k,)) for k, output in enumerate(spec.outputs)]
        parts += [_measure(f"{name}_{output}_correlation", "correlation", "scores", (k,)) for k, output in enumerate(spec.outputs)]
        return (
            _measure(f"{name}_mae", "mae", "scores", headline=headline),
            _measure(f"{name}_correlation", "correlation", "scores"),
            _measure(f"{name}_calibration_error", "calibration_error", "scores"),
            *parts,
        )
    if spec.kind == "ordinal":
        parts = [
            _measure(f"{name}_{output}_{label}", statistic, columns=(k,), shuffled=True)
            for k, output in enumerate(spec.outputs)
            for label, statistic in (("f1", "level_f1"), ("kappa", "kappa"))
            if len(spec.outputs) > 1
        ]
        whole = (_measure(f"{name}_f1", "level_f1", headline=headline, shuffled=True), _measure(f"{name}_kappa", "kappa", shuffled=True))
        return (*whole, *parts)
    if spec.kind == "binary":
        whole = (_measure(f"{name}_f1", "level_f1", headline=headline, shuffled=True), _measure(f"{name}_brier", "brier", "scores"))
        return (*whole, _measure(f"{name}_calibration_error", "calibration_error", "scores"))
    return (_measure(f"{name}_f1", "label_f1", headline=headline, shuffled=True), _measure(f"{name}_brier", "brier", "scores"))


def _measure(
    name: str,
    statistic: str,
    use: str = "prediction",
    columns: Sequence[int] = (),
    *,
    headline: bool = False,
    shuffled: bool = False,
) -> Measure:
    return Measure(name, statistic, "prior", tuple(columns), use, headline=headline, shuffled=shuffled)  # type: ignore[arg-type]


def _read(spec: HeadSpec, conversation: Conversation, t: int) -> list[str]:
    """The contents that the head reads about turn t."""
    places = [(index, index + 1) for index in range(len(conversation.turns))]
    return [conversation.turns[start].content for start, _ in query_masks_of(conversation.turns, places, t)[spec.reads]]
