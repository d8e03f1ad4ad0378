import pytest

from pixel_core.knowledge import extract_dsm5, extract_framework
from pixel_core.knowledge.material import load_material
from pixel_core.writing import write_conversations
from tests.pixel_core.knowledge.documents import SHIPPED


@pytest.fixture(scope="session")
def shipped(tmp_path_factory):
    """The material that ships with the project."""
    home = tmp_path_factory.mktemp("knowledge")
    return load_material(extract_dsm5(SHIPPED, home / "dsm5").folder, extract_framework(SHIPPED, home / "framework").folder)


@pytest.fixture(scope="session")
def written(shipped):
    """Six hundred conversations, as the default recipe asks for."""
    return write_conversations(shipped, count=600, seed=20)
