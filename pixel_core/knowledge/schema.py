"""The documented schemas of the knowledge tables."""

from __future__ import annotations

import polars as pl

SPAN = pl.Struct({"text": pl.String, "start": pl.Int64, "end": pl.Int64})
"""A text with the character offsets [start, end) of its raw form in the row's `file`."""

VOICED = pl.Struct({"text": pl.String, "start": pl.Int64, "end": pl.Int64, "pole": pl.String})
"""A client's sentence; `pole` names the side of a PDM-2 class that it shows, null where it goes with every side."""

_ITEM = pl.Struct({"id": pl.String, "symptom": pl.String, "text": SPAN, "voiced": pl.List(SPAN)})
_GROUP = pl.Struct({"id": pl.String, "text": SPAN, "min_count": pl.Int64, "of": pl.List(pl.String)})
CRITERION = pl.Struct(
    {
        "id": pl.String,
        "kind": pl.String,  # one of `criteria.KINDS`
        "text": SPAN,  # null where the source lists symptoms only
        "min_count": pl.Int64,  # how many of the items are needed; null: as the text says
        "min_groups": pl.Int64,  # how many of the groups must hold; null: all
        "groups": pl.List(_GROUP),  # further demands: at least `min_count` of the items (of any criterion) named in `of`
        "voiced": pl.List(SPAN),
        "items": pl.List(_ITEM),
    }
)

DISORDER_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "code": pl.String,  # a class of the taxonomy dsm5
        "name": pl.String,
        "chapter": pl.String,
        "summary": SPAN,
        "criteria": pl.List(CRITERION),
        "duration": pl.Struct({"text": SPAN, "min_days": pl.Int64, "max_days": pl.Int64}),
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

SYMPTOM_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "symptom": pl.String,  # an id of the taxonomy symptoms, or the slug of a word that it does not hold
        "name": pl.String,
        "domain": pl.String,
        "broader": pl.String,  # the wider symptom that this one is a case of
        "code": pl.String,
        "criterion": pl.String,
        "kind": pl.String,
        "item": pl.String,
    }
)

FRAMEWORK_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "kind": pl.String,  # one of `framework.KINDS`
        "id": pl.String,
        "name": pl.String,
        "group": pl.String,  # personality_syndrome, mental_function, a level of defence, ...
        "text": SPAN,
        "details": pl.List(pl.Struct({"name": pl.String, "text": SPAN})),  # tension, capacity, signs, example, ...
        "typical_defences": pl.List(pl.String),
        "voiced": pl.List(VOICED),  # the client's sentences; in kind `interview` the therapist's
        "therapist_focus": pl.List(SPAN),
        "file": pl.String,
        "start": pl.Int64,  # the whole entry in its file
        "end": pl.Int64,
    }
)

PASSAGE_SCHEMA = pl.Schema(
    {  # type: ignore[arg-type]  # type checkers join classes and instances of types to object
        "id": pl.String,  # <file>#<number of the passage in it>
        "kind": pl.String,  # disorder | pdm2 | attachment | defence | trait | interview | document
        "code": pl.String,  # code or id of the entry, where the source gives one
        "heading": pl.String,
        "text": pl.String,
        "words": pl.Int64,
        "file": pl.String,
        "start": pl.Int64,
        "end": pl.Int64,
        "page": pl.Int64,  # the page on which it begins, where the format has pages
        "last_page": pl.Int64,
        "spans": pl.List(SPAN),  # the sentences; joined by single spaces they are the text
    }
)
