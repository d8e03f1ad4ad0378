"""PixelModel: a causal language model and, on its last hidden state, the heads of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedModel

from pixel_core.artifacts import write_json
from pixel_core.conversation import Part, Turn
from pixel_core.model.backbones import build_backbone, open_checkpoint
from pixel_core.model.bank import HeadBank, shrunk
from pixel_core.model.batch import Example, PixelBatch, build_batch, example_of, is_client, queries_of
from pixel_core.model.chat import END, Encoded, encode, marker, prompt, spoken_by
from pixel_core.model.decoding import decode
from pixel_core.model.generation import write
from pixel_core.model.heads import HEADS, OBJECTIVES
from pixel_core.model.reading import read
from pixel_core.model.record import CheckpointError, make_way, read_record
from pixel_core.model.window import room_in
from pixel_core.recipe import ModelRecipe

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase

PIXEL_FOLDER = "pixel"
HEADS_FILE = "heads.safetensors"
CONFIG_FILE = "config.json"
Scores = dict[str, dict[str, float | None]]


class PixelOutput(NamedTuple):
    """One forward pass: the summed language loss, raw head outputs [Q, width], and the expert-balance loss.

    `language` is None when no loss function was given, `balance` when the backbone has no experts.
    """

    language: Tensor | None
    heads: dict[str, Tensor]
    balance: Tensor | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says, and how its heads score it: None where an output is untrained or has nothing to read, or its head abstains."""

    text: str
    scores: Scores


