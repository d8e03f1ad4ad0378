"""The documented schemas of the knowledge tables."""

from __future__ import annotations

import polars as pl

SPAN = pl.Struct({"text": pl.String, "start": pl.Int64, "end": pl.Int64})
"""A text with the character offsets [start, end) of its raw form in the row's `file`."""

_ITEM = pl.Struct({"id": pl.String, "symptom": pl.String, "text": SPAN, "voiced": pl.List(SPAN)})
_CRITERION = pl.Struct(
    {
        "id": pl.String,
        "text": SPAN,  # null where the source lists symptoms only
        "min_count": pl.Int64,  # how many of the items are needed; null: as the text says
        "voiced": pl.List(SPAN),
        "items": pl.List(_ITEM),
    }
)

DISORDER_SCHEMA = pl.Schema(
    {
        "code": pl.String,  # a class of the taxonomy dsm5
        "name": pl.String,
        "chapter": pl.String,
        "summary": SPAN,
        "criteria": pl.List(_CRITERION),
        "duration": pl.Struct({"text": SPAN, "min_days": pl.Int64}),
        "exclusions": pl.List(SPAN),
        "impairment": SPAN,
        "specifiers": pl.List(pl.Struct({"name": pl.String, "code": pl.String})),
        "differentials": pl.List(pl.Struct({"code": pl.String, "name": pl.String, "distinguish": SPAN})),
        "symptoms": pl.List(pl.String),
        "therapist_focus": pl.List(SPAN),
        "care": pl.List(SPAN),
        "file": pl.String,  # relative to the knowledge folder
    }
)

FRAMEWORK_SCHEMA = pl.Schema(
    {
        "kind": pl.String,  # pdm2 | attachment | defence | trait | interview
        "id": pl.String,
        "name": pl.String,
        "group": pl.String,  # personality_syndrome, mental_function, a level of defence, ...
        "text": SPAN,
        "details": pl.List(pl.Struct({"name": pl.String, "text": SPAN})),  # tension, capacity, signs, example, ...
        "typical_defences": pl.List(pl.String),
        "voiced": pl.List(SPAN),  # the client's sentences; in kind `interview` the therapist's
        "therapist_focus": pl.List(SPAN),
        "file": pl.String,
        "start": pl.Int64,  # the whole entry in its file
        "end": pl.Int64,
    }
)

PASSAGE_SCHEMA = pl.Schema(
    {
        "id": pl.String,  # <file>#<number of the passage in it>
        "kind": pl.String,  # disorder | pdm2 | attachment | defence | trait | interview | document
        "code": pl.String,  # code or id of the entry, where the source gives one
        "heading": pl.String,
        "text": pl.String,
        "words": pl.Int64,
        "file": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "spans": pl.List(SPAN),  # the sentences; joined by single spaces they are the text
    }
)
