"""Notes: retrieved knowledge as the system turn with which a conversation begins."""

from __future__ import annotations

from pixel_core.conversation import Evidence, Provenance, Turn
from pixel_core.knowledge.retrieval import Hit, Retriever
from pixel_core.writing.material import DOCUMENT
from pixel_core.writing.record import CONSENT, LICENCE

VERSION = "1"
OPENING = "Background knowledge, to be used in your own words and not told to the other person:"
_WORDS = 80  # of a passage at most, in whole sentences: a note leaves room for the conversation
_LEAST = 0.3  # a passage that is nearer neither in meaning nor in words is no help


class Notes:
    """Writes a note for a query from the passage that answers it best."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    def __call__(self, query: str) -> tuple[Turn, Provenance] | None:
        """A system turn, one sentence a line, with the place of these sentences, and where it comes from; None if nothing answers."""
        for hit in self._retriever.retrieve(query, 1, min_score=_LEAST):
            return note_of(hit)
        return None


def note_of(hit: Hit) -> tuple[Turn, Provenance]:
    """The first sentences of a passage as a system turn that is not learnt, and its provenance."""
    kept: list[tuple[str, int, int]] = []
    words = 0
    for sentence, start, end in hit.sentences:
        words += len(sentence.split())
        if kept and words > _WORDS:
            break
        kept.append((sentence, start, end))
    uri = f"{DOCUMENT}{hit.file}"
    lines = [OPENING, *([hit.heading] if hit.heading else []), *(sentence for sentence, _, _ in kept)]
    place = Evidence(uri, min(start for _, start, _ in kept), max(end for _, _, end in kept))
    turn = Turn("system", "other", "\n".join(lines), learn=False, evidence=(place,))
    return turn, Provenance("knowledge_index", uri, hit.heading or hit.id, LICENCE, CONSENT, f"retrieval {VERSION}")
