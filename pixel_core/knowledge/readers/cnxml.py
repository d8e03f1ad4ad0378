"""CNXML: the modules of an OpenStax book."""

from __future__ import annotations

from html.entities import html5
from xml.parsers import expat

from pixel_core.knowledge.document import Document, UnusableError
from pixel_core.knowledge.readers.flow import Flow, Reference

_CNXML = "http://cnx.rice.edu/cnxml"
_SKIPPED = frozenset({"metadata", "media", "label", "colspec", "spanspec"})
_PARAGRAPHS = frozenset(
    {
        "para",
        "caption",
        "quote",
        "problem",
        "solution",
        "equation",
        "note",
        "example",
        "section",
        "figure",
        "list",
        "table",
        "content",
        "exercise",
    }
)
_ITEMS = frozenset({"item", "definition", "row"})
_INLINE_IN_ITEMS = frozenset({"para"})
_DEEPEST = 6


def read_cnxml(data: bytes, file: str) -> Document:
    """The document of a CNXML module: titles as headings, paragraphs, list items, captions and glossary; no formulas, no metadata.

    Raises UnusableError: `hostile_xml` for a file that declares entities, `malformed_xml`, `not_cnxml`, `no_text`. Nothing outside the
    file is ever read.
    """
    return _Module().read(data, file)


class _Module:
    """Turns the events of one module into a flow."""

    def __init__(self) -> None:
        self._flow = Flow()
        self._path: list[str] = []
        self._skipping = 0  # depth inside of what is left out
        self._link = ("", 0)

    def read(self, data: bytes, file: str) -> Document:
        """Parse the bytes and compose the document."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._finish
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = _refuse
        parser.SkippedEntityHandler = self._entity
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise UnusableError("malformed_xml", f"line {error.lineno}, column {error.offset}: {expat.ErrorString(error.code)}") from error
        except (ValueError, LookupError) as error:
            if isinstance(error, UnusableError):
                raise
            raise UnusableError("malformed_xml", "the encoding that the file declares is not known") from error
        return self._flow.document(file)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if not self._path and (name not in ("document", "module") or not namespace.startswith(_CNXML)):
            raise UnusableError("not_cnxml", "the root element is not a document of the CNXML namespace")
        self._path.append(name)
        if self._skipping or name in _SKIPPED or not namespace.startswith(_CNXML):
            self._skipping += 1  # metadata, alternative texts, and formulas of MathML
        elif name == "title":
            self._title()
        elif name == "glossary":
            self._flow.begin("heading", level=2)
            self._flow.write("Glossary")
            self._flow.end()
        elif name in _ITEMS:
            self._flow.begin("item", mark="-")
        elif name in _PARAGRAPHS:
            self._paragraph(name)
        elif name == "link":
            self._link = attributes.get("target-id", ""), self._flow.open_length
        elif between := {"meaning": ": ", "entry": "; ", "newline": " ", "space": " "}.get(name):
            self._flow.write(between if self._flow.has_words or between == " " else "")

    def _title(self) -> None:
        above = self._path[-2]
        if above in ("document", "module"):
            self._flow.begin("heading", level=1)
        elif above in ("section", "note", "example"):
            self._flow.begin("heading", level=min(_DEEPEST, 1 + sum(1 for name in self._path if name in ("section", "note", "example"))))
        else:
            self._flow.begin("paragraph")

    def _paragraph(self, name: str) -> None:
        if self._runs_on(name):
            self._flow.write(" ")
            return
        self._flow.begin("paragraph")
        if name == "solution":
            self._flow.write("Answer: ")

    def _runs_on(self, name: str) -> bool:
        """Whether this element is a part of the item it stands in."""
        if name == "para" and "solution" in self._path:
            return True
        return name in _INLINE_IN_ITEMS and any(parent in _ITEMS for parent in self._path[:-1])

    def _finish(self, _: str) -> None:
        name = self._path[-1]
        if self._skipping:
            self._skipping -= 1
        elif name == "link":
            target, before = self._link
            if target and self._flow.open_length == before:  # a reference without words of its own
                self._flow.write(Reference.TABLE if target.lower().startswith("tab") else Reference.FIGURE)
        elif name == "title" or name in _ITEMS or (name in _PARAGRAPHS and not self._runs_on(name)):
            self._flow.end()
        self._path.pop()

    def _characters(self, text: str) -> None:
        if not self._skipping:
            self._flow.write(text)

    def _entity(self, name: str, is_parameter: bool) -> None:
        if not self._skipping and not is_parameter:
            self._flow.write(html5.get(f"{name};", ""))


def _refuse(name: str, *_: object) -> None:
    raise UnusableError("hostile_xml", "the file declares entities, which no module needs: they can grow without bound or read other files")
