"""One trainer of `test_throughput`, in a process of its own that takes a step whenever it is told to.

python -m tests.benchmarks.training.throughput_worker <kind> <folder>

`folder` is what `throughput_world.build_world` wrote. After each line on standard input one step is taken, all of it: its batch, forward,
backward, clipping, AdamW, and what the trainer does around them. Then a line of JSON tells its real tokens and seconds.
"""

import json
import os
import sys
import time
from pathlib import Path

from tests.benchmarks.training.throughput_world import BACKBONE, LEARNING_RATE, LENGTH, PACKED, ROWS, STEPS, bench_recipe


class Turns:
    """Holds a trainer after each step until the next one is asked for; a closed input ends the process."""

    def __init__(self):
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)  # what libraries print is not an answer
        self._began = None

    def stepped(self, tokens):
        """Tell of the step since the last turn, if there was one, and wait for the next."""
        if self._began is not None:
            cpu, wall = time.process_time() - self._began[0], time.perf_counter() - self._began[1]
            print(json.dumps({"tokens": tokens, "cpu": cpu, "wall": wall}), file=self._answers, flush=True)
        else:
            print(json.dumps({"ready": True}), file=self._answers, flush=True)
        if not sys.stdin.readline():
            os._exit(0)
        self._began = time.process_time(), time.perf_counter()


def pixel(folder, turns, world=1, zero_stage=0):
    """The project's own loop, with all heads, at any number of ranks: the first one takes turns, the others follow it."""
    from pixel_core.reporting import Reporters
    from pixel_core.training.batches import PackedSplit, Share
    from pixel_core.training.launch import Cluster
    from pixel_core.training.loop import train
    from pixel_core.training.runs import plan_run

    recipe = bench_recipe(folder, zero_stage)
    sizes = {"rows": recipe.training.rows_per_step, "head_rows": recipe.training.head_rows_per_step, "seed": recipe.seed, "share": Share()}
    data = PackedSplit(folder / PACKED, "train")
    tokens = [0] + [int(batch.lengths.sum()) for step in range(1, STEPS + 1) for batch in data.step(step, **sizes)]
    rows = ROWS // world
    keys = {"accelerator": "cpu", "nodes": 1, "threads": 1, "offload": "none", "hostfile": None}
    cluster = Cluster.model_validate({"name": "bench", "ranks": world, "rows_per_rank": rows, **keys})

    class Watching(Reporters):
        def metric(self, step, values):
            if "train_language" in values:
                turns.stepped(tokens[step])

    first = int(os.environ["RANK"]) == 0
    train(
        plan_run(folder / PACKED, folder / f"runs-{world}-{zero_stage}", recipe),
        folder / PACKED,
        cluster,
        Watching() if first else Reporters(),
    )


def bare(folder, turns):
    """A plain loop without heads on the same rows, made into tensors ahead."""
    import torch
    from torch.nn import functional
    from transformers import AutoModelForCausalLM

    from pixel_core.training.batches import PackedSplit, Share

    recipe, data = bench_recipe(folder), PackedSplit(folder / PACKED, "train")
    sizes = {"rows": recipe.training.rows_per_step, "head_rows": recipe.training.head_rows_per_step, "seed": recipe.seed, "share": Share()}
    batches = [data.step(step, **sizes)[0] for step in range(1, STEPS + 1)]
    model = AutoModelForCausalLM.from_pretrained(folder / BACKBONE, dtype=torch.bfloat16).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE)
    for batch in batches:
        optimiser.zero_grad()
        logits = model(input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False).logits
        functional.cross_entropy(logits.float().flatten(0, 1), batch.language_targets.flatten(), ignore_index=-100).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        turns.stepped(int(batch.lengths.sum()))


def trl(folder, turns, strategy, at_once=ROWS):
    """TRL's trainer on the same conversations, packed its way, `at_once` rows in a forward pass; without saving, logs and progress."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
    from trl import SFTConfig, SFTTrainer

    from pixel_core.training.batches import PackedSplit

    data = PackedSplit(folder / PACKED, "train")
    pieces = [piece for index in range(data.rows.height) for piece in data.row(index)]
    rows = [
        {"input_ids": p.encoded.ids, "labels": [t if learn else -100 for t, learn in zip(p.encoded.ids, p.encoded.learn, strict=True)]}
        for p in pieces
    ]
    config = SFTConfig(
        output_dir=str(folder / f"trl-{strategy}"),
        packing=True,
        packing_strategy=strategy,
        max_length=LENGTH,
        per_device_train_batch_size=at_once,
        gradient_accumulation_steps=ROWS // at_once,
        max_steps=STEPS,
        learning_rate=LEARNING_RATE,
        max_grad_norm=1.0,
        gradient_checkpointing=False,
        bf16=False,  # the weights are bf16: autocast would only add to it
        use_cpu=True,
        save_strategy="no",
        report_to="none",
        logging_steps=10**6,
        disable_tqdm=True,
    )
    model = AutoModelForCausalLM.from_pretrained(folder / BACKBONE, dtype=torch.bfloat16)
    trainer = SFTTrainer(
        model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=AutoTokenizer.from_pretrained(folder / BACKBONE)
    )
    kept = sum(len(ids) for ids in trainer.train_dataset["input_ids"])
    print(f"{strategy}: {kept} of {sum(len(row['input_ids']) for row in rows)} tokens kept", file=sys.stderr)
    collate, seen = trainer.data_collator, []

    def counting(examples):
        seen.append(sum(len(example["input_ids"]) for example in examples))
        return collate(examples)

    class Watching(TrainerCallback):
        def on_step_end(self, args, state, control, **rest):
            turns.stepped(sum(seen[(state.global_step - 1) * config.gradient_accumulation_steps :][: config.gradient_accumulation_steps]))

    trainer.data_collator = counting
    trainer.add_callback(Watching())
    trainer.train()


if __name__ == "__main__":
    import torch

    torch.set_num_threads(1)
    kind, place = sys.argv[1], Path(sys.argv[2])
    ways = {
        "pixel": lambda turns: pixel(place, turns),
        "pixel ZeRO-3": lambda turns: pixel(place, turns, world=2, zero_stage=3),
        "bare": lambda turns: bare(place, turns),
        "TRL bfd": lambda turns: trl(place, turns, "bfd"),
        "TRL bfd, row by row": lambda turns: trl(place, turns, "bfd", at_once=1),
        "TRL wrapped": lambda turns: trl(place, turns, "wrapped"),
    }
    ways[kind](Turns())
