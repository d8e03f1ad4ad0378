import pytest

from pixel_core.findings import Finding, Findings, Severity, at_least, at_most, equals, none_of


def test_an_error_fails_the_check_and_a_warning_does_not():
    warning = Finding("w", False, "1", "2", Severity.WARNING)
    assert Findings.of([equals("e", 1, 1), warning]).passed
    assert Findings.of([equals("e", 1, 1), warning]).failed == (warning,)
    assert not Findings.of([equals("e", 1, 2)]).passed


def test_a_check_that_looks_at_nothing_cannot_pass():
    with pytest.raises(ValueError, match="looks at nothing"):
        Findings.of([])


@pytest.mark.parametrize(
    ("finding", "passed"),
    [(at_least("a", 2, 2), True), (at_least("a", 1.9, 2), False), (at_most("a", 2, 2), True), (at_most("a", 2.1, 2), False)],
)
def test_bounds_are_inclusive(finding, passed):
    assert finding.passed is passed


def test_reasons_are_counted():
    finding = none_of("rows", {"empty": 2, "late": 0})
    assert not finding.passed
    assert finding.reasons == {"empty": 2}
    assert none_of("rows", {"empty": 0}).passed


def test_text_tells_observed_and_expected():
    assert str(Findings.of([equals("rows", 3, 4)])) == "rows: error; observed 3, expected 4"
