"""One source of the catalogue, loaded, adapted, cleaned and written as conversations or preference pairs.

`rows_read` (lines of the files) = `rows_folded` (lines that joined another's record, as the turns of one
session) + `read` (records); and `read` = kept + `merged` (the same text once more) + rejected.

Rows are read one at a time and wait in parts on disk (see `spool`, and `gathering` for records of several rows), so that memory does
not grow with a source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import polars as pl

from pixel_core.artifacts import Built, Summary, build, digest_of, tree_digest, write_table
from pixel_core.conversation import CONVERSATION_SCHEMA, Conversation, ConversationError, from_frame, to_frame, unite, validate
from pixel_core.corpus.adapters import GATHERERS, RowError, adapt
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.filters import Dropped, clean, clean_pair
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.hub import hub_rows, is_there
from pixel_core.corpus.loaders import read_rows
from pixel_core.corpus.mappings import MappingError, load_mapping
from pixel_core.corpus.pairs import PreferencePair, settled_pairs, with_opposites
from pixel_core.corpus.privacy import KINDS, pseudonymise, pseudonymise_pair
from pixel_core.corpus.source_rows import KEPT_CONTENT, LOST, Row, Unreadable
from pixel_core.corpus.spool import Aside, Spool, write_stretches
from pixel_core.corpus.supervision import SUPERVISION, add_totals, describe_labels, label_totals
from pixel_core.corpus.terms import may_enter, speaks_of_people
from pixel_core.recipe import CorpusRecipe
from pixel_core.rejects import Reject, as_content

VERSION = "5"
CONVERSATIONS = "conversations.parquet"
PAIRS = "pairs.parquet"
_KEYS = ("min_characters", "max_characters", "languages")
_HOPELESS = 10  # times the longest conversation that is kept: cleaning takes off markup, but not that much


class SourceError(ValueError):
    """A source cannot be read as its catalogue entry says; the message names it and the remedy."""


@dataclass
class _Intake:
    """What the reading of a source counts and puts aside."""

    rejects: Aside
    rows_read: int = 0
    records: int = 0
    lost: int = 0
    replaced: Counter[str] = field(default_factory=Counter)

    def figures(self, kept: int) -> dict[str, int]:
        """The counts that every source reports."""
        counts = {"rows_read": self.rows_read, "rows_folded": self.rows_read - self.records, "read": self.records}
        counts |= {"merged": self.records - kept - len(self.rejects), "files_lost": self.lost}
        return counts | {f"pseudonyms_{kind}": self.replaced[kind] for kind in KINDS}

    def reject(self, entry: SourceEntry, row: Row, reason: str, detail: str) -> None:
        """Put a row aside, with so much of its text as a person needs to find it."""
        self.rejects.add(Reject(entry.name, row.position, reason, detail, as_content(row.value)[:KEPT_CONTENT]))


def import_source(
    entry: SourceEntry,
    out: Path,
    *,
    data_root: Path,
    recipe: CorpusRecipe,
    variables: Mapping[str, str] | None = None,
    force: bool = False,
) -> Built:
    """Write `conversations.parquet` (a preference source: `pairs.parquet`), sorted by id, `rejected.parquet` and `supervision.parquet`.

    `variables` are what `${NAME}` in the entry's files stands for. A missing file, a hub set without revision or out of reach and
    files of another revision raise SourceError or LoadError, unless the entry is optional and all of it is missing: then the
    tables are empty and the figure `missing` is 1.
    """
    if reason := may_enter(entry, recipe.use):
        raise SourceError(f"source {entry.name!r}: {reason}; set corpus.use to research, or take it out of the recipe's corpus.sources")
    paths = _present(entry, data_root, variables or {})
    entry = _with_tables(entry, data_root)
    contents = digest_of([tree_digest(path) for path in paths])
    _require_revision(entry, contents)
    inputs = {
        "entry": entry.digest,
        "files": contents,
        "limits": digest_of(recipe.model_dump(mode="json", include=set(_KEYS))),
    }
    if entry.labels:
        inputs["labels"] = load_mapping(entry.labels).digest
    there = bool(paths) or bool(entry.hub and not (entry.optional and not is_there(entry)))
    if entry.hub:
        inputs["reached"] = str(there)

    def write(folder: Path) -> Summary:
        intake = _Intake(Aside(folder))
        store = _store_pairs if entry.category == "preference" else _store_conversations
        records = _records(entry, paths, intake, Gathering(folder)) if there else ()
        figures = store(entry, records, intake, folder, recipe)
        intake.rejects.write()
        kept = figures.pop("kept")
        counts = intake.figures(kept) | figures | {"missing": int(not there)}
        return Summary(rows=kept, rejects=dict(sorted(intake.rejects.reasons.items())), figures={**counts, **_policy(entry)})

    return build(out, kind="source_conversations", version=VERSION, inputs=inputs, write=write, force=force)


def _policy(entry: SourceEntry) -> dict[str, str | int]:
    """What the checks have to know of the entry: who learns from it, and whether names of people were to go."""
    return {"learner": entry.learner, "names_replaced": int(speaks_of_people(entry))}


def _present(entry: SourceEntry, data_root: Path, variables: Mapping[str, str]) -> tuple[Path, ...]:
    """The entry's files; none when the entry is optional and all are missing, or when it is a hub set."""
    paths = entry.paths(data_root, variables)
    missing = [path for path in paths if not path.is_file()]
    if missing and not (entry.optional and len(missing) == len(paths)):
        raise SourceError(
            f"source {entry.name!r}: {', '.join(str(p) for p in missing)} does not exist; put the file there, correct `files` in"
            " sources.yaml, or mark the source `optional: true`"
        )
    return () if missing else paths


