"""A small world to evaluate in: mixture, labelled examples, packed dataset and a run of two checkpoints."""

import random
import shutil
import tempfile
from functools import cache
from pathlib import Path

import torch
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

from pixel_core import taxonomy
from pixel_core.artifacts import Summary, finish, input_digest, write_json
from pixel_core.conversation import Conversation, Label, Provenance, Turn, write_conversations
from pixel_core.evaluation import HeldOut
from pixel_core.knowledge import extract_dsm5
from pixel_core.model.batch import head_targets_of
from pixel_core.model.chat import END
from pixel_core.model.decoding import prior_bias
from pixel_core.model.heads import HEADS, find_head
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training.tokenizer import train_tokenizer

ROOT = Path(__file__).parents[3]
RUN = "small-0123456789ab"
_SMALL = {"bootstrap": 50, "reply_tokens": 6, "replies": 3, "items": 12, "eq_items": 20, "vignettes": 21}
RECIPE = load_recipe("tiny", [f"evaluation.{key}={value}" for key, value in _SMALL.items()])
CATEGORIES = ("psychology", "voice", "mental_health", "reasoning", "personality")
SPLITS = ("train", "validation", "test")
_VOCABULARY = (
    "window river morning letter garden table quiet heavy slow bright corner kettle bridge paper winter coat evening road light "
    "hand voice door field stone lamp story glass rain shore cloud bread wheel thread mirror basket candle ladder harbour"
)
_WORDS = _VOCABULARY.split()


def speech(key: str, words: int = 14) -> str:
    """Words that no other key says in this order."""
    drawn = random.Random(f"speech:{key}")
    return " ".join(drawn.choice(_WORDS) for _ in range(words))


def dialogue(split: str, number: int, category: str) -> Conversation:
    """A dialogue of four turns of which the replies are learned."""
    part, other = ("therapist", "client") if category in ("psychology", "mental_health") else ("assistant", "other")
    key = f"{split}:{category}:{number}"
    turns = tuple(
        Turn("user" if t % 2 == 0 else "assistant", other if t % 2 == 0 else part, speech(f"{key}:{t}"), learn=t % 2 == 1) for t in range(4)
    )
    return _conversation(turns, category, key)


def labelled(split: str, number: int) -> Conversation:
    """A pair with labels for every head but mer, different from row to row; EQ for two domains only."""
    key = f"{split}:labelled:{number}"
    reply = (
        _label("empathy.emotional_reactions", number % 3),
        _label("empathy.interpretations", (number + 1) % 3),
        _label("empathy.explorations", number % 2),
        _label("appropriateness.appropriate", number % 2),
        _label(f"technique.{taxonomy.ids('techniques')[number % 4]}", 1),
        _label("technique.*", 0),
        _label(f"intervention.{taxonomy.ids('techniques')[number % 4]}", 1),
        _label("eq.empathy_recognition", number % 5 / 4),
        _label("eq.social_cognition", (number + 2) % 5 / 4),
    )
    client = (
        _label(f"emotions.{taxonomy.ids('emotions')[number % 5]}", 1),
        _label("emotions.*", 0),
        _label("affect.valence", number % 4 / 3),
        _label("affect.arousal", number % 3 / 2),
        _label("affect.dominance", number % 2),
        _label(f"clinical.{('F32', 'F41.0', 'F43.10')[number % 3]}", 1),
        _label("clinical.*", 0),
        _label(f"pdm2.{taxonomy.ids('pdm2')[number % 2]}", 1),
        _label("pdm2.*", 0),
        _label("crisis.level", number % 5),
    )
    turns = (Turn("user", "client", speech(f"{key}:c"), labels=client), Turn("assistant", "therapist", speech(f"{key}:r"), labels=reply))
    return _conversation(turns, "supervision", key)


