"""Hub sets, from a hub on this machine: the commit of the entry is read, streamed or cached, and what cannot be had is an error."""

import json
import os
import subprocess
import sys

import pytest

from pixel_core.corpus import import_source
from pixel_core.corpus.hub import hub_rows
from pixel_core.corpus.loaders import LoadError
from tests.pixel_core.corpus.hub_server import SET, Hub
from tests.pixel_core.corpus.worlds import PLAIN, entry, recipe

OLD, NEW = "a" * 40, "b" * 40
SCRIPT = """
import json, sys
from pathlib import Path
from pixel_core.conversation import read_conversations
from pixel_core.corpus import import_source
from pixel_core.corpus.loaders import LoadError
from tests.pixel_core.corpus.worlds import PLAIN, entry, recipe

found = {}
for name, fields in json.loads(sys.argv[1]).items():
    out = Path(sys.argv[2]) / name
    try:
        built = import_source(entry("question_answer", parts=PLAIN, **fields), out, data_root=Path("."), recipe=recipe().corpus)
        said = sorted(c.turns[1].content for c in read_conversations(out / "conversations.parquet"))
        found[name] = [said, dict(built.summary.rejects), built.summary.figures["missing"]]
    except LoadError as error:
        found[name] = str(error)
print(json.dumps(found))
"""


def table(*answers):
    rows = [{"question": f"What shall I do about it, {i}?", "answer": answer} for i, answer in enumerate(answers)]
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What a process of its own gets from the hub; the client libraries read the hub's address once, when they are loaded."""
    old, new = {"train.jsonl": table("Wait for a day.", None, "Ask your aunt.")}, {"train.jsonl": table("Something else entirely.")}
    hub = Hub({OLD: old, NEW: new, "c" * 40: {"train.jsonl": b'{"question": "cut off'}})
    asked = {
        "streamed": {"hub": SET, "revision": OLD, "streaming": True},
        "cached": {"hub": SET, "revision": OLD},
        "newer": {"hub": SET, "revision": NEW, "streaming": True},
        "no_such_commit": {"hub": SET, "revision": "d" * 40, "streaming": True},
        "broken": {"hub": SET, "revision": "c" * 40, "streaming": True},
        "no_such_set": {"hub": "somebody/else", "revision": OLD, "streaming": True},
        "optional": {"hub": "somebody/else", "revision": OLD, "streaming": True, "optional": True},
    }
    home = tmp_path_factory.mktemp("hub")
    variables = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(home / "cache"), "HF_HUB_DISABLE_XET": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(asked), str(home)], env=variables, capture_output=True, text=True, check=False
        )
    finally:
        hub.close()
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1]) | {"commits": sorted(set(hub.asked) & {OLD, NEW})}


def test_the_commit_of_the_entry_is_what_is_read(found):
    assert found["streamed"] == [["Ask your aunt.", "Wait for a day."], {"missing_field": 1}, 0]
    assert found["cached"] == found["streamed"]
    assert found["newer"] == [["Something else entirely."], {}, 0]
    assert found["commits"] == [OLD, NEW]


@pytest.mark.parametrize("name", ["no_such_commit", "no_such_set", "broken"])
def test_what_cannot_be_had_whole_fails_with_a_remedy_and_quotes_no_row(found, name):
    assert "could not be read" in found[name]
    assert "check network, access (HF_TOKEN for a gated set)" in found[name]
    assert "cut off" not in found[name]


def test_an_optional_set_that_is_out_of_reach_is_an_empty_artifact_that_says_so(found):
    assert found["optional"] == [[], {}, 1]


def test_without_a_commit_nothing_is_asked_for(tmp_path):
    source = entry("question_answer", parts=PLAIN, hub=SET, optional=True)
    with pytest.raises(LoadError, match=f"has no revision.*datasets/{SET}/commits/main"):
        import_source(source, tmp_path / "out", data_root=tmp_path, recipe=recipe().corpus)
    with pytest.raises(LoadError, match="has no revision"):
        next(hub_rows(source))
