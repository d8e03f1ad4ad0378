"""One source of the catalogue, loaded, adapted, cleaned and written as conversations or preference pairs.

`rows_read` (lines of the files) = `rows_folded` (lines that joined another's record, as the turns of one
session) + `read` (records); and `read` = kept + `merged` (the same text once more) + rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pixel_core.artifacts import Built, Summary, build, digest_of, tree_digest
from pixel_core.conversation import Conversation, ConversationError, unite, validate, write_conversations
from pixel_core.corpus.adapters import GATHERERS, RowError, adapt
from pixel_core.corpus.catalog import SourceEntry
from pixel_core.corpus.filters import Dropped, clean, clean_pair
from pixel_core.corpus.loaders import Row, Unreadable, read_rows
from pixel_core.corpus.pairs import PreferencePair, settle_pairs, write_pairs
from pixel_core.corpus.privacy import pseudonymise, pseudonymise_pair
from pixel_core.recipe import CorpusRecipe
from pixel_core.rejects import Reject, as_content, count_reasons, write_rejects

VERSION = "1"
CONVERSATIONS = "conversations.parquet"
PAIRS = "pairs.parquet"


class SourceError(ValueError):
    """A source cannot be read as its catalogue entry says; the message names it and the remedy."""


@dataclass
class _Intake:
    """What the reading of a source counts and puts aside."""

    rows_read: int = 0
    records: int = 0
    rejects: list[Reject] = field(default_factory=list)
    replaced: Counter[str] = field(default_factory=Counter)

    def figures(self, kept: int) -> dict[str, int]:
        """The counts that every source reports."""
        counts = {"rows_read": self.rows_read, "rows_folded": self.rows_read - self.records, "read": self.records}
        counts["merged"] = self.records - kept - len(self.rejects)
        return counts | {f"pseudonyms_{kind}": self.replaced[kind] for kind in ("email", "phone", "link")}


def import_source(entry: SourceEntry, out: Path, *, data_root: Path, recipe: CorpusRecipe, force: bool = False) -> Built:
    """Write `conversations.parquet` (a preference source: `pairs.parquet`), sorted by id, and `rejected.parquet`.

    A missing file raises SourceError unless the entry is optional: then the tables are empty and the figure `missing` is 1.
    """
    if not entry.enabled:
        raise SourceError(f"source {entry.name!r} is disabled in sources.yaml: set enabled: true to build it")
    paths = _present(entry, data_root)
    entry = _with_classes(entry, data_root)
    inputs = {
        "entry": entry.digest,
        "files": digest_of([tree_digest(path) for path in paths]),
        "limits": digest_of({"min_characters": recipe.min_characters, "max_characters": recipe.max_characters}),
    }

    def write(folder: Path) -> Summary:
        intake = _Intake()
        store = _store_pairs if entry.category == "preference" else _store_conversations
        figures = store(entry, _records(entry, paths, intake), intake, folder, recipe)
        write_rejects(folder, intake.rejects)
        kept = figures.pop("kept")
        figures = intake.figures(kept) | figures | {"missing": int(not paths)}
        return Summary(rows=kept, rejects=count_reasons(intake.rejects), figures=figures)

    return build(out, kind="source_conversations", version=VERSION, inputs=inputs, write=write, force=force)


def _present(entry: SourceEntry, data_root: Path) -> tuple[Path, ...]:
    """The entry's files; none when the entry is optional and all are missing."""
    paths = entry.paths(data_root)
    missing = [path for path in paths if not path.is_file()]
    if missing and not (entry.optional and len(missing) == len(paths)):
        raise SourceError(
            f"source {entry.name!r}: {', '.join(str(p) for p in missing)} does not exist; put the file there, correct `files` in"
            " sources.yaml, or mark the source `optional: true`"
        )
    return () if missing else paths


