"""A small world whose labels can be learnt: everything that is to be recognised has words of its own, and every text is its own.

What is held out shares those words with the training text and nothing else, so that a model of a few thousand weights comes to
stand far above every floor in seconds, and whatever breaks it shows.
"""

import json
import random
import shutil

import torch

from pixel_core import taxonomy
from pixel_core.artifacts import Summary, finish, input_digest
from pixel_core.conversation import Conversation, Label, Provenance, Turn, write_conversations
from pixel_core.evaluation import HeldOut
from pixel_core.evaluation.ranking.degradations import wrong_labels
from pixel_core.model.pixel import PixelModel
from pixel_core.recipe import load_recipe
from pixel_core.training.baselines import PRIORS, label_counts, read_priors
from pixel_core.training.batches import PackedSplit, Share
from pixel_core.training.data import TOKENIZER, pack_dataset
from pixel_core.training.optimisation import parameter_groups, set_rates
from pixel_core.training.step import TrainingStep
from pixel_core.training.tokenizer import load_tokenizer
from tests.pixel_core.evaluation.world import CATEGORIES, ROOT, shipped_criteria, small_backbone, speech, write_profile

RUN = "learnable-0123456789ab"
CODES = ("F32", "F41.0", "F43.10", "F50.0", "F42.2", "F20.9")
SHIPPED = (
    "eq_items.jsonl",
    "seeker_posts.jsonl",
    "empathy_contrasts.jsonl",
    "persona_sessions.jsonl",
    "clients.jsonl",
    "dual_persona.yaml",
)
REPLIES = {
    "therapist": "that sounds really hard , and i am glad you told me . what would help you most right now ?",
    "assistant": "here is a short list of steps : first read the page , then note the date , and send it on .",
}
WEIGHTS = {
    "language": 2.0,
    "eq": 1,
    "persona": 1,
    "clinical": 4,
    "empathy": 2,
    "emotions": 1,
    "affect": 1,
    "appropriateness": 1,
    "crisis": 1,
}
STEPS = 160
_KEYS = {"steps": STEPS, "sequence_length": 256, "rows_per_step": 8, "head_rows_per_step": 6, "learning_rate": 4e-3}
_KEYS |= {"head_learning_rate": 4e-3, "weight_decay": 0.0, "head_weight_decay": 0.0}
_ASKED = {"bootstrap": 200, "reply_tokens": 48, "replies": 12, "items": 80, "eq_items": 20, "vignettes": 6, "clients": 8}
RECIPE = load_recipe(
    "tiny",
    ["model.vocabulary=900", *(f"training.{k}={v}" for k, v in _KEYS.items()), *(f"evaluation.{k}={v}" for k, v in _ASKED.items())],
)


def sign(kind, n=0):
    """A word that stands for this and for nothing else."""
    drawn = random.Random(f"sign:{kind}:{n}")
    return "".join(drawn.choice("bdfgklmnprst") + drawn.choice("aeiou") for _ in range(3))


def signed(key, *kinds, words=12):
    """A text of its own that holds both words of each of these kinds."""
    drawn = random.Random(f"signed:{key}")
    text = [*speech(key, words).split(), *(sign(kind, n) for kind in kinds for n in range(2))]
    drawn.shuffle(text)
    return " ".join(text)


def reply(key, part):
    """What this part always says, with a fifth of its words changed."""
    drawn = random.Random(f"reply:{key}")
    others = speech(key, 24).split()
    return " ".join(drawn.choice(others) if drawn.random() < 0.2 and len(word) > 1 else word for word in REPLIES[part].split())


def dialogue(split, number, category):
    """Four turns; whose turn it is to reply, the user's words tell."""
    part, other = ("therapist", "client") if category in ("psychology", "mental_health") else ("assistant", "other")
    key = f"{split}:{category}:{number}"
    said = (signed(f"{key}:{t}", part) if t % 2 == 0 else reply(f"{key}:{t}", part) for t in range(4))
    turns = (Turn("assistant" if t % 2 else "user", part if t % 2 else other, text, learn=t % 2 == 1) for t, text in enumerate(said))
    return _conversation(tuple(turns), category, key)


def labelled(split, number):
    """A pair whose labels its words tell."""
    key = f"{split}:labelled:{number}"
    drawn = random.Random(f"labels:{key}")
    code, crisis, emotion = drawn.choice(CODES), drawn.randrange(5), drawn.choice(taxonomy.ids("emotions")[:4])
    valence, fitting = drawn.randrange(2), drawn.randrange(2)
    levels = {name: drawn.randrange(3) for name in ("emotional_reactions", "interpretations", "explorations")}
    client = {
        f"clinical.{code}": 1,
        "clinical.*": 0,
        f"emotions.{emotion}": 1,
        "emotions.*": 0,
        "crisis.level": crisis,
        "affect.valence": valence,
    }
    heard = {f"empathy.{name}": level for name, level in levels.items()} | {"appropriateness.appropriate": fitting}
    heard |= {"eq.empathy_recognition": levels["emotional_reactions"] / 2}
    post = signed(f"{key}:c", code, f"crisis{crisis}", emotion, f"valence{valence}")
    answer = signed(f"{key}:r", *(f"{name}{level}" for name, level in levels.items()), f"fitting{fitting}")
    turns = (Turn("user", "client", post, labels=_labels(client)), Turn("assistant", "therapist", answer, labels=_labels(heard)))
    return _conversation(turns, "supervision", key)


