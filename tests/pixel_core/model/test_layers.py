import torch

from pixel_core.model.decoding import cumulative
from pixel_core.model.heads import HEADS
from pixel_core.model.layers import FloatLinear, Head, OrderedLogits


def test_ordinal_logits_fall_whatever_the_parameters_are():
    layer = OrderedLogits(8, 3, 5)
    for seed in range(20):
        torch.manual_seed(seed)
        for parameter in layer.parameters():
            torch.nn.init.normal_(parameter, std=4)
        logits = cumulative(layer(torch.randn(6, 8)), 5)
        assert logits.shape == (6, 3, 4) and (logits.diff(dim=-1) < 0).all()


def test_ordinal_logits_start_where_they_are_told():
    layer = OrderedLogits(8, 2, 4)
    raw = torch.tensor([2.0, 0.5, -3.0, 0.1, 0.0, -0.01])
    layer.start_at(raw)
    torch.testing.assert_close(layer(torch.randn(1, 8))[0], raw, rtol=1e-4, atol=1e-4)


def test_every_head_starts_with_zero_weights_and_the_given_constant():
    for spec in HEADS:
        head = Head(spec, 16, dropout=0.5)
        raw = torch.linspace(1, -1, spec.width)
        if spec.kind == "ordinal":
            raw = raw.view(-1, spec.levels - 1).sort(descending=True).values.flatten()
        head.start_at(raw)
        assert not head.predict.weight.any()
        torch.testing.assert_close(head(torch.randn(3, 16)), raw.expand(3, -1), rtol=1e-4, atol=1e-4)


def test_heads_compute_in_float32_over_a_half_precision_backbone():
    layer = FloatLinear(8, 2).bfloat16()
    assert layer(torch.randn(3, 8, dtype=torch.bfloat16)).dtype == torch.float32
