"""What a helper's move rests on: the retrieved passage about its subject that says most of what the move says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixel_core.conversation import Evidence
from pixel_core.writing.material import DOCUMENT, Material, Notion, Picture, Statement
from pixel_core.writing.passages import Passage, Retrieve
from pixel_core.writing.responses import content_of
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
        self._taught: defaultdict[str, list[tuple[str | None, Statement]]] = defaultdict(list)
        for code, statement in _taught(material):
            self._taught[statement.evidence.uri].append((code, statement))
        self._places: dict[str, tuple[_Place, ...]] = {}

    def add(self, turns: Sequence[Utterance], subjects: Sequence[Subject]) -> None:
        """Give moves that tell something the passages that they rest on; they keep their words.

        These are the retrieved passages about the subjects whose sentences the turn rests on already and says in part, or else the
        one with a sentence that says the same.
        """
        for turn in turns:
            if turn.purpose not in _TELLING:
                continue
            words = content_of(turn.tells)
            places = [place for subject in subjects for place in self._about(subject) if len(place.words & words) >= _CITED]
            grounds = [place.ground for place in places if place.ground.evidence in turn.evidence]
            if not grounds and (ground := self.of(turn.tells, subjects)):
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

    def _about(self, subject: Subject) -> tuple[_Place, ...]:
        """The places in the passages about a subject, in the order of the hits."""
        query = f"{subject.name}: {_gist(subject)}"
        if query not in self._places:
            code = subject.id if isinstance(subject, Picture) else None
            hits = self._retrieve(query, _PASSAGES)
            found = [place for hit in hits if hit.code in (None, code) for place in self._of(hit, code)]
            counted = Counter(word for place in found for word in place.words)
            common = {word for word, count in counted.items() if count > max(1, _EVERYWHERE * len(found))}
            self._places[query] = tuple(_Place(place.words - common, place.ground) for place in found)
        return self._places[query]

    def _of(self, hit: Passage, code: str | None) -> Iterator[_Place]:
        """What a passage teaches: where it is known of its document, not what clients say in it; else all of its sentences."""
        uri = f"{DOCUMENT}{hit.file}"
        known = self._taught.get(uri)
        if known is None:
            found = [(text, Evidence(uri, start, end)) for text, start, end in hit.sentences]
        else:
            found = [(s.text, s.evidence) for owner, s in known if owner in (None, code) and _holds(hit, s.evidence)]
        for text, evidence in found:
            yield _Place(content_of(text), Ground(hit.id, hit.heading, evidence))


def _gist(subject: Subject) -> str:
    if isinstance(subject, Notion):
        return subject.text.text
    return subject.summary.text if subject.summary else ""


def _taught(material: Material) -> Iterator[tuple[str | None, Statement]]:
    """What the knowledge says, without what clients say, and of which class."""
    for picture in material.pictures:
        single = (picture.summary, picture.impairment, picture.duration, picture.depth, *(f.text for f in picture.features))
        several = (*picture.focus, *picture.care, *picture.exclusions, *(d.distinguish for d in picture.differentials))
        yield from ((picture.id, statement) for statement in (*single, *several) if statement is not None)
    for notion in material.notions:
        yield from ((None, statement) for statement in (notion.text, *notion.signs, *notion.focus))


def _holds(hit: Passage, part: Evidence) -> bool:
    """Whether a place lies in a passage of its document."""
    return part.start is not None and part.end is not None and hit.start <= part.start and part.end <= hit.end
