"""What the README says of the assets is what the code location defines."""

import re
from pathlib import Path

from pixel_assets.definitions import defs

TEXT = (Path(__file__).parents[1] / "README.md").read_text()
GRAPH = defs().resolve_asset_graph()


def test_the_drawn_graph_is_the_real_one():
    drawn = set()
    for line in re.search(r"```mermaid(.*?)```", TEXT, re.S).group(1).splitlines():
        if "-->" in line:
            before, after = (side.replace(" ", "").split("&") for side in line.split("-->"))
            drawn |= {(a, b) for a in before for b in after}
    real = {(parent.to_user_string(), key.to_user_string()) for key in GRAPH.get_all_asset_keys() for parent in GRAPH.get(key).parent_keys}
    assert drawn == real


def test_every_asset_and_check_stands_in_the_table_with_its_weight():
    told = {}
    for line in TEXT.splitlines():
        if line.startswith("| `"):
            assets, _, checks = (cell.strip() for cell in line.strip("|").split(" | "))
            for asset in re.findall(r"`(\w+)`", assets):
                told[asset] = {name: bool(bold) for bold, name in re.findall(r"(\*\*)?`(\w+)`", checks)}
    real = {key.to_user_string(): {} for key in GRAPH.get_all_asset_keys()}
    for key in GRAPH.asset_check_keys:
        real[key.asset_key.to_user_string()][key.name] = GRAPH.get_check_spec(key).blocking
    assert told == real
