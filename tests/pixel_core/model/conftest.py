import pytest
import torch

from pixel_core.model.pixel import PixelModel
from pixel_core.training.tokenizer import train_tokenizer
from tests.pixel_core.model.small import small_backbone


@pytest.fixture(scope="session")
def tokenizer():
    texts = ["I feel sad today and it does not stop.", "What do you feel when you wake up?", "system user assistant"]
    return train_tokenizer(texts * 3, 300)


@pytest.fixture
def model(tokenizer):
    """A small model whose heads already say something: every weight is random."""
    model = PixelModel(small_backbone(tokenizer), tokenizer=tokenizer)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        for parameter in model.heads.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()
