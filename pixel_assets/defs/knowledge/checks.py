"""The checks of the knowledge assets."""

from pathlib import Path

import dagster as dg

from pixel_assets import paths
from pixel_assets.checks import answer, answer_once
from pixel_core.findings import Findings
from pixel_core.knowledge import consistency, conversation_quality, framework_quality, quality


@dg.asset_check(
    asset="dsm5_criteria",
    blocking=True,
    description="Every disorder is a class of the taxonomy, thresholds fit the items, every text stands where its span says, and "
    "records kept and rejected add up to records read.",
)
def disorders_sound() -> dg.AssetCheckResult:
    """Taxonomy, criteria and spans of the disorders."""
    return answer(lambda: quality.check_dsm5(paths.artifact("dsm5_criteria")))


@dg.asset_check(asset="dsm5_criteria", description="How many disorders hold each field; at least half hold what the writers need.")
def disorders_complete() -> dg.AssetCheckResult:
    """The completeness of the disorders."""
    return answer(lambda: quality.check_dsm5_completeness(paths.artifact("dsm5_criteria")))


@dg.asset_check(asset="dsm5_criteria", description="Codes, names and chapters are the taxonomy's; a specifier's code belongs to its class.")
def disorders_coded() -> dg.AssetCheckResult:
    """The codes of the disorders and their specifiers."""
    return answer(lambda: consistency.check_codes(paths.artifact("dsm5_criteria")))


@dg.asset_check(
    asset="dsm5_criteria",
    description="Every threshold can be met by the items listed and is the one that the text states; all items fulfil all criteria.",
)
def thresholds_consistent() -> dg.AssetCheckResult:
    """The thresholds of the criteria."""
    return answer(lambda: consistency.check_thresholds(paths.artifact("dsm5_criteria")))


@dg.asset_check(
    asset="dsm5_criteria",
    description="Durations in days are those in words, bounds do not cross, and disorders that differ by time stand in order "
    "(brief psychotic, schizophreniform, schizophrenia; acute stress, posttraumatic stress; ...).",
)
def durations_consistent() -> dg.AssetCheckResult:
    """The durations of the disorders."""
    return answer(lambda: consistency.check_durations(paths.artifact("dsm5_criteria")))


@dg.asset_check(
    asset="dsm5_criteria",
    description="Every item's symptom stands in the vocabulary (pixel_core/taxonomy/symptoms.csv), and the symptom map holds the same.",
)
def symptoms_known() -> dg.AssetCheckResult:
    """The symptoms of the disorders."""
    return answer(lambda: consistency.check_symptoms(paths.artifact("dsm5_criteria")))


@dg.asset_check(asset="dsm5_criteria", description="No two disorders share a summary, a client's sentence, a focus or advice, nor nearly.")
def disorders_distinct() -> dg.AssetCheckResult:
    """Texts that stand in two disorders."""
    return answer(lambda: consistency.check_duplicates(paths.artifact("dsm5_criteria")))


@dg.asset_check(asset="dsm5_criteria", description="Differential diagnoses name other classes of the taxonomy, each once.")
def differentials_known() -> dg.AssetCheckResult:
    """The differential diagnoses of the disorders."""
    return answer(lambda: consistency.check_differentials(paths.artifact("dsm5_criteria")))


@dg.asset_check(
    asset="psychology_framework",
    blocking=True,
    description="PDM-2 entries are classes of the taxonomy, no entry is double or empty, every text stands where its span says.",
)
def framework_sound() -> dg.AssetCheckResult:
    """Classes, entries and spans of the framework."""
    return answer(lambda: quality.check_framework(paths.artifact("psychology_framework")))


@dg.asset_check(
    asset="psychology_framework",
    description="Every entry holds the parts of its kind (a defence its level and an example, a trait six facets, ...); missing "
    "classes, styles, defences and guidelines are warned of.",
)
def framework_complete() -> dg.AssetCheckResult:
    """The completeness of the framework."""
    return answer(lambda: framework_quality.check_framework_completeness(paths.artifact("psychology_framework")))


