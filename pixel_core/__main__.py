"""`python -m pixel_core`: what needs no orchestrator.

python -m pixel_core trace <conversation-id | passage-id> [--artifacts FOLDER]
python -m pixel_core eval <checkpoint> [--out FOLDER]
python -m pixel_core eval --endpoint URL --model NAME [--artifacts FOLDER]
python -m pixel_core peers <checkpoint> [--artifacts FOLDER]
python -m pixel_core ablation <packed_dataset> --out FOLDER [--recipe NAME] [--steps N]
python -m pixel_core retrieval [--fit] [--artifacts FOLDER]
python -m pixel_core shortcuts [--scenarios FOLDER]
python -m pixel_core mertools <folder> --out FOLDER
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pixel_core.artifacts import Built
    from pixel_core.evaluation import HeldOut
    from pixel_core.knowledge.encoder import Vectors


def main(arguments: list[str] | None = None) -> int:
    """Run a sub-command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pixel_core", description="Pixel without an orchestrator.")
    commands = parser.add_subparsers(dest="command", required=True)
    trace = commands.add_parser("trace", help="print where a conversation came from: page, row or second")
    trace.add_argument("id", help="id of a conversation, or its first 8 characters or more; or of a passage: <file>#<number>")
    trace.add_argument("--artifacts", type=Path, default=Path("data/artifacts"), help="artifacts folder (default: %(default)s)")
    evaluate = commands.add_parser("eval", help="measure a checkpoint on held-out items, beside its floor and its own base")
    evaluate.add_argument("checkpoint", type=Path, nargs="?", help="folder <run>/checkpoint-<step>; <run>/checkpoint-0 is its base")
    evaluate.add_argument(
        "--endpoint", metavar="URL", help="in place of a checkpoint: an OpenAI-compatible endpoint, such as https://host/v1"
    )
    evaluate.add_argument("--model", metavar="NAME", help="name of the model at the endpoint")
    evaluate.add_argument(
        "--key-variable", metavar="NAME", help="environment variable of the endpoint's key (default: PIXEL_ENDPOINT_KEY where it is set)"
    )
    evaluate.add_argument(
        "--choices", choices=("auto", "likelihood", "letter"), default="auto", help="how the endpoint ranks choices (default: %(default)s)"
    )
    evaluate.add_argument(
        "--out", type=Path, help="folder for evaluations and scorecard (default: the artifacts folder; of an endpoint: endpoints in it)"
    )
    evaluate.add_argument("--artifacts", type=Path, help="artifacts folder of the data it was trained on (default: the one it lies in)")
    evaluate.add_argument(
        "--scenarios", type=Path, default=Path("data/scenarios"), help="folder of evaluation items (default: %(default)s)"
    )
    evaluate.add_argument("--recipe", default="tiny", help="recipe name or YAML path, for its seed and section evaluation")
    peers = commands.add_parser("peers", help="a checkpoint's heads beside majority, TF-IDF, a frozen encoder and random states")
    peers.add_argument("checkpoint", type=Path, help="folder <run>/checkpoint-<step>")
    peers.add_argument("--artifacts", type=Path, help="artifacts folder of the data it was trained on (default: the one it lies in)")
    peers.add_argument("--scenarios", type=Path, default=Path("data/scenarios"), help="folder of the vignettes (default: %(default)s)")
    peers.add_argument("--out", type=Path, help="folder for table and picture (default: peers/<run>.<step> in the artifacts folder)")
    peers.add_argument("--only", nargs="+", default=[], metavar="FIELD", help="fields, as EPITOME GoEmotions (default: all)")
    peers.add_argument("--bootstrap", type=int, default=1000, help="resamples of each interval (default: %(default)s)")
    peers.add_argument("--seed", type=int, default=20, help="seed of folds, heads and resamples (default: %(default)s)")
    ablation = commands.add_parser("ablation", help="weighting, merging and curriculum against the plain sum of the objectives, by seed")
    ablation.add_argument("packed", type=Path, help="folder of a packed_dataset")
    ablation.add_argument("--out", type=Path, required=True, help="folder for table and picture; its runs lie beside, in <out>.runs")
    ablation.add_argument("--recipe", default="tiny", help="recipe name or YAML path, for its sections model and training")
    ablation.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="overrides of the recipe, as training.rows_per_step=2")
    ablation.add_argument("--steps", type=int, default=60, help="optimiser steps of each run (default: %(default)s)")
    ablation.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="seeds of each arm (default: 1 2 3)")
    ablation.add_argument("--held-out", type=int, metavar="ROWS", help="validation rows of each kind that are read at most (default: all)")
    ablation.add_argument("--arms", nargs="+", default=[], metavar="ARM", help="arms beside sum, as pcgrad upgrad (default: all)")
    retrieval = commands.add_parser("retrieval", help="measure retrieval on the gold questions, beside plain vectors and plain words")
    retrieval.add_argument("--artifacts", type=Path, default=Path("data/artifacts"), help="artifacts folder (default: %(default)s)")
    retrieval.add_argument("--gold", type=Path, default=Path("data/scenarios/retrieval.jsonl"), help="questions (default: %(default)s)")
    retrieval.add_argument("--fit", action="store_true", help="fit the fusion weights anew and store them in the package")
    shortcuts = commands.add_parser("shortcuts", help="how far the items of emotional intelligence can be solved without reading them")
    shortcuts.add_argument("--scenarios", type=Path, default=Path("data/scenarios"), help="folder of the items (default: %(default)s)")
    mertools = commands.add_parser("mertools", help="outputs of MERTools as one table, and how far text, audio and video agree in it")
    mertools.add_argument("folder", type=Path, help="transcripts.csv, features/, probabilities/, open_vocabulary.npz")
    mertools.add_argument("--out", type=Path, required=True, help="folder for the table")
    options = parser.parse_args(arguments)
    known = {
        "eval": _evaluate,
        "trace": _trace,
        "peers": _peers,
        "ablation": _ablation,
        "retrieval": _retrieval,
        "shortcuts": _shortcuts,
        "mertools": _mertools,
    }
    return known[options.command](options)


