"""Who a client is besides what they say: name, pronouns, culture, orientation, faith, each drawn by itself."""

from __future__ import annotations

import random
from collections.abc import Mapping

from pixel_core.writing.phrases import bank

ATTRIBUTES = ("gender", "age", "name", "pronouns", "culture", "orientation", "faith")
_RARE, _RARELY = "teens", 0.2


def draw_person(rng: random.Random, **fixed: str) -> dict[str, str]:
    """A person at random; what is `fixed` (a gender, a culture, ...) stays. Age and gender use the facets of the facts."""
    people, facets = bank("people"), bank("facts")["facets"]
    gender = fixed.get("gender") or rng.choice(facets["gender"])
    age = rng.choice([a for a in facets["age"] if a != _RARE or rng.random() < _RARELY])
    culture = fixed.get("culture") or rng.choice(sorted(people["names"]))
    drawn = {
        "gender": gender,
        "age": age,
        "name": rng.choice(people["names"][culture][gender]),
        "pronouns": rng.choice(people["pronouns"][gender]),
        "culture": culture,
        "orientation": rng.choice(people["orientation"]),
        "faith": rng.choice(people["faith"]),
    }
    return drawn | fixed


def settle(told: Mapping[str, str], wanted: Mapping[str, str], rng: random.Random) -> dict[str, str]:
    """The person whom the facts of a conversation tell of, with the wanted attributes that agree with them.

    A gender that was told brings a name and pronouns of its own; a partner of a known gender rules out an orientation.
    """
    if not wanted:
        return dict(told)
    gender = told.get("gender", wanted.get("gender", ""))
    person = dict(wanted) if gender == wanted.get("gender") else draw_person(rng, gender=gender, culture=wanted["culture"])
    if (partner := told.get("partner", "")) in _LIKES:
        other = _LIKES[partner] != gender
        fitting = [o for o in bank("people")["orientation"] if o in ("bisexual", "straight" if other else "gay")]
        if person["orientation"] not in fitting:
            person["orientation"] = rng.choice(fitting)
    return person | dict(told)


_LIKES = {"husband": "man", "boyfriend": "man", "wife": "woman", "girlfriend": "woman"}
