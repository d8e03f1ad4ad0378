"""Small knowledge folders as people really have them."""

import json
from pathlib import Path

SHIPPED = Path(__file__).parents[3] / "data" / "knowledge"

INSOMNIA = {
    "code": "F51.01",
    "name": "Insomnia disorder",
    "summary": "Sleep does not come, or not for long.",
    "criteria": [
        {
            "id": "A",
            "text": "At least one of the following.",
            "min_count": 1,
            "items": [
                {
                    "id": "A1",
                    "symptom": "difficulty_falling_asleep",
                    "text": "Falling asleep is hard.",
                    "voiced": ["I lie there for hours."],
                },
                {"id": "A2", "symptom": "early_waking", "text": "Waking too early.", "voiced": ['At four it\'s "over", every night.']},
            ],
        }
    ],
    "duration": {"text": "Three months.", "min_days": 90},
    "care": ["Cognitive behavioural therapy for insomnia."],
}
FLAT = {
    "name": "Panic disorder",
    "symptoms": ["Sudden fear that peaks within minutes", "A racing heart", "Fear of the next attack"],
    "criteria": ["Attacks come out of the blue.", "A month or more of worry about them."],
}


def write(path: Path, content: object) -> Path:
    """A file with this text, these bytes, or this value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def record(**changes: object) -> dict[str, object]:
    """The insomnia record with changes; None drops a field."""
    return {key: value for key, value in (INSOMNIA | changes).items() if value is not None}
