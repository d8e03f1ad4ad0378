"""The word lists of the voice stage: `lexicon.csv`, terms of one or more words by category.

Written for this project, for English. `determiner` to `adverb` together are the function words; `empathy` and the
emotions are indicators of wording, not measures of what anybody feels. The last four serve the search for a topic:
`reporting_verb` and `not_a_noun` follow a noun without belonging to it ("my brother said", "my sister back home"),
`vague_noun` is no topic, `feeling` is what one can say to feel.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pixel_core.artifacts import digest_of

FUNCTION_CATEGORIES = ("determiner", "pronoun", "preposition", "conjunction", "auxiliary", "adverb")
Term = tuple[str, ...]


@cache
def terms(category: str) -> frozenset[Term]:
    """The terms of a category, each as its words; raises KeyError for an unknown category."""
    return _lexicon()[category]


@cache
def words_in(*categories: str) -> frozenset[str]:
    """The one-word terms of these categories together."""
    return frozenset(term[0] for category in categories for term in terms(category) if len(term) == 1)


@cache
def function_words() -> frozenset[str]:
    """The words of English grammar: determiners, pronouns, prepositions, conjunctions, auxiliaries, common adverbs."""
    return words_in(*FUNCTION_CATEGORIES)


def count_terms(words: Sequence[str], category: str) -> int:
    """How often the terms of a category stand in a text's words; a longer term is counted before a shorter one within it."""
    wanted = terms(category)
    lengths = sorted({len(term) for term in wanted}, reverse=True)
    found = position = 0
    while position < len(words):
        length = next((n for n in lengths if tuple(words[position : position + n]) in wanted), 0)
        found += length > 0
        position += length or 1
    return found


def lexicon_digest() -> str:
    """SHA-256 over all terms: an input of whatever counts them."""
    return digest_of({category: sorted(map(list, found)) for category, found in _lexicon().items()})


@cache
def _lexicon() -> dict[str, frozenset[Term]]:
    with (files(__package__) / "lexicon.csv").open(encoding="utf-8") as handle:
        rows = [(row["category"], tuple(row["term"].split())) for row in csv.DictReader(handle)]
    return {category: frozenset(term for name, term in rows if name == category) for category in dict.fromkeys(c for c, _ in rows)}
