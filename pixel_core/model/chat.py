"""ChatML: how turns become tokens, and which tokens belong to which turn.

A turn is `<|im_start|>role\\ncontent<|im_end|>\\n`. Opening, content and closing are tokenised apart, so
that a turn's span is exact, a prompt is a prefix of the finished dialogue, and text that spells out
`<|im_end|>` stays text: what somebody wrote can never open a turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pixel_core.conversation import Part, Turn

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

START = "<|im_start|>"
END = "<|im_end|>"
TAUGHT = "chatml_in"  # key of a tokeniser's config: the reserved entries that hold the two tokens, where they are not its own
# The same form as a template, stored with the tokeniser so that transformers and vLLM render the same text.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A dialogue in tokens: ids, the content span [start, end) of each turn, and which tokens carry language loss.

    Language loss lies on the content of the turns to learn and on their `<|im_end|>`: the model must learn to stop.
    """

    ids: list[int]
    spans: list[Span]
    learn: list[bool]

    def cut(self, length: int) -> Encoded:
        """The first `length` tokens; a turn that is cut keeps what is left of its span, possibly nothing."""
        spans = [(min(start, length), min(end, length)) for start, end in self.spans]
        return Encoded(self.ids[:length], spans, self.learn[:length])


def encode(turns: Sequence[Turn], tokenizer: PreTrainedTokenizerBase) -> Encoded:
    """The tokens of a dialogue in the ChatML form."""
    ids: list[int] = []
    spans: list[Span] = []
    learn: list[bool] = []
    closing = [marker(tokenizer, END), *_text(tokenizer, "\n")]
    for turn in turns:
        opening = [marker(tokenizer, START), *_text(tokenizer, f"{turn.role}\n")]
        content = _text(tokenizer, turn.content)
        spans.append((len(ids) + len(opening), len(ids) + len(opening) + len(content)))
        ids += opening + content + closing
        learn += [False] * len(opening) + [turn.learn] * (len(content) + 1) + [False] * (len(closing) - 1)
    return Encoded(ids, spans, learn)


def prompt(turns: Sequence[Turn], tokenizer: PreTrainedTokenizerBase, part: Part = "assistant") -> list[int]:
    """The tokens of a dialogue up to the opening of the turn that the model shall speak as `part`."""
    opening = [marker(tokenizer, START), *_text(tokenizer, "assistant\n")]
    return encode(spoken_by(turns, part), tokenizer).ids + opening


def spoken_by(turns: Sequence[Turn], part: Part) -> list[Turn]:
    """The turns with roles as seen by a model that speaks `part`: its own are the assistant's, all others the user's.

    Parts, not roles, say who speaks: for `client` (a simulated difficult client) the client's turns become
    the assistant's and the therapist's the user's. Therapist and assistant are the same speaker.
    """
    if part == "other":
        raise ValueError("a model speaks as therapist, assistant or client; part 'other' is nobody in particular")
    own = ("client",) if part == "client" else ("therapist", "assistant")
    return [turn if turn.role == "system" else replace(turn, role="assistant" if turn.part in own else "user") for turn in turns]


def _text(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)


def taught_tokens(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The ids of the ChatML tokens where the backbone has never seen them and must learn them; none where they are its own."""
    return [marker(tokenizer, name) for name in (START, END)] if tokenizer.init_kwargs.get(TAUGHT) else []


def marker(tokenizer: PreTrainedTokenizerBase, name: str) -> int:
    """The id of a special token of the form; raises ValueError where the tokenizer has none."""
    token = tokenizer.convert_tokens_to_ids(name)
    if not isinstance(token, int) or token == tokenizer.unk_token_id:
        raise ValueError(f"the tokenizer has no token {name}: add it as a special token, or use a tokenizer made for ChatML")
    return token
