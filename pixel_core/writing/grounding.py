"""What a helper's move rests on: the retrieved passage about its subject that says most of what the move says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pixel_core.conversation import Evidence
from pixel_core.writing.content import content_of
from pixel_core.writing.material import DOCUMENT, Material, Notion, Picture, Statement
from pixel_core.writing.passages import Passage, Retrieve
from pixel_core.writing.scene import Utterance

_PASSAGES = 8  # looked at for a subject
_SHARED, _CITED = 3, 2  # words that tell what a text is about, in the move and in the sentence of the passage; where it is cited already
_EVERYWHERE = 1 / 4  # of the sentences about a subject: words in more of them (sleep, of insomnia) are the subject's and not counted
_TELLING = frozenset(
    {
        "information",
        "suggestion",
        "cognitive_restructuring",
        "behavioural_activation",
        "exposure",
        "grounding",
        "acceptance",
        "values_clarification",
        "interpretation",
        "safety_planning",
    }
)
"""Techniques that bring something in, which knowledge can speak for; the others take up what the client said."""
_QUOTING = "closed_question"  # tells one class from another in the knowledge's own words
Subject = Picture | Notion


@dataclass(frozen=True, slots=True)
class Ground:
    """The passage that a move rests on, and the sentence or statement of it that says most of the same."""

    passage: str
    heading: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Place:
    words: frozenset[str]
    ground: Ground


class Grounding:
    """Finds what moves rest on. Subjects are few and come again, so each is asked for once."""

    def __init__(self, material: Material, retrieve: Retrieve) -> None:
        self._retrieve = retrieve
        self._taught, self._spoken = _by_document(_taught(material)), _by_document(_spoken(material))
        subjects: tuple[Subject, ...] = (*material.pictures, *material.notions)
        self._owners: dict[Evidence, Subject] = {
            statement.evidence: subject for subject in subjects for statement in (*_said_of(subject), *_said_by(subject))
        }
        self._places: dict[tuple[str, bool], tuple[_Place, ...]] = {}

    def add(self, turns: Sequence[Utterance], subjects: Sequence[Subject]) -> None:
        """Give moves that tell something the passages that they rest on; they keep their words.

        These are the retrieved passages about the subjects, and about whatever else the turn cites, whose sentences it rests on
        already and says in part, or else the one with a sentence that says the same. What clients say is an example where it is cited,
        and teaches nothing.
        """
        for turn in turns:
            if turn.purpose not in _TELLING and turn.purpose != _QUOTING:
                continue
            words = content_of(turn.tells)
            needed = _CITED if turn.purpose in _TELLING else _SHARED
            cited = [self._owners[evidence] for evidence in turn.evidence if evidence in self._owners]
            about = [subject for _, subject in sorted({_query(s): s for s in (*subjects, *cited)}.items())]
            places = [place for subject in about for spoken in (False, True) for place in self._about(subject, spoken=spoken)]
            grounds = [p.ground for p in places if len(p.words & words) >= needed and p.ground.evidence in turn.evidence]
            if not grounds and turn.purpose in _TELLING and (ground := self.of(turn.tells, subjects)):
                grounds = [ground]
            if grounds:
                turn.evidence = tuple(dict.fromkeys((*turn.evidence, *(ground.evidence for ground in grounds))))
                turn.rests_on = tuple(dict.fromkeys((*turn.rests_on, *(f"passage:{ground.passage}" for ground in grounds))))
                turn.taught_from = grounds[0].heading

    def of(self, line: str, subjects: Sequence[Subject]) -> Ground | None:
        """The ground of what is told about these subjects; None where no passage about them says anything of it."""
        words = content_of(line)
        places = [place for subject in subjects for place in self._about(subject)]
        best = max(places, key=lambda place: len(place.words & words), default=None)
        return best.ground if best is not None and len(best.words & words) >= _SHARED else None

    def _about(self, subject: Subject, *, spoken: bool = False) -> tuple[_Place, ...]:
        """The places in the passages about a subject, in the order of the hits: what they teach, or what clients say in them."""
        query = _query(subject)
        if (query, spoken) not in self._places:
            code = subject.id if isinstance(subject, Picture) else None
            hits = [hit for hit in self._retrieve(query, _PASSAGES) if hit.code in (None, code)]
            self._places[query, False] = _telling([place for hit in hits for place in self._of(hit, code)])
            said = [place for hit in hits for place in _known(hit, self._spoken[f"{DOCUMENT}{hit.file}"], code)]
            self._places[query, True] = _telling(said)
        return self._places[query, spoken]

    def _of(self, hit: Passage, code: str | None) -> list[_Place]:
        """What a passage teaches: where it is known of its document, not what clients say in it; else all of its sentences."""
        uri = f"{DOCUMENT}{hit.file}"
        if uri in self._taught:
            return list(_known(hit, self._taught[uri], code))
        return [_Place(content_of(text), Ground(hit.id, hit.heading, Evidence(uri, start, end))) for text, start, end in hit.sentences]


def _known(hit: Passage, statements: Sequence[tuple[str | None, Statement]], code: str | None) -> Iterator[_Place]:
    """The statements of a document, of everybody or of a class, that lie in a passage."""
    for owner, statement in statements:
        if owner in (None, code) and _holds(hit, statement.evidence):
            yield _Place(content_of(statement.text), Ground(hit.id, hit.heading, statement.evidence))


def _telling(places: Sequence[_Place]) -> tuple[_Place, ...]:
    """The places without the words that stand in so many of them that they tell only the subject."""
    counted = Counter(word for place in places for word in place.words)
    common = {word for word, count in counted.items() if count > max(1, _EVERYWHERE * len(places))}
    return tuple(_Place(place.words - common, place.ground) for place in places)


def _query(subject: Subject) -> str:
    return f"{subject.name}: {_gist(subject)}"


def _gist(subject: Subject) -> str:
    if isinstance(subject, Notion):
        return subject.text.text
    return subject.summary.text if subject.summary else ""


def _by_document(statements: Iterable[tuple[str | None, Statement]]) -> defaultdict[str, list[tuple[str | None, Statement]]]:
    found: defaultdict[str, list[tuple[str | None, Statement]]] = defaultdict(list)
    for code, statement in statements:
        found[statement.evidence.uri].append((code, statement))
    return found


def _taught(material: Material) -> Iterator[tuple[str | None, Statement]]:
    """What the knowledge says, without what clients say, and of which class."""
    for picture in material.pictures:
        yield from ((picture.id, statement) for statement in _said_of(picture))
    for notion in material.notions:
        yield from ((None, statement) for statement in _said_of(notion))


def _spoken(material: Material) -> Iterator[tuple[str | None, Statement]]:
    """What clients say in the knowledge, and of which class."""
    for picture in material.pictures:
        yield from ((picture.id, statement) for statement in _said_by(picture))
    for notion in material.notions:
        yield from ((None, statement) for statement in _said_by(notion))


def _said_of(subject: Subject) -> Iterator[Statement]:
    if isinstance(subject, Notion):
        yield from (subject.text, *subject.signs, *subject.focus)
        return
    single = (subject.summary, subject.impairment, subject.duration, subject.depth, *(f.text for f in subject.features))
    several = (*subject.focus, *subject.care, *subject.exclusions, *(d.distinguish for d in subject.differentials))
    yield from (statement for statement in (*single, *several) if statement is not None)


def _said_by(subject: Subject) -> Iterator[Statement]:
    if isinstance(subject, Notion):
        yield from subject.voiced
        return
    yield from (statement for feature in subject.features for statement in feature.voiced)


def _holds(hit: Passage, part: Evidence) -> bool:
    """Whether a place lies in a passage of its document."""
    return part.start is not None and part.end is not None and hit.start <= part.start and part.end <= hit.end
