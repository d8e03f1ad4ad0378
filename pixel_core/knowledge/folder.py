"""The files of a knowledge folder: links are followed, and what cannot be opened is listed too, so that nothing is lost silently."""

from __future__ import annotations

import os
from pathlib import Path

from pixel_core.artifacts import digest_of, file_digest

_UNREADABLE = "unreadable"  # in place of a digest


def files_below(source: Path) -> list[str]:
    """The files below a folder as POSIX paths relative to it, sorted: also links to nowhere, and folders that cannot be opened.

    A linked folder is read as if it lay there, once; one that is read anyway, or holds the link, is passed over.
    """
    found: list[str] = []
    read = [source.resolve()]

    def closed(error: OSError) -> None:
        found.append(os.path.relpath(error.filename, source))

    for folder, folders, names in os.walk(source, onerror=closed, followlinks=True):
        folders[:] = [name for name in sorted(folders) if _is_new(Path(folder, name), read)]
        paths = (Path(folder, name) for name in names)
        found += [path.relative_to(source).as_posix() for path in paths if path.is_file() or (path.is_symlink() and not path.exists())]
    return sorted(found)


def folder_digest(source: Path) -> str:
    """SHA-256 (hex) over names and contents of all files below a folder: of `artifacts.tree_digest` where it has no links to folders."""
    return digest_of({file: _digest(source / file) for file in files_below(source)})


def _is_new(folder: Path, read: list[Path]) -> bool:
    """Whether a folder is no link, or one to a folder that is not read anyway; takes note of where links lead."""
    if not folder.is_symlink():
        return True
    target = folder.resolve()
    if folder.parent.resolve().is_relative_to(target) or any(target.is_relative_to(other) for other in read):
        return False
    read.append(target)
    return True


def _digest(path: Path) -> str:
    try:
        return file_digest(path)
    except OSError:
        return _UNREADABLE  # the reader rejects it, with the reason
