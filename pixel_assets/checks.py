"""The adapter from `Findings` to asset check results."""

from collections.abc import Callable

import dagster as dg

from pixel_core.artifacts import ArtifactError
from pixel_core.findings import Findings


def answer(check: Callable[[], Findings], severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR) -> dg.AssetCheckResult:
    """The result of a check. An artifact that is missing or altered fails it, with the reason; `severity` is that of a failure."""
    try:
        findings = check()
    except ArtifactError as error:
        return dg.AssetCheckResult(passed=False, metadata={"error": str(error)})
    metadata = {f.name: f"{'ok' if f.passed else f.severity.value}: observed {f.observed}, expected {f.expected}" for f in findings.items}
    reasons = {f"{f.name}: {reason}": count for f in findings.failed for reason, count in f.reasons.items()}
    return dg.AssetCheckResult(
        passed=findings.passed,
        severity=severity,
        description=str(findings),
        metadata={**metadata, **reasons},
    )
