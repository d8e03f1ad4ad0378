from pixel_core.corpus.verbatim import any_said


def test_a_longer_sentence_that_stands_word_for_word_is_found_and_a_short_one_is_chance():
    said = "Yes, I know.\nI let three trams go by this morning because they looked full."
    assert any_said(["Nobody says this here at all.", "I let three trams go by this morning"], said)
    assert not any_said(["Yes, I know."], said)
    assert not any_said(["I let four trams go by this morning"], said)
    assert not any_said([], said)
