"""A whole textbook read and cut into passages: OpenStax Psychology 2e, 105 modules, 341,000 words."""

import time

import polars as pl
import pytest

from pixel_core.knowledge import extract_passages
from pixel_core.knowledge.passages import TABLE
from pixel_core.knowledge.quality import check_passages

SECONDS = 15.0
DEBRIS = r"</?[a-zA-Z:]+[^>]*>|&[a-z]+;|\( ?[,;]? ?\)| [,;]|http://www\.w3\.org"


@pytest.mark.reference
def test_the_book_is_extracted_and_cut_in_seconds(reference, tmp_path):
    began, cpu = time.perf_counter(), time.process_time()
    built = extract_passages(reference / "openstax_psychology" / "modules", tmp_path / "out", words=200)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    figures = built.summary.figures
    print(f"\n{figures['documents']} modules, {figures['words']} words, {built.summary.rows} passages: {wall:.2f} s wall, {cpu:.2f} s CPU")
    assert cpu < SECONDS  # of one core, whatever else the machine does
    assert figures["documents"] == figures["read"] == 105
    assert 300_000 < figures["words"] < 400_000
    assert 150 < figures["words_median"] < 220
    assert check_passages(built.folder).passed
    texts = pl.read_parquet(built.folder / TABLE)["text"]
    assert not texts.str.contains(DEBRIS).any()
