"""An OpenAI-compatible endpoint as respondent.

Replies are greedy (temperature 0). Choices are ranked by the log-probabilities that `/completions` echoes, where the server
offers them; otherwise the choice is asked for by its letter, and only a letter alone counts as an answer. An endpoint has
no heads: what needs them is not answered, which is no zero. All answers are kept, so an evaluation goes on where it was
interrupted and a rerun gives the same bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal, NoReturn

from pixel_core.artifacts import digest_of
from pixel_core.conversation import Part, Turn
from pixel_core.endpoint import Answer, Endpoint, Message, Request, offers_scores, score, scoring, settle
from pixel_core.evaluation.respondents.respondent import HeadAnswer, Loss, NotAnsweredError
from pixel_core.model.chat import spoken_by

Choices = Literal["likelihood", "letter"]
_GREEDY: Mapping[str, Any] = {"temperature": 0, "seed": 0}
_LETTER_TOKENS = 16  # room for a letter and what some models put around it
_SPEAKERS = {"system": "Note", "user": "User", "assistant": "Assistant"}


def open_endpoint(endpoint: Endpoint, cache: Path, choices: Choices | Literal["auto"] = "auto") -> EndpointRespondent:
    """The respondent of an endpoint; `auto` asks it once whether it says how likely a text is.

    `cache` holds the answers of endpoints with different addresses apart. Raises EndpointError.
    """
    kept = cache / digest_of(endpoint.base_url)[:12]
    if choices == "auto":
        choices = "likelihood" if offers_scores(endpoint, cache=kept) else "letter"
    return EndpointRespondent(endpoint, kept, choices)


class EndpointRespondent:
    """A model behind an endpoint that answers items; raises EndpointError when the endpoint cannot be used."""

    def __init__(self, endpoint: Endpoint, cache: Path, choices: Choices) -> None:
        self._endpoint, self._cache = endpoint, cache
        self.choices = choices

    @property
    def asked(self) -> dict[str, str]:
        """Who is asked, and how choices are put: what decides the answers."""
        return {"host": self._endpoint.host, "model": self._endpoint.model, "choices": self.choices}

    def likelihoods(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        """See Respondent. By letter, the chosen one has 0 and the others are not ranked."""
        return self._scored(dialogues, choices) if self.choices == "likelihood" else self._lettered(dialogues, choices)

    def replies(self, dialogues: Sequence[Sequence[Turn]], part: Part, max_new_tokens: int) -> list[str]:
        """See Respondent. A reply that the server refuses or declines is empty."""
        requests = [Request(messages_of(spoken_by(turns, part)), {**_GREEDY, "max_tokens": max_new_tokens}) for turns in dialogues]
        return [(answer.text or "").strip() for answer in settle(self._endpoint, requests, cache=self._cache)]

    def heads(self, dialogues: Sequence[Sequence[Turn]], turns: Sequence[int]) -> list[Mapping[str, HeadAnswer]]:
        """Raises NotAnsweredError."""
        _not_answered("heads")

    def losses(self, dialogues: Sequence[Sequence[Turn]], training: Sequence[Sequence[Turn]]) -> list[Loss]:
        """Raises NotAnsweredError."""
        _not_answered("language loss")

    def supervised(self, head: str) -> Sequence[int]:
        """Raises NotAnsweredError."""
        _not_answered("heads")

    def least_confidence(self, head: str) -> float:
        """Raises NotAnsweredError."""
        _not_answered("heads")

    def prior(self, head: str) -> HeadAnswer:
        """Raises NotAnsweredError."""
        _not_answered("heads")

    def _scored(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        requests = [scoring(transcript(d), f" {choice}") for d, given in zip(dialogues, choices, strict=True) for choice in given]
        answers = iter(settle(self._endpoint, requests, cache=self._cache, ask=self._score))
        found = []
        for given in choices:
            nats = [math.nan if (text := next(answers).text) is None else float(text) for _ in given]
            whole = not any(map(math.isnan, nats))
            found.append([value / len(choice.encode()) if whole else math.nan for value, choice in zip(nats, given, strict=True)])
        return found

    def _score(self, requests: Sequence[Request]) -> list[Answer]:
        return score(self._endpoint, requests, cache=self._cache)

    def _lettered(self, dialogues: Sequence[Sequence[Turn]], choices: Sequence[Sequence[str]]) -> list[list[float]]:
        sampling = {**_GREEDY, "max_tokens": _LETTER_TOKENS}
        requests = [Request(messages_of(with_choices(d, given)), sampling) for d, given in zip(dialogues, choices, strict=True)]
        answers = settle(self._endpoint, requests, cache=self._cache)
        chosen = [parse_choice(answer.text or "", len(given)) for answer, given in zip(answers, choices, strict=True)]
        return [[0.0 if k == place else math.nan for k in range(len(given))] for place, given in zip(chosen, choices, strict=True)]


def messages_of(turns: Sequence[Turn]) -> tuple[Message, ...]:
    """The turns as messages; neighbours of one role become one message, since some servers take no two in a row."""
    found: list[Message] = []
    for turn in turns:
        if found and found[-1].role == turn.role:
            found[-1] = Message(turn.role, f"{found[-1].content}\n\n{turn.content}")
        else:
            found.append(Message(turn.role, turn.content))
    return tuple(found)


def transcript(turns: Sequence[Turn]) -> str:
    """The dialogue as plain text that ends where the assistant speaks next."""
    spoken = [f"{_SPEAKERS[turn.role]}: {turn.content}" for turn in spoken_by(turns, "assistant")]
    return "\n\n".join([*spoken, "Assistant:"])


def with_choices(turns: Sequence[Turn], choices: Sequence[str]) -> list[Turn]:
    """The dialogue with the choices, in their order, in its last turn: letters, or numbers where there are more than letters."""
    marks = _marks(len(choices))
    listed = "\n".join(f"{mark}) {choice}" for mark, choice in zip(marks, choices, strict=True))
    kind = "letter" if marks[0] == "A" else "number"
    asked = f"{turns[-1].content}\n\n{listed}\n\nReply with the {kind} of the best answer and with nothing else."
    return [*spoken_by(turns[:-1], "assistant"), Turn("user", "other", asked)]


def parse_choice(reply: str, count: int) -> int | None:
    """The place of the choice that a reply names: a letter (or number) alone, in brackets or before a stop; None for all else."""
    named = re.fullmatch(r"\(?([A-Z]|\d+)\)?\.?", reply.strip())
    marks = _marks(count)
    return marks.index(named[1]) if named and named[1] in marks else None


def _marks(count: int) -> list[str]:
    return list(ascii_uppercase[:count]) if count <= len(ascii_uppercase) else [str(number) for number in range(1, count + 1)]


def _not_answered(what: str) -> NoReturn:
    raise NotAnsweredError(f"an endpoint tells no {what}")