class Learnable:
    """Mixture, head examples, scenarios, packed dataset and a run, below a home; `mislabelled` is the packed dataset of wrong labels."""

    def __init__(self, home):
        self.artifacts = home / "artifacts"
        mixture = {
            split: [dialogue(split, n, c) for c in CATEGORIES for n in range(count)]
            for split, count in (("train", 40), ("validation", 2), ("test", 10))
        }
        pairs = {s: [labelled(s, n) for n in range(count)] for s, count in (("train", 300), ("validation", 10), ("test", 80))}
        _write(self.artifacts / "training_mixture", mixture)
        _write(self.artifacts / "head_examples", pairs)
        _write(home / "wrong", pairs | {"train": wrong_labels(pairs["train"], "wrong")})
        (self.artifacts / "personality_profile").mkdir()
        write_profile(self.artifacts / "personality_profile", hours=0.1)
        shutil.copytree(shipped_criteria(), self.artifacts / "dsm5_criteria")
        self.packed, self.mislabelled = self.artifacts / "packed_dataset", home / "wrong_packed"
        for examples, out in ((self.artifacts / "head_examples", self.packed), (home / "wrong", self.mislabelled)):
            pack_dataset(self.artifacts / "training_mixture", examples, out, model=RECIPE.model, training=RECIPE.training, seed=RECIPE.seed)
        self.data = HeldOut.below(self.artifacts, write_scenarios(home / "scenarios"))

    def folder(self, step):
        """Where the checkpoint of a step lies."""
        return self.artifacts / "training_run" / RUN / f"checkpoint-{step}"

    def train(self, step, packed=None, steps=STEPS):
        """A checkpoint, trained for so many steps on a packed dataset (default: the right one); it says it was the right one."""
        split = PackedSplit(packed or self.packed, "train")
        model = small_model(packed or self.packed, split)
        learn(model, split, steps)
        folder = self.folder(step)
        folder.mkdir(parents=True)
        model.save(folder)
        told = {"packed_dataset": input_digest(self.packed), "model": "0" * 64, "training": "0" * 64, "seed": "0" * 64}
        finish(folder, kind="checkpoint", version="1", inputs=told, summary=Summary(figures={"step": step}))
        return folder


def learn(model, split, steps):
    """The real training step with the real optimiser, in this process."""
    training = RECIPE.training
    step = TrainingStep(model, WEIGHTS, "sum").train()
    trained = [p for p in step.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameter_groups(step, training), betas=(0.9, 0.98))
    for number in range(1, steps + 1):
        rows, labelled_rows = training.rows_per_step, training.head_rows_per_step
        (batch,) = split.step(number, rows=rows, head_rows=labelled_rows, seed=RECIPE.seed, share=Share())
        set_rates(optimiser.param_groups, number, training)
        optimiser.zero_grad()
        step(batch, step.counts(batch)).total.backward()
        torch.nn.utils.clip_grad_norm_(trained, training.clip)
        optimiser.step()


def small_model(packed, split):
    """One layer of 64 dimensions, its heads at the training priors."""
    tokenizer = load_tokenizer(packed / TOKENIZER)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        backbone = small_backbone(tokenizer, hidden_size=64, num_key_value_heads=2, head_dim=32, moe_intermediate_size=96)
        return PixelModel(backbone, tokenizer=tokenizer, supervised=label_counts(split), priors=read_priors(packed / PRIORS))


def write_scenarios(folder):
    """The items that ship, but vignettes and persona items in the words of this world."""
    folder.mkdir()
    for name in SHIPPED:
        shutil.copy(ROOT / "data" / "scenarios" / name, folder)
    vignettes = [vignette(code, n) for code in CODES for n in range(16)]
    items = [persona_item(part, n) for part in ("therapist", "assistant") for n in range(40)]
    for name, rows in (("vignettes", vignettes), ("persona_items", items)):
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return folder


def vignette(code, n):
    """Somebody described in the words of a disorder."""
    other = CODES[(CODES.index(code) + 1) % len(CODES)]
    told = {"age": 20 + n, "severity": ("mild", "moderate", "severe")[n % 3], "culture": None, "distractor_codes": [other]}
    return {"id": f"vig-{code}-{n:02d}", "code": code, "codes": [code], "text": signed(f"vignette:{code}:{n}", code), **told}


def persona_item(part, n):
    """A turn of the user in the words of one persona, after a reply or at the start."""
    contexts, triggers = taxonomy.ids("persona_contexts"), taxonomy.ids("persona_triggers")
    other = "client" if part == "therapist" else "other"
    key = f"persona:{part}:{n}"
    asked = [{"role": "user", "part": other, "content": signed(f"{key}:0", part)}]
    said = [{"role": "assistant", "part": part, "content": reply(f"{key}:1", part)}]
    last = [{"role": "user", "part": other, "content": signed(f"{key}:2", part)}]
    turns = [*asked, *said, *last] if n % 2 else asked
    kinds = {"context": contexts[n % len(contexts)], "trigger": triggers[n % len(triggers)], "told": n % 2 == 0}
    return {"id": key.replace(":", "-"), **kinds, "turns": turns, "next_part": part}


def _labels(values):
    return tuple(Label(output, float(value), "human") for output, value in values.items())


def _conversation(turns, category, key):
    return Conversation(turns, category, key, 2, (Provenance("world", "world", key, "CC0-1.0", "written", "1"),))


def _write(folder, tables):
    folder.mkdir(parents=True)
    for split, conversations in tables.items():
        write_conversations(folder / f"{split}.parquet", conversations)
    finish(folder, kind=folder.name, version="1", inputs={}, summary=Summary())
