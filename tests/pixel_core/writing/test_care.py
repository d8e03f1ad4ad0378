"""What is owed to a client is done, and done once."""

import random
import re
from dataclasses import replace

import pytest

from pixel_core.writing import care, plots
from pixel_core.writing.deck import Deck
from pixel_core.writing.plots import Setting, therapy
from pixel_core.writing.sheets import Temper

ROUNDS = 40


@pytest.fixture
def blind(monkeypatch):
    """A world in which nothing that a therapist says is recognised as what was owed."""
    duties = {name: replace(duty, met=re.compile(r"(?!)")) for name, duty in care.duties().items()}
    for module in (care, plots):
        monkeypatch.setattr(module, "duties", lambda: duties)
    monkeypatch.setattr(care, "is_asked", lambda text: False)
    monkeypatch.setattr(care, "is_distressed", limited(care.is_distressed))
    return duties


def limited(asks):
    """The same question, which fails the test when a session puts it without end."""
    asked = []

    def ask(session):
        asked.append(session)
        assert sum(1 for one in asked if one is session) < ROUNDS
        return asks(session)

    return ask


def test_nothing_comes_back_however_little_is_recognised(blind, shipped):
    """A duty is done once and suicide asked about once, though neither can be told from the words."""
    owed = [p for p in shipped.speaking("clinical") if care.owed_to([p.id])]
    sad = [p for p in shipped.speaking("clinical") if p.id in ("F32", "F60.3")]
    done = 0
    for number, picture in enumerate([*owed, *sad * 6]):
        session = therapy(Setting(shipped, "CBT", Temper("secure", "humour", {}, 1), Deck(), random.Random(number)), [picture], risk=False)
        if session is not None:
            said = [turn.text for turn in session.scene.turns if turn.speaker == "therapist"]
            kept = [name for text in said for name, duty in blind.items() for line in duty.lines if line["say"] in text]
            assert len(kept) == len(set(kept))
            done += len(kept)
    assert done > 3