def _require_revision(entry: SourceEntry, contents: str) -> None:
    wanted = (entry.revision or "").removeprefix("sha256:")
    if entry.files and wanted and contents not in (wanted, digest_of([])):
        raise SourceError(
            f"source {entry.name!r}: the files are not those of its revision, but sha256:{contents}; fetch those, or, once these"
            " are looked at, put that into sources.yaml"
        )


def _with_tables(entry: SourceEntry, data_root: Path) -> SourceEntry:
    """The entry with the class names of the file that `classes` names, and its own mapping table's full path."""
    if entry.labels:
        own = entry.labels.endswith(".yaml")
        entry = entry.model_copy(update={"labels": str(data_root / Path(entry.labels).expanduser()) if own else entry.labels})
        try:
            load_mapping(entry.labels or "")
        except MappingError as error:
            raise SourceError(f"source {entry.name!r}: {error}") from error
    if not isinstance(entry.classes, str):
        return entry
    path = data_root / Path(entry.classes).expanduser()
    if not path.is_file():
        raise SourceError(f"source {entry.name!r}: the class names {path} do not exist; correct `classes` in sources.yaml")
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return entry.model_copy(update={"classes": names})


def _records(entry: SourceEntry, paths: Iterable[Path], intake: _Intake, gathering: Gathering) -> Iterator[Row]:
    """The readable records of the files or the hub set; the others go to the rejects."""

    def rows() -> Iterator[Row | Unreadable]:
        found = hub_rows(entry) if entry.hub else chain.from_iterable(read_rows(path, entry.columns) for path in paths)
        for row in found:
            intake.rows_read += 1
            yield row

    gather = GATHERERS.get(entry.shape)
    for row in gather(rows(), entry, gathering) if gather else rows():
        intake.records += 1
        if isinstance(row, Row):
            yield row
        else:
            intake.lost += row.reason in LOST
            intake.rejects.add(Reject(entry.name, row.position, row.reason, row.detail, row.content))


def _adapted(entry: SourceEntry, records: Iterable[Row], intake: _Intake) -> Iterator[tuple[Row, Conversation | PreferencePair]]:
    for row in records:
        try:
            yield row, adapt(row.value, entry.shape, entry, row.position)
        except RowError as error:
            intake.reject(entry, row, error.reason, str(error))


