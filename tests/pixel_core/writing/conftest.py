import pytest

from pixel_core.knowledge import extract_dsm5, extract_framework
from pixel_core.knowledge.material import load_material
from pixel_core.recipe import load_recipe
from pixel_core.writing import write_conversations
from tests.pixel_core.knowledge.documents import SHIPPED


@pytest.fixture(scope="session")
def sources(tmp_path_factory):
    """The two folders that the knowledge that ships with the project is extracted to."""
    home = tmp_path_factory.mktemp("knowledge")
    return extract_dsm5(SHIPPED, home / "dsm5").folder, extract_framework(SHIPPED, home / "framework").folder


@pytest.fixture(scope="session")
def shipped(sources):
    """The material that ships with the project, of the disorders that the default recipe writes about."""
    return load_material(*sources, load_recipe().knowledge.classes)


@pytest.fixture(scope="session")
def addictions(sources):
    """The material of two disorders whose signs hold a wish to die."""
    return load_material(*sources, ["F14", "F63.0"])


@pytest.fixture(scope="session")
def written(shipped):
    """Six hundred conversations, as the default recipe asks for."""
    return write_conversations(shipped, count=600, seed=20)
