from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel_core.conversation import Turn
from pixel_core.corpus.pairs import PreferencePair
from pixel_core.corpus.privacy import Pseudonyms, pseudonymise, pseudonymise_pair
from tests.pixel_core.corpus.worlds import conversation


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("Write to Anna.Lind+x@mail.co.uk, please.", "Write to contact1@example.org, please."),
        ("Ring 555-0142.", "Ring 200-555-0101."),
        ("Ring (020) 7946 0958 or +49 30 901820!", "Ring 200-555-0101 or 200-555-0102!"),
        ("Call me (415-867-5309).", "Call me (200-555-0101)."),
        ("It is 415-867-5309, again 415 867 5309.", "It is 200-555-0101, again 200-555-0101."),
        ("See https://my.page/about?x=1.", "See https://example.org/1."),
        ("seehttps://https://my.page too", "seehttps://example.org/1 too"),
        ("See (www.counsellors.net/anna) now", "See (https://example.org/1) now"),
        ("I am @night_owl77. So is /u/quiet-river!", "I am @user1. So is @user2!"),
        ("It is 14 Elm Park Road, flat 2; case QX-1234567.", "It is 1 Example Street, flat 2; case ID-00001."),
        ("a@b.org, c@d.org and A@B.org", "contact1@example.org, contact2@example.org and contact1@example.org"),
    ],
)
def test_contact_data_become_pseudonyms(text, replaced):
    assert Pseudonyms().apply(text) == replaced


@pytest.mark.parametrize(
    "text",
    [
        "Call 988, 116 123 or 0800 1111 123 at any hour.",
        "The helpline is 1-800-273-8255 (800-273-8255).",
        "From 2019-2023, on 12/05/2021, at 10:30, aged 56, 24/7.",
        "It costs 1,250,000 or 12.50, about 10-15 hours.",
        "Between 1998 2004 we moved; version 1.2.3.",
        "Rated 3.5/5 by @all and 7 of 10.",
    ],
)
def test_helplines_dates_and_amounts_stay(text):
    assert Pseudonyms().apply(text) == text


def test_one_person_has_one_pseudonym_throughout_a_conversation():
    spoken = ("I am x@y.org.", "Is x@y.org right?", "Yes, or z@y.org; my sister is X@Y.ORG too.")
    one = replace(
        conversation(1), turns=tuple(Turn("user" if i % 2 == 0 else "assistant", "other", text, True) for i, text in enumerate(spoken))
    )
    found, counts = pseudonymise(one)
    assert [t.content for t in found.turns] == [
        "I am contact1@example.org.",
        "Is contact1@example.org right?",
        "Yes, or contact2@example.org; my sister is contact1@example.org too.",
    ]
    assert counts == {"email": 4}
    assert pseudonymise(found)[0] == found, "applying it twice changes nothing"


def test_more_numbers_than_a_hundred_stay_distinct():
    names = Pseudonyms()
    assert len({names.apply(f"415-867-{n:04d}") for n in range(1000, 1300)}) == 300


def test_pairs_share_pseudonyms_over_their_three_texts():
    pair, counts = pseudonymise_pair(PreferencePair("x@y.org?", "Yes, x@y.org.", "No, a@y.org.", conversation(1).provenance))
    assert (pair.chosen, pair.rejected) == ("Yes, contact1@example.org.", "No, contact2@example.org.")
    assert counts == {"email": 3}


@given(st.text(alphabet="ab1 .@-/:+()5", max_size=60))
def test_any_text_is_stable_under_a_second_pass(text):
    once = Pseudonyms().apply(text)
    assert Pseudonyms().apply(once) == once
