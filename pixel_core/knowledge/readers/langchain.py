"""A LangChain FAISS folder: `index.pkl` with the texts, `index.faiss` with as many vectors. The pickle is read, never executed."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pixel_core.knowledge.blocks import parse_plain
from pixel_core.knowledge.document import Document, UnusableError
from pixel_core.knowledge.readers.flow import Flow
from pixel_core.knowledge.readers.inert_pickle import Inert, read_pickle

VECTORS = ".faiss"
_HEADER = struct.Struct("<4siq")  # four letters of the kind, dimensions, number of vectors: every FAISS index of float vectors
_FLAT = frozenset({b"IxFI", b"IxF2", b"IxFl"})  # what LangChain writes unless told otherwise: the vectors stand in it as they are
_OVERLAP = 20  # characters; splitters repeat the end of a chunk in the next one, and less than this is chance
_LONGEST_OVERLAP = 2000


def read_store(data: bytes, file: str, vectors: Path) -> Document:
    """The document of a store: its chunks in the order of their vectors, headed by their sources, overlaps removed, pages kept.

    Raises UnusableError: `hostile_pickle` (the offending global is named), `malformed_pickle`, `not_a_store`, `missing_vectors`,
    `malformed_index`, `count_mismatch`, `no_text`.
    """
    texts = _texts(read_pickle(data))
    count = _count(vectors)
    if count != len(texts):
        raise UnusableError("count_mismatch", f"the pickle holds {len(texts)} texts and {vectors.name} {count} vectors")
    return _composed(texts).document(file)


def _texts(value: Any) -> list[tuple[str, Mapping[Any, Any]]]:
    """Every chunk with its metadata, in the order of the index."""
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], dict):
        raise UnusableError("not_a_store", "the pickle is not the pair of docstore and ids that FAISS.save_local writes")
    store, ids = value
    documents = store.attribute("_dict") if isinstance(store, Inert) and store.name.name == "InMemoryDocstore" else None
    if not isinstance(documents, dict) or not all(isinstance(row, int) for row in ids):
        raise UnusableError("not_a_store", "the pickle holds no InMemoryDocstore with its documents")
    missing = sum(1 for key in ids.values() if not isinstance(key, str) or key not in documents)
    if missing or len(documents) != len(ids) or sorted(ids) != list(range(len(ids))):
        raise UnusableError("count_mismatch", f"{len(ids)} rows name {len(documents)} documents, {missing} of them missing")
    return [_chunk(documents[ids[row]]) for row in range(len(ids))]


def _chunk(document: Any) -> tuple[str, Mapping[Any, Any]]:
    text = document.attribute("page_content") if isinstance(document, Inert) and document.name.name == "Document" else None
    if not isinstance(text, str):
        raise UnusableError("not_a_store", "an entry of the docstore is no Document with page_content")
    metadata = document.attribute("metadata") if isinstance(document, Inert) else None
    return text, metadata if isinstance(metadata, dict) else {}


def _count(vectors: Path) -> int:
    """The number of vectors that an index declares; only the header is read, so that no index can harm."""
    if not vectors.is_file():
        raise UnusableError("missing_vectors", f"{vectors.name} does not lie beside the pickle")
    with vectors.open("rb") as handle:
        head = handle.read(_HEADER.size)
    if len(head) < _HEADER.size or head[:1] != b"I":
        raise UnusableError("malformed_index", f"{vectors.name} is no FAISS index")
    kind, dimensions, count = _HEADER.unpack(head)
    whole = count >= 0 and dimensions > 0 and (kind not in _FLAT or vectors.stat().st_size >= _HEADER.size + 4 * count * dimensions)
    if not whole:
        raise UnusableError("malformed_index", f"{vectors.name} is shorter than its {count} vectors, or no FAISS index")
    return int(count)


def _composed(texts: list[tuple[str, Mapping[Any, Any]]]) -> Flow:
    flow, source, before = Flow(), "", ""
    for text, metadata in texts:
        found = str(metadata.get("source") or metadata.get("title") or "") if _named(metadata) else ""
        if found != source:
            flow.end()
            before = ""
        if text.strip():
            flow.page(_page(metadata))
        if found and found != source:
            flow.begin("heading", level=1)
            flow.write(found.replace("\\", "/").rsplit("/", 1)[-1])
            flow.end()
        source = found
        shared = _overlap(before, text)
        blocks = _blocks(text[shared:])
        if shared and (rest := next(blocks, None)):  # the chunk goes on where the one before it stopped
            flow.write(f" {rest[1]}" if text[shared].isspace() else rest[1])
        for kind, block, level, mark in blocks:
            flow.begin(kind, level=level, mark=mark)
            flow.write(block)
        before = text
    return flow


def _named(metadata: Mapping[Any, Any]) -> bool:
    return isinstance(metadata.get("source") or metadata.get("title"), str)


def _page(metadata: Mapping[Any, Any]) -> int:
    """The page of a chunk: as it is printed where LangChain knows that, else its `page`, which counts from 0; 0 where none is given."""
    label, page = metadata.get("page_label"), metadata.get("page")
    if isinstance(label, str) and label.isdecimal() and len(label) < 7:
        return int(label)
    return page + 1 if isinstance(page, int) and 0 <= page < 1_000_000 else 0


def _blocks(text: str) -> Iterator[tuple[Any, str, int, str]]:
    for block in parse_plain(text):
        yield block.kind, block.text, block.level + 1 if block.level else 0, block.mark


def _overlap(before: str, text: str) -> int:
    """How many characters at the beginning of a chunk the chunk before it ends with."""
    tail = before[-_LONGEST_OVERLAP:]
    if len(text) < _OVERLAP:
        return 0
    place = tail.find(text[:_OVERLAP])
    while place >= 0:
        if text.startswith(tail[place:]):
            return len(tail) - place
        place = tail.find(text[:_OVERLAP], place + 1)
    return 0
