from pixel_core.voice.sentences import sentences_of


def segments(*rows):
    return [{"episode": "e", "index": i, "start": s, "end": e, "text": t} for i, s, e, t in rows]


def test_segments_are_cut_and_joined_at_their_punctuation():
    found = sentences_of(
        segments((0, 0, 4, "How are you? I am well, and"), (1, 4.2, 6, "so is my dog."), (2, 7, 8, 'He said "stop!" Then he left.'))
    )
    assert [s.text for s in found] == ["How are you?", "I am well, and so is my dog.", 'He said "stop!"', "Then he left."]
    assert [s.is_question for s in found] == [True, False, False, False]
    assert found[0].start == 0
    assert 0 < found[0].end == found[1].start < 4
    assert found[1].end == 6


def test_a_run_ends_at_a_rejected_segment_and_at_a_long_silence():
    found = sentences_of(segments((0, 0, 1, "One."), (2, 2, 3, "Two."), (3, 12, 13, "Three."), (4, 13.5, 14, "Four.")))
    assert [s.run for s in found] == [0, 1, 2, 2]


def test_an_unfinished_sentence_is_not_joined_over_a_pause_or_a_gap():
    assert len(sentences_of(segments((0, 0, 1, "I was"), (1, 3, 4, "gone.")))) == 2
    assert len(sentences_of(segments((0, 0, 1, "I was"), (2, 1.1, 4, "gone.")))) == 2
    assert len(sentences_of(segments((0, 0, 1, "I was"), (1, 1.2, 2, "gone.")))) == 1


def test_speech_without_punctuation_does_not_grow_for_ever():
    found = sentences_of(segments(*[(n, n, n + 0.9, "and so on we go") for n in range(100)]))
    assert max(len(s.words) for s in found) <= 80
    assert sum(len(s.words) for s in found) == 500
