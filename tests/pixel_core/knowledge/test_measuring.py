import math

import numpy as np
import pytest

from pixel_core.__main__ import main
from pixel_core.findings import Severity
from pixel_core.knowledge import build_index, extract_passages
from pixel_core.knowledge.encoder import PACKAGED
from pixel_core.knowledge.fusion import DENSE, LEXICAL
from pixel_core.knowledge.gold import Answer, Asked, Question
from pixel_core.knowledge.index_quality import check_answers
from pixel_core.knowledge.measuring import Signals, compare, fit, fitted_on, interval, ndcg_at_10, recall_at_5
from pixel_core.knowledge.passages import base_digest
from tests.pixel_core.knowledge.documents import SHIPPED, write
from tests.pixel_core.knowledge.test_gold import GOLD


def signals():
    """Eight questions over 40 passages: words tell the lexical ones apart, meaning the paraphrases, and each misleads the other half."""
    generator = np.random.default_rng(1)
    asked, dense, lexical = [], generator.uniform(0, 0.3, (8, 40)), generator.uniform(0, 0.2, (8, 40))
    for row in range(8):
        style = "lexical" if row % 2 else "paraphrase"
        (lexical if row % 2 else dense)[row, row] = 0.6
        asked.append(Asked(Question(f"q{row}", "?", style, "fit", (Answer("f", "e"),)), frozenset({row})))
    return Signals(asked, dense.astype(np.float32), lexical.astype(np.float32))


def test_recall_and_gain_are_those_of_the_definition():
    right = frozenset({1, 2})
    assert recall_at_5([1, 9, 8, 7, 2, 6], right) == 1
    assert recall_at_5([9, 8, 7, 6, 5, 1], right) == 0
    assert recall_at_5(list(range(5)), frozenset(range(20))) == 1
    assert ndcg_at_10([1, 2], right) == 1
    assert ndcg_at_10([9, 1], right) == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert ndcg_at_10([9] * 10 + [1], right) == 0


def test_fitting_finds_weights_that_beat_both_and_lose_nothing_on_words():
    found = signals()
    weights, best = fit(found)
    assert best == 1 == found.values(weights, "ndcg_at_10").mean()
    assert best > max(found.values(other, "ndcg_at_10").mean() for other in (DENSE, LEXICAL))


def test_a_lead_has_an_interval_that_holds_it_and_repeats():
    figures = compare(signals(), fit(signals())[0])
    row = figures["all.recall_at_5"]
    assert row["lead_over_dense_low"] <= row["fused"] - row["dense"] <= row["lead_over_dense_high"]
    assert compare(signals(), fit(signals())[0]) == figures
    assert interval(np.zeros(5), seed="x") == (0, 0)


def test_fitting_is_written_with_what_it_rests_on(tmp_path):
    both = signals()
    for one in both.asked[4:]:
        object.__setattr__(one.question, "half", "figures")
    written = fitted_on(both, write(tmp_path / "gold.jsonl", "{}"), "0f")
    assert written["weights"]["dense"] + written["weights"]["lexical"] == pytest.approx(1)
    assert written["fitted"]["questions"] == 4
    assert written["fitted"]["base_digest"] == "0f"
    assert written["figures"]["all.ndcg_at_10"]["questions"] == 4


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    """The shipped attachment styles alone, indexed."""
    home = tmp_path_factory.mktemp("part")
    write(home / "kb" / "attachment" / "attachment_styles.md", (SHIPPED / "attachment" / "attachment_styles.md").read_text())
    passages = extract_passages(home / "kb", home / "knowledge_passages", words=200).folder
    build_index(passages, home / "knowledge_index", encoder=PACKAGED, index="auto")
    return home


def test_the_command_prints_figures_beside_both_others(part, capsys):
    assert main(["retrieval", "--artifacts", str(part), "--gold", str(GOLD)]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("all.recall_at_5", "lexical.ndcg_at_10", "paraphrase.recall_at_5", "lead over words"))
    assert "fitted on other passages" in printed
    assert main(["retrieval", "--artifacts", str(part / "none"), "--gold", str(GOLD)]) == 1


def test_the_check_asks_what_the_documents_can_answer(part, tmp_path):
    findings = check_answers(part / "knowledge_index", part / "knowledge_passages", GOLD)
    assert findings.passed
    assert {"recall_at_5", "ndcg_at_10_beside_vectors"} <= {f.name for f in findings.items}


def test_weights_that_were_fitted_on_other_passages_are_named(part, monkeypatch):
    def told():
        (finding,) = (f for f in check_answers(part / "knowledge_index", part / "knowledge_passages", GOLD).items if "fitted" in f.name)
        return finding

    assert not told().passed  # a part of the base is not the base
    assert told().severity is Severity.WARNING
    assert "retrieval --fit" in told().expected
    monkeypatch.setattr("pixel_core.knowledge.index_quality.fitted_base", lambda: base_digest(part / "knowledge_passages"))
    assert told().passed


def test_a_knowledge_base_of_ones_own_is_not_measured(tmp_path):
    write(tmp_path / "kb" / "mine.txt", "Rivers run to the sea.")
    passages = extract_passages(tmp_path / "kb", tmp_path / "passages", words=50).folder
    index = build_index(passages, tmp_path / "index", encoder=PACKAGED, index="flat").folder
    findings = check_answers(index, passages, GOLD)
    assert findings.passed
    assert "not asked" in findings.items[0].observed
