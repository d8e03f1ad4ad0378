import pytest

from pixel_core.training.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def tokenizer():
    texts = ["I feel sad today and it does not stop.", "What do you feel when you wake up?", "system user assistant"]
    return train_tokenizer(texts * 3, 300)
