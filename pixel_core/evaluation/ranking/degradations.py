"""Degradations: ways to break a checkpoint on purpose, each by a seed, to see whether the evaluation notices and promotion refuses.

Three write a broken copy of a checkpoint folder, one breaks the labels that a checkpoint learns from, and one the replies that
the evaluation is given. `DEGRADATIONS` says which figure must fall under each; tests/pixel_core/evaluation/ranking/test_degradations.py
trains a small checkpoint until it stands well above its floors, breaks it in each way, and holds the evaluation to it.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

from pixel_core.artifacts import Manifest, Summary, finish, read_manifest
from pixel_core.conversation import Conversation, Label, Part, Turn
from pixel_core.evaluation.candidate import checkpoint_manifest
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Loss, Respondent
from pixel_core.evaluation.scorecard import EvaluationError
from pixel_core.model.heads import HEADS
from pixel_core.model.pixel import CONFIG_FILE, HEADS_FILE, PIXEL_FOLDER, PixelModel

T = TypeVar("T")
Change = Callable[[str, Sequence[int], Tensor], Tensor]  # of a head's name, how often each output was labelled, and its weights
_HEADS = tuple(spec.name for spec in HEADS)


@dataclass(frozen=True, slots=True)
class Degradation:
    """What is broken, and the figure that must show it with the axis by which promotion must refuse."""

    breaks: str
    figure: str
    axis: str


DEGRADATIONS: Mapping[str, Degradation] = {
    "heads_shuffled": Degradation("the outputs of every head change places", "vignettes_head_top3", "clinical"),
    "language_noised": Degradation("noise on the matrix that words are chosen by", "bits_per_byte", "dialogue"),
    "persona_flipped": Degradation("therapist and assistant change places", "persona_items_f1", "persona"),
    "wrong_labels": Degradation("trained on labels that belong to others", "empathy_f1", "empathy"),
    "replies_truncated": Degradation("replies break off after a few words", "reply_length", "dialogue"),
}


def shuffle_heads(checkpoint: Path, out: Path, seed: str, heads: Sequence[str] = _HEADS) -> Manifest:
    """A copy in which every trained output of these heads says what another trained output of the head said.

    A head with fewer than two trained outputs stays as it is.
    """

    def shuffled(name: str, supervised: Sequence[int], values: Tensor) -> Tensor:
        trained = [k for k, count in enumerate(supervised) if count]
        order = list(range(len(supervised)))
        for place, other in zip(trained, _moved(trained, f"{seed}:{name}"), strict=True):
            order[place] = other
        return values[order]

    return _with_heads(checkpoint, out, dict.fromkeys(heads, shuffled))


def flip_persona(checkpoint: Path, out: Path) -> Manifest:
    """A copy that takes the therapist's turn for the assistant's, and the other way about."""
    return _with_heads(checkpoint, out, {"persona": lambda _name, _supervised, values: values.flip(0)})


def noise_language(checkpoint: Path, out: Path, seed: str, scale: float = 1.0) -> Manifest:
    """A copy with noise on its output matrix, of `scale` times the spread of the weights; what the model reads stays as it is.

    So heads say the same as before. Tied embeddings come apart. Raises EvaluationError for an adapter, whose output matrix lies
    in its base model.
    """
    checkpoint_manifest(checkpoint)
    model = PixelModel.load(checkpoint)
    if not isinstance(model.backbone, PreTrainedModel):
        raise EvaluationError(f"{checkpoint} holds an adapter: its output matrix is that of the base model, which is left alone")
    weight = model.backbone.get_output_embeddings().weight.detach()
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(_number(seed)))
    model.backbone.config.get_text_config().tie_word_embeddings = False
    noised = (weight.float() + scale * weight.float().std() * noise).to(weight.dtype)
    model.backbone.get_output_embeddings().weight = torch.nn.Parameter(noised)

    def write(folder: Path) -> None:
        model.save(folder)

    return _written(checkpoint, out, write)


def wrong_labels(conversations: Sequence[Conversation], seed: str) -> list[Conversation]:
    """The conversations, each labelled turn with the labels of another turn of the same part: what is asked for stays as frequent."""
    places: dict[Part, list[tuple[int, int]]] = defaultdict(list)
    for index, conversation in enumerate(conversations):
        for t, turn in enumerate(conversation.turns):
            if turn.labels:
                places[turn.part].append((index, t))
    dealt: dict[tuple[int, int], tuple[Label, ...]] = {}
    for part, own in sorted(places.items()):
        for place, (index, t) in zip(own, _moved(own, f"{seed}:{part}"), strict=True):
            dealt[place] = conversations[index].turns[t].labels

    def relabelled(index: int, conversation: Conversation) -> Conversation:
        turns = (replace(turn, labels=dealt.get((index, t), ())) for t, turn in enumerate(conversation.turns))
        return replace(conversation, turns=tuple(turns))

    return [relabelled(index, conversation) for index, conversation in enumerate(conversations)]


@dataclass(frozen=True, slots=True)
class TruncatedReplies:
    """A respondent whose replies break off after so many words; all else it says is that of the other."""

    respondent: Respondent
    words: int = 3

    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """See Respondent."""
        return [" ".join(reply.split()[: self.words]) for reply in self.respondent.replies(dialogues, part, max_new_tokens)]

    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """See Respondent."""
        return self.respondent.likelihoods(dialogues, choices)

    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """See Respondent."""
        return self.respondent.heads(dialogues, turns)

    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """See Respondent."""
        return self.respondent.losses(dialogues, training)

    def supervised(self, head: str) -> Sequence[int]:
        """See Respondent."""
        return self.respondent.supervised(head)

    def least_confidence(self, head: str) -> float:
        """See Respondent."""
        return self.respondent.least_confidence(head)

    def prior(self, head: str) -> HeadAnswer:
        """See Respondent."""
        return self.respondent.prior(head)


def _with_heads(checkpoint: Path, out: Path, changes: Mapping[str, Change]) -> Manifest:
    """A copy whose heads' predicting weights and biases, [outputs, ...] each, are changed."""
    checkpoint_manifest(checkpoint)
    supervised = json.loads((checkpoint / PIXEL_FOLDER / CONFIG_FILE).read_text(encoding="utf-8"))["supervised"]

    def write(folder: Path) -> None:
        shutil.copytree(checkpoint, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("engine", "manifest.json"))
        file = folder / PIXEL_FOLDER / HEADS_FILE
        weights = load_file(file)
        for name, change in changes.items():
            for part in ("weight", "bias"):
                key = f"by_name.{name}.predict.{part}"
                weights[key] = change(name, supervised[name], weights[key]).contiguous()
        save_file(weights, file)

    return _written(checkpoint, out, write)


def _written(checkpoint: Path, out: Path, write: Callable[[Path], None]) -> Manifest:
    """Write a checkpoint folder that says it was trained as `checkpoint` was; raises EvaluationError when it is there already."""
    if out.exists():
        raise EvaluationError(f"{out} exists: give a folder <run>/checkpoint-<step> for the broken copy that is not there yet")
    out.mkdir(parents=True)
    write(out)
    told = read_manifest(checkpoint)
    step = {"step": int(out.name.rpartition("-")[2])}
    return finish(out, kind=told.kind, version=told.version, inputs=told.inputs, summary=Summary(figures=step))


def _moved(items: Sequence[T], seed: str) -> list[T]:
    """The items in an order by the seed in which none stands where it stood; fewer than two stay."""
    order = list(range(len(items)))
    random.Random(seed).shuffle(order)  # noqa: S311 - an order, not a secret
    found = list(items)
    for place, other in zip(order, order[1:] + order[:1], strict=True):  # a single cycle through all of them
        found[place] = items[other]
    return found


def _number(seed: str) -> int:
    return random.Random(seed).getrandbits(63)  # noqa: S311 - a start for noise, not a secret