class PixelModel(nn.Module):
    """A backbone with heads.

    `supervised` counts, by head and output, the training labels the head has seen (see `training/baselines.py`): an
    output with 0 is untrained and never reported as a number. `priors` are the raw outputs the heads started at.
    `abstention` is the least confidence, by head, that is said aloud (see `training/abstention.py`); without an entry a head always speaks.
    `scales` is how far each head was shrunk towards its prior when it was stored; the weights hold it.
    `sources` counts, by trained head and source of labels, what it was trained on: who said what it has learnt to say.
    """

    def __init__(
        self,
        backbone: PreTrainedModel | PeftModel,
        *,
        dropout: float = 0.0,
        tokenizer: PreTrainedTokenizerBase | None = None,
        priors: Mapping[str, Tensor] | None = None,
        supervised: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.heads = HeadBank(backbone.config.get_text_config().hidden_size, dropout)
        self.tokenizer = tokenizer
        self.priors = {name: raw.detach().float().cpu() for name, raw in (priors or {}).items()}
        self.abstention: dict[str, float] = {}
        self.scales: dict[str, float] = {}
        self.sources: dict[str, dict[str, int]] = {}
        self.supervised = {spec.name: list((supervised or {}).get(spec.name, [0] * len(spec.outputs))) for spec in HEADS}
        for spec in HEADS:
            for what, given, wanted in (
                ("priors", self.priors.get(spec.name, range(spec.width)), spec.width),
                ("supervised", self.supervised[spec.name], len(spec.outputs)),
            ):
                if len(given) != wanted:
                    raise ValueError(f"{what} of the head {spec.name} are {len(given)} numbers; it needs {wanted}")
        self.heads.start_at(self.priors)

    @classmethod
    def from_backbone(
        cls,
        recipe: ModelRecipe,
        tokenizer: PreTrainedTokenizerBase,
        *,
        seed: int,
        priors: Mapping[str, Tensor] | None = None,
        supervised: Mapping[str, Sequence[int]] | None = None,
    ) -> PixelModel:
        """A model to train: the recipe's backbone, and heads that predict the training priors (see `prior_bias`)."""
        backbone = build_backbone(recipe, tokenizer, seed=seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return cls(backbone, dropout=recipe.head_dropout, tokenizer=tokenizer, priors=priors, supervised=supervised)

    @property
    def language_model(self) -> PreTrainedModel:
        """The causal model itself, inside its adapters where there are any."""
        return self.backbone if isinstance(self.backbone, PreTrainedModel) else cast("PreTrainedModel", self.backbone.get_base_model())

    @property
    def device(self) -> torch.device:
        """Where the input embeddings lie, and batches belong."""
        return next(self.language_model.get_input_embeddings().parameters()).device

    def forward(
        self,
        batch: PixelBatch,
        *,
        split: Callable[[Tensor], Mapping[str, Tensor]] | None = None,
        language_loss: Callable[[Tensor, Callable[[Tensor], Tensor], Tensor], Tensor] | None = None,
    ) -> PixelOutput:
        """Read a batch once. `split` maps the hidden state to one view an objective; by default all share it.

        Objectives that `split` leaves out are not computed. `language_loss(hidden, project, targets)` is called here,
        with the output module as `project`, so that ZeRO-3 gathers the output matrix.
        """
        hidden, balance = read(self.language_model, batch)
        views = dict.fromkeys(OBJECTIVES, hidden) if split is None else split(hidden)
        language = None
        if language_loss is not None and "language" in views:
            language = language_loss(views["language"], self.language_model.get_output_embeddings(), batch.language_targets)
        return PixelOutput(language, self.heads({name: view for name, view in views.items() if name != "language"}, batch), balance)

    def save(
        self,
        folder: Path,
        state_dict: Mapping[str, Tensor] | None = None,
        *,
        scales: Mapping[str, float] | None = None,
        abstention: Mapping[str, float] | None = None,
    ) -> None:
        """Write a standard Hugging Face checkpoint and, under `pixel/`, the heads and their record.

        `state_dict` replaces the model's own, for weights gathered from ZeRO ranks. With LoRA only adapters are written.
        `scales` in [0, 1] by head shrink what it says towards its prior; the stored weights hold them already. `abstention` replaces
        the model's own. A checkpoint that lies there is replaced, and none until the new one is whole; raises CheckpointError where
        weights of the other kind lie there, which would be loaded in place of these.
        """
        folder = Path(folder)
        make_way(folder, folder / PIXEL_FOLDER / CONFIG_FILE, adapters=not isinstance(self.backbone, PreTrainedModel))
        state = dict(self.state_dict() if state_dict is None else state_dict)
        backbone = {name.removeprefix("backbone."): tensor for name, tensor in state.items() if name.startswith("backbone.")}
        heads = {name.removeprefix("heads."): tensor.contiguous() for name, tensor in state.items() if name.startswith("heads.")}
        for name, scale in (scales or {}).items():
            heads |= shrunk(name, heads, self.priors[name], scale)
        self.backbone.save_pretrained(str(folder), state_dict=backbone)
        (folder / "README.md").unlink(missing_ok=True)  # peft writes an empty model card
        if self.tokenizer is not None:
            for loading in ("is_local", "local_files_only"):  # how it was loaded would be saved too, and bytes would differ
                self.tokenizer.init_kwargs.pop(loading, None)
            self.tokenizer.save_pretrained(str(folder))
        own = folder / PIXEL_FOLDER
        save_file(heads, own / HEADS_FILE)
        record = {
            "heads": [spec.to_json() for spec in HEADS],
            "supervised": self.supervised,
            "sources": {name: dict(counts) for name, counts in self.sources.items() if any(self.supervised[name])},
            "priors": {name: raw.tolist() for name, raw in self.priors.items()},
            "scales": dict(self.scales if scales is None else scales),  # folded into the weights
            "abstention": dict(self.abstention if abstention is None else abstention),
        }
        write_json(own / CONFIG_FILE, record)

    @classmethod
    def load(cls, folder: Path, *, dtype: torch.dtype | None = None) -> PixelModel:
        """The model of a checkpoint folder, in evaluation mode; `dtype` replaces the stored number format.

        Raises CheckpointError when the folder's head table is not this one, or its heads are not those of its backbone.
        """
        folder = Path(folder)
        record = read_record(folder / PIXEL_FOLDER / CONFIG_FILE)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder) if (folder / "tokenizer_config.json").is_file() else None
            backbone = open_checkpoint(folder, dtype)
        except (OSError, ValueError, SafetensorError) as error:
            raise CheckpointError(f"{folder} holds no backbone and tokenizer that can be read: {error}") from error
        model = cls(backbone, tokenizer=tokenizer, supervised=record["supervised"])
        model.priors = {name: torch.tensor(raw) for name, raw in record["priors"].items()}
        model.abstention = record["abstention"]
        model.scales = record["scales"]
        model.sources = record.get("sources", {})  # nothing depends on them: one that was written before there were any still loads
        file = folder / PIXEL_FOLDER / HEADS_FILE
        try:
            weights = load_file(file)
            model.heads.to(dtype or next(iter(weights.values())).dtype)
            model.heads.load_state_dict(weights)
        except (OSError, SafetensorError, RuntimeError, StopIteration) as error:
            raise CheckpointError(f"{file} holds no heads for the backbone beside it: {error}") from error
        return model.eval()

    @torch.no_grad()
    def reply(self, turns: Sequence[Turn], *, part: Part = "assistant", max_new_tokens: int = 128) -> Reply:
        """The greedy continuation of a dialogue as `part`, and the heads' scores of that reply, from one pass.

        The heads read the hidden states that wrote the reply. `scores` says the same of the finished dialogue, but for rounding,
        where the text of the reply is split into the tokens that wrote it. Raises TooLongError for a dialogue that the backbone cannot
        read whole; a reply ends where its window does.
        """
        tokenizer = self._require_tokenizer()
        spoken = spoken_by(turns, part)
        asked = prompt(spoken, tokenizer, part)
        limit = min(max_new_tokens, room_in(self.language_model.config, len(asked)))
        with self._undisturbed():
            written = write(self.language_model, asked, end=marker(tokenizer, END), limit=limit)
            text = str(tokenizer.decode(written.tokens, skip_special_tokens=True)).strip()
            finished = [*spoken, Turn("assistant", part, text)]
            ids = [*asked, *written.tokens]
            spans = [*encode(spoken, tokenizer).spans, (len(asked), len(ids))]
            example = Example(Encoded(ids, spans, [False] * len(ids)), queries_of(finished, spans, [len(spoken)]))
            raw = self.heads({spec.name: written.hidden[None] for spec in HEADS}, self._alone(example))
        return Reply(text, self._said(raw, example, finished[-1]))

    @torch.no_grad()
    def scores(self, turns: Sequence[Turn], t: int) -> Scores:
        """What the heads say about turn t (0 is the first), by head and output (see `Decoded.scores`); None as in `Reply`."""
        if not 0 <= t < len(turns):
            raise IndexError(f"turn {t} of a dialogue of {len(turns)}: turns count from 0")
        example = example_of(turns, self._require_tokenizer(), ask=[t])
        room_in(self.language_model.config, len(example.encoded.ids))
        with self._undisturbed():
            return self._said(self(self._alone(example)).heads, example, turns[t])

    @contextmanager
    def _undisturbed(self) -> Iterator[None]:
        """Evaluation mode, and whatever mode it was in afterwards: no dropout moves what is said aloud."""
        was_training = self.training
        self.eval()
        try:
            yield
        finally:
            self.train(was_training)

    def _alone(self, example: Example) -> PixelBatch:
        return build_batch([[example]], pad=self._require_tokenizer().pad_token_id or 0).to(self.device)

    def _said(self, raw: Mapping[str, Tensor], example: Example, turn: Turn) -> Scores:
        """What raw outputs [1, width] about a turn mean, where they were supervised, had something to read and are sure enough."""
        found: Scores = {}
        for spec in HEADS:
            values = decode(spec, raw[spec.name]).scores[0].tolist()
            readable = bool(example.queries[0].spans[spec.reads]) and not (spec.therapist_only and is_client(turn))
            trained = self.supervised[spec.name]
            if broken := [name for name, value, seen in zip(spec.outputs, values, trained, strict=True) if seen and not isfinite(value)]:
                raise FloatingPointError(f"head {spec.name} says no number of {broken[0]}: the weights, or the states it reads, are broken")
            sure = max((value for value, labels in zip(values, trained, strict=True) if labels), default=0.0)
            readable &= sure >= self.abstention.get(spec.name, 0.0)
            found[spec.name] = {
                output: value if readable and labels else None for output, value, labels in zip(spec.outputs, values, trained, strict=True)
            }
        return found

    def _require_tokenizer(self) -> PreTrainedTokenizerBase:
        if self.tokenizer is None:
            raise CheckpointError("the model has no tokenizer: load a checkpoint that holds one, or set model.tokenizer")
        return self.tokenizer
