"""A checkpoint folder as respondent.

Rows are padded on the right, where causal attention never looks; prompts of greedy replies on the left, behind a mask.
Neighbours can therefore change an answer by rounding alone. On CPU the figures are the same to the last digit whatever the
batch size: which rows are read together there depends on their lengths, not on that setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor
from torch.nn import functional

from pixel_core.conversation import Part, Turn
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Loss
from pixel_core.evaluation.respondents.tokens import Remembering, batches, longest_of
from pixel_core.evaluation.respondents.trie import Trie, lay_out
from pixel_core.model.batch import PixelBatch, query_masks_of
from pixel_core.model.chat import END, Encoded, encode, prompt
from pixel_core.model.decoding import decode, prior_bias
from pixel_core.model.heads import HEADS, READS, Reads, find_head
from pixel_core.model.pixel import PixelModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WINDOW = 1024  # tokens of a dialogue that are read at most
_READ, _WRITTEN = 2048, 8192  # tokens that are read, or continued, together on CPU: a step of writing costs as much for few rows
_ROWS = 64  # and rows at most
_CELLS = 1 << 22  # logits held at once
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


def load(folder: Path, device: str) -> PixelModel:
    """The model of a checkpoint folder on a device: in float32 on CPU, elsewhere as stored."""
    return PixelModel.load(folder, dtype=torch.float32 if device == "cpu" else None).to(device)


class CheckpointRespondent:
    """A saved PixelModel that answers items; on a GPU `batch_size` dialogues are read together.

    `model` is that of the folder, where it is loaded already.
    """

    def __init__(self, folder: Path, *, batch_size: int = 1, device: str = "cpu", model: PixelModel | None = None) -> None:
        self._device = torch.device(device)
        self._model = load(folder, device) if model is None else model
        if self._model.tokenizer is None:
            raise ValueError(f"{folder} holds no tokenizer: a checkpoint without one cannot be asked anything")
        self._stored = self._model.tokenizer
        self._tokenizer = Remembering(self._stored)
        self._chat = cast("PreTrainedTokenizerBase", self._tokenizer)  # which chat.py asks for no more than that
        together = (batch_size * WINDOW, batch_size)
        self._reading, self._writing = ((_READ, _ROWS), (_WRITTEN, _ROWS)) if device == "cpu" else (together, together)
        self._deaf = self._model.heads.constant  # checkpoint-0 says the priors of everything
        self._said: dict[Key, Mapping[str, HeadAnswer]] = {}
        self._wrote: dict[int, dict[tuple[int, ...], str]] = {}  # by the most tokens allowed, replies by prompt

    @torch.no_grad()
    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """See Respondent. Each prompt is read once with its choices behind it, and once what several choices begin with."""
        self._tokenizer.prepare(dialogues)
        prompts = [prompt(self._recent(turns), self._chat) for turns in dialogues]
        tries = {given: Trie.of(self._tokenizer.encode_all(given)) for given in dict.fromkeys(map(tuple, choices))}
        trees = [tries[tuple(given)] for given in choices]
        found: list[list[float]] = [[] for _ in prompts]
        for batch in batches([len(ids) + len(tree.read) for ids, tree in zip(prompts, trees, strict=True)], *self._reading):
            states = self._behind([prompts[place] for place in batch], [trees[place] for place in batch])
            for place, nats in zip(batch, self._predicted(states, [trees[place] for place in batch]), strict=True):
                sizes = (len(choice.encode()) for choice in choices[place])
                found[place] = [round(total / size, _DIGITS) for total, size in zip(trees[place].sums(nats), sizes, strict=True)]
        return found

    @torch.no_grad()
    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """See Respondent. A reply ends at `<|im_end|>` or after `max_new_tokens`; what was written once is remembered."""
        self._tokenizer.prepare(dialogues)
        prompts = [prompt(self._recent(turns), self._chat, part) for turns in dialogues]
        written = self._wrote.setdefault(max_new_tokens, {})
        new = sorted(set(map(tuple, prompts)) - written.keys())
        for batch in batches([len(ids) for ids in new], *self._writing):
            for place, ids in zip(batch, self._continue([new[place] for place in batch], max_new_tokens), strict=True):
                written[new[place]] = self._text(ids).strip()
        return [written[tuple(ids)] for ids in prompts]

    @torch.no_grad()
    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """See Respondent. What follows turn t is not read; of long dialogues the last whole turns that fit are.

        A dialogue that begins another one is read with it, and what was answered once is remembered.
        """
        self._tokenizer.prepare(dialogues)
        reads = [self._encoded(dialogue[: t + 1]) for dialogue, t in zip(dialogues, turns, strict=True)]
        keys = [read.key for read in reads]
        new = list({key: read for key, read in zip(keys, reads, strict=True) if key not in self._said}.values())
        longest = longest_of([read.encoded.ids for read in new])
        for batch, hidden in self._hidden([ids for ids, _ in longest], read=not self._deaf):
            asked = [(row, new[place]) for row, index in enumerate(batch) for place in longest[index][1]]
            for (_, read), said in zip(asked, self._answers(hidden, asked), strict=True):
                self._said[read.key] = said
        return [self._said[key] for key in keys]

    @torch.no_grad()
    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """See Respondent. Of dialogues longer than the window the first tokens are scored."""
        counts = self._tokenizer.count_learned(training)
        total = counts.total() + len(self._tokenizer)
        self._tokenizer.prepare(dialogues)
        encoded = [encode(turns, self._chat).cut(WINDOW) for turns in dialogues]
        learned = [[place for place in range(1, len(one.ids)) if one.learn[place]] for one in encoded]
        found: list[Loss | None] = [None] * len(encoded)
        for batch, hidden in self._hidden([one.ids for one in encoded]):
            rows = [row for row, index in enumerate(batch) for _ in learned[index]]
            before = [place - 1 for index in batch for place in learned[index]]
            wanted = torch.tensor([encoded[index].ids[place] for index in batch for place in learned[index]], device=self._device)
            nats = self._nats(hidden[rows, before], wanted.long()).split([len(learned[index]) for index in batch])
            for index, values in zip(batch, nats, strict=True):
                one = encoded[index]
                spelled = sum(self._bytes(one, span) for span in one.spans)
                unigram = -sum(log((counts[one.ids[place]] + 1) / total) for place in learned[index])
                found[index] = Loss(round(float(values.sum()), _DIGITS), len(learned[index]), spelled, round(unigram, _DIGITS))
        return [loss for loss in found if loss is not None]

    def supervised(self, head: str) -> Sequence[int]:
        """See Respondent."""
        return self._model.supervised[head]

    def least_confidence(self, head: str) -> float:
        """See Respondent."""
        return self._model.abstention.get(head, 0.0)

    def prior(self, head: str) -> HeadAnswer:
        """See Respondent. A head without a stored prior starts neutral."""
        spec = find_head(head)
        neutral = prior_bias(spec, torch.zeros((0, len(spec.outputs))))
        decoded = decode(spec, self._model.priors.get(head, neutral)[None])
        return HeadAnswer(_rounded(decoded.scores)[0], _rounded(decoded.decisions)[0])

    def _behind(self, prompts: Sequence[Sequence[int]], trees: Sequence[Trie]) -> list[Tensor]:
        """For each prompt the states [1 + n, H] of its last token and of the nodes read behind it, in one forward pass."""
        ids, places, sees = lay_out(prompts, trees)
        masked = torch.zeros(sees.shape, dtype=self._dtype).masked_fill(~sees, torch.finfo(self._dtype).min)[:, None]
        inputs = {"input_ids": ids, "position_ids": places, "attention_mask": masked}
        states = self._decoder(**{name: value.to(self._device) for name, value in inputs.items()}, use_cache=False).last_hidden_state
        width, ends = max(map(len, prompts)), [(len(asked), len(tree.read)) for asked, tree in zip(prompts, trees, strict=True)]
        return [torch.cat((states[row, size - 1 : size], states[row, width : width + count])) for row, (size, count) in enumerate(ends)]

    def _predicted(self, states: Sequence[Tensor], trees: Sequence[Trie]) -> Iterator[list[float]]:
        """The log-probability of every node of each tree, given what comes before it."""
        starts = [0]
        for one in states:
            starts.append(starts[-1] + len(one))
        places = torch.cat([tree.states + start for tree, start in zip(trees, starts, strict=False)]).to(self._device)
        wanted = torch.tensor([token for tree in trees for token in tree.tokens], device=self._device)
        joined = torch.cat(list(states))
        chosen = torch.empty(len(places), device=self._device)
        size = max(1, _CELLS // len(self._tokenizer))
        for start in range(0, len(joined), size):
            logits = self._logits(joined[start : start + size]).float()
            inside = (places >= start) & (places < start + size)
            rows = places[inside] - start
            chosen[inside] = logits[rows, wanted[inside]] - logits.logsumexp(-1)[rows]
        for values in chosen.split([len(tree.tokens) for tree in trees]):
            yield values.tolist()

    def _nats(self, states: Tensor, wanted: Tensor) -> Tensor:
        """The language loss of each wanted token in its state."""
        size = max(1, _CELLS // len(self._tokenizer))
        found = [
            functional.cross_entropy(self._logits(states[start : start + size]).float(), wanted[start : start + size], reduction="none")
            for start in range(0, len(wanted), size)
        ]
        return torch.cat(found) if found else torch.zeros(0)

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
            for index, token in enumerate(following.tolist()):
                if token == end:
                    going.discard(index)
                elif index in going:
                    written[index].append(token)
            if not going:
                break
            rows, places = following[:, None], places[:, -1:] + 1
            mask = functional.pad(mask, (0, 1), value=1)
        return written

    def _answers(self, hidden: Tensor, asked: Sequence[tuple[int, _Read]]) -> list[dict[str, HeadAnswer]]:
        """What the heads say about the last turn of each read, which stands in a row of `hidden` [B, T, H]."""
        spans = [query_masks_of(read.turns, read.encoded.spans, len(read.turns) - 1) for _, read in asked]
        batch = _queries(hidden, [row for row, _ in asked], spans)
        raw = self._model.heads(dict.fromkeys((spec.name for spec in HEADS), hidden), batch)
        answers: list[dict[str, HeadAnswer]] = [{} for _ in asked]
        for spec in HEADS:
            decoded = decode(spec, raw[spec.name].cpu())
            for place, (scores, decisions) in enumerate(zip(_rounded(decoded.scores), _rounded(decoded.decisions), strict=True)):
                if any(end > start for start, end in spans[place][spec.reads]):
                    answers[place][spec.name] = HeadAnswer(scores, decisions)
        return answers

    def _hidden(self, rows: Sequence[Sequence[int]], *, read: bool = True) -> Iterator[tuple[list[int], Tensor]]:
        """The last hidden states [B, T, H] of batches of rows of like length, with the places of the rows; zeros where nobody reads."""
        for batch in batches([len(ids) for ids in rows], *self._reading):
            if not read:
                width = max(len(rows[place]) for place in batch)
                yield batch, torch.zeros((len(batch), width, self._width), device=self._device)
                continue
            padded = _padded([rows[place] for place in batch], 0).to(self._device)
            yield batch, self._decoder(input_ids=padded, use_cache=False).last_hidden_state

    def _recent(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        return self._encoded(turns).turns

    def _encoded(self, turns: Sequence[Turn]) -> _Read:
        """The last turns of a dialogue that fit into the window together; the last one alone is cut to it."""
        encoded = encode(turns, self._chat)
        while len(encoded.ids) > WINDOW and len(turns) > 1:
            turns = turns[1:]
            encoded = encode(turns, self._chat)
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
        return str(self._stored.decode(list(ids), skip_special_tokens=True))

    @property
    def _decoder(self) -> torch.nn.Module:
        return self._model.language_model.get_decoder()

    @property
    def _width(self) -> int:
        return int(self._model.language_model.config.get_text_config().hidden_size)

    @property
    def _dtype(self) -> torch.dtype:
        return self._model.language_model.dtype


def _queries(hidden: Tensor, rows: Sequence[int], spans: Sequence[Mapping[Reads, Sequence[tuple[int, int]]]]) -> PixelBatch:
    """Queries in these rows of `hidden` [B, T, H] that read these spans, as a batch of no more than what heads ask for."""
    masks = {reads: torch.zeros((len(rows), hidden.shape[1]), dtype=torch.bool) for reads in READS}
    for query, own in enumerate(spans):
        for reads, places in own.items():
            for start, end in places:
                masks[reads][query, start:end] = True
    zero = torch.zeros((len(hidden), 1), dtype=torch.long)
    return PixelBatch(zero, zero, zero, zero[:, 0] + 1, torch.tensor(rows), masks, {}, ("",) * len(rows)).to(hidden.device)


def _padded(rows: Sequence[Sequence[int]], pad: int) -> Tensor:
    width = max(len(row) for row in rows)
    return torch.tensor([[*row, *[pad] * (width - len(row))] for row in rows])


def _rounded(values: Tensor) -> list[tuple[float, ...]]:
    return [tuple(round(value, _DIGITS) for value in row) for row in values.tolist()]
