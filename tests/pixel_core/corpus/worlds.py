"""A small world of upstream artifacts for the corpus tests: distinct wording by number, real files, valid manifests."""

import json
from dataclasses import replace
from pathlib import Path

from pixel_core.artifacts import Built, Summary, build
from pixel_core.conversation import Conversation, Label, Provenance, Turn, write_conversations
from pixel_core.corpus.adapters import GATHERERS
from pixel_core.corpus.catalog import SourceEntry, load_catalogue
from pixel_core.corpus.gathering import Gathering
from pixel_core.corpus.source_rows import Row, Unreadable
from pixel_core.recipe import Recipe, load_recipe
from pixel_core.taxonomy import ids

THERAPY = {"user": "client", "assistant": "therapist"}
PLAIN = {"user": "other", "assistant": "assistant"}
CODES = ids("dsm5")[:5]
SHIPPED = load_catalogue(Path(__file__).parents[3] / "data" / "sources.yaml")
SETS = {
    "esconv": "support_dialogues",
    "counsel_chat": "counselor_answers",
    "annomi": "mi_sessions",
    "goemotions": "emotions",
    "emobank": "affect",
    "epitome": "empathy",
    "cssrs": "crisis",
    "diasafety": "appropriateness",
    "meld": "meld",
    "imhi": "imhi_depression",
    "empathic_reactions": "empathic_reactions",
}
READING = ("shape", "fields", "roles", "parse", "lists", "join", "labels", "group", "keep", "supervision_where")
_SYLLABLES = ("ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su")


def wording(key: int, words: int = 10) -> str:
    """A text of distinct words: no two keys share one of eight words or more."""
    digits = f"{key:05d}"
    return " ".join("".join(_SYLLABLES[int(d)] for d in digits) + _SYLLABLES[i % 10] for i in range(words)) + "."


def conversation(key: int, category="mental_health", group=None, labels=(), source="notes", *, difficulty=2, **fields) -> Conversation:
    """Four turns, the client's first; `labels` sit on the last client turn."""
    turns = (
        Turn("user", "client", wording(4 * key)),
        Turn("assistant", "therapist", wording(4 * key + 1), learn=True),
        Turn("user", "client", wording(4 * key + 2), labels=tuple(labels)),
        Turn("assistant", "therapist", wording(4 * key + 3), learn=True),
    )
    place = Provenance(source, f"pixel:{source}", f"row {key}", "CC0-1.0", "synthetic", "test/1")
    return Conversation(turns, category, group or f"{source}:{key}", difficulty, (place,), **fields)


def long_conversation(key, end=""):
    """A dialogue of two hundred words; one with another end differs in one of them."""
    one = conversation(key)
    turns = [replace(turn, content=f"{turn.content} {wording(key * 4 + i, 40)}") for i, turn in enumerate(one.turns)]
    return replace(one, turns=(*turns[:3], replace(turns[3], content=turns[3].content + end)), group=f"near:{key}{end}")


def post(key: int, labels, group=None, source="posts") -> Conversation:
    """A supervision row: one labelled post."""
    place = Provenance(source, f"pixel:{source}", f"row {key}", "CC0-1.0", "synthetic", "test/1")
    return Conversation(
        (Turn("user", "other", wording(4 * key), labels=tuple(labels)),), "supervision", group or f"{source}:{key}", 2, (place,)
    )


def clinical(code: str) -> tuple[Label, ...]:
    return (Label(f"clinical.{code}", 1.0, "derived:test"), Label("clinical.*", 0.0, "derived:test"))


def artifact(folder: Path, conversations, kind="source_conversations", *, in_order=True) -> Built:
    """A valid artifact of these conversations."""
    ordered = sorted(conversations, key=lambda c: c.id) if in_order else list(conversations)

    def write(staging: Path) -> Summary:
        return Summary(rows=write_conversations(staging / "conversations.parquet", ordered))

    return build(folder, kind=kind, version="1", inputs={}, write=write, force=True)


def sources(root: Path, *, scale: int = 1, reverse: bool = False) -> dict[str, Path]:
    """Artifacts of every category: 60 psychology rows of five classes, 50 voice rows in ten episodes, two mental health sources, ..."""
    per = {
        "knowledge_conversations": [
            conversation(i, "psychology", f"knowledge:{i // 2}", clinical(CODES[i // 2 % len(CODES)]), "knowledge")
            for i in range(60 * scale)
        ],
        "voice_conversations/talks": [conversation(1000 + i, "voice", f"talks/{i // 5}", source="talks") for i in range(50 * scale)],
        "source_conversations/answers": [conversation(2000 + i, source="answers") for i in range(30 * scale)],
        "source_conversations/sessions": [conversation(3000 + i, source="sessions") for i in range(10 * scale)],
        "source_conversations/reasoning": [conversation(4000 + i, "reasoning", source="reasoning") for i in range(30 * scale)],
        "edge_case_conversations": [
            conversation(5000 + i, "personality", f"edge_cases:{i // 2}", source="edge_cases", difficulty=4) for i in range(20 * scale)
        ],
        "source_conversations/posts": [post(6000 + i, [Label("crisis.level", float(i % 5), "derived:test")]) for i in range(40 * scale)],
    }
    found = {}
    for name, rows in reversed(per.items()) if reverse else per.items():
        found[name] = root / name
        artifact(found[name], rows[::-1] if reverse else rows, name.partition("/")[0], in_order=not reverse)
    return found


def recipe(*overrides: str, conversations: int = 100) -> Recipe:
    """`tiny` with round splits, so that what is tested does not follow what ships."""
    splits = "corpus.splits={train: 0.8, validation: 0.1, test: 0.1}"
    fixed = (f"corpus.conversations={conversations}", splits, "corpus.knowledge_share=0", "corpus.use=research")
    return load_recipe("tiny", [*fixed, *overrides])


def entry(shape: str, category: str = "mental_health", parts=None, **fields) -> SourceEntry:
    """A catalogue entry of a source `sample`, of a shape or of a public set (its rows are read as those of the sample that ships)."""
    read = SHIPPED[SETS[shape]].model_dump(include=set(READING)) if shape in SETS else {"shape": shape}
    base = {"uri": "pixel-sample://sample", "licence": "CC0-1.0", "consent": "synthetic", "parts": parts or THERAPY}
    if "hub" not in fields:
        base["files"] = ("sample.jsonl",)
    learner = "nobody" if category == "supervision" else base["parts"]["assistant"]
    return SourceEntry(name="sample", category=category, **(read | base | {"learner": learner} | fields))


def lines(path: Path, rows) -> Path:
    """JSON Lines of these rows; a text stands as it is."""
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), encoding="utf-8")
    return path


def gathered(rows, source: SourceEntry, folder: Path = Path("parts-of-few-rows")) -> list[Row | Unreadable]:
    """The records of a source's rows, where its shape gathers several into one; few rows need no folder."""
    gather = GATHERERS.get(source.shape)
    return list(gather(rows, source, Gathering(folder)) if gather else rows)
