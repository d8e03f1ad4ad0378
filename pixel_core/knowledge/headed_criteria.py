"""Criteria out of the blocks of a section: lettered ones with their lists, or a list that an introduction announces."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pixel_core.knowledge.blocks import Block
from pixel_core.knowledge.located import Located

_LETTERED = re.compile(r"\**\s*(?:criterion\s+)?([A-Z])\**\s*[.:)]\**\s+(?=\S)", re.IGNORECASE)
_MARKED = re.compile(r"(?:\(?(?:\d{1,2}|[a-z])[.)]|[-\u2022\u00b7])\s+(?=\S)")  # a list written as paragraphs
_ENDING = re.compile(r"\s*[;,]?\s*(?:\b(?:and|or))?\s*$")
_SPECIFY = re.compile(r"\**\s*specify\b|\**\s*(?:coding|recording) note", re.IGNORECASE)
_INDENTED = 2  # columns
_ASIDE = re.compile(r"\**\s*note\b\**\s*:?", re.IGNORECASE)


@dataclass(slots=True)
class _Criterion:
    id: str | None
    text: Located | None
    items: list[dict[str, Any]] = field(default_factory=list)
    lettered: bool = False
    mark: str = ""  # the kind of mark that its list has, and the columns that it is indented by
    indent: int = 0


class Criteria:
    """Collects the criteria of one record."""

    def __init__(self) -> None:
        self._found: list[_Criterion] = []
        self._specifying = False
        self._letters = ""  # of the set of criteria that is being read
        self._sets = 1

    @property
    def has_letters(self) -> bool:
        """Whether any criterion so far has a letter."""
        return any(criterion.lettered for criterion in self._found)

    def is_lettered(self, block: Block, raw: str) -> bool:
        """Whether a block begins a criterion by its letter."""
        return self._letter(block, raw) is not None

    def add(self, block: Block, raw: str) -> Located | None:
        """Take in the next block; returns its text when it is a specifier and no criterion."""
        letter = self._letter(block, raw)
        if letter is None and _SPECIFY.match(raw):
            self._specifying = True
            return None
        if letter is not None:
            self._specifying = False
            if letter == "A" and self._letters:
                self._sets += 1
                self._letters = ""
            self._letters += letter
            begin = 0 if block.mark else _begin(raw)
            text = block.text if not begin else Located(block.text[_begin(str(block.text)) :], block.text.start + begin, block.text.end)
            self._found.append(_Criterion(letter if self._sets == 1 else f"{self._sets}{letter}", text, lettered=True))
        elif self._specifying:
            return block.text
        elif block.kind == "item":
            self._item(_without_ending(block.text, raw), _kind_of_mark(block.mark), block.indent)
        elif (marked := _MARKED.match(raw)) and raw == block.text:
            self._item(_without_ending(Located(raw[marked.end() :], block.text.start + marked.end(), block.text.end), raw))
        elif not _ASIDE.match(raw) and (not self.has_letters or raw.rstrip(" *").endswith(":")):
            self._found.append(_Criterion(None, block.text))
        return None

    def entries(self) -> list[dict[str, Any]]:
        """The criteria as a record holds them; an introduction that nothing followed is none."""
        kept = [c for c in self._found if c.items or c.lettered or (c.text is not None and not c.text.endswith(":"))]
        return [({"id": c.id} if c.id else {}) | ({"text": c.text} if c.text is not None else {}) | {"items": c.items} for c in kept]

    def _letter(self, block: Block, raw: str) -> str | None:
        if len(block.mark) == 1 and block.mark.isupper():
            letter: str | None = block.mark
        else:
            found = _LETTERED.match(raw)
            letter = found[1].upper() if found and (found[1].isupper() or "criterion" in found[0].lower()) else None
        wanted = chr(ord(self._letters[-1]) + 1) if self._letters else "A"
        return letter if letter == wanted or (letter == "A" and len(self._letters) > 1) else None

    def _item(self, text: Located, mark: str = "", indent: int = 0) -> None:
        above = self._found[-1] if self._found else None
        if above is not None and (above.lettered or above.items or (above.text is not None and above.text.endswith(":"))):
            if not above.items:
                above.mark, above.indent = mark, indent
            is_another = bool(mark and above.mark) and (mark != above.mark or indent >= above.indent + _INDENTED)
            if is_another:  # a list within a list belongs to the item above it
                above.items[-1].setdefault("items", []).append({"text": text})
            else:
                above.items.append({"text": text})
        else:
            self._found.append(_Criterion(None, text))


def _kind_of_mark(mark: str) -> str:
    return "number" if mark.isdigit() else "letter" if mark.isalpha() else "bullet"


def _begin(raw: str) -> int:
    found = _LETTERED.match(raw)
    return found.end() if found else 0


def _without_ending(text: Located, raw: str) -> Located:
    """An item without the `; or` that leads to the next one."""
    cut = len(text) - len(_ENDING.sub("", text))
    return Located(text[:-cut], text.start, text.end - cut) if cut and raw.endswith(text[-cut:]) else text
