"""Where things lie: the folders that the environment names, and one folder an artifact."""

import os
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
GROUPS = ("knowledge", "voice", "corpus", "training", "evaluation")  # the stages in order
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def shipped() -> Path:
    """The folder of what ships (knowledge, samples, scenarios, catalogues): `PIXEL_DATA`, or the project's data/."""
    return Path(os.environ.get("PIXEL_DATA") or PROJECT / "data")


def home() -> Path:
    """The folder that artifacts are written under: `PIXEL_HOME`, or the project's data/."""
    return Path(os.environ.get("PIXEL_HOME") or PROJECT / "data")


def knowledge_source() -> Path:
    """The folder of knowledge documents: `PIXEL_KNOWLEDGE_DIR`, or what ships."""
    return Path(os.environ.get("PIXEL_KNOWLEDGE_DIR") or shipped() / "knowledge")


def licensed_texts() -> Path | None:
    """The folder of licensed texts that nothing written may copy from: `PIXEL_LICENSED_DIR`, or None."""
    named = os.environ.get("PIXEL_LICENSED_DIR")
    return Path(named) if named else None


def cache(name: str) -> Path:
    """A folder of what was paid for and can be had again for nothing: cache/<name>/ below `home()`."""
    return home() / "cache" / name


def artifact(key: str, partition: str | None = None) -> Path:
    """The folder of an asset's artifact: artifacts/<asset key>/[<partition>/] below `home()`.

    Raises ValueError for a name that could leave the folder.
    """
    for name in (key, partition):
        if name is not None and not _SAFE.fullmatch(name):
            raise ValueError(f"{name!r} cannot name an artifact folder: use letters, digits, '.', '_' and '-'")
    folder = home() / "artifacts" / key
    return folder / partition if partition else folder
