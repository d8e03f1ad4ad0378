import pytest

from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from tests.pixel_core.corpus.worlds import entry

ROW = {"prompt": "I failed.", "chosen": "That stings. What happened?", "rejected": "Cheer up."}


def test_a_row_becomes_a_pair_with_provenance():
    pair = adapt(ROW, "preference", entry("preference", "preference"), "a.jsonl row 1")
    assert (pair.prompt, pair.chosen, pair.rejected) == tuple(ROW.values())
    assert pair.provenance[0].locator == "a.jsonl row 1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"rejected": ROW["chosen"]}, "no_difference"), ({"chosen": None}, "missing_field"), ({"prompt": "  "}, "empty_field")],
)
def test_a_row_that_prefers_nothing_is_rejected(change, reason):
    with pytest.raises(RowError) as error:
        adapt(ROW | change, "preference", entry("preference", "preference"))
    assert error.value.reason == reason


def test_replies_may_be_messages():
    sides = {
        side: [{"role": "user", "content": "I failed."}, {"role": "assistant", "content": ROW[side]}] for side in ("chosen", "rejected")
    }
    assert adapt(ROW | sides, "preference", entry("preference", "preference")).chosen == ROW["chosen"]
