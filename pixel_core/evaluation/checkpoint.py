"""A checkpoint folder as respondent.

Rows are padded on the right, where causal attention never looks; prompts of greedy replies on the left, behind a mask.
Neighbours can therefore change an answer by rounding alone. On CPU the figures are the same to the last digit for any
batch size: rows are read one by one there, which is as fast as reading many, and replies are written in batches of one size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from pixel_core.conversation import Part, Turn
from pixel_core.evaluation.respondent import HeadAnswer, Loss
from pixel_core.model.batch import PixelBatch, query_masks_of
from pixel_core.model.chat import END, Encoded, encode, prompt
from pixel_core.model.decoding import Decoded, decode, prior_bias
from pixel_core.model.heads import HEADS, READS, find_head
from pixel_core.model.pixel import PixelModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WINDOW = 1024  # tokens of a dialogue that are read at most
_CHOICES = 32  # choices of one item that are read together
_WRITTEN = 16  # replies that are written together on CPU
_DIGITS = 6  # digits kept of every score
Key = tuple[tuple[int, ...], tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class _Read:
    """The last turns of a dialogue, in tokens."""

    turns: Sequence[Turn]
    encoded: Encoded

    @property
    def key(self) -> Key:
        """The same for dialogues that the heads cannot tell apart: tokens, and who speaks each turn."""
        return tuple(self.encoded.ids), tuple((turn.role, turn.part) for turn in self.turns)


def open_checkpoint(folder: Path, batch_size: int) -> CheckpointRespondent:
    """The respondent of a checkpoint folder: on a GPU as stored and in batches, on CPU in float32 and row by row."""
    if torch.cuda.is_available():
        return CheckpointRespondent(folder, batch_size=batch_size, device="cuda")
    return CheckpointRespondent(folder)


class CheckpointRespondent:
    """A saved PixelModel that answers items; `batch_size` dialogues are read together."""

    def __init__(self, folder: Path, *, batch_size: int = 1, device: str = "cpu") -> None:
        self._device = torch.device(device)
        self._model = PixelModel.load(folder, dtype=torch.float32 if device == "cpu" else None).to(self._device)
        self._tokenizer = _tokenizer_of(self._model, folder)
        self._batch_size = batch_size
        self._written = _WRITTEN if device == "cpu" else batch_size
        self._query = _one_query().to(self._device)
        self._said: dict[Key, Mapping[str, HeadAnswer]] = {}

    @torch.no_grad()
    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """See Respondent. Each prompt is read once; its choices go through the model as one batch behind it."""
        return [self._likelihoods(turns, given) for turns, given in zip(dialogues, choices, strict=True)]

    @torch.no_grad()
    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """See Respondent. A reply ends at `<|im_end|>` or after `max_new_tokens`."""
        prompts = [prompt(self._recent(turns), self._tokenizer, part) for turns in dialogues]
        written: list[str] = [""] * len(prompts)
        for batch in _by_length([len(ids) for ids in prompts], self._written):
            for index, ids in zip(batch, self._continue([prompts[i] for i in batch], max_new_tokens), strict=True):
                written[index] = self._text(ids).strip()
        return written

    @torch.no_grad()
    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """See Respondent. What follows turn t is not read; of long dialogues the last whole turns that fit are.

        A dialogue that begins another one is read with it, and what was answered once is remembered.
        """
        reads = [self._encoded(dialogue[: t + 1]) for dialogue, t in zip(dialogues, turns, strict=True)]
        new = list({read.key: read for read in reads if read.key not in self._said}.values())
        longest = _longest([read.encoded.ids for read in new])
        for index, hidden in self._hidden([ids for ids, _ in longest]):
            for read in (new[place] for place in longest[index][1]):
                self._said[read.key] = self._answers(hidden, read)
        return [self._said[read.key] for read in reads]

    @torch.no_grad()
    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """See Respondent. Of dialogues longer than the window the first tokens are scored."""
        counts = Counter(token for turns in training for token in _learned(encode(turns, self._tokenizer)))
        total = counts.total() + len(self._tokenizer)
        encoded = [encode(turns, self._tokenizer).cut(WINDOW) for turns in dialogues]
        found: list[Loss | None] = [None] * len(encoded)
        for index, hidden in self._hidden([one.ids for one in encoded]):
            learned = [place for place in range(1, len(encoded[index].ids)) if encoded[index].learn[place]]
            wanted = torch.tensor([encoded[index].ids[place] for place in learned], dtype=torch.long, device=self._device)
            nats = functional.cross_entropy(self._logits(hidden[[place - 1 for place in learned]]), wanted, reduction="sum")
            spelled = sum(self._bytes(encoded[index], span) for span in encoded[index].spans)
            unigram = -sum(log((counts[encoded[index].ids[place]] + 1) / total) for place in learned)
            found[index] = Loss(round(float(nats), _DIGITS), len(learned), spelled, round(unigram, _DIGITS))
        return [loss for loss in found if loss is not None]

    def supervised(self, head: str) -> Sequence[int]:
        """See Respondent."""
        return self._model.supervised[head]

    def prior(self, head: str) -> HeadAnswer:
        """See Respondent. A head without a stored prior starts neutral."""
        spec = find_head(head)
        neutral = prior_bias(spec, torch.zeros((0, len(spec.outputs))))
        return _answer(decode(spec, self._model.priors.get(head, neutral)[None]))

    def _likelihoods(self, turns: Sequence[Turn], choices: Sequence[str]) -> list[float]:
        asked = torch.tensor([prompt(self._recent(turns), self._tokenizer)], device=self._device)
        length = asked.shape[1]
        texts = [self._tokenizer.encode(choice, add_special_tokens=False, split_special_tokens=True) for choice in choices]
        read = self._decoder(input_ids=asked, use_cache=True)
        found: list[float] = []
        for start in range(0, len(texts), _CHOICES):
            batch = texts[start : start + _CHOICES]
            cache = deepcopy(read.past_key_values)
            cache.batch_repeat_interleave(len(batch))
            rows = _padded(batch, 0).to(self._device)
            places = torch.arange(length, length + rows.shape[1], device=self._device).expand_as(rows)
            behind = self._decoder(input_ids=rows, position_ids=places, past_key_values=cache, use_cache=True).last_hidden_state
            for row, ids in enumerate(batch):
                states = torch.cat((read.last_hidden_state[0, -1:], behind[row, : len(ids) - 1]))
                nats = functional.cross_entropy(self._logits(states), rows[row, : len(ids)], reduction="sum")
                found.append(round(-float(nats) / len(choices[start + row].encode()), _DIGITS))
        return found

    def _continue(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> list[list[int]]:
        end = self._tokenizer.convert_tokens_to_ids(END)
        width = max(len(ids) for ids in prompts)
        rows = torch.tensor([[end] * (width - len(ids)) + list(ids) for ids in prompts], device=self._device)
        mask = torch.tensor([[0] * (width - len(ids)) + [1] * len(ids) for ids in prompts], device=self._device)
        places = (mask.cumsum(1) - 1).clamp_min(0)
        written: list[list[int]] = [[] for _ in prompts]
        going, cache = set(range(len(prompts))), None
        for _ in range(max_new_tokens):
            read = self._decoder(input_ids=rows, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True)
            cache = read.past_key_values
            following = self._logits(read.last_hidden_state[:, -1]).argmax(-1)
            for index in sorted(going):
                token = int(following[index])
                if token == end:
                    going.discard(index)
                else:
                    written[index].append(token)
            if not going:
                break
            rows, places = following[:, None], places[:, -1:] + 1
            mask = functional.pad(mask, (0, 1), value=1)
        return written

    def _answers(self, hidden: Tensor, read: _Read) -> dict[str, HeadAnswer]:
        """What the heads say about the last turn, one query at a time: each product has the same shape whatever else is asked."""
        t = len(read.turns) - 1
        spans = query_masks_of(read.turns, read.encoded.spans, t)
        pooled = {name: torch.cat([hidden[start:end] for start, end in found]).mean(0).float() for name, found in spans.items() if found}
        views = {spec.name: pooled[spec.reads][None, None] for spec in HEADS if spec.reads in pooled}
        raw = self._model.heads(views, self._query)
        return {spec.name: _answer(decode(spec, raw[spec.name].cpu())) for spec in HEADS if spec.name in raw}

    def _hidden(self, rows: Sequence[Sequence[int]]) -> Iterator[tuple[int, Tensor]]:
        """The last hidden state [T, H] of every row with its index, in batches of like length."""
        for batch in _by_length([len(ids) for ids in rows], self._batch_size):
            padded = _padded([rows[i] for i in batch], 0).to(self._device)
            states = self._decoder(input_ids=padded, use_cache=False).last_hidden_state
            for place, index in enumerate(batch):
                yield index, states[place, : len(rows[index])]

    def _recent(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        return self._encoded(turns).turns

    def _encoded(self, turns: Sequence[Turn]) -> _Read:
        """The last turns of a dialogue that fit into the window together; the last one alone is cut to it."""
        encoded = encode(turns, self._tokenizer)
        while len(encoded.ids) > WINDOW and len(turns) > 1:
            turns = turns[1:]
            encoded = encode(turns, self._tokenizer)
        return _Read(turns, encoded.cut(WINDOW))

    def _logits(self, states: Tensor) -> Tensor:
        return self._model.language_model.get_output_embeddings()(states)

    def _bytes(self, encoded: Encoded, span: tuple[int, int]) -> int:
        """UTF-8 bytes of a turn's content, as far as it is learned and not cut."""
        start, end = span
        if start >= end or not encoded.learn[start]:
            return 0
        return len(self._text(encoded.ids[start:end]).encode())

    def _text(self, ids: Sequence[int]) -> str:
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    @property
    def _decoder(self) -> torch.nn.Module:
        return self._model.language_model.get_decoder()


