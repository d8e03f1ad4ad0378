"""The checks of the corpus assets; each blocks what would be built on a bad artifact."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg

from pixel_assets import partitions, paths
from pixel_assets.checks import answer, answer_once
from pixel_core import corpus
from pixel_core.corpus import mixture_quality, quality, scenario_quality
from pixel_core.findings import Findings


def _source(context: dg.AssetCheckExecutionContext) -> Path:
    return paths.artifact("source_conversations", context.partition_key)


@dg.asset_check(
    asset="source_conversations",
    name="contract",
    blocking=True,
    partitions_def=partitions.sources,
    description="Great Expectations: every column of every row or pair is of its type and in its range.",
)
def source_contract(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Hold the contract against a source."""
    return answer_once(corpus.source_contract, _source(context))


@dg.asset_check(
    asset="source_conversations",
    blocking=True,
    partitions_def=partitions.sources,
    description="Every row that was read is kept, merged or rejected with a reason, no file broke off, and ids are those of the text.",
)
def rows_are_accounted_for(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Add up the rows of a source."""
    return answer(lambda: quality.check_source_accounts(_source(context)))


@dg.asset_check(
    asset="source_conversations",
    blocking=True,
    partitions_def=partitions.sources,
    description="No e-mail address, link, handle, street address, account or phone number is left but the pseudonyms, and no name of a "
    "real person that the lists know.",
)
def no_contact_data(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look for contact data in a source."""
    return answer_once(quality.check_contact_data, _source(context))


@dg.asset_check(
    asset="source_conversations",
    blocking=True,
    partitions_def=partitions.sources,
    description="Only the part that the source is for is learnt; what the difficult client learns is announced as training mode.",
)
def learns_the_intended_part(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at who says what is learnt of a source."""
    return answer_once(quality.check_learner, _source(context))


@dg.asset_check(
    asset="source_conversations",
    name="label_values_in_range",
    blocking=True,
    partitions_def=partitions.sources,
    description="Every label names an output of a head and has a value of its scale.",
)
def source_label_values(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    """Look at the labels of a source."""
    return answer(lambda: quality.check_label_values(_source(context)))


@dg.asset_check(
    asset="edge_case_conversations",
    blocking=True,
    description="Every scenario has the therapist's and the client's part, announced as training mode, eight turns or more; none was lost.",
)
def both_parts_of_every_scenario() -> dg.AssetCheckResult:
    """Look at the scenarios."""
    return answer(lambda: scenario_quality.check_edge_cases(paths.artifact("edge_case_conversations")))


@dg.asset_check(
    asset="edge_case_conversations",
    blocking=True,
    description="No helper does what the scenario, or every scenario, rules out, by rules that find their own examples.",
)
def nothing_ruled_out_is_done() -> dg.AssetCheckResult:
    """Look at what helpers say in the scenarios and dialogues."""
    return answer(lambda: scenario_quality.check_nothing_ruled_out(paths.artifact("edge_case_conversations")))


@dg.asset_check(
    asset="edge_case_conversations",
    blocking=True,
    description="Transitions between personas are marked where the part changes and nowhere else; a client only in training mode.",
)
def transitions_are_marked() -> dg.AssetCheckResult:
    """Look at the dialogues of two personas."""
    return answer(lambda: scenario_quality.check_transitions(paths.artifact("edge_case_conversations")))


@dg.asset_check(
    asset="edge_case_conversations",
    blocking=True,
    description="Every context type has its dialogues and every trigger its transitions, told and untold, both ways.",
)
def personas_are_covered() -> dg.AssetCheckResult:
    """Count the dialogues of two personas."""
    return answer(lambda: scenario_quality.check_personas_covered(paths.artifact("edge_case_conversations")))


@dg.asset_check(
    asset="edge_case_conversations",
    name="label_values_in_range",
    blocking=True,
    description="Every label names an output of a head and has a value of its scale.",
)
def edge_case_label_values() -> dg.AssetCheckResult:
    """Look at the labels of the scenarios."""
    return answer(lambda: quality.check_label_values(paths.artifact("edge_case_conversations")))


@dg.asset_check(
    asset="preference_pairs",
    blocking=True,
    description="Every pair has three texts, two different replies, stands once and is contradicted by none.",
)
def pairs_are_sound() -> dg.AssetCheckResult:
    """Look at the pairs."""
    return answer(lambda: quality.check_pairs(paths.artifact("preference_pairs")))


def _mixture_check(name: str, description: str, check: Callable[[Path], Findings]) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset="training_mixture", name=name, blocking=True, description=description)
    def _check() -> dg.AssetCheckResult:
        return answer_once(check, paths.artifact("training_mixture"))

    return _check


mixture_contract = _mixture_check(
    "contract", "Great Expectations: every column of every split is of its type and in its range.", corpus.mixture_contract
)
wanted_versus_got = _mixture_check(
    "wanted_versus_got", "Rows by category and split are exactly those that the shares ask for.", mixture_quality.check_wanted_versus_got
)
splits_are_disjoint_by_group = _mixture_check(
    "splits_are_disjoint_by_group", "Every group, and every unit of tied groups, stands in one split only.", mixture_quality.check_splits
)
clinical_classes_in_every_split = _mixture_check(
    "clinical_classes_in_every_split",
    "Each clinical class of three groups or more has some in every split, and each split draws as many classes as its rows allow.",
    mixture_quality.check_clinical_coverage,
)
mixture_no_leakage = _mixture_check(
    "no_leakage",
    "An independent scan of the files finds no id, group or long turn in two splits, and no evaluation text in any.",
    mixture_quality.check_leakage,
)
mixture_label_values = _mixture_check(
    "label_values_in_range", "Every label names an output of a head and has a value of its scale.", quality.check_label_values
)


@dg.asset_check(
    asset="head_examples",
    blocking=True,
    description="Every row has a label, none is learnt as language, and no split is empty.",
)
def rows_are_head_examples() -> dg.AssetCheckResult:
    """Look at the rows."""
    return answer_once(mixture_quality.check_head_examples, paths.artifact("head_examples"))


@dg.asset_check(
    asset="head_examples",
    name="clinical_classes_in_every_split",
    blocking=True,
    description="Mixture and head examples together label each clinical class of three groups or more in every split.",
)
def head_clinical_classes() -> dg.AssetCheckResult:
    """Look at the clinical labels of both artifacts."""
    return answer_once(mixture_quality.check_head_coverage, paths.artifact("head_examples"), paths.artifact("training_mixture"))


@dg.asset_check(
    asset="head_examples",
    name="no_leakage",
    blocking=True,
    description="An independent scan of mixture and head examples finds no id, group or long turn in two splits, and no evaluation text.",
)
def head_no_leakage() -> dg.AssetCheckResult:
    """Scan both artifacts."""
    return answer_once(mixture_quality.check_head_leakage, paths.artifact("head_examples"), paths.artifact("training_mixture"))


@dg.asset_check(
    asset="head_examples",
    name="label_values_in_range",
    blocking=True,
    description="Every label names an output of a head and has a value of its scale.",
)
def head_label_values() -> dg.AssetCheckResult:
    """Look at the labels of the head examples."""
    return answer(lambda: quality.check_label_values(paths.artifact("head_examples")))
