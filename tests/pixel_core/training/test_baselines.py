"""What counts as trained: labels that tell texts apart."""

from pixel_core.conversation import Conversation, Label, Turn
from pixel_core.model.heads import find_head
from pixel_core.training.baselines import label_counts, training_priors
from pixel_core.training.batches import FROM_PART, PackedSplit
from pixel_core.training.data import pack_dataset
from tests.pixel_core.training.conftest import WHERE, write_artifact


def test_an_output_whose_labels_never_differ_is_not_trained(tmp_path, recipe):
    """A closed world says no to every emotion that no post has; a hundred such labels teach a constant."""

    def post(index, feeling, split):
        labels = (Label(f"emotions.{feeling}", 1, "human"), Label("emotions.*", 0, "human"))
        turns = (Turn("user", "client", f"number {index} of the {split}, {feeling} again", labels=labels),)
        return Conversation(turns, "supervision", f"{split}-{index}", 1, WHERE)

    told = (Turn("user", "client", "Hello there."), Turn("assistant", "therapist", "Good to see you again.", learn=True))
    mixture = {split: [Conversation(told, "mental_health", f"talk-{split}", 1, WHERE)] for split in ("train", "validation")}
    examples = {split: [post(k, ("joy", "fear")[k % 2], split) for k in range(6)] for split in ("train", "validation")}
    sources = write_artifact(tmp_path / "training_mixture", mixture), write_artifact(tmp_path / "head_examples", examples)
    pack_dataset(*sources, tmp_path / "packed", model=recipe.model, training=recipe.training, seed=1)
    split = PackedSplit(tmp_path / "packed", "train")
    counts = dict(zip(find_head("emotions").outputs, label_counts(split)["emotions"], strict=True))
    assert {name: count for name, count in counts.items() if count} == {"joy": 6, "fear": 6}
    assert not any(label_counts(split)["persona"]), "everybody speaks as a therapist here"
    assert len(training_priors(split)["emotions"]) == len(counts), "a prior is known all the same"
    assert split.sources == {"emotions": {"human": 6}, "persona": {FROM_PART: 1}}
