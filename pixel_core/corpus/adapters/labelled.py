"""Labelled posts and pairs: GoEmotions, EmoBank, EPITOME, C-SSRS and DiaSafety, each with the labels it is for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pixel_core.conversation import REST, Conversation, Label
from pixel_core.corpus.adapters.rows import RowError, code, conversation, name, number, provenance, text, text_key, turn
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.loaders import Row, Unreadable
from pixel_core.corpus.mappings import CSSRS, DIASAFETY, EPITOME
from pixel_core.taxonomy import ids

_SENTENCE = re.compile(r"_\d+_\d+$")  # EmoBank: <document>_<start>_<end>
_AFFECT = {"V": "valence", "A": "arousal", "D": "dominance"}


def goemotions(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A comment with the ids of its emotions; every emotion that is not named is absent."""
    classes = entry.classes or ids("emotions")
    content, source = text(row, "text"), entry.label_source
    try:
        indices = [int(field) for field in text(row, "labels").split(",")]
    except ValueError as error:
        if isinstance(error, RowError):
            raise
        raise RowError("wrong_type", "labels are not comma-joined numbers") from error
    if any(not 0 <= index < len(classes) for index in indices):
        raise RowError("out_of_range", f"a label id is not between 0 and {len(classes) - 1}")
    labels = [Label(f"emotions.{classes[index]}", 1.0, source) for index in dict.fromkeys(indices)]
    post = turn(entry, "user", content, labels=(*labels, Label(f"emotions.{REST}", 0.0, source)))
    return conversation(entry, [post], text_key(content), provenance(entry, f"comment {name(row, 'id')}, {position}"))


def emobank(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A sentence with valence, arousal and dominance on 1-5; grouped by the document it is cut from."""
    labels = tuple(Label(f"affect.{head}", (number(row, field, 1, 5) - 1) / 4, entry.label_source) for field, head in _AFFECT.items())
    key = name(row, "id")
    post = turn(entry, "user", text(row, "text"), labels=labels)
    return conversation(entry, [post], _SENTENCE.sub("", key), provenance(entry, f"sentence {key}, {position}"))


def gather_mechanisms(rows: Iterable[Row | Unreadable]) -> Iterator[Row | Unreadable]:
    """One row a seeker post and response, with the level of each mechanism, from the three EPITOME files."""
    pairs: dict[tuple[str, str], tuple[Row, list[tuple[str, Any]]]] = {}
    for row in rows:
        if isinstance(row, Unreadable):
            yield row
            continue
        mechanism = next((m for stem, m in EPITOME.items() if row.file.startswith(stem)), None)
        key = (str(row.value.get("sp_id") or "").strip(), str(row.value.get("rp_id") or "").strip())
        if mechanism is None:
            yield Unreadable(row.file, row.number, "unknown_file", f"the file's name begins with none of {', '.join(EPITOME)}")
        elif not all(key):
            yield Unreadable(row.file, row.number, "missing_field", "the row has no sp_id or no rp_id")
        else:
            first, levels = pairs.setdefault(key, (row, []))
            same = all(_same(row.value.get(field), first.value.get(field)) for field in ("seeker_post", "response_post"))
            levels.append((mechanism if same else "", row.value.get("level")))
    for first, levels in pairs.values():
        yield Row(first.file, first.number, {**first.value, "levels": levels})


def _same(one: Any, other: Any) -> bool:
    """Whether two files hold the same text; the public ones differ in spacing."""
    return isinstance(one, str) and isinstance(other, str) and text_key(one) == text_key(other)


def epitome(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A seeker's post and a response with its level 0-2 of emotional reactions, interpretations and explorations."""
    levels: dict[str, float] = {}
    for mechanism, level in row["levels"]:
        value = number({"level": level}, "level", 0, 2)
        if not mechanism or levels.setdefault(mechanism, value) != value:
            raise RowError("join_conflict", "rows of one sp_id and rp_id disagree on the texts or on a level")
    if any(value != int(value) for value in levels.values()):
        raise RowError("out_of_range", "a level is not 0, 1 or 2")
    labels = [Label(f"empathy.{mechanism}", value, entry.label_source) for mechanism, value in sorted(levels.items())]
    if "interpretations" in levels:
        labels.append(Label("eq.empathy_recognition", levels["interpretations"] / 2, "derived:epitome_interpretations"))
    seeker, response = name(row, "sp_id"), name(row, "rp_id")
    post = turn(entry, "user", text(row, "seeker_post"))
    reply = turn(entry, "assistant", text(row, "response_post"), labels=tuple(labels))
    return conversation(entry, [post, reply], seeker, provenance(entry, f"post {seeker}, response {response}, {position}"))


def cssrs(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """One user's posts, a turn each, with the risk level on the last; `Post` is a Python list literal, at times cut off."""
    user, level = name(row, "User"), CSSRS[code(row, "Label", CSSRS)]
    try:
        posts = ast.literal_eval(text(row, "Post"))
    except RowError:
        raise
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise RowError("malformed_literal", "Post is not a Python list literal; it may be cut off") from error
    if not isinstance(posts, list) or not all(isinstance(post, str) for post in posts):
        raise RowError("malformed_literal", "Post is not a list of texts")
    spoken = [post.strip() for post in posts if post.strip()]
    if not spoken:
        raise RowError("empty_field", "Post holds no text")
    turns = [turn(entry, "user", post) for post in spoken[:-1]]
    turns.append(turn(entry, "user", spoken[-1], labels=(Label("crisis.level", float(level), entry.label_source),)))
    return conversation(entry, turns, user, provenance(entry, f"{user}, {position}"))


def diasafety(row: Mapping[str, Any], entry: SourceEntry, position: str) -> Conversation:
    """A context and a response with its safety; grouped by context, since the public splits share contexts."""
    context, verdict = text(row, "context"), DIASAFETY[code(row, "label", DIASAFETY)]
    label = Label("appropriateness.appropriate", float(verdict), entry.label_source)
    turns = (turn(entry, "user", context), turn(entry, "assistant", text(row, "response"), labels=(label,)))
    extra = {"risk": row["category"]} if isinstance(row.get("category"), str) else {}
    return conversation(entry, turns, text_key(context), provenance(entry, position), extra=extra)
