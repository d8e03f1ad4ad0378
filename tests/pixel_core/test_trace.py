from dataclasses import replace

import pytest

from pixel_core.__main__ import main
from pixel_core.conversation import Evidence, write_conversations
from pixel_core.trace import TraceError, describe, find
from tests.pixel_core.conversations import PROVENANCE, conversation


@pytest.fixture
def artifacts(tmp_path):
    one = conversation("What is on page three?", "A poem.")
    one = replace(one, turns=(one.turns[0], replace(one.turns[1], evidence=(Evidence("knowledge/x.json", 5, 9),))))
    (tmp_path / "source/a").mkdir(parents=True)
    (tmp_path / "mixture").mkdir()
    write_conversations(tmp_path / "source/a/conversations.parquet", [one])
    other = replace(one, provenance=(PROVENANCE, replace(PROVENANCE, source="talks", uri="pixel-sample://talks", locator="ep-1")))
    write_conversations(tmp_path / "mixture/train.parquet", [other, conversation("x", "y")])
    return tmp_path, one


def test_every_place_and_file_is_told(artifacts):
    folder, one = artifacts
    text = describe(find(one.id[:12], folder), folder)
    assert "mixture/train.parquet" in text
    assert "source/a/conversations.parquet" in text
    assert "pixel://notes, row 3" in text
    assert "pixel-sample://talks, ep-1" in text
    assert "knowledge/x.json, characters 5 to 9" in text
    assert "poem" not in text


def test_unknown_short_and_missing_are_errors(artifacts):
    folder, _ = artifacts
    with pytest.raises(TraceError, match="no conversation"):
        find("0" * 64, folder)
    with pytest.raises(TraceError, match="too short"):
        find("abc", folder)
    with pytest.raises(TraceError, match="no folder"):
        find("0" * 64, folder / "none")


def test_the_command_prints_and_fails_with_a_status(artifacts, capsys):
    folder, one = artifacts
    assert main(["trace", one.id, "--artifacts", str(folder)]) == 0
    assert one.id in capsys.readouterr().out
    assert main(["trace", "f" * 64, "--artifacts", str(folder)]) == 1
    assert "no conversation" in capsys.readouterr().err
