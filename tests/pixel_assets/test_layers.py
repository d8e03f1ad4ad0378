"""The floors of the design: who may import whom, and what stays out of the code location."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "transformers",
    "faiss",
    "faster_whisper",
    "sentence_transformers",
    "great_expectations",
    "deepspeed",
    "sklearn",
    "optuna",
)
FLOORS = {
    "endpoint": -1,  # on the ground, and used there by writing
    "recipe": 0,
    "writing": 0,
    "taxonomy": -1,
    "knowledge": 1,
    "voice": 1,
    "corpus": 1,
    "model": 1,
    "objectives": 1,
    "training": 2,
    "evaluation": 2,
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def modules(package):
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", modules("pixel_core"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_library_knows_no_orchestrator_and_looks_only_down(path):
    own = path.relative_to(ROOT / "pixel_core").parts[0]
    for name in imports(path):
        top = name.split(".")[0]
        assert top not in ("dagster", "dagster_pipes", "pixel_assets"), f"{path} imports {name}"
        parts = name.split(".")
        if top == "pixel_core" and len(parts) > 1 and own in FLOORS and parts[1] in FLOORS and parts[1] != own:
            assert FLOORS[parts[1]] < FLOORS[own], f"{own} (floor {FLOORS[own]}) imports {name} (floor {FLOORS[parts[1]]})"


def test_every_package_of_the_library_has_a_floor():
    packages = {p.parent.name for p in (ROOT / "pixel_core").glob("*/__init__.py")}
    assert packages <= set(FLOORS)


@pytest.mark.parametrize("path", modules("pixel_assets"), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_train_entry_speaks_pipes(path):
    if path.name != "train_entry.py":
        assert not any(name.split(".")[0] == "dagster_pipes" for name in imports(path))


def test_the_code_location_loads_without_heavy_libraries():
    code = f"import sys, pixel_assets.definitions as d; d.defs(); print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_holds_two_ideas():
    long = {
        str(p.relative_to(ROOT)): n for p in modules("pixel_core") + modules("pixel_assets") if (n := len(p.read_text().splitlines())) > 300
    }
    assert not long
