"""How varied texts are: distinct-2, self-BLEU, and the profile of their lengths."""

import math
import random
import re
from collections import Counter

ORDERS = (1, 2, 3, 4)


def words(text):
    return re.findall(r"[a-z']+|[.,!?]", text.lower())


def distinct(texts, tokens, size=2):
    """Different n-grams over all n-grams, in the first `tokens` words: the measure falls with length, so both sides get the same."""
    said, grams = 0, Counter()
    for text in texts:
        found = words(text)[: tokens - said]
        said += len(found)
        grams.update(zip(*(found[i:] for i in range(size)), strict=False))
        if said >= tokens:
            break
    return len(grams) / sum(grams.values())


def self_bleu(texts, sample, seed=7):
    """The mean BLEU-4 of each of a sample of texts against the rest of it; 1 when all say the same."""
    chosen = [words(t) for t in random.Random(seed).sample(list(texts), sample)]
    counted = [[Counter(zip(*(text[i:] for i in range(n)), strict=False)) for n in ORDERS] for text in chosen]
    best = [_two_highest([c[n] for c in counted]) for n in range(len(ORDERS))]
    scores = []
    for position, text in enumerate(chosen):
        logs = []
        for n in range(len(ORDERS)):
            own = counted[position][n]
            clipped = sum(min(count, _without(best[n][gram], position)) for gram, count in own.items())
            logs.append(math.log(max(clipped, 1e-9) / max(1, sum(own.values()))))
        nearest = min((abs(len(other) - len(text)), len(other)) for i, other in enumerate(chosen) if i != position)[1]
        brevity = 1.0 if len(text) >= nearest else math.exp(1 - nearest / max(1, len(text)))
        scores.append(brevity * math.exp(sum(logs) / len(logs)))
    return sum(scores) / len(scores)


def _two_highest(counters):
    """For every n-gram its highest count, by which text, and the highest count elsewhere."""
    best = {}
    for position, counter in enumerate(counters):
        for gram, count in counter.items():
            first, holder, second = best.get(gram, (0, -1, 0))
            best[gram] = (count, position, first) if count > first else (first, holder, max(second, count))
    return best


def _without(entry, position):
    first, holder, second = entry
    return second if holder == position else first


def profile(dialogues):
    """Turns a dialogue and words a turn by speaker: tenth, middle and ninetieth percentile."""
    lengths = {
        "turns": sorted(len(d) for d in dialogues),
        "client words": sorted(len(words(t)) for d in dialogues for helper, t in d if not helper),
        "helper words": sorted(len(words(t)) for d in dialogues for helper, t in d if helper),
    }
    return {name: tuple(values[int(len(values) * share)] for share in (0.1, 0.5, 0.9)) for name, values in lengths.items()}


def merged(turns):
    """(helper, text) turns with neighbours of one speaker joined, as people type several messages in a row."""
    joined = []
    for helper, text in turns:
        if joined and joined[-1][0] == helper:
            joined[-1] = (helper, f"{joined[-1][1]} {text}")
        else:
            joined.append((helper, text))
    return joined


def repeats(texts):
    """The share of texts of eight words or more that stand more than once."""
    counts = Counter(" ".join(words(t)) for t in texts if len(words(t)) >= 8)
    return sum(n for n in counts.values() if n > 1) / max(1, sum(counts.values()))
