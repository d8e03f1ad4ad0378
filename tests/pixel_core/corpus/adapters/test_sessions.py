import pytest

from pixel_core.corpus import adapt
from pixel_core.corpus.adapters import RowError
from pixel_core.corpus.source_rows import Row, Unreadable
from tests.pixel_core.corpus.worlds import entry, gathered

NONE = dict.fromkeys(("question_subtype", "reflection_subtype", "therapist_input_subtype"), "n/a")


def said(utterance, who, text, annotator=0, *, transcript="7", quality="high", **codes):
    main = codes.pop("main", "n/a" if who == "client" else "other")
    return {
        "transcript_id": transcript,
        "mi_quality": quality,
        "video_url": "https://example.org/v",
        "topic": "alcohol",
        "utterance_id": str(utterance),
        "interlocutor": who,
        "timestamp": f"00:01:{utterance:02d}",
        "utterance_text": text,
        "annotator_id": str(annotator),
        "main_therapist_behaviour": main,
        **(NONE | codes),
    }


def session(*rows, name="annomi", category="mental_health"):
    found = entry(name, category)
    [one] = gathered([Row("a.csv", i, row) for i, row in enumerate(rows, 1)], found)
    return adapt(one.value, found.shape, found, one.position)


def labels(turn):
    return {label.output: label.value for label in turn.labels}


def test_rows_of_one_transcript_become_one_session_in_order_of_utterances():
    found = session(said(1, "client", "Sure."), said(0, "therapist", "May I?", question_subtype="closed", main="question"))
    assert [(t.part, t.content, t.learn) for t in found.turns] == [("therapist", "May I?", True), ("client", "Sure.", False)]
    assert found.group == "sample:7"
    place = found.provenance[0]
    assert (place.uri, place.start, place.end, place.locator) == ("https://example.org/v", 60.0, 61.0, "transcript_id 7, a.csv row 1")


def test_behaviours_become_techniques_and_the_main_one_the_intervention():
    reply = said(0, "therapist", "You miss her. What now?", question_subtype="open", reflection_subtype="complex", main="question")
    found = labels(session(reply, said(1, "client", "Yes.")).turns[0])
    assert found["technique.open_question"] == found["technique.complex_reflection"] == 1
    assert found["technique.suggestion"] == found["technique.simple_reflection"] == 0
    assert found["intervention.open_question"] == 1
    assert "intervention.complex_reflection" not in found
    assert "technique.summary" not in found, "the scheme has no code for it"


def test_annotators_vote_and_ties_are_dropped():
    three = [said(0, "therapist", "Hm?", i, question_subtype=s, main="question") for i, s in enumerate(("open", "open", "closed"))]
    assert labels(session(*three).turns[0])["technique.open_question"] == 1
    two = [said(0, "therapist", "Hm?", i, question_subtype=s, main="question") for i, s in enumerate(("open", "closed"))]
    found = labels(session(*two).turns[0])
    assert not any(output in found for output in ("technique.open_question", "technique.closed_question", "intervention.open_question"))
    assert found["technique.information"] == 0


def test_a_tie_on_the_main_behaviour_gives_no_intervention():
    tied = [said(0, "therapist", "You miss her?", i, question_subtype="open", main=m) for i, m in enumerate(("question", "reflection"))]
    assert not any(output.startswith("intervention") for output in labels(session(*tied).turns[0]))


def test_low_quality_is_labelled_and_not_learnt():
    rows = [
        said(0, "therapist", "Drink less.", therapist_input_subtype="advice", main="therapist_input", quality="low"),
        said(1, "client", "No.", quality="low"),
    ]
    found = session(*rows)
    assert found.category == "supervision"
    assert not any(turn.learn for turn in found.turns)
    assert labels(found.turns[0])["technique.suggestion"] == 1
    assert labels(found.turns[0])["eq.interpersonal_skills"] == 0
    better = session(*[row | {"mi_quality": "high"} for row in rows])
    assert labels(better.turns[0])["eq.interpersonal_skills"] == 1


def test_sessions_of_two_files_that_number_them_alike_stay_apart():
    rows = [Row(file, 1, said(0, "client", "Hi.")) for file in ("train.csv", "test.csv")]
    assert [row.file for row in gathered(rows, entry("annomi"))] == ["train.csv", "test.csv"]


def test_people_among_themselves_are_labelled_by_utterance_and_grouped_by_episode():
    def line(number, speaker, what, emotion):
        place = {"Dialogue_ID": "0", "Utterance_ID": str(number), "Season": "1", "Episode": "2"}
        return place | {"Speaker": speaker, "Utterance": what, "Emotion": emotion}

    found = session(
        line(1, "Odo", "Who's there?", "fear"), line(0, "Ada", "Boo!", "joy"), line(2, "Ada", "Yuck.", "disgust"),
        name="meld", category="supervision",
    )  # fmt: skip
    assert [(turn.role, turn.content) for turn in found.turns] == [("user", "Boo!"), ("user", "Who's there?"), ("user", "Yuck.")]
    assert [[(a.output, a.source) for a in turn.labels] for turn in found.turns] == [
        [("mer.happy", "human")],
        [("mer.worried", "derived:fear_as_worry")],
        [],
    ]
    assert found.group == "sample:1/2"


def test_rows_without_transcript_and_unreadable_lines_pass_through():
    bad = Unreadable("a.csv", 2, "wrong_columns", "x")
    rows = [Row("a.csv", 1, {"transcript_id": ""}), bad, Row("a.csv", 3, said(0, "client", "Hi."))]
    found = gathered(rows, entry("annomi"))
    assert [getattr(row, "reason", "kept") for row in found] == ["missing_field", "wrong_columns", "kept"]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([said(0, "therapist", "a", 0), said(0, "therapist", "b", 1)], "join_conflict"),
        ([said(0, "nurse", "a")], "unknown_code"),
        ([said(0, "therapist", "a", question_subtype="rhetorical")], "unknown_code"),
        ([said(0, "client", " ")], "empty_field"),
        ([said(0, "client", "a") | {"utterance_id": "x"}], "wrong_type"),
    ],
)
def test_a_session_that_does_not_fit_has_a_reason(rows, reason):
    with pytest.raises(RowError) as error:
        session(*rows)
    assert error.value.reason == reason
