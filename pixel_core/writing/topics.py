"""Topics: what was talked about, as the therapist names it (`the pull of it`) and as the client does (`the pull of it`, `my nights`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pixel_core.writing.content import was_brought_up
from pixel_core.writing.phrases import Family, families, names_of
from pixel_core.writing.scene import Scene, Voice

# Clauses like "how near is too near", and people, name a topic in a list and cannot stand for a matter to work on.
_CLAUSE = re.compile(r"(?:how|whom|whose|who|where|when|then|people|other people who|hands that|strangers)\b")
_GERUND = re.compile(r"(?:(?:not|never|always|acting|nobody|everything|all that)\b|\w+ing\b)")
_MANY = (
    "thoughts|waves|minutes|places|pictures|rounds|rituals|rules|evenings|hours|mirrors|things|weeks|scores|feelings|people|moods|plans|"
    "detours|nights|rooms|hands|strangers|friendships|urges|quarrels|shifts|meals|money|words|hints|movements|days|noise|parts|bonds|"
    "experiences|sums|storms|signs|brakes|jokes|changes|mornings|moments|lies|outbursts|looks|drums|time and|steps"
)
_PLURAL = re.compile(rf"(?:(?:the|those|all the|your|other people's|other|old) )?(?:few |small |two |empty |first |sudden )?(?:{_MANY})\b")
# The words before what a topic is said more nearly by: `the risks` of `the risks you take`.
_HEAD = re.compile(
    r"(.+?)(?: (?:of|with|in|that|who|which|you|people|for|about|to|when|without|on|from|after|afterwards|before|between|out|by|at)\b.*)?$"
)
# Singular, but nothing that anybody wants to be rid of.
_DEAR = re.compile(
    r"the (?:life|joy|one who|wish|calm|body|lost|goodbye|white|high|time when|question|work|speech|decision|empty room|way it has|"
    r"price|want of|pleasure|face)|the silence between|that dark time|"
    r"sleep\b|a (?:rich|friendship|love|wish|body|head|clock|map|number|side|life|time|future)|power|insight|closeness|speech|attention"
)
_AFTER = (
    r"(?:of|to|for|with|at|about|on|from|than|in|over|near|leaves?|left|costs?|follows?|tells?|troubling|gives|drops|lifts|to do|demand)"
)
_MINE = (
    (re.compile(r"\byourself\b"), "myself"),
    (re.compile(r"\byour\b"), "my"),
    (re.compile(r"\byou're\b"), "I'm"),
    (re.compile(r"\byou are\b"), "I am"),
    (re.compile(r"\byou were\b"), "I was"),
    (re.compile(r"\bexpect you\b"), "expect me"),
    (re.compile(r"\byou've\b"), "I've"),
    (re.compile(r"\byou'd\b"), "I'd"),
    (re.compile(r"\byou'll\b"), "I'll"),
    (re.compile(r"\byou two\b|\bthe two of you\b"), "the two of us"),
    (re.compile(r"\bpass you by\b"), "pass me by"),
    (re.compile(r"\bover you by\b"), "over me by"),
    (re.compile(r"\bknock you\b"), "knock me"),
    (re.compile(r"\bcarried you\b"), "carried me"),
    (re.compile(r"\bmade you\b"), "made me"),
    (re.compile(r"\blets you\b"), "lets me"),
    (re.compile(r"\bcalm you\b"), "calm me"),
    (re.compile(r"\bthanks you\b"), "thanks me"),
    (re.compile(r"\bdon't want you\b"), "don't want me"),
    (re.compile(rf"\b({_AFTER}) you\b(?! (?:do|don't|can|see|have|are|were|feel|love|go)\b)"), r"\1 me"),
    (re.compile(r"\byou$"), "me"),
    (re.compile(r"\byou\b"), "I"),
)


def topics_of(family: Family, spoken: Iterable[Voice]) -> Sequence[str]:
    """The topics of a family that were touched on by what was said; those that name nothing in particular where none was."""
    told = [v for v in spoken if v.family is family]
    names = {name for v in told for name in names_of(v.picture, v.feature)}
    could = [s.text for v in told[:1] if v.picture and v.picture.head == "pdm2" for f in v.picture.features for s in f.voiced]
    said = {v.statement.text for v in told}

    def is_ripe(topic: str) -> bool:
        if topic in family.takes:
            return family.takes_up(topic, " ".join(sorted(said)))
        return was_brought_up(topic, could or family.voiced, said)

    return [t for t in family.topics if family.suits(t, names) and is_ripe(t)] or families()["general"].topics


def concern_of(voice: Voice) -> str:
    """What a client with this concern wants to get on with, as a goal is named."""
    topics = topics_of(voice.family, [voice])
    return next((t for t in topics if is_named(t)), topics[0])


def draw_topics(scene: Scene, told: Sequence[Family], spoken: Sequence[Voice]) -> list[str]:
    """Up to three things that were talked about, as the therapist would name them."""
    if len(told) == 1:
        own = topics_of(told[0], spoken)
        return scene.rng.sample(own, min(2, len(own)))
    chosen = scene.rng.sample(list(told), min(3, len(told)))
    return [scene.rng.choice(topics_of(f, spoken)) for f in chosen]


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, or `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else "what you've told me"


def is_named(topic: str) -> bool:
    """Whether a topic can stand where a noun does: `the nights`, `lying awake`, `what comes after`."""
    return not _CLAUSE.match(topic)


@lru_cache(maxsize=2**13)  # the same topics come again and again
def is_burden(topic: str) -> bool:
    """Whether a topic is one thing that weighs on somebody, so that a verb in the singular and `get rid of` suit it."""
    one = is_named(topic) and not _GERUND.match(topic) and not _PLURAL.match(topic)
    pair = re.match(r"(?:the|a) [\w' ]+ and (?:the|a|your) ", topic)
    return one and not pair and not _is_many(topic) and not _DEAR.match(topic) and not re.match(r"what(?:'s)? ", topic)


def _is_many(topic: str) -> bool:
    """Whether the noun of a topic is a plural by its ending: `misunderstandings with people`, `the others' jokes`."""
    head = _HEAD.match(topic)
    return bool(head and re.search(r"[^s']s$", head[1]))


def mine(topic: str) -> str:
    """The topic in the client's mouth: `what the mirror tells you` becomes `what the mirror tells me`."""
    for pattern, replacement in _MINE:
        topic = pattern.sub(replacement, topic)
    return topic
