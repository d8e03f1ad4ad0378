"""Authenticity: do the replies use function words as the speaker of the profile does, more than other people's replies?

Function words hardly depend on the subject, which is why authorship tests rest on them. Below the profile's own
minimum of hours nothing is claimed: the figure says `no profile`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pixel_core.evaluation.figures import Measure, Status
from pixel_core.evaluation.harness import Answer, Question, Task
from pixel_core.evaluation.held_out import HeldOut, named, unlabelled
from pixel_core.evaluation.respondents.respondent import Respondent
from pixel_core.recipe import EvaluationRecipe

VERSION = "1"
PROFILE = "profile.json"
_WORD = re.compile(r"[a-z']+")


@dataclass(frozen=True, kw_only=True)
class Authorship(Task):
    """Likeness of replies to the speaker: of the model's to prompts from the speaker's recordings (truth 1), and of other
    people's replies (truth 0, tag `others`). `rates` are the speaker's function words in uses per thousand.
    """

    rates: Mapping[str, float]
    reply_tokens: int

    def answer(self, respondent: Respondent) -> list[Answer]:
        """See Task."""
        own = [question for question in self.questions if question.truth[0]]
        written = respondent.replies([q.turns[: q.t] for q in own], "assistant", self.reply_tokens)
        texts = dict(zip((q.item for q in own), written, strict=True))
        return [self._likened(question, texts.get(question.item)) for question in self.questions]

    def _likened(self, question: Question, reply: str | None) -> Answer:
        text = question.turns[question.t].content if reply is None else reply
        score = likeness(text, self.rates)
        return Answer(question, question.truth, [score], [0.0], reply=reply)


def authenticity(data: HeldOut, recipe: EvaluationRecipe) -> Authorship:
    """Held-out dialogues of category voice for the model, and the replies of all other categories as the other people."""
    rates, enough = read_rates(data)
    questions, excluded = data.keep(_questions(data), recipe.items) if enough else ((), {})
    status: Status = "no items" if enough else "no profile"
    return Authorship(
        name="authenticity",
        axis="dialogue",
        version=VERSION,
        questions=questions,
        measures=(Measure("authenticity", "auc", "chance"),),
        excluded=excluded,
        absent=status,
        rates=rates,
        reply_tokens=recipe.reply_tokens,
    )


def read_rates(data: HeldOut) -> tuple[dict[str, float], bool]:
    """The speaker's function words, averaged over the playlists, and whether the profile rests on enough hours."""
    path = data.profile / PROFILE
    if not path.is_file():
        return {}, False
    profile = json.loads(path.read_text(encoding="utf-8"))
    playlists = list(profile["function_words"].values())
    words = sorted({word for rates in playlists for word in rates})
    return {word: sum(rates.get(word, 0.0) for rates in playlists) / len(playlists) for word in words}, bool(
        profile["authenticity"]["enough"]
    )


def likeness(text: str, rates: Mapping[str, float]) -> float:
    """Cosine between the function words of a text and the speaker's rates, from 0 (none in common) to 1."""
    counts = Counter(word for word in _WORD.findall(text.lower()) if word in rates)
    length = math.sqrt(sum(count**2 for count in counts.values()) * sum(rate**2 for rate in rates.values()))
    return round(sum(count * rates[word] for word, count in counts.items()) / length, 6) if length else 0.0


def _questions(data: HeldOut) -> list[Question]:
    found = []
    for conversation in data.conversations:
        places = [t for t, turn in enumerate(conversation.turns) if t and turn.learn and turn.part in ("therapist", "assistant")]
        if places:
            t = places[-1]
            turns = unlabelled(conversation.turns[: t + 1])
            mine = conversation.category == "voice"
            tags = ("speaker",) if mine else ("others",)
            found.append(Question(named(conversation, t), conversation.group, turns, (float(mine),), turns[t].content, tags, t=t))
    return found
