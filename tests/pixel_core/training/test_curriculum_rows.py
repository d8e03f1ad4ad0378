"""What a curriculum makes of packed rows."""

import math

import polars as pl

from pixel_core.training.batches import PackedSplit, Share

DOMAINS = ("reasoning", "mental_health")  # of the fixture: sums of difficulty 1, dialogues of difficulty 2
SIZES = {"rows": 4, "head_rows": 2, "seed": 5}


def easiness(folder):
    """By row: the share of its tokens that belong to sums."""
    rows = pl.read_parquet(folder / "train.parquet")["pieces"].to_list()
    sizes = [[(piece["end"] - piece["start"], piece["category"], piece["difficulty"]) for piece in row] for row in rows]
    assert {(category, difficulty) for row in sizes for _, category, difficulty in row} == {("reasoning", 1), ("mental_health", 2)}
    return [sum(size for size, category, _ in row if category == "reasoning") / sum(size for size, *_ in row) for row in sizes]


def ids(batches):
    return [batch.input_ids.tolist() for batch in batches]


def test_rows_are_ordered_from_easy_and_everyday_to_hard_and_clinical(packed):
    easy = easiness(packed)
    order = PackedSplit(packed, "train").curriculum_order(DOMAINS)
    assert sorted(order) == list(range(len(easy)))
    assert [easy[row] for row in order] == sorted(easy, reverse=True) and easy[order[0]] > easy[order[-1]]


def test_a_stage_draws_from_its_part_of_the_order_alone_and_from_all_of_it(packed):
    split = PackedSplit(packed, "train")
    order = split.curriculum_order(DOMAINS)
    eligible = math.ceil(0.4 * len(order))
    allowed = {tuple(token for piece in split.row(row) for token in piece.encoded.ids) for row in order[:eligible]}
    seen = set()
    for step in range(1, eligible + 1):
        (batch,) = split.step(step, **SIZES, share=Share(), order=order, part=0.4)
        seen |= {tuple(row[:length]) for row, length in zip(batch.input_ids[:4].tolist(), batch.lengths[:4].tolist(), strict=True)}
    assert seen == allowed


def test_what_a_step_sees_depends_on_the_step_and_the_stage_alone(packed):
    first, second = (PackedSplit(packed, "train") for _ in range(2))
    order = first.curriculum_order(DOMAINS)
    for step in (7, 3, 9):
        second.step(step, **SIZES, share=Share(), order=order, part=0.5)
    assert ids(first.step(4, **SIZES, share=Share(), order=order, part=0.5)) == ids(
        second.step(4, **SIZES, share=Share(), order=order, part=0.5)
    )


def test_the_last_stage_is_a_run_without_a_curriculum(packed):
    split = PackedSplit(packed, "train")
    with_order = split.step(3, **SIZES, share=Share(), order=split.curriculum_order(DOMAINS), part=1.0)
    assert ids(with_order) == ids(split.step(3, **SIZES, share=Share()))


def test_rows_that_are_asked_for_hold_labels_of_the_heads(packed):
    split = PackedSplit(packed, "validation")
    (batch,) = split.asking({"empathy"}, most=2, share=Share())
    assert len(batch.lengths) == 2 and not batch.head_targets["empathy"].isnan().all()
    assert split.asking({"clinical"}, most=2, share=Share()) == []
    parts = [split.asking({"empathy"}, most=2, share=Share(rank, 2))[0] for rank in (0, 1)]
    assert ids([batch])[0] == [row for part in ids(parts) for row in part]


def test_mechanisms_of_empathy_that_are_not_learned_yet_are_unknown(packed):
    split = PackedSplit(packed, "train")
    (full,), (staged,) = (split.step(1, **SIZES, share=Share(), empathy=empathy) for empathy in (None, 1))
    last = full.head_targets["empathy"][:, 2]  # explorations are what the fixture labels
    assert not last.isnan().all()
    assert staged.head_targets["empathy"][:, 1:].isnan().all()
    assert staged.head_targets["emotions"].nan_to_num(-1).equal(full.head_targets["emotions"].nan_to_num(-1))


def test_a_part_of_a_split_is_spread_evenly_over_it(packed):
    whole, part = PackedSplit(packed, "train"), PackedSplit(packed, "train", most=3)
    height = whole.rows.height
    assert part.rows["row"].to_list() == [0, height // 3, 2 * height // 3]
    assert PackedSplit(packed, "train", most=height).rows.equals(whole.rows)
