"""Forms: what a questionnaire asks about a feature, in the words of the knowledge."""

from __future__ import annotations

import re

from pixel_core.writing.echo import continued
from pixel_core.writing.material import Feature, Picture
from pixel_core.writing.risk import level_of

_ITEM = 12  # words of a questionnaire's line at most
_NO_ITEM = re.compile(
    r"person|individual|disorder|diagnos|another|others' |episode|trauma|symptom|ground|unfounded|occasions|out of proportion|"
    r"['\";:]|\bfor instance\b",
    re.I,
)
_VERB = re.compile(
    r"(?:does|is|has|will|cannot|suspects|reads|needs|uses|takes|bears|avoids|finds|goes|lacks|believes|envies|expects|lies|answers|fidgets|leaves|talks|interrupts|blurts|runs|acts|in|at|on|from)\b",
    re.I,
)
_NO_FORM = ("Personality Disorders", "Schizophrenia Spectrum and Other Psychotic Disorders", "Neurocognitive Disorders")


def item_of(picture: Picture | None, feature: Feature) -> str:
    """The item of a questionnaire behind a feature; "" where it is long, speaks of a diagnosis or person, or nobody would tick it."""
    text = feature.text.text.rstrip(".") if feature.text else ""
    fits = feature.symptom and 2 <= len(text.split()) <= _ITEM and not _NO_ITEM.search(text) and not level_of("", feature.symptom)
    told = picture is not None and picture.head == "clinical" and picture.group not in _NO_FORM
    return continued(text) if fits and told and not _VERB.match(text) else ""
