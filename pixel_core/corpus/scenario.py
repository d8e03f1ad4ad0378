"""What the files of written scenarios share: how they are read, the fault of a single one, and the system turn of training mode."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pixel_core.corpus.adapters.rows import CLIENT_MODE
from pixel_core.yaml_text import parse_yaml

LABEL_SOURCE = "written"
_SHEET = ("age", "context", "presenting", "stance")


class ScenarioError(ValueError):
    """A scenario, or the file of them, is malformed; `reason` is the reject code of a single scenario."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def read_scenarios(path: Path) -> list[Any]:
    """The entries of a file, unchecked; raises ScenarioError when it is missing or no list."""
    if not path.is_file():
        raise ScenarioError("missing", f"{path} does not exist: restore the scenarios that ship, or point PIXEL_DATA at their data folder")
    try:
        raw = parse_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScenarioError("malformed", f"{path} is not YAML: {error}") from error
    if not isinstance(raw, list) or not raw:
        raise ScenarioError("malformed", f"{path} must be a list of scenarios")
    return raw


def training_prompt(scenario: Mapping[str, Any]) -> str:
    """The system turn of therapy-training mode: that it is one, and whom the model plays."""
    sheet = scenario.get("client")
    if not isinstance(sheet, dict) or not all(sheet.get(field) for field in _SHEET):
        raise ScenarioError("missing_field", f"client must have {', '.join(_SHEET)}")
    return (
        f"{CLIENT_MODE}\n"
        f"Client: {sheet['age']} years old. {sheet['context']}\nComes with: {sheet['presenting']}\nStance: {sheet['stance']}\n"
        f"Difficulty: {scenario.get('difficulty')} of 5."
    )


def text_of(values: Mapping[str, Any], field: str) -> str:
    """The text of a field, stripped; raises ScenarioError when it is none."""
    value = values.get(field)
    if not isinstance(value, str) or not value.strip():
        raise ScenarioError("missing_field", f"{field} must be text")
    return value.strip()
