"""MERTools outputs: what emotion recognisers heard, saw and read in utterances, as one table with a mask a modality.

A folder holds, each part optional but for the transcripts:

    transcripts.csv                        name, text
    features/<modality>/<name>.npy         numbers [size], or [frames, size] of which the mean is taken
    probabilities/<modality>.npz           names [N], probabilities [N, 6] in the order of `pixel_core/taxonomy/mer.csv`
    open_vocabulary.npz                    names [N], labels [N]: words, separated by commas or semicolons

Modalities are text, audio and video. Nothing is unpickled: an array of Python objects is refused. The table is a source of
`data/sources.yaml` like any other, whose probabilities teach the head `mer` as soft targets:

    heard:
      category: supervision
      shape: labelled_post
      files: [/somewhere/mertools/utterances.parquet]
      fields: {post: text}
      labels: mertools
      label_source: model:<name of the recogniser>
"""

from __future__ import annotations

import csv
import math
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pixel_core import taxonomy
from pixel_core.artifacts import Built, Summary, build, tree_digest, verify, write_table
from pixel_core.corpus.population import CorpusError
from pixel_core.findings import Findings, Severity, at_least, equals, none_of
from pixel_core.rejects import Reject, count_reasons, write_rejects

VERSION = "1"
KIND, TABLE = "mertools", "utterances.parquet"
MODALITIES = ("text", "audio", "video")
EMOTIONS = taxonomy.ids("mer")
MER_SCHEMA = pl.Schema(
    {
        "name": pl.String(),  # of the utterance; unique
        "text": pl.String(),  # what was said
        **{
            column: kind
            for modality in MODALITIES
            for column, kind in {
                f"{modality}_present": pl.Boolean(),  # the mask: whether this modality says anything of the utterance
                f"{modality}_features": pl.List(pl.Float32()),  # null where there are none
                f"{modality}_probabilities": pl.List(pl.Float64()),  # of the six emotions; null where there are none
            }.items()
        },
        **{f"mer_{emotion}": pl.Float64() for emotion in EMOTIONS},  # mean of the modalities that give probabilities; null without one
        "open_vocabulary": pl.List(pl.String()),  # free words for the emotion, in lower case; null where nobody was asked
        "agreement": pl.Float64(),  # 1 - Jensen-Shannon divergence of the modalities in bits: 1 where they say the same; null under two
    }
)
_LARGEST = 2**31  # bytes that a member of an archive may unpack to
_SUM = 1e-2  # how far probabilities may miss a sum of 1
_AGREE = 0.5
Array = npt.NDArray[Any]


def import_mertools(folder: Path, out: Path, *, force: bool = False) -> Built:
    """Write `utterances.parquet` with `MER_SCHEMA`, sorted by name, and `rejected.parquet`.

    An utterance whose features or probabilities cannot be used is rejected as a whole, one that no transcript names too.
    Raises CorpusError for a folder without transcripts and for an archive that is damaged, pickled or of another form.
    """
    transcripts = folder / "transcripts.csv"
    if not transcripts.is_file():
        raise CorpusError(f"{folder} holds no transcripts.csv (columns name, text): which utterances the outputs are of is unknown")

    def write(target: Path) -> Summary:
        texts, rejects = _texts(transcripts)
        heard = {modality: _archive(folder / "probabilities" / f"{modality}.npz", "probabilities") for modality in MODALITIES}
        words = _archive(folder / "open_vocabulary.npz", "labels")
        shown = {modality: {p.stem: p for p in sorted((folder / "features" / modality).glob("*.npy"))} for modality in MODALITIES}
        told = set(words).union(*heard.values(), *shown.values())
        rejects += [Reject(KIND, name, "no_transcript", "transcripts.csv does not name it") for name in sorted(told - set(texts))]
        rows = []
        for name, text in sorted(texts.items()):
            try:
                rows.append(_row(name, text, shown, heard, words))
            except _Unusable as error:
                rejects.append(Reject(KIND, name, error.reason, error.detail))
        write_table(target / TABLE, pl.DataFrame(rows, schema=MER_SCHEMA))
        write_rejects(target, rejects)
        figures = {f"with_{modality}": sum(row[f"{modality}_present"] for row in rows) for modality in MODALITIES}
        return Summary(rows=len(rows), rejects=count_reasons(rejects), figures={"read": len(rows) + len(rejects), **figures})

    return build(out, kind=KIND, version=VERSION, inputs={"folder": tree_digest(folder)}, write=write, force=force)


def check_modalities(folder: Path) -> Findings:
    """Whether masks, probabilities and means fit together, and how far the modalities agree: less than half warns."""
    verify(folder)
    table = pl.read_parquet(folder / TABLE)
    broken = {"name_twice": table.height - table["name"].n_unique()}
    for modality in MODALITIES:
        present, features = table[f"{modality}_present"], table[f"{modality}_features"]
        probabilities = table[f"{modality}_probabilities"]
        broken[f"{modality}_mask"] = int((present != (features.is_not_null() | probabilities.is_not_null())).sum())
        broken[f"{modality}_sum"] = int(((probabilities.list.sum() - 1).abs() > _SUM).sum())
        broken[f"{modality}_width"] = int(features.drop_nulls().list.len().n_unique() > 1)
    fused = table.select(pl.sum_horizontal(f"mer_{emotion}" for emotion in EMOTIONS).alias("total"), "mer_neutral").drop_nulls(
        "mer_neutral"
    )
    agreement = table["agreement"].drop_nulls()
    findings = [
        equals("schema", dict(table.schema) == dict(MER_SCHEMA), True),
        none_of("utterances", broken),
        none_of("means", {"not_a_distribution": int(((fused["total"] - 1).abs() > _SUM).sum())}),
    ]
    if len(agreement):
        findings.append(at_least("agreement_of_modalities", float(agreement.mean()), _AGREE, severity=Severity.WARNING))  # type: ignore[arg-type]
    return Findings.of(findings)


