"""How the codes of public sets become labels: one documented table a set, in YAML beside this file.

| domain of `eq` | set | mapping |
|---|---|---|
| empathy_recognition | EPITOME | level of interpretations / 2, on the response |
| empathy_recognition | ESConv | the seeker's `empathy` rating, (x - 1) / 4, on the supporter's last turn |
| empathy_recognition | Empathic Reactions | the writer's `empathy` rating, (x - 1) / 6, on the essay |
| emotional_regulation | ESConv | fall of the seeker's emotion intensity, (first - last) / 4, never below 0, on the supporter's last turn |
| interpersonal_skills | AnnoMI | `mi_quality` high 1, low 0, on each therapist turn that shows a coded behaviour |

emotional_awareness and social_cognition have no set with a defensible mapping here; they are supervised only by what the
knowledge writes, or not at all.
"""

from pixel_core.corpus.mappings.forms import question_form
from pixel_core.corpus.mappings.table import (
    CodeField,
    Coding,
    CodingField,
    LabelField,
    LabelMapping,
    MappingError,
    ScaleField,
    load_mapping,
    shipped_mappings,
)

__all__ = [
    "CodeField",
    "Coding",
    "CodingField",
    "LabelField",
    "LabelMapping",
    "MappingError",
    "ScaleField",
    "load_mapping",
    "question_form",
    "shipped_mappings",
]
