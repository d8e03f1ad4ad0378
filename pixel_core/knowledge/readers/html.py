"""HTML: saved pages, and books that were exported as pages."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from pixel_core.knowledge.document import Document, UnusableError
from pixel_core.knowledge.readers.flow import Flow
from pixel_core.knowledge.readers.text import decode

_DECLARED = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})|<\?xml[^>]{0,100}?encoding=[\"']([A-Za-z0-9_.:-]{1,40})",
    re.IGNORECASE,
)
_PROLOG = re.compile(r"\A\s*<\?xml[^>]*>")
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_SKIPPED = frozenset(
    [
        "audio",
        "button",
        "canvas",
        "datalist",
        "footer",
        "form",
        "head",
        "iframe",
        "math",
        "menu",
        "nav",
        "noscript",
        "object",
        "script",
        "select",
        "style",
        "svg",
        "template",
        "textarea",
        "video",
    ]
)
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "details",
        "dialog",
        "div",
        "dl",
        "figcaption",
        "figure",
        "fieldset",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "ul",
    ]
)
_ITEMS = frozenset({"li", "dt", "tr"})
_LISTS = frozenset({"ol", "ul"})
_COLUMNS = 2  # that a list within a list counts as indented by
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read_html(data: bytes, file: str) -> Document:
    """The document of an HTML page: headings, paragraphs, list items and table rows, without navigation, scripts, forms and formulas.

    The encoding is the one of a byte order mark, else the declared one, else UTF-8. Raises UnusableError: `not_utf8`, `empty`,
    `no_text`. Nothing outside the file is read.
    """
    from lxml import etree

    text = _text(data)
    page = _Page()
    parser = etree.HTMLParser(target=page, encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        parser.feed(_PROLOG.sub("", text).encode("utf-8", "replace"))
        parser.close()
    except etree.LxmlError as error:
        raise UnusableError("malformed_html", "the file cannot be read as a page") from error
    return page.flow.document(file)


def _text(data: bytes) -> str:
    declared = _DECLARED.search(data[:4096])
    if not declared or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    name = (declared[1] or declared[2]).decode("ascii")
    try:
        encoding = codecs.lookup(name).name
        if encoding.startswith(("utf-16", "utf-32")):  # which the letters of the declaration would not be in: so browsers read UTF-8
            return decode(data)
        text = data.decode("cp1252" if encoding in ("iso8859-1", "ascii") else encoding)  # as every browser reads it
    except (LookupError, UnicodeError) as error:
        raise UnusableError("not_utf8", "the file is not in the encoding that it declares: save it as UTF-8") from error
    if not isinstance(text, str) or "\0" in text:
        raise UnusableError("not_utf8", "the file is not in the encoding that it declares: save it as UTF-8")
    return text


class _Page:
    """Turns the events of one page into a flow."""

    def __init__(self) -> None:
        self.flow = Flow()
        self._skipping: list[str] = []  # the elements that are left out, outermost first
        self._lists = 0  # that are open

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin what the element begins; void elements have no end."""
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.append(tag)
            elif tag == "body" and self._skipping[0] == "head":
                self._skipping.clear()
        elif tag in _SKIPPED or (tag not in _VOID and _is_hidden(attributes)):
            self._skipping.append(tag)
        elif tag in _HEADINGS:
            self.flow.begin("heading", level=_HEADINGS[tag])
        elif tag in _ITEMS:
            self.flow.begin("item", mark="-", indent=_COLUMNS * max(0, self._lists - 1))
        elif tag == "dd":
            self.flow.write(": ")
        elif tag in ("td", "th"):
            self.flow.write("; " if self.flow.has_words else "")
        elif tag in ("br", "wbr"):
            self.flow.write(" " if tag == "br" else "")
        elif tag in _BLOCKS:
            self._lists += tag in _LISTS
            self._block()

    def end(self, tag: str) -> None:
        """End what the element began."""
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
        elif tag in _HEADINGS or tag in ("li", "dd", "tr"):
            self.flow.end()
        elif tag in _BLOCKS:
            self._lists = max(0, self._lists - (tag in _LISTS))
            self._block()

    def data(self, data: str) -> None:
        """Characters of the page."""
        if not self._skipping:
            self.flow.write(data)

    def close(self) -> None:
        """The end of the page."""
        self.flow.end()

    def _block(self) -> None:
        """A border of blocks; a paragraph at the beginning of a list item or a table cell stays a part of it."""
        if self.flow.in_item and not self.flow.has_words:
            return
        self.flow.end()


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return "hidden" in attributes or attributes.get("aria-hidden") == "true"
