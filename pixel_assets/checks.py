"""The adapter from `Findings` to asset check results, and the answers that need not be found again."""

import importlib.metadata
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path

import dagster as dg

import pixel_core
from pixel_assets import paths
from pixel_core.artifacts import ArtifactError, digest_of, file_digest, tree_digest
from pixel_core.findings import Finding, Findings, Severity

KEPT = ".answers"  # beside the artifacts


def answer(check: Callable[[], Findings], severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> dg.AssetCheckResult:
    """The result of a check. An artifact that is missing or altered fails it, with the reason; `severity` is that of a failure."""
    try:
        return _result(check(), severity)
    except ArtifactError as error:
        return dg.AssetCheckResult(passed=False, metadata={"error": str(error)})


def answer_once(check: Callable[..., Findings], *reads: Path) -> dg.AssetCheckResult:
    """The result of `check(*reads)`, for slow checks that look at nothing but these files and folders.

    One that passed is remembered: as long as no byte of what it reads, of Pixel's code or of the installed packages'
    versions changes, its answer stands, and the metadata say so.
    """
    name = digest_of([check.__module__, check.__qualname__, *(str(path.absolute()) for path in reads)])
    file = paths.home() / "artifacts" / KEPT / f"{name[:32]}.json"
    try:
        key = digest_of([_code(), *(tree_digest(path) for path in reads)])
    except ArtifactError as error:
        return dg.AssetCheckResult(passed=False, metadata={"error": str(error)})
    if (found := _read(file, key)) is not None:
        return _result(found, asked="before: neither code nor what the check reads has changed since")
    return answer(lambda: _keep(check(*reads), file, key))


def _result(findings: Findings, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR, **more: str) -> dg.AssetCheckResult:
    metadata = {f.name: f"{'ok' if f.passed else f.severity.value}: observed {f.observed}, expected {f.expected}" for f in findings.items}
    reasons = {f"{f.name}: {reason}": count for f in findings.failed for reason, count in f.reasons.items()}
    return dg.AssetCheckResult(
        passed=findings.passed,
        severity=severity,
        description=str(findings),
        metadata={**metadata, **reasons, **more},
    )


def _keep(findings: Findings, file: Path, key: str) -> Findings:
    """The findings, written down when they passed."""
    if findings.passed:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{key[:8]}.part")
        part.write_text(json.dumps({"key": key, "findings": [asdict(item) for item in findings.items]}), encoding="utf-8")
        part.replace(file)
    return findings


def _read(file: Path, key: str) -> Findings | None:
    """The findings that were kept under this key; None when there are none, or the file is torn: then the check is asked again."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["key"] != key:
            return None
        return Findings.of([Finding(**{**item, "severity": Severity(item["severity"])}) for item in kept["findings"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@cache
def _code() -> str:
    """The digest of everything that answers rest on beside artifacts: Pixel's own files, Python, the installed packages' versions."""
    package = Path(pixel_core.__file__).parent
    own = {str(path.relative_to(package)): file_digest(path) for path in sorted(package.rglob("*")) if _counts(path)}
    others = sorted({f"{found.name}=={found.version}" for found in importlib.metadata.distributions()})
    return digest_of([own, others, sys.version])


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts
