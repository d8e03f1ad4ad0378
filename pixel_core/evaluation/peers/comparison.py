"""The comparison: every peer on the same items, intervals over groups, and paired differences to the trained heads.

comparison.json   by field and peer: value, interval, difference of the heads to it with interval, and who wins
comparison.png    the same as a picture
../.fitted/       what the peers said, by data and seed: the next checkpoint of the same data needs no peer fitted again

A peer is beaten where the 95 % interval of the paired difference lies above 0; where it lies below, the peer wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pixel_core.artifacts import ArtifactError, digest_of, input_digest, write_json
from pixel_core.evaluation.peers.classifiers import STRENGTHS, Peer, fit_majority, fit_regression, sentences, truth_of, words
from pixel_core.evaluation.peers.decisions import decide, expected_level, hits, likeliest
from pixel_core.evaluation.peers.fields import CRISIS, Field, Item, fields_of, folds, within
from pixel_core.evaluation.peers.states import fit_head, head_peer, random_model, said, scores_of, states_of
from pixel_core.evaluation.statistics.intervals import interval_of, resamples
from pixel_core.evaluation.statistics.metrics import Array, compute

if TYPE_CHECKING:
    from pixel_core.model.pixel import PixelModel

OURS = "heads"
TABLE, PICTURE = "comparison.json", "comparison.png"
VERSION = "3"  # of what the peers are
COSTLY = 4_000_000  # characters of training rows that peers who read with a network are fitted on at most
FOLDS, SEEDS = 5, (0, 1, 2)
logger = logging.getLogger(__name__)
Encode = Callable[[Sequence[str]], Any]


def compare(
    checkpoint: Path,
    artifacts: Path,
    scenarios: Path,
    out: Path,
    *,
    encode: Encode,
    seed: int,
    bootstrap: int,
    only: Sequence[str] = (),
) -> dict[str, Any]:
    """Measure a checkpoint's heads beside the peers in every field that the artifacts have rows for; writes table and picture to `out`.

    `encode` turns texts into the vectors of the frozen sentence encoder. `only` names fields, where not all are wanted. Raises
    ArtifactError for a field that there are no rows for, and where no field is left to compare.
    """
    import torch

    from pixel_core.evaluation.peers.picture import draw_comparison
    from pixel_core.model.pixel import PixelModel

    model = PixelModel.load(checkpoint, dtype=torch.float32)
    fields, found = fields_of(artifacts, scenarios), {}
    if strangers := sorted(set(only) - {field.name for field in fields}):
        told = ", ".join(field.name for field in fields)
        raise ArtifactError(f"{', '.join(strangers)} is no field that {artifacts} has rows for: there are {told or 'none'}")
    for field in fields:
        if only and field.name not in only:
            continue
        if any(model.supervised[field.head]) == field.crosswise:
            state = "saw its labels, which are judged crosswise" if field.crosswise else "was not trained"
            logger.warning("%s: the head %s of %s %s: left out", field.name, field.head, checkpoint.name, state)
            continue
        fitted = out.parent / ".fitted" / f"{_digest(artifacts, field, model, seed)}.npz"
        known = dict(np.load(fitted)) if fitted.is_file() else {}
        predicted = (_crosswise if field.crosswise else _apart)(field, model, encode, seed, known)
        if not known:
            fitted.parent.mkdir(parents=True, exist_ok=True)
            _save(fitted, {peer: decisions for peer, decisions in predicted.items() if peer != OURS})
        found[field.name] = rows_of(field, predicted, bootstrap, seed)
        logger.info("%s", to_text({field.name: found[field.name]}))
    if not found:
        raise ArtifactError(f"nothing to compare: {artifacts} has no rows for a head that {checkpoint.name} was trained on")
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / TABLE, found)
    draw_comparison(out / PICTURE, found, checkpoint.parent.name + "." + checkpoint.name.rpartition("-")[2])
    return found


def rows_of(field: Field, predicted: Mapping[str, Array], bootstrap: int, seed: int) -> dict[str, Any]:
    """Value, interval and paired difference by output and peer; `predicted` are decisions in the form of the truth."""
    truth, groups = truth_of(field.items["test"]), [item.group for item in field.items["test"]]
    if field.top:
        truth = np.ones((len(truth), 1))
    several = field.spec.kind == "ordinal" and truth.shape[1] > 1
    outputs = {"": list(range(truth.shape[1]))} | ({name: [k] for k, name in enumerate(field.spec.outputs)} if several else {})
    repeated = next(iter(predicted.values())).shape[1] // truth.shape[1]  # a column a seed
    weights = list(resamples(groups, bootstrap, f"{seed}:peers:{field.name}"))
    rows: dict[str, Any] = {}
    for output, columns in outputs.items():
        wanted = np.tile(truth[:, columns], repeated)
        drawn: dict[str, Array] = {}
        for peer, decisions in predicted.items():
            own = decisions if repeated > 1 else decisions[:, columns]
            drawn[peer] = np.concatenate([compute(field.statistic, wanted, own, block) for block in weights])
            rows.setdefault(output or "all", {})[peer] = {
                "value": round(float(compute(field.statistic, wanted, own)[0]), 4),
                "interval": [round(end, 4) for end in interval_of(drawn[peer])],
            }
        for peer in predicted:
            low, high = interval_of(drawn[OURS] - drawn[peer])
            own_row = rows[output or "all"]
            row = own_row[peer]
            row["difference"] = round(own_row[OURS]["value"] - row["value"], 4)
            row["difference_interval"] = [round(low, 4), round(high, 4)]
            row["verdict"] = "" if peer == OURS else "beaten" if low > 0 else "wins" if high < 0 else "even"
    head = {"head": field.head, "statistic": f"top {field.top}" if field.top else field.statistic, "floor": field.floor}
    counts = {split: len(items) for split, items in field.items.items() if items}
    return {**head, "items": counts, "groups": len(set(groups)), "seeds": repeated, "outputs": rows}


def to_text(found: Mapping[str, Any]) -> str:
    """The table as text."""
    lines = []
    for name, field in found.items():
        best = "" if field["floor"] is None else f", floor {field['floor']}"
        lines.append(f"{name} ({field['head']}, {field['statistic']}{best}; {field['items']}, {field['groups']} groups)")
        for output, peers in field["outputs"].items():
            for peer, row in peers.items():
                low, high = row["interval"]
                told = f"  {output:20s} {peer:24s} {row['value']:6.3f} [{low:.3f}, {high:.3f}]"
                if peer != OURS:
                    told += "   heads {:+.3f} [{:+.3f}, {:+.3f}] {}".format(row["difference"], *row["difference_interval"], row["verdict"])
                lines.append(told)
    return "\n".join(lines)


def _digest(artifacts: Path, field: Field, model: PixelModel, seed: int) -> str:
    """What the decisions of a field's peers depend on."""
    below = [artifacts / "head_examples", artifacts / "training_mixture"]
    if field.crosswise:
        below = [artifacts / CRISIS]
    assert model.tokenizer is not None  # noqa: S101  # a stored checkpoint holds one
    asked = digest_of([item.item for item in field.items["test"]])
    return digest_of([VERSION, field.name, asked, seed, len(model.tokenizer), *map(input_digest, below)])[:20]


