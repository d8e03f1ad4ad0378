"""On what terms a source may enter: what its licence and the consent allow, and what is owed to the people who speak in it."""

from __future__ import annotations

import re
from typing import Literal

from pixel_core.corpus.catalog import SourceEntry

Use = Literal["any", "research"]

# Licences that allow every use; whatever else an entry states (non-commercial, research only, none) allows research at most.
_OPEN = re.compile(
    r"(?:CC0(?:-1\.0)?|CC-BY(?:-SA)?-\d\.\d|MIT|Apache-2\.0|BSD-[23]-Clause|ISC|Unlicense|ODC-By-1\.0|ODbL-1\.0|PDDL-1\.0|public domain)"
    r"(?:, gated)?",
    re.IGNORECASE,
)
_PEOPLE = ("licence", "public")  # consents under which real people speak


def may_enter(entry: SourceEntry, use: Use) -> str | None:
    """Why a source may not enter a corpus for this use, or None when it may."""
    return refusal(entry.licence, entry.consent, use)


def refusal(licence: str, consent: str, use: Use) -> str | None:
    """Why what stands under this licence and consent is not for this use, or None when it is.

    A licence says what its giver allows; of those who posted in public nobody was asked, whatever the licence of the collection.
    """
    if use == "any" and not _OPEN.fullmatch(licence):
        return f"licence {licence!r} does not allow every use"
    if use == "any" and consent == "public":
        return "its people posted in public and were not asked (consent: public), which does not allow every use"
    return None


def speaks_of_people(entry: SourceEntry) -> bool:
    """Whether real people speak in a source, so that names must go: whatever is said of health, and whatever was posted in public.

    In reasoning tasks, stories and preference pairs names are the task's own; there they stay unless the posts were public.
    """
    private = entry.category in ("mental_health", "voice", "supervision", "psychology")
    return entry.consent == "public" or (private and entry.consent in _PEOPLE)
