"""Turn tables: one row an utterance and annotator, gathered into one session (AnnoMI)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import Conversation, Label, Turn
from pixel_core.corpus.adapters.rows import RowError, conversation, name, provenance, text, turn
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.loaders import Row, Unreadable
from pixel_core.corpus.mappings import ANNOMI_INPUT, ANNOMI_QUESTION, ANNOMI_REFLECTION, Coding, scheme, technique_labels

_SCHEME = scheme(ANNOMI_QUESTION, ANNOMI_REFLECTION, ANNOMI_INPUT)
_CODES = {
    "question": ("question_subtype", ANNOMI_QUESTION),
    "reflection": ("reflection_subtype", ANNOMI_REFLECTION),
    "therapist_input": ("therapist_input_subtype", ANNOMI_INPUT),
}
_QUALITY = {"high": 1.0, "low": 0.0}
_NONE = "n/a"


def gather_sessions(rows: Iterable[Row | Unreadable]) -> Iterator[Row | Unreadable]:
    """One row a transcript, holding its rows, in the order in which transcripts first stand in the file."""
    sessions: dict[str, list[Row]] = {}
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
        elif not str(row.value.get("transcript_id") or "").strip():
            yield Unreadable(row.file, row.number, "missing_field", "the row has no transcript_id")
        else:
            sessions.setdefault(str(row.value["transcript_id"]), []).append(row)
    for key, members in sessions.items():
        yield Row(members[0].file, members[0].number, {"transcript_id": key, "rows": [dict(m.value) for m in members]})


def annomi(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A motivational-interviewing session; each utterance's codes are the majority of its annotators, ties dropped.

    A session of low quality becomes a supervision row: its codes are labels, its language is not learnt.
    """
    utterances: dict[int, list[Mapping[str, Any]]] = {}
    for one in row["rows"]:
        utterances.setdefault(_whole(one, "utterance_id"), []).append(one)
    quality = _majority(one.get("mi_quality") for one in row["rows"])
    low = quality == "low"  # what such a therapist says is not to be learnt, only how it is coded
    turns = tuple(_turn(utterances[key], entry, quality, learn=not low) for key in sorted(utterances))
    key, first = name(row, "transcript_id"), utterances[min(utterances)][0]
    seconds = [s for members in utterances.values() if (s := _seconds(members[0])) is not None]
    where: dict[str, Any] = {"start": min(seconds), "end": max(seconds)} if seconds else {}
    if isinstance(first.get("video_url"), str) and first["video_url"].strip():
        where["uri"] = first["video_url"].strip()
    extra = {field: first[field] for field in ("topic", "mi_quality") if isinstance(first.get(field), str)}
    source = provenance(entry, f"transcript {key}, {position}", **where)
    return conversation(entry, turns, key, source, extra=extra, category="supervision" if low else None)


def _turn(members: list[Mapping[str, Any]], entry: SourceEntry, quality: str | None, *, learn: bool) -> Turn:
    speaker, content = text(members[0], "interlocutor"), text(members[0], "utterance_text")
    if any(m.get("utterance_text") != members[0]["utterance_text"] or m.get("interlocutor") != speaker for m in members):
        raise RowError("join_conflict", "annotators of one utterance_id disagree on its text or speaker")
    if speaker == "client":
        return turn(entry, "user", content)
    if speaker != "therapist":
        raise RowError("unknown_code", "interlocutor is neither therapist nor client")
    return turn(entry, "assistant", content, learn=learn, labels=_labels(members, entry, quality))


def _labels(members: list[Mapping[str, Any]], entry: SourceEntry, quality: str | None) -> tuple[Label, ...]:
    main = _majority(m.get("main_therapist_behaviour") for m in members)
    order = sorted(_CODES, key=lambda behaviour: behaviour != main)  # the main behaviour comes first: it is the intervention
    codings = [_coding(members, *_CODES[behaviour]) for behaviour in order]
    labels = technique_labels(codings, _SCHEME, entry.label_source)
    if main is None or main not in _CODES:  # annotators are tied, or the main behaviour is none that the scheme names
        labels = tuple(label for label in labels if label.head != "intervention")
    if quality in _QUALITY and any(coding.shows for coding in codings):
        labels = (*labels, Label("eq.interpersonal_skills", _QUALITY[quality], "derived:mi_quality"))
    return labels


def _coding(members: list[Mapping[str, Any]], field: str, table: Mapping[str, Coding]) -> Coding:
    """What the majority of the annotators says of one field; a tie leaves all its techniques open."""
    votes = [str(m.get(field) or _NONE) for m in members]
    if unknown := set(votes) - set(table) - {_NONE}:
        raise RowError("unknown_code", f"{field} has {len(unknown)} codes that the mapping does not know")
    winner = _majority(votes)
    if winner is None:
        return Coding((), scheme(table))
    return table.get(winner, Coding())


def _majority(votes: Iterable[Any]) -> str | None:
    """The most frequent vote, or None when two are equally frequent."""
    ranked = Counter(str(vote) for vote in votes).most_common(2)
    return None if len(ranked) > 1 and ranked[0][1] == ranked[1][1] else ranked[0][0]


def _whole(row: Mapping[str, Any], field: str) -> int:
    try:
        return int(name(row, field))
    except ValueError as error:
        if isinstance(error, RowError):
            raise
        raise RowError("wrong_type", f"{field} is not a whole number") from error


def _seconds(row: Mapping[str, Any]) -> float | None:
    """The utterance's `timestamp` (hh:mm:ss) in seconds, or None when there is none."""
    fields = str(row.get("timestamp") or "").split(":")
    if len(fields) != 3 or not all(field.isdecimal() for field in fields):
        return None
    hours, minutes, seconds = (int(field) for field in fields)
    return float(hours * 3600 + minutes * 60 + seconds)
