import json

from pixel_core.reporting import JsonlReporter, ProgressReporter, Reporters


def test_progress_is_a_line_a_tenth_and_a_validation(capsys):
    told = ProgressReporter(50)
    told.metric(0, {"validation_language": 8.354, "validation_eq": 0.5})
    for step in range(1, 51):
        told.metric(step, {"train_language": 9 - step / 10, "train_eq": 0.1})
    told.metric(50, {"validation_language": 5.2})
    told.log("checkpoint at step 50")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "    step 0 of 50: validation language loss 8.35"
    assert lines[1] == "    step 5 of 50: language loss 8.50"
    assert lines[-2:] == ["    step 50 of 50: validation language loss 5.20", "    checkpoint at step 50"]
    assert len(lines) == 1 + 10 + 2


def test_a_run_shorter_than_ten_steps_tells_each(capsys):
    told = ProgressReporter(3)
    for step in (1, 2, 3):
        told.metric(step, {"train_language": 1.0})
    assert len(capsys.readouterr().err.splitlines()) == 3


def test_each_of_several_hears_everything_and_a_torn_process_keeps_its_lines(tmp_path):
    kept = JsonlReporter(tmp_path / "deep" / "metrics.jsonl"), JsonlReporter(tmp_path / "second.jsonl")
    both = Reporters(*kept)
    both.metric(1, {"loss": 2.5})
    both.log("half way")
    for name in ("deep/metrics.jsonl", "second.jsonl"):  # before anybody closed
        assert [json.loads(line) for line in (tmp_path / name).read_text().splitlines()] == [
            {"step": 1, "loss": 2.5},
            {"message": "half way"},
        ]
    both.close()
