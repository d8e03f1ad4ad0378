"""A small synthetic mixture that can be learned: what is said follows from a mood, and so do the labels."""

import random

import pytest

from pixel_core.artifacts import Summary, build
from pixel_core.conversation import Conversation, Label, Provenance, Turn, write_conversations
from pixel_core.recipe import load_recipe

MOODS = {
    "sadness": ("I cried again and the house is empty", "It sounds heavy to carry this loss alone"),
    "joy": ("we laughed all evening and I slept well", "What a bright evening that must have been"),
    "fear": ("my heart races before every meeting", "Your body seems to sound an alarm before you speak"),
    "anger": ("my brother broke his promise and I shouted", "You trusted him and feel let down"),
}
PLACES = ("at home", "at work", "on the bus", "by the river", "in the kitchen", "after lunch")
WHERE = (Provenance("fixture", "file:fixture", "row 1", "CC0-1.0", "synthetic", "tests"),)


def dialogue(index, split):
    draw = random.Random(f"{split}:{index}")
    mood = draw.choice(list(MOODS))
    client, therapist = MOODS[mood]
    turns = []
    for k in range(draw.randint(2, 5)):
        labels = (Label(f"emotions.{mood}", 1, "derived:fixture"), Label("emotions.*", 0, "derived:fixture"))
        turns.append(Turn("user", "client", f"This week {client} {draw.choice(PLACES)}, day {k}.", labels=labels))
        reply = (Label("empathy.explorations", 2 if mood == "sadness" else 0, "derived:fixture"),)
        turns.append(Turn("assistant", "therapist", f"{therapist}. What happened {draw.choice(PLACES)}?", learn=True, labels=reply))
    return Conversation(tuple(turns), "mental_health", f"{split}-{index}", 2, WHERE)


def chat(index, split):
    draw = random.Random(f"chat:{split}:{index}")
    a, b = draw.randint(1, 50), draw.randint(1, 50)
    turns = (Turn("user", "other", f"How much is {a} and {b}?"), Turn("assistant", "assistant", f"{a} and {b} make {a + b}.", learn=True))
    return Conversation(turns, "reasoning", f"chat-{split}-{index}", 1, WHERE)


def post(index, split):
    draw = random.Random(f"post:{split}:{index}")
    mood = draw.choice(list(MOODS))
    labels = (Label(f"emotions.{mood}", 1, "human"), Label("emotions.*", 0, "human"))
    turn = Turn("user", "client", f"{MOODS[mood][0]} {draw.choice(PLACES)} number {index}", labels=labels)
    return Conversation((turn,), "supervision", f"post-{split}-{index}", 1, WHERE)


def write_artifact(folder, splits):
    def write(staging):
        for split, conversations in splits.items():
            write_conversations(staging / f"{split}.parquet", conversations)
        return Summary(rows=sum(map(len, splits.values())))

    build(folder, kind=folder.name, version="1", inputs={}, write=write)
    return folder


def write_sources(home, sizes=(("train", 40), ("validation", 10)), more=()):
    mixture = {split: [*(dialogue(i, split) for i in range(n)), *(chat(i, split) for i in range(n // 2))] for split, n in sizes}
    mixture["train"] += list(more)
    examples = {split: [post(i, split) for i in range(n)] for split, n in sizes}
    return write_artifact(home / "training_mixture", mixture), write_artifact(home / "head_examples", examples)


@pytest.fixture(scope="session")
def recipe():
    """The tiny recipe, cut to what a test can afford."""
    small = {"vocabulary": 400, "sequence_length": 128}
    overrides = [f"model.vocabulary={small['vocabulary']}", f"training.sequence_length={small['sequence_length']}"]
    more = {"steps": 4, "rows_per_step": 4, "head_rows_per_step": 2, "validate_every": 2, "checkpoint_every": 2}
    return load_recipe("tiny", overrides + [f"training.{key}={value}" for key, value in more.items()])


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="session")
def packed(tmp_path_factory, sources, recipe):
    """A packed dataset of the synthetic mixture; tests read it and never change it."""
    from pixel_core.training.data import pack_dataset

    out = tmp_path_factory.mktemp("packed") / "packed_dataset"
    pack_dataset(*sources, out, model=recipe.model, training=recipe.training, seed=recipe.seed)
    return out
