"""Conversations of any number out of real sentences, with near-duplicates planted among them."""

import json
import random
import re
from pathlib import Path

import polars as pl

_SENTENCE = re.compile(r"(?<=[.!?])\s+")


def sentences(reference: Path) -> list[str]:
    """The sentences of the dialogues and answers of the reference data, each once."""
    texts = [turn["text"] for line in (reference / "esconv" / "train.jsonl").open(encoding="utf-8") for turn in json.loads(line)["dialog"]]
    texts += pl.read_csv(reference / "counsel_chat" / "counsel_chat.csv", infer_schema=False)["answerText"].drop_nulls().to_list()
    found = (sentence.strip() for text in texts for sentence in _SENTENCE.split(" ".join(text.split())))
    return sorted({sentence for sentence in found if 4 <= len(sentence.split()) <= 40})


def conversations(pool: list[str], count: int, seed: int) -> list[str]:
    """`count` texts of 8 to 16 sentences."""
    drawn = random.Random(seed)
    return [" ".join(drawn.choices(pool, k=drawn.randint(8, 16))) for _ in range(count)]


def shingles(text: str, words: int = 5) -> set[tuple[str, ...]]:
    """The runs of words of a text, the slow and plain way."""
    spoken = re.findall(r"[^\W_]+", re.sub("[\u2000-\u203f]", " ", text).lower())
    return {tuple(spoken[i : i + words]) for i in range(max(len(spoken) - words + 1, 1))}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def planted(texts: list[str], pool: list[str], count: int, seed: int) -> tuple[list[str], list[tuple[int, int]]]:
    """The texts and `count` altered copies, shuffled, and the pairs (original, copy): Jaccard .80 to .95, computed by sets."""
    drawn = random.Random(seed)
    copies: list[tuple[int, str]] = []
    while len(copies) < count:
        original = drawn.randrange(len(texts))
        words = texts[original].split()
        for _ in range(drawn.randint(1, max(1, len(words) // 50))):
            at = drawn.randrange(len(words))
            words[at : at + drawn.randint(0, 2)] = drawn.choice(pool).split()[: drawn.randint(1, 3)]
        copy = " ".join(words)
        if 0.80 <= jaccard(texts[original], copy) <= 0.95:
            copies.append((original, copy))
    order = list(range(len(texts) + count))
    drawn.shuffle(order)
    place = {number: at for at, number in enumerate(order)}
    both = texts + [copy for _, copy in copies]
    pairs = [(place[original], place[len(texts) + i]) for i, (original, _) in enumerate(copies)]
    return [both[number] for number in order], pairs