def _with_classes(entry: SourceEntry, data_root: Path) -> SourceEntry:
    """The entry with the class names of the file that `classes` names."""
    if not isinstance(entry.classes, str):
        return entry
    path = data_root / Path(entry.classes).expanduser()
    if not path.is_file():
        raise SourceError(f"source {entry.name!r}: the class names {path} do not exist; correct `classes` in sources.yaml")
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return entry.model_copy(update={"classes": names})


def _records(entry: SourceEntry, paths: Iterable[Path], intake: _Intake) -> Iterator[Row]:
    """The readable records of the files; the others go to the rejects."""

    def rows() -> Iterator[Row | Unreadable]:
        for path in paths:
            for row in read_rows(path, entry.columns):
                intake.rows_read += 1
                yield row

    gather = GATHERERS.get(entry.shape)
    for row in gather(rows()) if gather else rows():
        intake.records += 1
        if isinstance(row, Row):
            yield row
        else:
            intake.rejects.append(Reject(entry.name, row.position, row.reason, row.detail, row.content))


def _adapted(entry: SourceEntry, records: Iterable[Row], intake: _Intake) -> Iterator[tuple[Row, Conversation | PreferencePair]]:
    for row in records:
        try:
            yield row, adapt(row.value, entry.shape, entry, row.position)
        except RowError as error:
            intake.rejects.append(Reject(entry.name, row.position, error.reason, str(error), as_content(row.value)))


def _store_conversations(entry: SourceEntry, records: Iterable[Row], intake: _Intake, folder: Path, recipe: CorpusRecipe) -> dict[str, int]:
    found: dict[str, list[tuple[str, Conversation]]] = {}
    for row, item in _adapted(entry, records, intake):
        assert isinstance(item, Conversation)  # noqa: S101 - the catalogue pairs shapes with categories
        cleaned = clean(item, recipe)
        if isinstance(cleaned, Dropped):
            intake.rejects.append(Reject(entry.name, row.position, cleaned.reason, cleaned.detail, as_content(row.value)))
            continue
        conversation, replaced = pseudonymise(cleaned)
        try:
            validate(conversation)
        except ConversationError as error:
            intake.rejects.append(Reject(entry.name, row.position, error.reason, str(error), as_content(row.value)))
            continue
        intake.replaced += replaced
        found.setdefault(conversation.id, []).append((row.position, conversation))
    kept = [united for key in sorted(found) if (united := _settle(entry, found[key], intake))]
    write_conversations(folder / CONVERSATIONS, kept)
    turns = [turn for conversation in kept for turn in conversation.turns]
    return {"kept": len(kept), "turns": len(turns), "labelled_turns": sum(bool(turn.labels) for turn in turns)}


def _settle(entry: SourceEntry, same: list[tuple[str, Conversation]], intake: _Intake) -> Conversation | None:
    """One conversation of all that have the same id; when their labels contradict, none can be trusted and all are rejected."""
    united = same[0][1]
    try:
        for _, other in same[1:]:
            united = unite(united, other)
    except ConversationError as error:
        content = as_content([turn.content for turn in united.turns])
        intake.rejects += [Reject(entry.name, position, error.reason, str(error), content) for position, _ in same]
        return None
    return united


def _store_pairs(entry: SourceEntry, records: Iterable[Row], intake: _Intake, folder: Path, recipe: CorpusRecipe) -> dict[str, int]:
    found: list[tuple[str, PreferencePair]] = []
    for row, item in _adapted(entry, records, intake):
        assert isinstance(item, PreferencePair)  # noqa: S101 - the catalogue pairs shapes with categories
        cleaned = clean_pair(item, recipe)
        if isinstance(cleaned, Dropped):
            intake.rejects.append(Reject(entry.name, row.position, cleaned.reason, cleaned.detail, as_content(row.value)))
            continue
        pair, replaced = pseudonymise_pair(cleaned)
        intake.replaced += replaced
        found.append((row.position, pair))
    kept, rejects = settle_pairs(found)
    intake.rejects += rejects
    return {"kept": write_pairs(folder / PAIRS, kept)}