def write_world(home: Path, examples: int = 15, dialogues: int = 2) -> HeldOut:
    """Mixture of so many dialogues a category, head examples, profile and packed dataset below `home/artifacts`; the items ship."""
    artifacts = home / "artifacts"
    mixture = {s: [dialogue(s, n, c) for c in CATEGORIES for n in range(dialogues)] for s in SPLITS}
    pairs = {split: [labelled(split, n) for n in range(examples)] for split in SPLITS}
    for kind, tables in (("training_mixture", mixture), ("head_examples", pairs)):
        (artifacts / kind).mkdir(parents=True)
        for split, conversations in tables.items():
            write_conversations(artifacts / kind / f"{split}.parquet", conversations)
        finish(artifacts / kind, kind=kind, version="1", inputs={}, summary=Summary())
    (artifacts / "personality_profile").mkdir()
    write_profile(artifacts / "personality_profile", hours=0.1)
    packed = artifacts / "packed_dataset"
    packed.mkdir()
    inputs = {name: input_digest(artifacts / name) for name in ("training_mixture", "head_examples")}
    write_json(packed / "layout.json", {})
    finish(packed, kind="packed_dataset", version="1", inputs=inputs, summary=Summary())
    shutil.copytree(shipped_criteria(), artifacts / "dsm5_criteria")
    return HeldOut.below(artifacts, ROOT / "data" / "scenarios")


@cache
def shipped_criteria() -> Path:
    """The artifact `dsm5_criteria` of the knowledge that ships, built once a process."""
    return extract_dsm5(ROOT / "data" / "knowledge", Path(tempfile.mkdtemp()) / "dsm5_criteria").folder


def write_profile(folder: Path, hours: float) -> None:
    """A personality profile of so many hours."""
    rates = {"evening": {"the": 61.0, "i": 40.0, "and": 30.0, "window": 9.0, "river": 12.0}}
    write_json(folder / "profile.json", {"hours": hours, "authenticity": {"enough": hours >= 2}, "function_words": rates})
    finish(folder, kind="personality_profile", version="1", inputs={}, summary=Summary())


def write_run(home: Path, steps: tuple[int, ...] = (0, 4)) -> dict[int, Path]:
    """The checkpoints of a run: step 0 says the priors, every later one has random heads and other weights."""
    packed = home / "artifacts" / "packed_dataset"
    texts = [speech(f"text:{n}", 40) for n in range(30)] + ["system user assistant"]
    tokenizer = train_tokenizer(texts, 400)
    folders = {}
    for step in steps:
        model = small_model(tokenizer, step)
        folder = home / "artifacts" / "training_run" / RUN / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        model.save(folder)
        inputs = {"packed_dataset": input_digest(packed), "model": "0" * 64, "training": "0" * 64, "seed": "0" * 64}
        finish(folder, kind="checkpoint", version="1", inputs=inputs, summary=Summary(figures={"step": step}))
        folders[step] = folder
    return folders


def small_backbone(tokenizer, **sizes):
    """One layer of two experts with random weights."""
    config = Qwen3MoeConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=1,
        num_attention_heads=2,
        num_experts=2,
        num_experts_per_tok=1,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.convert_tokens_to_ids(END),
        **sizes,
    )
    return Qwen3MoeForCausalLM(config)


def small_model(tokenizer, step):
    supervised = {spec.name: [1] * len(spec.outputs) for spec in HEADS if spec.name != "mer"}
    supervised["eq"] = [int(output in ("empathy_recognition", "social_cognition")) for output in find_head("eq").outputs]
    supervised["clinical"] = [int(output in ("F32", "F41.0", "F43.10")) for output in find_head("clinical").outputs]
    with torch.random.fork_rng():
        torch.manual_seed(7)
        backbone = small_backbone(tokenizer, hidden_size=32, num_key_value_heads=1, head_dim=16, moe_intermediate_size=32)
        model = PixelModel(backbone, tokenizer=tokenizer, supervised=supervised, priors=_priors())
        torch.manual_seed(step)
        for parameter in model.heads.parameters() if step else ():
            torch.nn.init.normal_(parameter, std=0.5)
        for parameter in model.backbone.parameters() if step else ():
            parameter.data += 0.02 * torch.randn_like(parameter)
    return model


def _priors():
    """The training priors of the labelled pairs."""
    turns = [labelled("train", n).turns for n in range(15)]
    known = {
        spec.name: [t[spec.name] for pair in turns for t in (head_targets_of(pair, 0), head_targets_of(pair, 1)) if spec.name in t]
        for spec in HEADS
    }
    return {spec.name: prior_bias(spec, torch.tensor(known[spec.name])) for spec in HEADS if known[spec.name]}


def _label(output, value):
    return Label(output, float(value), "human")


def _conversation(turns, category, key):
    provenance = (Provenance("world", "world", key, "CC0-1.0", "written", "1"),)
    return Conversation(turns, category, key, 2, provenance)