def _one_query() -> PixelBatch:
    """A batch of one token and one query that reads it."""
    zero, one = torch.zeros((1, 1), dtype=torch.long), torch.ones((1, 1), dtype=torch.bool)
    return PixelBatch(zero, zero, zero, zero[0] + 1, zero[0], dict.fromkeys(READS, one), {}, ("",))


def _by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Places of rows in batches of at most `size` whose lengths are alike."""
    order = sorted(range(len(lengths)), key=lambda index: (lengths[index], index))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def _longest(rows: Sequence[Sequence[int]]) -> list[tuple[Sequence[int], list[int]]]:
    """The rows that begin no other row, each with the places of all rows that it begins with; every place once."""
    found: list[tuple[Sequence[int], list[int]]] = []
    for place in sorted(range(len(rows)), key=lambda k: tuple(rows[k]), reverse=True):
        if found and list(found[-1][0][: len(rows[place])]) == list(rows[place]):
            found[-1][1].append(place)  # in this order a row stands behind those it begins
        else:
            found.append((rows[place], [place]))
    return found


def _tokenizer_of(model: PixelModel, folder: Path) -> PreTrainedTokenizerBase:
    if model.tokenizer is None:
        raise ValueError(f"{folder} holds no tokenizer: a checkpoint without one cannot be asked anything")
    return model.tokenizer


def _padded(rows: Sequence[Sequence[int]], pad: int) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])


def _learned(encoded: Encoded) -> Iterator[int]:
    return (token for token, learn in zip(encoded.ids, encoded.learn, strict=True) if learn)


def _answer(decoded: Decoded) -> HeadAnswer:
    scores = tuple(round(value, _DIGITS) for value in decoded.scores[0].tolist())
    return HeadAnswer(scores, tuple(round(value, _DIGITS) for value in decoded.decisions[0].tolist()))
