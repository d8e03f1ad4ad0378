import subprocess
import sys

import pytest

import pixel_core.model


def test_the_public_names_are_there():
    from pixel_core.model.pixel import PixelModel
    from pixel_core.model.talk import Talk

    assert (pixel_core.model.PixelModel, pixel_core.model.Talk) == (PixelModel, Talk)
    assert all(hasattr(pixel_core.model, name) for name in pixel_core.model.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Pixel'"):
        pixel_core.model.Pixel  # noqa: B018


def test_the_table_and_the_forms_of_text_load_no_torch():
    """Data tools and the code location read them."""
    code = "import sys, pixel_core.model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
