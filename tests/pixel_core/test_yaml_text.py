import datetime
from importlib.resources import files

import pytest
import yaml

from pixel_core.yaml_text import parse_yaml


def test_it_reads_what_pyyaml_reads():
    for text in ("a: [1, 2.5, yes, ~]\nb: {c: 'it''s'}\n", "- 2026-11-20\n- |\n  two\n  lines\n- 0x1F\n", "é: ü\n", ""):
        assert parse_yaml(text) == yaml.safe_load(text)
    assert parse_yaml("2026-11-20") == datetime.date(2026, 11, 20)
    for folder in ("recipes", "clusters"):
        for file in (files("pixel_core") / folder).iterdir():
            if file.name.endswith(".yaml"):
                assert parse_yaml(file.read_text(encoding="utf-8")) == yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ["!!python/object/apply:os.system ['true']", "a: [1", "a: 1\n\tb: 2"])
def test_nothing_is_built_but_plain_data_and_what_is_broken_is_an_error(text):
    with pytest.raises(yaml.YAMLError):
        parse_yaml(text)
