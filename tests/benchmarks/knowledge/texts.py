"""Real text from the reference data: passages and sentences of the OpenStax psychology book, sentences of GoEmotions."""

import csv
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pixel_core.knowledge.sentences import sentence_spans


def paragraphs(module: Path) -> Iterator[str]:
    """The paragraphs of one module of the book, as plain text."""
    for element in ET.parse(module / "index.cnxml").iter():  # noqa: S314 - the book is a local file of a known source
        if element.tag.endswith("}para") and (text := " ".join("".join(element.itertext()).split())):
            yield text


def modules(reference: Path) -> list[Path]:
    """The modules of the book in order of name."""
    return sorted((reference / "openstax_psychology" / "modules").iterdir())


def as_documents(reference: Path, folder: Path, every: int = 1) -> Path:
    """A knowledge folder with one text file a module, or for `every` n-th of them."""
    folder.mkdir(parents=True)
    for module in modules(reference)[::every]:
        (folder / f"{module.name}.txt").write_text("\n\n".join(paragraphs(module)), encoding="utf-8")
    return folder


def sentences(reference: Path) -> Iterator[str]:
    """Sentences of the book, then of GoEmotions, then its comments of several sentences."""
    for module in modules(reference):
        for text in paragraphs(module):
            yield from (text[start:end] for start, end in sentence_spans(text))
    comments = list(_comments(reference))
    for comment in comments:
        yield from (comment[start:end] for start, end in sentence_spans(comment))
    yield from comments


def _comments(reference: Path) -> Iterator[str]:
    for part in ("train", "dev", "test"):
        with (reference / "goemotions" / f"{part}.tsv").open(encoding="utf-8") as rows:
            yield from (row[0] for row in csv.reader(rows, delimiter="\t", quoting=csv.QUOTE_NONE))


def distinct_sentences(reference: Path, count: int) -> list[str]:
    """So many different sentences."""
    return list(islice(dict.fromkeys(sentences(reference)), count))
