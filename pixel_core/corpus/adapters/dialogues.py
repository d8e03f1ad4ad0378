"""Dialogues whose row holds the whole exchange: ESConv, counsel_chat, ShareGPT, question with reasoning and answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pixel_core.conversation import Conversation, Label, Role, Turn
from pixel_core.corpus.adapters.rows import RowError, code, conversation, items, name, number, provenance, text, text_key, turn
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.mappings import ESCONV, Coding, question_form, scheme, technique_labels

_ESCONV_SCHEME = scheme(ESCONV)
_SPEAKERS: Mapping[str, Role] = {"system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}


def esconv(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A support dialogue with a strategy on each supporter turn and the seeker's survey."""
    turns = []
    for utterance in items(row, "dialog"):
        speaker = text(utterance, "speaker")
        if speaker not in ("usr", "sys"):
            raise RowError("unknown_code", "speaker is neither usr nor sys")
        if speaker == "usr":
            turns.append(turn(entry, "user", text(utterance, "text")))
        else:
            turns.append(turn(entry, "assistant", text(utterance, "text"), learn=True, labels=_strategy(utterance, entry)))
    last = max((i for i, t in enumerate(turns) if t.role == "assistant"), default=None)
    if last is None:
        raise RowError("no_reply", "the supporter says nothing")
    final = turns[last]
    turns[last] = Turn(final.role, final.part, final.content, final.learn, (*final.labels, *_ratings(row)))
    extra = {field: row[field] for field in ("emotion_type", "problem_type", "situation") if isinstance(row.get(field), str)}
    key = text_key("\n".join(t.content for t in turns))
    return conversation(entry, turns, key, provenance(entry, position), extra=extra)


def _strategy(utterance: Mapping[str, Any], entry: SourceEntry) -> tuple[Label, ...]:
    strategy = code(utterance, "strategy", ESCONV)
    form = question_form(text(utterance, "text")) if strategy == "Question" else None
    if form:
        return technique_labels([Coding((form,))], _ESCONV_SCHEME, "derived:question_form")
    return technique_labels([ESCONV[strategy]], _ESCONV_SCHEME, entry.label_source)


def _ratings(row: Mapping[str, Any]) -> tuple[Label, ...]:
    """The seeker's survey as `eq` labels; 150 dialogues of the public set have none."""
    survey = row.get("survey_score")
    seeker = survey.get("seeker") if isinstance(survey, dict) else None
    seeker = seeker if isinstance(seeker, dict) else {}
    labels = []
    if seeker.get("empathy") is not None:
        labels.append(Label("eq.empathy_recognition", (number(seeker, "empathy", 1, 5) - 1) / 4, "derived:seeker_rating"))
    if seeker.get("initial_emotion_intensity") is not None and seeker.get("final_emotion_intensity") is not None:
        fall = number(seeker, "initial_emotion_intensity", 1, 5) - number(seeker, "final_emotion_intensity", 1, 5)
        labels.append(Label("eq.emotional_regulation", max(fall, 0.0) / 4, "derived:intensity_fall"))
    return tuple(labels)


def counsel_chat(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A question to counsellors and one of its answers; the counsellor's name and page are left out."""
    title, question, answer = (row.get("questionTitle") or "", text(row, "questionText"), text(row, "answerText"))
    asked = question if not isinstance(title, str) or title.strip() in question else f"{title.strip()}\n{question}"
    turns = (turn(entry, "user", asked), turn(entry, "assistant", answer, learn=True))
    key = name(row, "questionID")
    where = provenance(entry, f"question {key}, {position}")
    extra = {"topic": row["topic"]} if isinstance(row.get("topic"), str) and row["topic"] else {}
    return conversation(entry, turns, key, where, extra=extra)


def sharegpt(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A ShareGPT dialogue: `conversations` of `from` (system, human, gpt) and `value`; the model's turns are learnt."""
    turns = []
    if isinstance(row.get("system"), str) and row["system"].strip():
        turns.append(turn(entry, "system", row["system"].strip()))
    for message in items(row, "conversations"):
        role = _SPEAKERS[code(message, "from", _SPEAKERS)]
        turns.append(turn(entry, role, text(message, "value"), learn=role == "assistant"))
    key = name(row, "id") if row.get("id") is not None else text_key("\n".join(t.content for t in turns))
    where = provenance(entry, f"{key}, {position}" if row.get("id") is not None else position)
    return conversation(entry, turns, key, where, extra=_metadata(row, "metadata", "tags"))


def cot(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A question, the reasoning between `<think>` marks, and after it the answer."""
    question, reasoning, answer = text(row, "question"), text(row, "reasoning"), text(row, "answer")
    turns = (turn(entry, "user", question), turn(entry, "assistant", f"<think>\n{reasoning}\n</think>\n\n{answer}", learn=True))
    known = row.get("id") is not None
    where = provenance(entry, f"{name(row, 'id')}, {position}" if known else position)
    extra = _metadata(row, "metadata")
    level = extra["metadata"].get("difficulty") if isinstance(extra.get("metadata"), dict) else None
    difficulty = level if type(level) is int and 1 <= level <= 5 else None
    return conversation(entry, turns, text_key(question), where, extra=extra, difficulty=difficulty)


def _metadata(row: Mapping[str, Any], *fields: str) -> dict[str, Any]:
    """What the row says of itself in these fields, where they hold an object or a list."""
    return {field: row[field] for field in fields if isinstance(row.get(field), (dict, list)) and row[field]}
