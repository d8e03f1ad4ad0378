"""The lists of names: those of Faker (MIT) for some thirty languages and countries, and words that are names too.

Faker's lists are of common names by country; of the 300 commonest given names of men and of women in the United States' census of 1990
they hold 94 %, and the supplement in words.yaml most of the rest. The 25 further lists of Faker in Latin letters (6,400 names more) were
tried: in 500 dialogues of ESConv and the 5,426 posts of GoEmotions' dev file they found ten words more, of which about half are no names
(local, villa, donuts), and so they are left out.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from pixel_core.yaml_text import parse_yaml

Gender = Literal["feminine", "masculine", "either"]

_LOCALES = (
    "en_US en_GB en_IE en_IN en_NZ en_PK es_ES es_MX es_CO fr_FR de_DE it_IT nl_NL pl_PL pt_BR pt_PT sv_SE no_NO da_DK fi_FI tr_TR id_ID"
    " zu_ZA yo_NG cs_CZ hr_HR hu_HU ro_RO"
)


@dataclass(frozen=True)
class Names:
    """What is known of names, all in small letters.

    `given` says who bears a given name; `words` are given names that are words too, `never` are none outside a telling place.
    """

    given: dict[str, Gender]
    surnames: frozenset[str]
    words: frozenset[str]
    never: frozenset[str]
    no_surname: frozenset[str]


@cache
def load_names() -> Names:
    """The lists, read once."""
    genders: dict[str, set[str]] = defaultdict(set)
    surnames: set[str] = set()
    for locale in _LOCALES.split():
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        for gender, field in (("feminine", "first_names_female"), ("masculine", "first_names_male"), ("either", "first_names")):
            for name in getattr(provider, field, ()):
                genders[name.lower()].add(gender)
        surnames |= {name.lower() for name in getattr(provider, "last_names", ())}
    own = parse_yaml((files("pixel_core.corpus.names") / "words.yaml").read_text(encoding="utf-8"))
    for gender, listed in own["given"].items():
        for name in listed.split():
            genders[name.lower()].add(gender)
    words, never, no_surname = (frozenset(own[key].lower().split()) for key in ("words", "never", "no_surname"))
    given = {name: _gender(found) for name, found in genders.items() if name.isalpha() and len(name) > 1}
    return Names(given, frozenset(surnames), words & given.keys(), never, no_surname)


def _gender(found: set[str]) -> Gender:
    told = found - {"either"}
    if told == {"feminine"}:
        return "feminine"
    return "masculine" if told == {"masculine"} else "either"
