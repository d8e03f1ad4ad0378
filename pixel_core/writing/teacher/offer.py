"""What a teacher is offered for an order: features to voice and grounds to rest on, each under an id with its place in the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pixel_core import taxonomy
from pixel_core.conversation import Evidence
from pixel_core.writing.material import DOCUMENT, Feature, Material, Notion, Picture, Statement
from pixel_core.writing.modalities import CRISIS, techniques_of
from pixel_core.writing.passages import Retrieve
from pixel_core.writing.questions import answers_on
from pixel_core.writing.risk import IDEATION, level_of
from pixel_core.writing.writer import Order

_FEATURES = (5, 6, 7)  # offered of one class
_SECOND = 3  # of a further class
_MILD = 3  # of a strain below a disorder
_GUIDELINES = ("risk", "safety")


@dataclass(frozen=True, slots=True)
class Offered:
    """A feature of a class that the client may voice."""

    picture: Picture
    feature: Feature

    @property
    def says(self) -> str:
        """What the feature is."""
        feature = self.feature
        return feature.text.text if feature.text else feature.symptom.replace("_", " ")

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The place of the feature in its source: its text, or where it has none a sentence that voices it."""
        statements = [s for s in (self.feature.text, *self.feature.voiced[:1]) if s is not None]
        return tuple(s.evidence for s in statements if s.evidence.uri)[:1]


@dataclass(frozen=True, slots=True)
class Offer:
    """All ids that an answer may name."""

    features: Mapping[str, Offered]
    grounds: Mapping[str, Statement]


def offer(order: Order, material: Material, retrieve: Retrieve | None = None, passages: int = 0) -> Offer:
    """What is offered for an order: the same for the same order, with the nearest passages when there is a retriever."""
    features = dict(_features(order))
    grounds = dict(_grounds(order, material))
    if retrieve is not None and passages:
        wanted = order.pictures[0].name if order.pictures else order.subject
        query = " ".join([wanted, *(offered.says for offered in list(features.values())[:3])])
        for hit in retrieve(query, passages):
            grounds[f"passage:{hit.id}"] = Statement(hit.text, Evidence(f"{DOCUMENT}{hit.file}", hit.start, hit.end))
    return Offer(features, grounds)


def techniques_for(order: Order) -> frozenset[str]:
    """The techniques that an answer may name: those of the modality, and of crisis work where danger comes up; else all."""
    if not order.modality:
        return frozenset(taxonomy.ids("techniques"))
    return techniques_of(order.modality) | (techniques_of(CRISIS) if order.risk else frozenset())


def _features(order: Order) -> Iterator[tuple[str, Offered]]:
    rng = order.rng("features")
    for place, picture in enumerate(order.pictures):
        pole = rng.choice(picture.poles) if picture.poles else ""
        able = [(key, f) for key, p, f in order.features if p is picture and f.pole in ("", pole)]
        dangerous = [entry for entry in able if level_of("", entry[1].symptom) >= IDEATION]
        calm = [entry for entry in able if entry not in dangerous and entry[1].role == "symptom"]
        others = [entry for entry in able if entry[1].role in ("course", "impact")]
        count = _MILD if order.kind == "subclinical" else _SECOND if place else rng.choice(_FEATURES)
        chosen = rng.sample(calm, min(count, len(calm)))
        if order.risk and not place and dangerous:
            chosen.append(rng.choice(dangerous))
        chosen += rng.sample(others, min(1, len(others)))
        yield from ((key, Offered(picture, feature)) for key, feature in chosen)


def _grounds(order: Order, material: Material) -> Iterator[tuple[str, Statement]]:
    if order.topic is not None:
        sources = dict.fromkeys(s for answer in answers_on(material, order.topic) for s in answer.sources)
        yield from ((f"{order.topic.id}:source{n}", s) for n, s in enumerate(sources, start=1))
        return
    for picture in (*order.pictures, *([order.against] if order.against else [])):
        for n, statement in enumerate(picture.focus, start=1):
            yield f"{picture.id}:focus{n}", statement
        for name, single in (("duration", picture.duration), ("impairment", picture.impairment), ("depth", picture.depth)):
            if single is not None:
                yield f"{picture.id}:{name}", single
        for n, differential in enumerate(picture.differentials, start=1):
            yield f"{picture.id}:differential{n}", differential.distinguish
    for notion in material.of("interview"):
        if order.risk and any(word in f"{notion.id} {notion.name}".lower() for word in _GUIDELINES):
            yield from _guideline(notion)
    for notion in material.of("attachment"):
        if order.temper is not None and notion.id == order.temper.attachment:
            yield from _guideline(notion)


def _guideline(notion: Notion) -> Iterator[tuple[str, Statement]]:
    yield f"{notion.kind}:{notion.id}", (notion.focus or (notion.text,))[0]
