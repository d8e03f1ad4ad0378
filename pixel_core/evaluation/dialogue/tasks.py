"""Dialogue: how well held-out conversations are predicted, whether replies belong to them and flow as theirs do, what greedy replies are
like beside human ones, whose voice they have, and what they do to scripted clients.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pixel_core.conversation import Conversation, Turn
from pixel_core.evaluation.dialogue.authenticity import authenticity
from pixel_core.evaluation.dialogue.clients import scripted_clients
from pixel_core.evaluation.dialogue.coherence import begun, coherence
from pixel_core.evaluation.dialogue.flow import flow, stage_of
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut, in_shares, lot_of, named, unlabelled
from pixel_core.evaluation.judges.clients import judged_clients
from pixel_core.evaluation.judges.replies import panel_of
from pixel_core.evaluation.respondents.respondent import Loss, Respondent
from pixel_core.evaluation.supervised import head_task
from pixel_core.recipe import EvaluationRecipe

AXIS = "dialogue"
VERSION = "2"
HEADS = ("appropriateness", "technique", "intervention")
_WORD = re.compile(r"\w+|[^\w\s]")


def tasks(data: HeldOut, recipe: EvaluationRecipe) -> tuple[Task, ...]:
    """The tasks of the axis."""
    heads = [head_task(head, AXIS, data, limit=recipe.items) for head in HEADS]
    places, excluded = data.keep(_reply_questions(data.conversations), 2 * recipe.replies)
    asked = in_shares(places, recipe.replies, "stage:")
    shown, known = data.keep(begun(places))
    clients = scripted_clients(data, recipe)
    judged = (judged_clients(clients, panel_of(data, recipe)),) if recipe.judges.use else ()
    return (
        language(data, recipe),
        coherence(shown, axis=AXIS, excluded=Counter(excluded) + Counter(known)),
        replies(asked, excluded, recipe.reply_tokens),
        flow(asked, axis=AXIS, excluded=excluded, reply_tokens=recipe.reply_tokens),
        clients,
        *judged,
        authenticity(data, recipe),
        *heads,
    )


@dataclass(frozen=True, kw_only=True)
class Language(Task):
    """Language loss on the learned turns of held-out conversations: columns nats, tokens, bits, bytes of text.

    Floor: a model that knows the training text's token counts alone. A loss that is no number counts as that.
    """

    training: tuple[tuple[Turn, ...], ...]

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        losses = respondent.losses([q.turns for q in self.questions], self.training)
        return [
            Answer(question, [1.0] * 4, _sums(loss, loss.nats), _sums(loss, loss.unigram), parsed=math.isfinite(loss.nats))
            for question, loss in zip(self.questions, losses, strict=True)
            if loss.tokens
        ]


def language(data: HeldOut, recipe: EvaluationRecipe) -> Language:
    """The held-out conversations; the headline is bits a byte, which compares models of different vocabularies."""
    asked = [
        Question(c.id[:16], c.group, unlabelled(c.turns), (), _learned_text(c), (f"category:{c.category}",)) for c in data.conversations
    ]
    questions, excluded = data.keep(asked, recipe.items)
    categories = sorted({tag for question in questions for tag in question.tags})
    measures = (
        Measure("bits_per_byte", "ratio", "unigram", (2, 3), headline=True),
        Measure("language_loss", "ratio", "unigram", (0, 1)),
        Measure("perplexity", "perplexity", "unigram", (0, 1)),
        *(Measure(f"language_loss_{tag.removeprefix('category:')}", "ratio", "unigram", (0, 1), tags=(tag,)) for tag in categories),
    )
    return Language(
        name="language",
        axis=AXIS,
        version=VERSION,
        questions=questions,
        measures=measures,
        excluded=excluded,
        training=tuple(unlabelled(turns) for turns in data.training),
    )


@dataclass(frozen=True, kw_only=True)
class Replies(Task):
    """Greedy replies to held-out dialogues by the columns of `QUALITIES`; `scores` are those of the human reply.

    Floor: one word, said `reply_tokens` times, whatever was asked.
    """

    reply_tokens: int

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        written = _written(respondent, self.questions, self.reply_tokens)
        human = [q.turns[q.t].content for q in self.questions]
        same, same_human = Counter(written), Counter(human)
        return [
            Answer(
                question,
                [1.0] * len(QUALITIES),
                _qualities(text, theirs, same[text]),
                _qualities(" ".join(["the"] * self.reply_tokens), theirs, len(human)),
                _qualities(theirs, theirs, same_human[theirs]),
                reply=text,
            )
            for question, text, theirs in zip(self.questions, written, human, strict=True)
        ]


def replies(questions: Sequence[Question], excluded: Mapping[str, int], reply_tokens: int) -> Replies:
    """What replies to these questions are like; turn t of each is the human reply."""
    measures = [Measure(f"reply_{name}", "mean", "one word", (k,)) for k, name in enumerate(QUALITIES)]
    measures += [Measure(f"human_{name}", "mean", "one word", (k,), "scores") for k, name in enumerate(QUALITIES)]
    return Replies(
        name="replies",
        axis=AXIS,
        version=VERSION,
        questions=tuple(questions),
        measures=tuple(measures),
        excluded=excluded,
        reply_tokens=reply_tokens,
    )


def distinct(words: Sequence[str], size: int) -> float:
    """Share of the n-grams of a reply that are different from one another; 0 for a reply too short to have any."""
    grams = [tuple(words[k : k + size]) for k in range(len(words) - size + 1)]
    return len(set(grams)) / len(grams) if grams else 0.0


def agreement(own: float, human: float) -> float:
    """1 where a quantity of the reply is that of the human one, 0.5 where it is half or twice as much, 0 where either has none."""
    return min(own, human) / max(own, human) if own and human else 0.0


def variety(words: Sequence[str], human: Sequence[str]) -> float:
    """Agreement of the shares of different words, over as many words as both have: long texts repeat words, whoever writes."""
    count = min(len(words), len(human))
    return agreement(distinct(words[:count], 1), distinct(human[:count], 1))


def sentence_length(words: Sequence[str]) -> float:
    """Words a sentence; marks that end none count as words."""
    ends = sum(word in ".!?" for word in words)
    return (len(words) - ends) / max(1, ends)


def _qualities(text: str, human: str, same: int) -> list[float]:
    words = _words(text)
    return [measure(words, _words(human), same) for measure in QUALITIES.values()]


QUALITIES: dict[str, Callable[[Sequence[str], Sequence[str], int], float]] = {
    "distinct_2": lambda words, human, same: distinct(words, 2),
    "unrepeated": lambda words, human, same: distinct(words, 4) if len(words) >= 4 else distinct(words, 1),
    "length": lambda words, human, same: agreement(len(words), len(human)),
    "sentence_length": lambda words, human, same: agreement(sentence_length(words), sentence_length(human)),
    "variety": lambda words, human, same: variety(words, human),
    "unique": lambda words, human, same: float(same == 1 and bool(words)),
}


def _written(respondent: Respondent, questions: Sequence[Question], reply_tokens: int) -> list[str]:
    """The reply to each question, spoken in the part of its turn t."""
    written: dict[str, str] = {}
    for part in sorted({q.turns[q.t].part for q in questions}):
        asked = [q for q in questions if q.turns[q.t].part == part]
        said = respondent.replies([q.turns[: q.t] for q in asked], part, reply_tokens)
        written |= {q.item: text for q, text in zip(asked, said, strict=True)}
    return [written[q.item] for q in questions]


def _reply_questions(conversations: Iterable[Conversation]) -> list[Question]:
    """A reply of each conversation, at any place of it that is learned: which one, a hash of its id says."""
    found = []
    for conversation in conversations:
        places = [t for t, turn in enumerate(conversation.turns) if t and turn.learn and turn.part in ("therapist", "assistant")]
        if places:
            place = int(lot_of(conversation.id), 16) % len(places)
            t = places[place]
            turns = unlabelled(conversation.turns[: t + 1])
            tags = (f"category:{conversation.category}", f"stage:{stage_of(place, len(places))}")
            reply = turns[t].content
            found.append(Question(named(conversation, t), conversation.group, turns, (), reply, tags, t=t, right=(reply,)))
    return found


def _learned_text(conversation: Conversation) -> str:
    return "\n".join(turn.content for turn in conversation.turns if turn.learn)


def _sums(loss: Loss, nats: float) -> list[float]:
    if not math.isfinite(nats):
        return [math.nan] * 4
    return [nats, float(loss.tokens), nats / math.log(2), float(loss.content_bytes)]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())