def _save(path: Path, decisions: Mapping[str, Array]) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **decisions)  # type: ignore[arg-type]  # names are peers
    part.replace(path)


def _apart(field: Field, model: PixelModel, encode: Encode, seed: int, known: Mapping[str, Array]) -> dict[str, Array]:
    """Decisions of every peer on the test items, fitted on the training items, with thresholds from the validation items."""
    spec, items = field.spec, field.items
    some = within(items["train"], COSTLY)
    peers: dict[str, Callable[[], Peer]] = {
        OURS: lambda: lambda asked: scores_of(model, spec, asked),
        "majority": lambda: fit_majority(spec, items["train"]),
        "TF-IDF + regression": lambda: _strongest(field, [(items["train"], words(items["train"]))]),
        "frozen MiniLM + regression": lambda: _strongest(field, [(some, sentences(_remembering(encode), some))]),
        "heads on random states": lambda: head_peer(random_model(model, seed), spec, some, seed),
    }
    return {name: known[name] if name in known else _decided(field, fit(), items["test"]) for name, fit in peers.items()}


def _decided(field: Field, peer: Peer, asked: Sequence[Item]) -> Array:
    if field.top:
        return hits(peer(asked), truth_of(asked), field.top)
    if field.spec.kind == "class":
        return likeliest(peer(asked))
    validation = field.items["validation"]
    return decide(field.spec, peer(validation), truth_of(validation), peer(asked))


def _strongest(field: Field, given: Sequence[tuple[Sequence[Item], Any]]) -> Peer:
    """The regression whose strength fits the validation items best."""
    validation = field.items["validation"]
    truth = np.ones((len(validation), 1)) if field.top else truth_of(validation)
    fitted = [fit_regression(field.spec, train, features, strength) for train, features in given for strength in STRENGTHS]
    values = [float(compute(field.statistic, truth, _decided(field, peer, validation))[0]) for peer in fitted]
    return fitted[int(np.nanargmax(values))]


def _crosswise(field: Field, model: PixelModel, encode: Encode, seed: int, known: Mapping[str, Array]) -> dict[str, Array]:
    """Decisions by folds of the groups, pooled, a column a seed: heads are fitted on frozen states, since no fold trained the backbone."""
    spec, items = field.spec, field.items["test"]
    states = {OURS: states_of(model, spec, items)}
    if not known:
        states["heads on random states"] = states_of(random_model(model, seed), spec, items)
    remembered = _remembering(encode)
    columns: dict[str, list[Array]] = {}
    for number in SEEDS:
        place = np.array(folds(items, FOLDS, seed + number))
        found: dict[str, Array] = {}
        for fold in range(FOLDS):
            inside, outside = np.flatnonzero(place == fold), np.flatnonzero(place != fold)
            train, asked = [items[k] for k in outside], [items[k] for k in inside]
            scores = {name: said(spec, fit_head(spec, own[outside], train, number), own[inside]) for name, own in states.items()}
            if not known:
                scores["majority"] = fit_majority(spec, train)(asked)
                scores["TF-IDF + regression"] = fit_regression(spec, train, words(train), STRENGTHS[-1])(asked)
                scores["frozen MiniLM + regression"] = fit_regression(spec, train, sentences(remembered, train), STRENGTHS[-1])(asked)
            for name, given in scores.items():
                found.setdefault(name, np.zeros(len(items)))[inside] = expected_level(given)[:, 0]
        for name, decisions in found.items():
            columns.setdefault(name, []).append(decisions)
    return {name: np.stack(own, axis=1) for name, own in columns.items()} | dict(known)


def _remembering(encode: Encode) -> Encode:
    """The same, but no text is encoded twice."""
    known: dict[str, Any] = {}

    def remembered(texts: Sequence[str]) -> Any:
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known.update(zip(new, encode(new), strict=True))
        return np.stack([known[text] for text in texts])

    return remembered
