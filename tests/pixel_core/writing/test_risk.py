import pytest

from pixel_core.writing.risk import level_of


@pytest.mark.parametrize(
    ("text", "symptom", "level"),
    [
        ("This homework is killing me.", "", 0),
        ("I was dying of laughter.", "", 0),
        ("I don't want to die. I want it to stop.", "", 0),
        ("What would I even hope for?", "", 1),
        ("Some nights I hope I simply won't wake up.", "", 2),
        ("I told him I'd kill myself if he went.", "", 2),
        ("Hurting myself is the only thing that helps.", "self_harm_or_suicidality", 3),
        ("Anything at all.", "suicidal_thoughts", 2),
    ],
)
def test_levels_of_what_is_said(text, symptom, level):
    assert level_of(text, symptom) == level


def test_every_shipped_sentence_on_suicide_has_a_level(shipped):
    said = [v.text for p in shipped.speaking("clinical") for f in p.features if "suicid" in f.symptom for v in f.voiced]
    assert len(said) >= 6
    assert all(level_of(text) >= 2 for text in said)
