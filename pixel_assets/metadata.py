"""How a finished artifact appears in Dagster: flat numeric metadata, digest as data version, pictures."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from pixel_core.artifacts import Built, Manifest

_PICTURE_LIMIT = 200_000  # bytes of event-log metadata that the UI still renders quickly


def result_of(built: Built, **extra: Any) -> dg.MaterializeResult:
    """The materialisation of a built artifact; `extra` adds metadata entries."""
    metadata = describe(built.folder, built.manifest) | {"seconds": round(built.seconds, 2), "skipped": built.skipped} | extra
    return dg.MaterializeResult(metadata=metadata, data_version=dg.DataVersion(built.manifest.digest))


def describe(folder: Path, manifest: Manifest) -> dict[str, Any]:
    """Metadata of an artifact: rows, rejects by reason, figures, digest and uri. Holds no text of a record."""
    summary = manifest.summary
    metadata: dict[str, Any] = {"dagster/uri": str(folder), "digest": manifest.digest}
    if summary.rows is not None:
        metadata["dagster/row_count"] = summary.rows
    if summary.rejects:
        metadata["rejected"] = sum(summary.rejects.values())
        metadata["rejected by reason"] = dg.MetadataValue.md(_table(summary.rejects))
    metadata |= {name: value for name, value in summary.figures.items() if value is not None}
    return metadata


def picture(path: Path) -> dg.MarkdownMetadataValue:
    """A PNG as Markdown metadata; raises ValueError above 200 kB, which the UI would choke on."""
    data = path.read_bytes()
    if len(data) > _PICTURE_LIMIT:
        raise ValueError(f"{path.name} has {len(data)} bytes; pictures in metadata stay under {_PICTURE_LIMIT}")
    return dg.MetadataValue.md(f"![{path.stem}](data:image/png;base64,{base64.b64encode(data).decode()})")


def _table(counts: Mapping[str, int]) -> str:
    return "\n".join(["| reason | rows |", "|---|---|", *(f"| {reason} | {count} |" for reason, count in sorted(counts.items()))])
