"""`python -m pixel_core eval`: a table, a report, and a clear word when something is wrong."""

import pytest

from pixel_core.__main__ import main
from tests.pixel_core.evaluation.world import ROOT, RUN

SCENARIOS = str(ROOT / "data" / "scenarios")


@pytest.fixture
def small(tmp_path):
    """The tiny recipe, with as little to ask as the other tests do."""
    text = (ROOT / "pixel_core" / "recipes" / "tiny.yaml").read_text()
    for name, value in (("bootstrap", 50), ("reply_tokens", 6), ("replies", 3), ("items", 12), ("eq_items", 20)):
        before = next(line for line in text.splitlines() if line.strip().startswith(f"{name}: "))
        text = text.replace(before, f"  {name}: {value}")
    path = tmp_path / "small.yaml"
    path.write_text(text)
    return str(path)


def test_it_prints_every_figure_and_names_the_report(world, small, capsys):
    assert main(["eval", str(world.run[4]), "--scenarios", SCENARIOS, "--recipe", small]) == 0
    out = capsys.readouterr().out
    assert "eq_overall" in out
    assert "untrained" in out
    assert "no profile" in out
    assert out.strip().endswith("report.html")
    assert (world.artifacts / "scorecard" / f"{RUN}.4" / "report.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["checkpoint-9"], "never finished"),
        (["checkpoint-4", "--scenarios", "nowhere"], "nowhere"),
        (["checkpoint-4", "--recipe", "nothing"], "nothing"),
    ],
)
def test_what_is_wrong_is_named(world, capsys, arguments, word):
    step, *more = arguments
    assert main(["eval", str(world.run[4].parent / step), *more]) == 1
    assert word in capsys.readouterr().err
