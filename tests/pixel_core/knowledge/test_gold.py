from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pixel_core.knowledge import KnowledgeError, extract_passages
from pixel_core.knowledge.gold import asked_of, read_gold
from pixel_core.knowledge.lexical import content_words
from tests.pixel_core.knowledge.documents import SHIPPED, record, write

GOLD = Path(__file__).parents[3] / "data" / "scenarios" / "retrieval.jsonl"


@pytest.fixture(scope="module")
def passages(tmp_path_factory):
    return extract_passages(SHIPPED, tmp_path_factory.mktemp("shipped") / "passages", words=200).folder


def test_half_of_many_questions_are_paraphrases_and_both_halves_hold_both_styles():
    questions = read_gold(GOLD)
    assert len(questions) >= 150
    counted = Counter((q.style, q.half) for q in questions)
    assert min(counted.values()) >= 40
    assert abs(sum(n for (style, _), n in counted.items() if style == "paraphrase") - len(questions) / 2) <= 1
    assert len({q.question for q in questions}) == len(questions)


def test_every_question_is_answered_by_passages_of_every_size(passages, tmp_path):
    questions = read_gold(GOLD)
    for folder in (passages, extract_passages(SHIPPED, tmp_path / "small", words=60).folder):
        asked, lost = asked_of(questions, folder)
        assert (len(asked), lost) == (len(questions), [])


def test_paraphrases_share_no_content_word_with_a_passage_that_answers_them(passages):
    table = pl.read_parquet(passages / "passages.parquet")
    texts = [f"{heading} {text}" for heading, text in table.select("heading", "text").iter_rows()]
    shared = {"lexical": 0, "paraphrase": 0}
    for one in asked_of(read_gold(GOLD), passages)[0]:
        said = {word for row in one.rows for word in content_words(texts[row])}
        shared[one.question.style] += bool(set(content_words(one.question.question)) & said)
    assert shared == {"lexical": 85, "paraphrase": 0}


def base(home):
    write(home / "kb" / "dsm5.json", {"disorders": [record(), record(code="F41.0", name="Panic", summary="Sudden fear strikes.")]})
    write(
        home / "kb" / "styles.md",
        "# Styles\n\n## Secure\n\nClose and free.\n\n### Signs\n\nThey ask for help.\n\n## Anxious\n\nAlarm is near.\n",
    )
    return extract_passages(home / "kb", home / "passages", words=8).folder


def asked(home, *answers):
    write(
        home / "gold.jsonl",
        "".join(f'{{"id": "q{n}", "question": "What?", "style": "lexical", "answers": [{a}]}}\n' for n, a in enumerate(answers)),
    )
    return asked_of(read_gold(home / "gold.jsonl"), base(home))


def texts(home, one):
    table = pl.read_parquet(home / "passages" / "passages.parquet")
    return [table["text"][row] for row in sorted(one.rows)]


def test_an_answer_is_a_field_of_a_record_or_a_section_with_what_is_below_it(tmp_path):
    found, lost = asked(
        tmp_path,
        '{"file": "dsm5.json", "entry": "F41.0", "part": "summary"}',
        '{"file": "styles.md", "entry": "Secure"}',
        '{"file": "styles.md", "entry": "Anxious"}',
    )
    assert lost == []
    assert [any("Sudden fear" in text for text in texts(tmp_path, found[0])), len(found[0].rows)] == [True, 1]
    assert "They ask for help." in " ".join(texts(tmp_path, found[1]))
    assert [text.removeprefix("Anxious ") for text in texts(tmp_path, found[2])] == ["Alarm is near."]


def test_what_is_not_there_is_named_and_another_knowledge_base_is_left_out(tmp_path):
    found, lost = asked(
        tmp_path,
        '{"file": "dsm5.json", "entry": "F99", "part": "summary"}',
        '{"file": "dsm5.json", "entry": "F41.0", "part": "prose"}',
        '{"file": "other.json", "entry": "F41.0"}',
    )
    assert (found, lost) == ([], ["q0", "q1"])


@pytest.mark.parametrize(
    "line", ["{broken", '{"id": "q1"}', '{"id": "q1", "question": "?", "style": "odd", "answers": [{"file": "a", "entry": "b"}]}']
)
def test_a_line_that_is_no_question_is_named(tmp_path, line):
    with pytest.raises(KnowledgeError, match="line 1 is not a question"):
        read_gold(write(tmp_path / "gold.jsonl", line + "\n"))
