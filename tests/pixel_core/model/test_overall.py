import pytest

from pixel_core import taxonomy
from pixel_core.model.overall import overall_eq

DOMAINS = taxonomy.ids("eq_domains")


def test_the_overall_is_the_mean_of_the_domains_that_were_supervised():
    found = overall_eq(dict(zip(DOMAINS, [0.2, None, 0.4, None, 0.9], strict=True)))
    assert found.value == pytest.approx(0.5)
    assert found.domains == (DOMAINS[0], DOMAINS[2], DOMAINS[4])


@pytest.mark.parametrize("values", [[None] * 5, [0.1, None, None, None, 0.4]])
def test_too_few_domains_are_no_whole(values):
    assert overall_eq(dict(zip(DOMAINS, values, strict=True))) is None


def test_of_equal_domains_it_is_their_value():
    assert overall_eq(dict.fromkeys(DOMAINS, 0.25)).value == 0.25
