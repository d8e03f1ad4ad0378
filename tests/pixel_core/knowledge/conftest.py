import pytest

from pixel_core.knowledge import extract_dsm5
from tests.pixel_core.knowledge.documents import SHIPPED


@pytest.fixture(scope="session")
def shipped_disorders(tmp_path_factory):
    """The disorders that ship, extracted once; a test that changes the folder copies it first."""
    return extract_dsm5(SHIPPED, tmp_path_factory.mktemp("shipped") / "dsm5")
