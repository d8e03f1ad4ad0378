"""The globals that the pickle of a LangChain store may name; none of them is ever looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pixel_core.knowledge.document import UnusableError

_LANGCHAIN = frozenset({"langchain", "langchain_classic", "langchain_community", "langchain_core"})
_SHAPES = frozenset({"Document", "InMemoryDocstore"})
_INERT = frozenset(  # values that loaders put into metadata; kept as what they are, unread
    {
        ("_codecs", "encode"),
        ("builtins", "bytearray"),
        ("builtins", "bytes"),
        ("builtins", "complex"),
        ("builtins", "frozenset"),
        ("builtins", "object"),
        ("builtins", "set"),
        ("collections", "OrderedDict"),
        ("collections", "defaultdict"),
        ("builtins", "dict"),
        ("builtins", "list"),
        ("copyreg", "_reconstructor"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("decimal", "Decimal"),
        ("numpy", "dtype"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy.core.multiarray", "scalar"),
        ("pathlib", "PosixPath"),
        ("pathlib", "PurePosixPath"),
        ("pathlib", "PureWindowsPath"),
        ("pathlib", "WindowsPath"),
        ("uuid", "SafeUUID"),
        ("uuid", "UUID"),
    }
)
_RENAMED = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # of protocols 0 to 2


@dataclass(frozen=True, slots=True)
class Name:
    """A global that a pickle names; it is never looked up."""

    module: str
    name: str


def allowed(module: Any, name: Any) -> Name:
    """The global of this module and name; raises UnusableError `hostile_pickle`, naming it, when it is not on the list."""
    if not isinstance(module, str) or not isinstance(name, str):
        raise UnusableError("hostile_pickle", "the pickle computes the name of a global")
    found = Name(_RENAMED.get(module, module), name)
    is_shape = found.module.partition(".")[0] in _LANGCHAIN and found.name in _SHAPES
    if not is_shape and (found.module, found.name) not in _INERT:
        raise UnusableError("hostile_pickle", f"the pickle names {_shown(module)}.{_shown(name)}, which would run when it is loaded")
    return found


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:80])
