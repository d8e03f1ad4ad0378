"""Checks answer as Dagster wants it; a slow one that passed is asked again only when something it rests on changed."""

import pytest

from pixel_assets import checks
from pixel_core.artifacts import ArtifactError
from pixel_core.findings import Finding, Findings, Severity, at_least


class Slow:
    """A check that counts how often it is asked, and wants at least two lines of a file."""

    def __init__(self, name="Slow"):
        self.__qualname__ = name
        self.asked = 0

    def __call__(self, folder, *more):
        self.asked += 1
        lines = (folder / "lines").read_text().count("\n")
        return Findings.of([at_least("lines", lines, 2), Finding("aside", False, "1", "0", Severity.WARNING, {"odd": 1})])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PIXEL_HOME", str(tmp_path))
    (tmp_path / "thing").mkdir()
    (tmp_path / "thing" / "lines").write_text("a\nb\n")
    return tmp_path / "thing"


def test_an_answer_stands_as_long_as_nothing_changed(folder):
    slow = Slow()
    first, second = checks.answer_once(slow, folder), checks.answer_once(slow, folder)
    assert slow.asked == 1
    assert first.passed and second.passed and first.description == second.description
    assert set(second.metadata) - set(first.metadata) == {"asked"}
    assert set(first.metadata) == {"lines", "aside", "aside: odd"}


def test_a_changed_byte_is_seen(folder):
    slow = Slow()
    assert checks.answer_once(slow, folder).passed
    (folder / "lines").write_text("a b\n")
    assert not checks.answer_once(slow, folder).passed
    (folder / "lines").write_text("a\nb\n")
    assert checks.answer_once(slow, folder).passed


def test_a_check_that_failed_is_asked_again(folder):
    slow = Slow()
    (folder / "lines").write_text("")
    assert not checks.answer_once(slow, folder).passed
    assert not checks.answer_once(slow, folder).passed
    assert slow.asked == 2


def test_other_code_other_packages_and_torn_files_are_asked_anew(folder, monkeypatch):
    slow = Slow()
    checks.answer_once(slow, folder)
    monkeypatch.setattr(checks, "_code", lambda: "another")
    checks.answer_once(slow, folder)
    assert slow.asked == 2
    [kept] = (folder.parent / "artifacts" / checks.KEPT).iterdir()
    kept.write_text(kept.read_text()[:20])
    checks.answer_once(slow, folder)
    assert slow.asked == 3


def test_two_checks_of_one_folder_and_one_check_of_two_do_not_meet(folder):
    slow, other = Slow(), Slow("Other")
    checks.answer_once(slow, folder)
    checks.answer_once(other, folder)
    checks.answer_once(slow, folder, folder / "lines")
    assert (slow.asked, other.asked) == (2, 1)
    assert len(list((folder.parent / "artifacts" / checks.KEPT).iterdir())) == 3


def test_what_is_missing_or_altered_fails_with_the_reason(folder):
    def broken(folder):
        raise ArtifactError(f"{folder.name} was altered")

    assert checks.answer_once(broken, folder).metadata["error"].value == "thing was altered"
    assert "does not exist" in checks.answer_once(broken, folder / "gone").metadata["error"].value
    assert not checks.answer(lambda: broken(folder)).passed


def test_every_file_of_the_package_counts_as_code(tmp_path, monkeypatch):
    (tmp_path / "phrases").mkdir()
    (tmp_path / "__init__.py").write_text("")
    (tmp_path / "phrases" / "crisis.yaml").write_text("a: 1\n")
    monkeypatch.setattr(checks.pixel_core, "__file__", str(tmp_path / "__init__.py"))
    before = checks._code.__wrapped__()
    assert checks._code.__wrapped__() == before
    (tmp_path / "phrases" / "crisis.yaml").write_text("a: 2\n")
    assert checks._code.__wrapped__() != before
