"""Files in the formats that people have, written byte by byte or with the format's own library."""

import io
import pickle
import struct
import sys
import types
import zlib
from pathlib import Path

LINE, MARGIN, TOP = 14, 72, 740


def pdf(*pages: list[tuple[str, float, bool] | str | None], image: bool = False) -> bytes:
    """A PDF: each page a list of lines, either text in 10 points or (text, size, bold); None leaves a gap."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    fonts = b"<< /R 3 0 R /B 4 0 R >>"
    objects += [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    objects += [b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>"]
    objects += [_stream(b"\x80", b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8 /ColorSpace /DeviceGray ")]
    kids = []
    for page in pages:
        y, drawn = TOP, [b"q 500 0 0 700 50 50 cm /I Do Q"] if image else []
        for line in page:
            y -= LINE
            if line is None:
                continue
            text, size, bold = (line, 10, False) if isinstance(line, str) else line
            escaped = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
            drawn.append(b"BT /%s %g Tf 1 0 0 1 %d %d Tm (%s) Tj ET" % (b"B" if bold else b"R", size, MARGIN, y, escaped))
        objects.append(_stream(zlib.compress(b"\n".join(drawn)), b"/Filter /FlateDecode "))
        resources = b"<< /Font %s %s>>" % (fonts, b"/XObject << /I 5 0 R >> " if image else b"")
        box = b"/MediaBox [0 0 612 792]"
        objects.append(b"<< /Type /Page /Parent 2 0 R %s /Resources %s /Contents %d 0 R >>" % (box, resources, len(objects)))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return _assembled(objects)


def _stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s/Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def _assembled(objects: list[bytes]) -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start))


def encrypted(data: bytes, password: str, algorithm: str = "AES-256") -> bytes:
    """The PDF, opened by this password."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    writer.encrypt(user_password=password, owner_password="owner", algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def store(chunks: list[tuple[str, dict]], *, pydantic: int = 2, protocol: int = 4, era: str = "core") -> bytes:
    """The `index.pkl` that FAISS.save_local of LangChain writes for these chunks, in the shape of its pydantic and its modules."""
    document_module, store_module = {
        "first": ("langchain.docstore.document", "langchain.docstore.in_memory"),
        "schema": ("langchain.schema", "langchain.docstore.in_memory"),
        "document": ("langchain.schema.document", "langchain.docstore.in_memory"),
        "core": ("langchain_core.documents.base", "langchain_community.docstore.in_memory"),
    }[era]

    class Document:
        def __init__(self, text, metadata):
            self.fields = {"page_content": text, "metadata": metadata, "type": "Document"}

        def __getstate__(self):
            if pydantic == 1:
                given = {"page_content", "metadata"}
                return {"__dict__": self.fields, "__fields_set__": given, "__private_attribute_values__": {"_lc_kwargs": self.fields}}
            given = {"page_content", "metadata"}
            fields = {"id": None, **self.fields}
            return {"__dict__": fields, "__pydantic_extra__": None, "__pydantic_fields_set__": given, "__pydantic_private__": None}

    class InMemoryDocstore:
        def __init__(self, documents):
            self._dict = documents

    ids = {row: f"00000000-0000-4000-8000-{row:012d}" for row in range(len(chunks))}
    with _importable({(document_module, "Document"): Document, (store_module, "InMemoryDocstore"): InMemoryDocstore}):
        documents = {ids[row]: Document(*chunk) for row, chunk in enumerate(chunks)}
        return pickle.dumps((InMemoryDocstore(documents), ids), protocol=protocol)


class _importable:
    """Makes classes importable under module names, as pickling asks for, and takes the modules away again."""

    def __init__(self, classes):
        self.classes = classes
        self.added = set()

    def __enter__(self):
        for (module, name), kind in self.classes.items():
            parts = module.split(".")
            for depth in range(1, len(parts) + 1):
                found = ".".join(parts[:depth])
                if found not in sys.modules:
                    sys.modules[found] = types.ModuleType(found)
                    self.added.add(found)
            kind.__module__, kind.__qualname__ = module, name
            setattr(sys.modules[module], name, kind)

    def __exit__(self, *_):
        for name in self.added:
            del sys.modules[name]


def vectors(count: int, dimensions: int = 8) -> bytes:
    """A flat FAISS index of so many vectors, as its library writes it."""
    import faiss
    import numpy as np

    index = faiss.IndexFlatL2(dimensions)
    index.add(np.zeros((count, dimensions), dtype=np.float32))
    return faiss.serialize_index(index).tobytes()


def write_store(folder: Path, chunks: list[tuple[str, dict]], *, count: int | None = None, **how) -> None:
    """A LangChain FAISS folder; `count` is the number of vectors where it shall differ."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "index.pkl").write_bytes(store(chunks, **how))
    (folder / "index.faiss").write_bytes(vectors(len(chunks) if count is None else count))


def short_text(opcode: bytes, text: bytes) -> bytes:
    """A pickle opcode with a text of one length byte."""
    return opcode + struct.pack("<B", len(text)) + text


def cnxml(body: str, title: str = "Sleep", before: str = "") -> str:
    """A CNXML module."""
    return (
        f'{before}<document xmlns="http://cnx.rice.edu/cnxml" xmlns:m="http://www.w3.org/1998/Math/MathML"><title>{title}</title>'
        f'<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:title>{title}</md:title><md:abstract>Not this.</md:abstract></metadata>'
        f"<content>{body}</content></document>"
    )