@dg.asset_check(
    asset="knowledge_passages",
    blocking=True,
    description="Passages are whole sentences in their order, of about the wanted length, each where its span says.",
)
def passages_whole() -> dg.AssetCheckResult:
    """Text, length and spans of the passages."""
    return answer(lambda: quality.check_passages(paths.artifact("knowledge_passages")))


def _check_index(folder: Path) -> Findings:
    from pixel_core.knowledge.index_quality import check_index

    return check_index(folder)


def _check_answers(folder: Path, passages: Path, gold: Path) -> Findings:
    from pixel_core.knowledge.index_quality import check_answers

    return check_answers(folder, passages, gold)


@dg.asset_check(
    asset="knowledge_index",
    blocking=True,
    description="Every passage has a vector of length 1, a sample of passages finds itself first, and neighbours are those of an exact "
    "search (recall at 10 of at least .98).",
)
def index_finds() -> dg.AssetCheckResult:
    """What the index finds."""
    return answer_once(_check_index, paths.artifact("knowledge_index"))


@dg.asset_check(
    asset="knowledge_index",
    additional_deps=["knowledge_passages"],
    description="The gold questions about its documents find their passages (recall at 5 of at least .5), and fusion is no worse than "
    "vectors or words alone. A knowledge base of one's own, which no question is about, is not measured.",
)
def index_answers() -> dg.AssetCheckResult:
    """Recall at 5 and nDCG at 10 on the gold questions."""
    gold = paths.shipped() / "scenarios" / "retrieval.jsonl"
    return answer_once(_check_answers, paths.artifact("knowledge_index"), paths.artifact("knowledge_passages"), gold)


@dg.asset_check(
    asset="knowledge_conversations",
    blocking=True,
    description="Records are valid, labels belong to the taxonomies, voiced symptoms have evidence, difficulty follows its rule.",
)
def conversations_sound() -> dg.AssetCheckResult:
    """Record, labels, evidence and difficulty of the conversations."""
    return answer_once(quality.check_conversation_record, paths.artifact("knowledge_conversations"))


@dg.asset_check(
    asset="knowledge_conversations",
    blocking=True,
    description="No diagnosis is thrust on a client, no medication ordered, no method named, and danger is asked about at once.",
)
def conversations_appropriate() -> dg.AssetCheckResult:
    """The rules of the clinical conversation."""
    return answer_once(quality.check_conversation_appropriateness, paths.artifact("knowledge_conversations"))


@dg.asset_check(
    asset="knowledge_conversations",
    description="Under 1 % near-duplicates (word 5-grams, Jaccard .7), classes balanced.",
)
def conversations_varied() -> dg.AssetCheckResult:
    """Near-duplicates and balance of the conversations."""
    return answer_once(quality.check_conversation_variety, paths.artifact("knowledge_conversations"))


@dg.asset_check(
    asset="knowledge_conversations",
    blocking=True,
    description="Judged anew, no conversation contradicts the criteria of its classes, breaks off, repeats itself, lacks sheet, goal, "
    "technique, rationale or evidence, or copies a licensed text; candidates kept and rejected add up.",
)
def conversations_judged() -> dg.AssetCheckResult:
    """The judgement of every conversation, and the sums of the feedback loop."""
    return answer_once(conversation_quality.check_conversation_judgement, paths.artifact("knowledge_conversations"))


@dg.asset_check(
    asset="knowledge_conversations",
    description="Techniques, length and difficulty are alike over gender, age, culture, orientation and faith within the same class, and "
    "a client swapped for another changes nothing but the swapped words.",
)
def conversations_unbiased() -> dg.AssetCheckResult:
    """How the therapist works with whom."""
    return answer_once(conversation_quality.check_conversation_bias, paths.artifact("knowledge_conversations"))
