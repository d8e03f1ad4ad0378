import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.corpus.apportion import apportion
from pixel_core.corpus.demand import SPLITS, available_of, needed_rows, settle, split_shares, wanted_of
from pixel_core.corpus.population import CorpusError
from pixel_core.recipe import RecipeError, load_recipe
from tests.pixel_core.corpus.worlds import recipe

PLENTY = 10**9
ASKED = recipe().corpus


def corpus(*overrides, conversations=100):
    return recipe(*overrides, conversations=conversations).corpus


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 3_000_000), st.sampled_from(["conversations", "tokens"]))
def test_what_is_wanted_has_exactly_the_sums_of_shares_and_splits(size, unit):
    asked = ASKED.model_copy(update={"unit": unit, "tokens": size, "conversations": size})
    wanted = wanted_of(asked)
    assert {category: sum(cells.values()) for category, cells in wanted.items()} == apportion(size, asked.shares)
    assert {split: sum(cells[split] for cells in wanted.values()) for split in SPLITS} == apportion(size, split_shares(asked))


def test_tokens_need_a_size():
    with pytest.raises(RecipeError, match=r"unit tokens needs a size: set corpus\.tokens"):
        load_recipe("tiny", ["corpus.unit=tokens"])


def test_available_and_needed_count_in_the_unit():
    rows = pl.DataFrame({"category": ["voice"] * 4, "split": ["train", "train", "test", "validation"], "tokens": [10, 20, 30, 40]})
    wanted = {"voice": {"train": 60, "validation": 26, "test": 0}, "reasoning": dict.fromkeys(SPLITS, 0)}
    assert available_of(rows, wanted, "conversations")["voice"] == {"train": 2, "validation": 1, "test": 1}
    assert available_of(rows, wanted, "tokens") == {
        "voice": {"train": 30, "validation": 40, "test": 30},
        "reasoning": dict.fromkeys(SPLITS, 0),
    }
    assert needed_rows(wanted, rows, corpus("corpus.unit=tokens", "corpus.tokens=100"))["voice"] == {"train": 3, "validation": 2, "test": 0}
    assert needed_rows(wanted, rows, corpus())["voice"] == wanted["voice"]
    repeated = corpus("corpus.deficit=repeat", "corpus.repeat_cap=2")
    assert needed_rows(wanted, rows, repeated)["voice"] == {"train": 30, "validation": 26, "test": 0}


@pytest.mark.parametrize("unit", ["conversations", "tokens"])
def test_policies_hold_in_either_unit(unit):
    asked = [f"corpus.unit={unit}", "corpus.tokens=1000"]
    wanted = wanted_of(corpus(*asked, conversations=1000))
    have = {category: dict.fromkeys(SPLITS, PLENTY) for category in wanted}
    have["voice"] = {"train": 110, "validation": PLENTY, "test": PLENTY}
    with pytest.raises(CorpusError, match=rf"1000 {unit} lacks rows \(train voice: 200 wanted, 110 available\): lower corpus\.{unit}"):
        settle(wanted, have, corpus(*asked, conversations=1000))
    filled = settle(wanted, have, corpus(*asked, "corpus.deficit=redistribute", conversations=1000))
    assert filled["voice"]["train"] == 110
    assert sum(cells["train"] for cells in filled.values()) == 800
    assert settle(wanted, have, corpus(*asked, "corpus.deficit=repeat", "corpus.repeat_cap=2", conversations=1000)) == wanted
