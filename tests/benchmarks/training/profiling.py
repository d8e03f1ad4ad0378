"""What a part of a training step costs alone, on the inputs that it gets in the step: seconds forward and backward, and peak memory."""

import gc
import statistics
import time
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity, profile

from pixel_core.model.heads import HEADS
from pixel_core.objectives.gradients import fan_out
from pixel_core.objectives.losses import head_loss, language_loss

REPEATS, WARM = 9, 2


@dataclass(frozen=True)
class Cost:
    """Processor seconds and peak bytes of one part; `times`: how often the step has it."""

    part: str
    forward: float
    backward: float
    memory: int
    times: int = 1

    @property
    def seconds(self):
        return (self.forward + self.backward) * self.times


def peak_of(work):
    """The most bytes that lie allocated at once while `work` runs, beside those that lay there before."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    events = [event for event in seen.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


def cost_of(part, forward, times=1):
    """The cost of `forward()`, which returns a tensor to run backward from, or None where nothing runs backward."""

    def backward(found):
        if found is not None:
            found.backward(torch.ones_like(found))

    seconds = []
    gc.disable()
    for _ in range(WARM + REPEATS):
        began = time.process_time()
        found = forward()
        between = time.process_time()
        backward(found)
        seconds.append((between - began, time.process_time() - between))
    gc.enable()
    ahead, back = (statistics.median(column) for column in zip(*seconds[WARM:], strict=True))
    return Cost(part, ahead, back, peak_of(lambda: backward(forward())), times)


def captured(model, step, batch, counts):
    """The inputs of each named module in one step."""
    found = {}

    def keep(name):
        return lambda module, args, kwargs: found.setdefault(name, (args, kwargs))

    hooks = [module.register_forward_pre_hook(keep(name), with_kwargs=True) for name, module in model.named_modules()]
    step(batch, counts).total.backward()
    for hook in hooks:
        hook.remove()
    step.zero_grad(set_to_none=True)
    return found


def module_cost(part, module, inputs, times=1):
    """The cost of a module on captured inputs, whose gradient is computed as in the step."""

    def fresh(value):
        return value.detach().requires_grad_(value.is_floating_point()) if isinstance(value, torch.Tensor) else value

    def forward():
        args, kwargs = [fresh(value) for value in inputs[0]], {name: fresh(value) for name, value in inputs[1].items()}
        found = module(*args, **kwargs)
        return (found[0] if isinstance(found, tuple) else found).sum()

    return cost_of(part, forward, times)


def parts_of(step, batch, optimiser):
    """The cost of every part of a step of a mixture of experts: kinds of layer once, as often as the model has them."""
    model, counts = step.model, step.counts(batch)
    inputs = captured(model, step, batch, counts)
    decoder = model.language_model.get_decoder()
    names = {module: name for name, module in model.named_modules()}
    layers, first = len(decoder.layers), decoder.layers[0]
    found = [module_cost("embedding", decoder.embed_tokens, inputs[names[decoder.embed_tokens]])]
    kinds = {"attention": first.self_attn, "experts": first.mlp, "norms": first.input_layernorm}
    for part, module in kinds.items():
        times = 2 * layers + 1 if part == "norms" else layers
        found.append(module_cost(part, module, inputs[names[module]], times))
    with torch.no_grad():
        hidden = decoder(input_ids=batch.input_ids, position_ids=batch.position_ids, use_cache=False).last_hidden_state

    def view():
        return hidden.detach().requires_grad_()

    specs = {spec.name: spec for spec in HEADS if spec.name in step.weights}

    def of_heads():
        raw = model.heads(dict.fromkeys(specs, view()), batch)
        return sum(head_loss(spec.kind, raw[name], batch.head_targets[name], spec.levels)[0] for name, spec in specs.items())

    found.append(cost_of("heads", of_heads))
    project = model.language_model.get_output_embeddings()
    found.append(cost_of("language loss", lambda: language_loss(view(), project, batch.language_targets, step.chunk)))
    gradients = [torch.randn_like(hidden) for _ in step.weights]

    def of_merge():
        """The views' gradients, as they come from the objectives, meet in one backward pass."""
        views = fan_out(view(), len(gradients), step.merge)
        return sum((own * gradient).sum() for own, gradient in zip(views, gradients, strict=True))

    def of_sum():
        views = [view() for _ in gradients]
        return sum((own * gradient).sum() for own, gradient in zip(views, gradients, strict=True))

    merged, plain = cost_of("merge", of_merge), cost_of("", of_sum)
    backward = max(merged.backward - plain.backward, 0.0)  # without what makes the views' gradients
    found.append(Cost("merge", 0.0, backward, max(merged.memory - plain.memory, 0)))
    step(batch, counts).total.backward()
    trained = [parameter for parameter in step.parameters() if parameter.requires_grad]

    def of_optimiser():
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()

    found.append(cost_of("optimiser", of_optimiser))
    return found
