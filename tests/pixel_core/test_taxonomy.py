import re
import subprocess
import sys

import pytest

from pixel_core.taxonomy import classes, find, ids


@pytest.mark.parametrize(("name", "count"), [("dsm5", 100), ("eq_domains", 5), ("emotions", 28), ("mer", 6), ("crisis", 5)])
def test_the_heads_have_their_sizes(name, count):
    assert len(ids(name)) == count


@pytest.mark.parametrize(("name", "count"), [("persona_contexts", 8), ("persona_triggers", 7)])
def test_contexts_and_triggers_of_a_change_of_persona_are_defined(name, count):
    assert len(ids(name)) == count
    assert all(c.fields["definition"].strip() for c in classes(name))


def test_every_disorder_has_a_code_a_name_and_a_chapter():
    for c in classes("dsm5"):
        assert re.fullmatch(r"[A-Z]\d{2}(\.\d{1,3})?", c.id), c.id
        assert c.name
        assert c.fields["chapter"]


def test_unknown_classes_are_named():
    assert find("dsm5", "F32").name.startswith("Major depressive")
    with pytest.raises(KeyError, match=r"F99\.9"):
        find("dsm5", "F99.9")


def test_a_notebook_in_another_folder_finds_the_taxonomy(tmp_path):
    code = "from pixel_core.taxonomy import ids; print(len(ids('dsm5')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "100"
