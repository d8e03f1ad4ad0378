import pytest

from pixel_core.writing import role_of
from tests.pixel_core.writing.materials import feature, material, picture


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("The symptoms cause distress or impairment.", "impact"),
        ("There has never been a manic episode.", "screen"),
        ("It is not due to a substance.", "screen"),
        ("The disturbance lasts more than a month.", "course"),
        ("Fear of many places.", "symptom"),
    ],
)
def test_the_role_of_a_criterion(text, role):
    assert role_of(text) == role


def test_a_client_speaks_from_three_voiced_symptoms_at_least():
    two = [feature("A1", "I say this."), feature("A2", "I say that."), feature("A3"), feature("B", "It hurts me.", role="impact")]
    assert not picture(features=two).speaks
    assert picture().speaks
    assert material(picture(), picture("F41.1", features=two)).speaking("clinical") == (picture(),)
