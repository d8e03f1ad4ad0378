"""Tags: letters before a line of a bank (`hc| ...`) by which a question and the answers that fit it find each other."""

from __future__ import annotations

import re

_TAG = re.compile(r"([a-z]{1,4})\| ")


def tags_of(line: str) -> str:
    """The letters of a line; "" when it has none."""
    found = _TAG.match(line)
    return found.group(1) if found else ""


def untagged(line: str) -> str:
    """The line without its letters."""
    found = _TAG.match(line)
    return line[found.end() :] if found else line


def answers(line: str, question: str) -> bool:
    """Whether a line fits a question: it has no letters, or shares one with it."""
    return not tags_of(line) or bool(set(tags_of(line)) & set(tags_of(question)))