class _Unusable(ValueError):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


def _row(
    name: str, text: str, shown: Mapping[str, Mapping[str, Path]], heard: Mapping[str, Mapping[str, Array]], words: Mapping[str, Array]
) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "text": text}
    said = []
    for modality in MODALITIES:
        features = _features(shown[modality][name]) if name in shown[modality] else None
        probabilities = _distribution(heard[modality][name]) if name in heard[modality] else None
        if probabilities is not None:
            said.append(probabilities)
        row[f"{modality}_present"] = features is not None or probabilities is not None
        row[f"{modality}_features"] = features
        row[f"{modality}_probabilities"] = probabilities
    mean = np.mean(said, axis=0).tolist() if said else [None] * len(EMOTIONS)
    row |= {f"mer_{emotion}": value for emotion, value in zip(EMOTIONS, mean, strict=True)}
    row["open_vocabulary"] = list(_words(str(words[name]))) if name in words else None
    row["agreement"] = agreement(said) if len(said) > 1 else None
    return row


def agreement(distributions: Sequence[Sequence[float]]) -> float:
    """1 less the generalised Jensen-Shannon divergence of distributions, in [0, 1]: 1 where all are the same."""
    found = np.asarray(distributions, dtype=np.float64)
    within = float(np.mean([_entropy(row) for row in found]))
    return 1 - (_entropy(found.mean(axis=0)) - within) / math.log2(len(found))


def _entropy(distribution: npt.NDArray[np.float64]) -> float:
    positive = distribution[distribution > 0]
    return float(-(positive * np.log2(positive)).sum())


def _features(path: Path) -> list[float]:
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, MemoryError, OSError, zipfile.BadZipFile) as error:
        raise _Unusable("features_unreadable", f"{path.name}: {type(error).__name__}; objects are not unpickled") from error
    if not isinstance(found, np.ndarray):
        found.close()
        raise _Unusable("features_form", f"{path.name}: an archive, wanted one array")
    if found.dtype.kind != "f" or found.ndim not in (1, 2) or not found.size:
        raise _Unusable("features_form", f"{path.name}: {found.dtype} {list(found.shape)}, wanted numbers [size] or [frames, size]")
    mean = found.astype(np.float64).mean(axis=0) if found.ndim == 2 else found
    if not np.isfinite(mean).all():
        raise _Unusable("features_not_finite", path.name)
    return [float(value) for value in mean.astype(np.float32)]


def _distribution(values: Array) -> list[float]:
    found = np.asarray(values, dtype=np.float64)
    if not np.isfinite(found).all() or (found < 0).any() or abs(found.sum() - 1) > _SUM:
        raise _Unusable("no_distribution", f"probabilities sum to {found.sum():.3g}, wanted six of 0 or more that sum to 1")
    return [float(value) for value in found / found.sum()]


def _words(labels: str) -> Iterator[str]:
    return (word for part in re.split(r"[,;]", labels) if (word := part.strip().lower()))


def _archive(path: Path, field: str) -> dict[str, Array]:
    """What an archive says by name; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as archive:
            largest = max((member.file_size for member in archive.infolist()), default=0)
        if largest > _LARGEST:
            raise ValueError(f"an array unpacks to {largest} bytes, more than {_LARGEST}: split the archive")
        with np.load(path, allow_pickle=False) as arrays:
            names, values = arrays["names"], arrays[field]
    except (KeyError, ValueError, EOFError, MemoryError, zlib.error, zipfile.BadZipFile, OSError) as error:
        raise CorpusError(f"{path}: {error}. Wanted arrays names and {field} without Python objects: save texts as numpy text") from error
    wanted = (names.size, len(EMOTIONS)) if field == "probabilities" else (names.size,)
    if (
        names.ndim != 1
        or names.dtype.kind != "U"
        or values.dtype.kind not in ("f" if field == "probabilities" else "U")
        or values.shape != wanted
    ):
        raise CorpusError(f"{path}: names {names.dtype} {list(names.shape)}, {field} {values.dtype} {list(values.shape)}; wanted {wanted}")
    found = dict(zip(names.tolist(), values, strict=True))
    if len(found) < len(names):
        raise CorpusError(f"{path} names an utterance twice: give each once")
    return found


def _texts(path: Path) -> tuple[dict[str, str], list[Reject]]:
    try:
        return _read_texts(path)
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path}: {error}. Wanted comma-separated values in UTF-8, one line an utterance") from error


def _read_texts(path: Path) -> tuple[dict[str, str], list[Reject]]:
    texts: dict[str, str] = {}
    rejects = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        rows = csv.DictReader(handle, strict=True)
        if missing := {"name", "text"} - set(rows.fieldnames or ()):
            raise CorpusError(f"{path} has no column {min(missing)}: it needs name and text")
        for number, row in enumerate(rows, 2):
            name, text = (row["name"] or "").strip(), (row["text"] or "").strip()
            if not name or not text or name in texts:
                reason = "no_name" if not name else "no_text" if not text else "name_twice"
                rejects.append(Reject(KIND, f"line {number}", reason, "transcripts.csv needs one text for each name"))
            else:
                texts[name] = text
    return texts, rejects
