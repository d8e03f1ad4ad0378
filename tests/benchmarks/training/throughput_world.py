"""What the trainers of `test_throughput` train on: a small Qwen3, and dialogues that every head has labels in."""

from dataclasses import replace

from transformers import AutoModelForCausalLM, Qwen3Config

from pixel_core.conversation import Conversation, Provenance, Turn
from pixel_core.model.chat import END
from pixel_core.model.heads import OBJECTIVES
from pixel_core.recipe import load_recipe
from pixel_core.training.data import pack_dataset
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import labelled_dialogue
from tests.pixel_core.training.conftest import write_artifact

BACKBONE, PACKED = "backbone", "packed_dataset"
LENGTH, ROWS = 512, 6  # a step reads so many rows of so many tokens
STEPS = 80  # steps that a worker can take
LEARNING_RATE = 1e-4
VOCABULARY = 4096
WHERE = (Provenance("fixture", "file:fixture", "row 1", "CC0-1.0", "synthetic", "tests"),)


def bench_recipe(folder, zero_stage=0):
    """All heads, each at weight 1; every row carries language loss but two a step."""
    weights = dict.fromkeys(OBJECTIVES, 1.0)
    training = {
        "rows_per_step": ROWS - 2,
        "head_rows_per_step": 2,
        "sequence_length": LENGTH,
        "steps": 10**6,
        "learning_rate": LEARNING_RATE,
    }
    training |= {"weights": weights, "zero_stage": zero_stage, "validate_every": 10**6, "checkpoint_every": 10**6, "head_repeats": {}}
    overrides = [f"training.{name}={value}" for name, value in training.items()]
    return load_recipe("tiny", [*overrides, f"model.backbone={folder / BACKBONE}"])


def conversation(number, split):
    """A dialogue of about as many tokens as a short post with its answer, labelled on every head."""
    opening, client, reply = (
        replace(turn, labels=tuple(replace(label, value=float(label.value)) for label in turn.labels)) for turn in labelled_dialogue(number)
    )
    first = Turn("user", "client", f"This is day {number} of {split}, and the nights are long. I keep thinking of what my brother said.")
    second = Turn("assistant", reply.part, "Tell me more about that, and about what you did when it came back.", learn=True)
    return Conversation((opening, first, second, client, reply), "mental_health", f"{split}-{number}", 2, WHERE)


def build_world(folder):
    """Write backbone and packed dataset into a folder."""
    mixture = {split: [conversation(k, split) for k in range(n)] for split, n in (("train", 400), ("validation", 4))}
    examples = {split: [conversation(k, f"post-{split}") for k in range(n)] for split, n in (("train", 100), ("validation", 4))}
    tokenizer = train_tokenizer((turn.content for row in mixture["train"] for turn in row.turns), VOCABULARY)
    config = Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / BACKBONE)
    tokenizer.save_pretrained(folder / BACKBONE)
    recipe = bench_recipe(folder)
    sources = write_artifact(folder / "training_mixture", mixture), write_artifact(folder / "head_examples", examples)
    built = pack_dataset(*sources, folder / PACKED, model=recipe.model, training=recipe.training, seed=recipe.seed)
    figures = built.summary.figures
    assert figures["cut_tokens"] == 0 and figures["read_tokens"] == figures["tokens"]  # no token of a conversation is dropped
    return figures
