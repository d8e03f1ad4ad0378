"""How many planted names of people are found in public dialogues: common ones that the lists hold, and ones of countries that they lack.

PIXEL_REFERENCE_DATA=... make bench ARGS="-k planted_names"
"""

import csv
import importlib
import json
import os
import random
import re
from pathlib import Path

import pytest

from pixel_core.corpus.names import find_names
from pixel_core.corpus.names.lists import load_names
from tests.pixel_core.corpus.test_pseudonyms import NAMES

REFERENCE = os.environ.get("PIXEL_REFERENCE_DATA")
# Locales that the finder does not read.
FOREIGN = ("es_AR", "es_CL", "fr_CA", "fr_CH", "de_AT", "de_CH", "nl_BE", "et_EE", "lt_LT", "lv_LV", "sk_SK", "sl_SI", "ga_IE", "tw_GH")
_PERSON = re.compile(r"\b(?:he|she|him)\b")
pytestmark = pytest.mark.skipif(not REFERENCE, reason="PIXEL_REFERENCE_DATA names no folder of dialogues")


def foreign() -> list[str]:
    """Given names of other countries, one word each, whether the lists happen to hold them or not."""
    found: set[str] = set()
    for locale in FOREIGN:
        provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
        lists = (getattr(provider, field, ()) for field in ("first_names_female", "first_names_male", "first_names"))
        found |= {name for names in lists if not isinstance(names, property) for name in names}
    return sorted(name for name in found if name.isalpha() and name[0].isupper())


def dialogues(source: str) -> list[list[str]]:
    root = Path(REFERENCE)
    if source == "esconv":
        return [[t["text"] for t in json.loads(line)["dialog"]] for line in (root / "esconv/valid.jsonl").open(encoding="utf-8")]
    csv.field_size_limit(10**9)
    with (root / "counsel_chat/counsel_chat.csv").open(encoding="utf-8", newline="") as lines:
        return [[row["questionText"], row["answerText"]] for row in csv.DictReader(lines)][:400]


@pytest.mark.parametrize("source", ["esconv", "counsel_chat"])
def test_planted_names_are_found(source, capsys):
    spoken, known = dialogues(source), load_names().given
    told = {}
    for kind, names in (("common", NAMES), ("foreign", foreign())):
        drawn = random.Random(7)
        planted = found = unlisted = unlisted_found = 0
        for turns in spoken:
            put: list[str] = []

            def name(_, put=put, names=names, drawn=drawn):
                put.append(drawn.choice(names))
                return put[-1]

            said = {one.name for one in find_names([_PERSON.sub(name, turn) for turn in turns])}
            planted += len(put)
            found += sum(one.lower() in said for one in put)
            unlisted += sum(one.lower() not in known for one in put)
            unlisted_found += sum(one.lower() not in known and one.lower() in said for one in put)
        told[kind] = found / planted
        with capsys.disabled():
            rest = f"; of {unlisted} that no list holds {unlisted_found / unlisted:.3f}" if unlisted else ""
            print(f"\n{source}, {kind} names: {found / planted:.3f} of {planted} planted{rest}", end="")
    assert told["common"] >= 0.95
    assert told["foreign"] >= 0.5