def _store_conversations(entry: SourceEntry, records: Iterable[Row], intake: _Intake, folder: Path, recipe: CorpusRecipe) -> dict[str, int]:
    spool = Spool(folder, to_frame)
    for row, item in _adapted(entry, records, intake):
        assert isinstance(item, Conversation)  # noqa: S101 - the catalogue pairs shapes with categories
        if (length := sum(len(turn.content) for turn in item.turns)) > _HOPELESS * recipe.max_characters:
            intake.reject(entry, row, "too_long", f"{length} characters before cleaning; the limit is {recipe.max_characters}")
            continue
        cleaned = clean(item, recipe)
        if isinstance(cleaned, Dropped):
            intake.reject(entry, row, cleaned.reason, cleaned.detail)
            continue
        conversation, replaced = pseudonymise(cleaned, names=speaks_of_people(entry))
        try:
            validate(conversation)
        except ConversationError as error:
            intake.reject(entry, row, error.reason, str(error))
            continue
        intake.replaced += replaced
        spool.add(row.position, conversation)
    counts: Counter[str] = Counter()
    totals: list[pl.DataFrame] = []

    def kept() -> Iterator[pl.DataFrame]:
        for stretch in spool.stretches():
            frame = _settled(entry, stretch, intake)
            labels = pl.element().struct.field("labels").list.len() > 0
            counts["turns"] += int(frame["turns"].list.len().sum())
            counts["labelled_turns"] += int(frame.select(pl.col("turns").list.eval(labels).list.sum().sum()).item())
            totals.append(label_totals([frame]))
            yield frame

    counts["kept"] = write_stretches(folder / CONVERSATIONS, kept())
    write_table(folder / SUPERVISION, describe_labels(add_totals(totals), entry))
    return dict(counts)


def _settled(entry: SourceEntry, placed: pl.DataFrame, intake: _Intake) -> pl.DataFrame:
    """The conversations of a stretch in order of id, each once: those of the same text united, or rejected where labels contradict."""
    repeated = placed.filter(pl.col("id").is_duplicated())
    once = placed.filter(~pl.col("id").is_duplicated()).select(list(CONVERSATION_SCHEMA))
    if repeated.is_empty():
        return once
    same: dict[str, list[tuple[str, Conversation]]] = {}
    for position, conversation in zip(repeated["position"], from_frame(repeated), strict=True):
        same.setdefault(conversation.id, []).append((position, conversation))
    united = to_frame(one for members in same.values() if (one := _settle(entry, members, intake)))
    return pl.concat([once, united], rechunk=True).sort("id")


def _settle(entry: SourceEntry, same: list[tuple[str, Conversation]], intake: _Intake) -> Conversation | None:
    """One conversation of all that have the same id; when their labels contradict, none can be trusted and all are rejected."""
    united = same[0][1]
    try:
        for _, other in same[1:]:
            united = unite(united, other)
    except ConversationError as error:
        content = as_content([turn.content for turn in united.turns])
        for position, _ in same:
            intake.rejects.add(Reject(entry.name, position, error.reason, str(error), content))
        return None
    return united


def _store_pairs(entry: SourceEntry, records: Iterable[Row], intake: _Intake, folder: Path, recipe: CorpusRecipe) -> dict[str, int]:
    spool = Spool(folder, with_opposites)
    for row, item in _adapted(entry, records, intake):
        assert isinstance(item, PreferencePair)  # noqa: S101 - the catalogue pairs shapes with categories
        if (length := max(len(t) for t in (item.prompt, item.chosen, item.rejected))) > _HOPELESS * recipe.max_characters:
            intake.reject(entry, row, "too_long", f"a text of {length} characters before cleaning; the limit is {recipe.max_characters}")
            continue
        cleaned = clean_pair(item, recipe)
        if isinstance(cleaned, Dropped):
            intake.reject(entry, row, cleaned.reason, cleaned.detail)
            continue
        pair, replaced = pseudonymise_pair(cleaned, names=speaks_of_people(entry))
        intake.replaced += replaced
        spool.add(row.position, pair)
    write_table(folder / SUPERVISION, describe_labels(label_totals([]), entry))
    return {"kept": write_stretches(folder / PAIRS, settled_pairs(spool, intake.rejects.add))}
