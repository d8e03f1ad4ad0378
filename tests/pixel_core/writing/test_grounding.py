from dataclasses import dataclass

import pytest

from pixel_core.writing.citations import grounds
from pixel_core.writing.content import content_of
from pixel_core.writing.grammar import GrammarWriter
from pixel_core.writing.grounding import Grounding
from pixel_core.writing.orders import Plan
from pixel_core.writing.scene import Utterance


@dataclass(frozen=True)
class Passage:
    id: str
    code: str | None
    file: str
    start: int
    end: int
    heading: str = "A heading"
    sentences: tuple[tuple[str, int, int], ...] = ()


class Library:
    """One passage a class around some of its statements; it notes what it is asked."""

    def __init__(self, material, statements):
        self.asked = []
        self.passages = []
        for picture in material.pictures:
            found = [s.evidence for s in statements(picture)]
            if found:
                start, end = min(e.start for e in found), max(e.end for e in found)
                file = found[0].uri.removeprefix("knowledge/")
                self.passages.append(Passage(f"{picture.id}#0", picture.id, file, start, end))

    def __call__(self, query, k):
        self.asked.append(query)
        return self.passages


def taught(picture):
    return picture.focus


def voiced(picture):
    return [s for f in picture.features[:1] for s in f.voiced[:1]]


def written(material, retrieve):
    orders = Plan(material, count=80, seed=5).next(80)
    return [c.conversation for c in GrammarWriter(material, retrieve).write(orders, {}) if c.conversation]


def passages(move):
    return [key.removeprefix("passage:") for key in move["rests_on"] if key.startswith("passage:")]


@pytest.fixture(scope="module")
def library(shipped):
    return Library(shipped, taught)


@pytest.fixture(scope="module")
def grounded(shipped, library):
    return written(shipped, library)


def test_moves_rest_on_passages_about_the_clients_class_and_keep_the_place(shipped, grounded):
    found = [(c, m) for c in grounded for m in c.extra["moves"] if passages(m)]
    assert {c.extra["kind"] for c, _ in found} >= {"disorder", "questions"}
    for conversation, move in found:
        extra = conversation.extra
        told = extra["classes"] if extra["kind"] == "questions" else [*extra["sheet"]["classes"], *(v["class"] for v in extra["voiced"])]
        codes = {passage.removesuffix("#0") for passage in passages(move)}
        assert codes <= set(told)
        assert move["rationale"].endswith("taught from A heading")
        said = {s.evidence for p in shipped.pictures if p.id in codes for s in _taught(p)}
        assert set(conversation.turns[move["turn"]].evidence) & said


def _taught(picture):
    single = (picture.summary, picture.impairment, picture.duration, picture.depth, *(f.text for f in picture.features))
    several = (*picture.focus, *picture.care, *picture.exclusions, *(d.distinguish for d in picture.differentials))
    return [s for s in (*single, *several) if s]


def test_only_moves_that_bring_something_in_are_taught(grounded):
    used = {m["technique"] for c in grounded for m in c.extra["moves"] if passages(m)}
    assert used
    assert not used & {"open_question", "simple_reflection", "validation", "summary", "affirmation"}


def test_the_words_are_the_same_without_an_index(shipped, grounded):
    plain = written(shipped, None)
    assert [c.id for c in plain] == [c.id for c in grounded]
    assert not any(passages(m) for c in plain for m in c.extra["moves"])


def test_a_subject_is_asked_for_once(library, grounded):
    assert library.asked
    assert len(library.asked) == len(set(library.asked))


def test_what_clients_say_and_what_is_said_of_others_teaches_nothing(shipped):
    one, other = [p for p in shipped.pictures if voiced(p) and taught(p)][:2]
    line = taught(one)[0].text
    assert Grounding(shipped, Library(shipped, voiced)).of(voiced(one)[0].text, [one]) is None
    library = Library(shipped, taught)
    assert Grounding(shipped, library).of(line, [one]).passage == f"{one.id}#0"
    assert Grounding(shipped, library).of("Hm, yes.", [one]) is None
    library.passages = [p for p in library.passages if p.code == other.id]
    assert Grounding(shipped, library).of(line, [one]) is None


def test_the_place_is_the_sentence_that_says_most_of_the_same(shipped):
    picture = next(p for p in shipped.pictures if len(p.focus) > 1)
    found = Grounding(shipped, Library(shipped, taught)).of(picture.focus[-1].text, [picture])
    assert found.evidence == picture.focus[-1].evidence


def test_a_document_of_ones_own_serves_by_its_sentences(shipped):
    sentences = (("Rest helps.", 5, 16), ("Melatonin climbs before drowsiness arrives.", 17, 60))
    general = Passage("book.txt#3", None, "book.txt", 5, 60, "Sleep", sentences)
    found = Grounding(shipped, lambda query, k: [general]).of("Once drowsiness arrives, melatonin has climbed.", shipped.pictures[:1])
    assert (found.passage, found.evidence.uri, found.evidence.start, found.evidence.end) == ("book.txt#3", "knowledge/book.txt", 17, 60)
    assert Grounding(shipped, lambda query, k: []).of("Once drowsiness arrives, melatonin has climbed.", shipped.pictures[:1]) is None


def test_a_move_rests_on_a_sentence_about_care_only_where_it_says_some_of_the_same(shipped):
    one = next(p for p in shipped.speaking("clinical") if p.care)
    assert grounds([one], one.care[0].text) == [one.care[0].evidence]
    assert grounds([one], "What would a fair witness say?") == []
    assert grounds([], one.care[0].text) == []


def test_an_example_rests_on_the_passage_that_it_is_cited_from_and_a_distinction_on_the_one_it_quotes(shipped):
    """What clients say is an example where it is cited; one that is not cited, or not said, is no ground."""
    one = next(p for p in shipped.pictures if voiced(p) and len(content_of(p.features[0].text.text)) > 3)
    example, sign = voiced(one)[0], one.features[0].text

    def rests(statement, purpose, text, library):
        turn = Utterance("assistant", text, "exploration", (statement.evidence,), purpose=purpose, tells=text)
        Grounding(shipped, library).add([turn], [])
        return turn.rests_on

    library, signs = Library(shipped, voiced), Library(shipped, lambda picture: [picture.features[0].text] if picture.features else [])
    assert rests(example, "information", f'For example: "{example.text}"', library) == (f"passage:{one.id}#0",)
    assert rests(example, "information", "Hm, yes.", library) == ()
    assert rests(sign, "closed_question", f"Is that so: '{sign.text}'?", signs) == (f"passage:{one.id}#0",)
    assert rests(sign, "open_question", f"Is that so: '{sign.text}'?", signs) == ()