def _trace(options: argparse.Namespace) -> int:
    from pixel_core.trace import TraceError, describe, describe_passage, find

    try:
        if "#" in options.id:
            print(describe_passage(options.id, options.artifacts))
        else:
            print(describe(find(options.id, options.artifacts), options.artifacts))
    except TraceError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from pixel_core.artifacts import ArtifactError
    from pixel_core.endpoint import EndpointError
    from pixel_core.evaluation.items import ItemError
    from pixel_core.evaluation.reports.lines import to_text
    from pixel_core.evaluation.scorecard import REPORT, SCORECARD, read_scorecard
    from pixel_core.model.pixel import CheckpointError
    from pixel_core.recipe import RecipeError

    if (options.checkpoint is None) == (options.endpoint is None) or (options.endpoint is None) != (options.model is None):
        print("name one checkpoint folder, or --endpoint and --model", file=sys.stderr)
        return 2
    try:
        built = _evaluated_checkpoint(options) if options.endpoint is None else _evaluated_endpoint(options)
    except (ArtifactError, CheckpointError, EndpointError, ItemError, RecipeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(to_text(read_scorecard(built.folder / SCORECARD)), built.folder / REPORT, sep="\n\n")
    return 0


def _evaluated_checkpoint(options: argparse.Namespace) -> Built:
    from pixel_core.evaluation import evaluate_checkpoint
    from pixel_core.recipe import load_recipe

    checkpoint = options.checkpoint.resolve()
    artifacts = options.artifacts or checkpoint.parent.parent.parent
    data, packed = _held_out(options, artifacts), artifacts / "packed_dataset"
    return evaluate_checkpoint(checkpoint, options.out or artifacts, data=data, packed=packed, recipe=load_recipe(options.recipe))


def _evaluated_endpoint(options: argparse.Namespace) -> Built:
    from pixel_core.endpoint import Endpoint, EndpointError
    from pixel_core.evaluation import evaluate_endpoint, promoted_scorecard
    from pixel_core.recipe import load_recipe

    artifacts = options.artifacts or Path("data/artifacts")
    variable = options.key_variable or ("PIXEL_ENDPOINT_KEY" if os.environ.get("PIXEL_ENDPOINT_KEY") else None)
    try:
        endpoint = Endpoint(options.endpoint, options.model, variable)
    except ValueError as error:
        raise EndpointError(str(error)) from error
    data, beside = _held_out(options, artifacts), promoted_scorecard(artifacts / "promotion", artifacts / "scorecard")
    out, recipe = options.out or artifacts / "endpoints", load_recipe(options.recipe)
    return evaluate_endpoint(endpoint, out, data=data, recipe=recipe, choices=options.choices, promoted=beside)


def _held_out(options: argparse.Namespace, artifacts: Path) -> HeldOut:
    from pixel_core.evaluation import HeldOut
    from pixel_core.knowledge import Notes, Retriever

    usual = HeldOut.below(artifacts, options.scenarios)
    return replace(usual, background=lambda: Notes(Retriever.open(artifacts / "knowledge_index")))


def _peers(options: argparse.Namespace) -> int:
    from pixel_core.artifacts import ArtifactError
    from pixel_core.evaluation.items import ItemError
    from pixel_core.evaluation.peers import compare, to_text
    from pixel_core.evaluation.peers.comparison import PICTURE
    from pixel_core.knowledge.encoder import PACKAGED, load_encoder
    from pixel_core.model.pixel import CheckpointError

    checkpoint = options.checkpoint.resolve()
    artifacts = options.artifacts or checkpoint.parent.parent.parent
    out = options.out or artifacts / "peers" / f"{checkpoint.parent.name}.{checkpoint.name.rpartition('-')[2]}"

    def encode(texts: Sequence[str]) -> Vectors:
        return load_encoder(PACKAGED).encode(texts)

    settings = {"seed": options.seed, "bootstrap": options.bootstrap, "only": options.only}
    try:
        found = compare(checkpoint, artifacts, options.scenarios, out, encode=encode, **settings)
    except (ArtifactError, CheckpointError, ItemError) as error:
        print(error, file=sys.stderr)
        return 1
    print(to_text(found), out / PICTURE, sep="\n\n")
    return 0


def _ablation(options: argparse.Namespace) -> int:
    import logging

    from pixel_core.artifacts import ArtifactError
    from pixel_core.recipe import RecipeError, load_recipe
    from pixel_core.training.ablation import PICTURE, TEXT, ablate, arms_of

    logging.basicConfig(format="%(message)s")
    logging.getLogger("pixel_core.training.ablation").setLevel(logging.INFO)
    try:
        recipe = load_recipe(options.recipe, options.set)
        settings = {"seeds": options.seeds, "steps": options.steps, "held_out": options.held_out, "arms": arms_of(options.arms)}
        built = ablate(options.packed.resolve(), options.out, model=recipe.model, training=recipe.training, **settings)
    except (ArtifactError, RecipeError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print((built.folder / TEXT).read_text(encoding="utf-8"), built.folder / PICTURE, sep="\n")
    return 0


def _retrieval(options: argparse.Namespace) -> int:
    from pixel_core.artifacts import ArtifactError
    from pixel_core.knowledge import KnowledgeError
    from pixel_core.knowledge.measuring import measure

    try:
        print(measure(options.artifacts, options.gold, fit_anew=options.fit))
    except (ArtifactError, KnowledgeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _shortcuts(options: argparse.Namespace) -> int:
    from pixel_core.evaluation.eq.shortcuts import shortcuts, to_text
    from pixel_core.evaluation.items import ItemError, read_eq_items

    try:
        print(to_text(shortcuts(read_eq_items(options.scenarios))))
    except ItemError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _mertools(options: argparse.Namespace) -> int:
    from pixel_core.artifacts import ArtifactError
    from pixel_core.corpus.mertools import TABLE, check_modalities, import_mertools
    from pixel_core.corpus.population import CorpusError

    try:
        built = import_mertools(options.folder, options.out)
        found = check_modalities(built.folder)
    except (ArtifactError, CorpusError) as error:
        print(error, file=sys.stderr)
        return 1
    counts = {"utterances": built.summary.rows, **built.summary.figures, **built.summary.rejects}
    print(", ".join(f"{name} {count}" for name, count in counts.items()), *found.items, built.folder / TABLE, sep="\n")
    return 0 if found.passed else 1


if __name__ == "__main__":
    sys.exit(main())
