"""Written assessments of described people, judged by rules against the knowledge base (see compliance.py): yes or no each."""

from __future__ import annotations

from collections.abc import Sequence

from pixel_core import taxonomy
from pixel_core.artifacts import digest_of
from pixel_core.conversation import Turn
from pixel_core.evaluation.clinical.compliance import KINDS, PATTERNS, SEVERITY, Case, faults_of, parts_of
from pixel_core.evaluation.clinical.manual import Manual
from pixel_core.evaluation.clinical.vignettes import tags_of
from pixel_core.evaluation.figures import Measure
from pixel_core.evaluation.harness import Question, Scored, TextTask, mean_of_choices
from pixel_core.evaluation.held_out import HeldOut, lot_of
from pixel_core.evaluation.items import Vignette

AXIS = "clinical"
VERSION = "1"
_LISTED = 3  # criteria of a written assessment
_QUESTION = (
    "Assess this person after DSM-5 and PDM-2 in four lines. Diagnosis: name and ICD-10-CM code. Severity: mild, moderate or severe. "
    "Criteria: three signs that the diagnosis asks for, in its own terms, parted by semicolons. PDM-2: the pattern of the symptom axis."
)


def assessments(data: HeldOut, vignettes: Sequence[Vignette], manual: Manual, *, reply_tokens: int) -> TextTask:
    """Assessments of the vignettes with a disorder; a column for each kind of fault that a reply must be free of, and one for all.

    Floor: an assessment drawn at random from the right one, one with a single fault of each kind, and one of somebody else.
    """
    ill = [vignette for vignette in vignettes if vignette.codes and vignette.codes[0] in manual.disorders]
    written = {vignette.id: written_assessment(vignette.codes[0], vignette.severity, manual) for vignette in ill}
    cases = {vignette.id: Case(vignette.codes, vignette.severity) for vignette in ill}
    asked = [_question(vignette, written, manual) for vignette in ill]
    questions, excluded = data.keep(asked)
    whole = Measure("assessment_without_fault", "mean", "random", (len(KINDS),))

    def values(reply: str, question: Question) -> tuple[float, ...]:
        found = {fault.kind for fault in faults_of(reply, cases[question.item], manual)}
        return *(float(kind not in found) for kind in KINDS), float(not found)

    def score(reply: str, question: Question) -> Scored:
        parts = parts_of(reply)
        return Scored(values(reply, question), parsed=bool(parts), answer=", ".join(sorted(parts)) or None)

    base = {
        code: [one.name, one.signs, sorted(one.thresholds), one.days, sorted(map(sorted, one.units))]
        for code, one in manual.disorders.items()
    }
    return TextTask(
        name="assessments",
        axis=AXIS,
        version=f"{VERSION}.{digest_of(base)[:12]}",  # the rules compare with other data than the questions
        questions=questions,
        measures=(whole, *(Measure(f"assessment_{kind}", "mean", "random", (k,)) for k, kind in enumerate(KINDS))),
        excluded=excluded,
        reply_tokens=reply_tokens,
        score=score,
        floor_of=mean_of_choices(values),
    )


def written_assessment(
    code: str, severity: str, manual: Manual, *, stated: str | None = None, signs: Sequence[str] | None = None, pattern: str | None = None
) -> str:
    """An assessment in the form that is asked for; what is not given is as the knowledge base has it."""
    one = manual.disorders[code]
    fitting = PATTERNS.get(taxonomy.find("dsm5", code).fields["chapter"], "experiences_needing_attention")
    listed = "; ".join(signs if signs is not None else one.signs[:_LISTED])
    named = pattern or taxonomy.find("pdm2_axes", fitting).name
    return f"Diagnosis: {one.name} ({stated or code})\nSeverity: {severity}\nCriteria: {listed}\nPDM-2: {named}"


def faulty_assessments(case: Case, manual: Manual) -> list[str]:
    """The right assessment with one fault of each kind: diagnosis, code, severity, criteria, PDM-2."""
    code, severity = case.codes[0], case.severity
    one = manual.disorders[code]
    family = taxonomy.find("dsm5", code).fields["chapter"]
    away = sorted(c for c in manual.disorders if c not in case.codes and taxonomy.find("dsm5", c).fields["chapter"] != family)
    drawn = sorted(away, key=lambda other: lot_of(f"{code}:{other}"))
    foreign = next(s for other in drawn for s in manual.disorders[other].signs if not manual.names_sign(s, [code]))
    graded = next(s for s in SEVERITY if s != severity)
    others = [taxonomy.find("pdm2_axes", p).name for p in sorted(set(PATTERNS.values())) if family in PATTERNS and p != PATTERNS[family]]
    return [
        written_assessment(drawn[0], severity, manual),
        written_assessment(code, severity, manual, stated=drawn[0]),
        written_assessment(code, graded, manual),
        written_assessment(code, severity, manual, signs=(*one.signs[: _LISTED - 1], foreign)),
        written_assessment(code, severity, manual, pattern=[*others, "The axis of everything else"][0]),
    ]


def _question(vignette: Vignette, written: dict[str, str], manual: Manual) -> Question:
    right = written[vignette.id]
    choices = (right, *faulty_assessments(Case(vignette.codes, vignette.severity), manual))
    truth = (1.0, *(0.0 for _ in choices[1:]))
    turns = (Turn("user", "other", f"{vignette.text}\n\n{_QUESTION}"),)
    tags = tags_of(vignette)  # the right words are those of the knowledge base, which training teaches
    return Question(vignette.id, vignette.id, turns, truth, vignette.text, tags, choices=choices, right=(right,), taught=True)
