"""A model behind an endpoint is measured like a checkpoint, as far as it can answer, whatever the server does on the way."""

import json
import math
import re

import polars as pl
import pytest

from pixel_core.__main__ import main
from pixel_core.artifacts import verify
from pixel_core.conversation import Turn
from pixel_core.endpoint import Endpoint, EndpointError
from pixel_core.evaluation import AXES, evaluate_endpoint
from pixel_core.evaluation.items import read_eq_items
from pixel_core.evaluation.respondents.endpoint import messages_of, open_endpoint, parse_choice
from pixel_core.evaluation.respondents.respondent import NotAnsweredError
from pixel_core.evaluation.scorecard import SCORECARD, read_scorecard
from tests.endpoint_server import cuts_body, resets, says, sends, serve_endpoint, status
from tests.pixel_core.evaluation.world import RECIPE, ROOT

SCENARIOS = ROOT / "data" / "scenarios"
ASKED = [(Turn("user", "other", f"which word is the {k}. one?"),) for k in range(3)]
CHOICES = [("stone", "river", "old lamp"), ("lamp", "stone"), ("a", "river b", "c")]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        yield running


def endpoint(server, **more):
    return Endpoint(server.url, "small model", None, backoff=0.001, timeout=5, **more)


def listed(body):
    """The choices of a request, by mark."""
    return dict(re.findall(r"^([A-Z]|\d+)\) (.+)$", body["messages"][-1]["content"], re.MULTILINE))


def names(word):
    """A server that names the choice that holds the word, and tells that it is likely."""
    return lambda body: next((mark for mark, text in listed(body).items() if word in text), "none of them")


def test_a_letter_ranks_one_choice_and_anything_else_is_no_answer(server, tmp_path):
    server.answer = names("river")
    respondent = open_endpoint(endpoint(server), tmp_path, "letter")
    first, second, third = respondent.likelihoods(ASKED, CHOICES)
    assert first[1] == 0.0
    assert all(math.isnan(first[k]) for k in (0, 2))
    assert all(map(math.isnan, second))
    assert third[1] == 0.0
    assert all(received.body["temperature"] == 0 for received in server.received)


@pytest.mark.parametrize(
    ("reply", "place"),
    [("B", 1), (" (B).", 1), ("B.", 1), ("b", None), ("B) river", None), ("The answer is B", None), ("D", None), ("", None), ("1", None)],
)
def test_only_a_letter_alone_is_a_choice(reply, place):
    assert parse_choice(reply, 3) == place


def test_more_choices_than_letters_have_numbers():
    assert parse_choice("27", 30) == 26
    assert parse_choice("A", 30) is None


def test_likelihoods_are_those_of_the_choice_alone(server, tmp_path):
    server.likelihood = lambda token: -1.0 if "river" in token else -3.0
    respondent = open_endpoint(endpoint(server), tmp_path)
    assert respondent.choices == "likelihood"
    first = respondent.likelihoods(ASKED[:1], CHOICES[:1])[0]
    assert first == pytest.approx([-3 / 5, -1 / 5, -6 / 8])


@pytest.mark.parametrize("fault", [None, sends(b'{"choices": [{"text": "no more", "logprobs": null}]}'), status(400)])
def test_a_server_without_log_probabilities_is_asked_by_letter(server, tmp_path, fault):
    if fault is not None:
        server.likelihood = lambda token: -1.0
        server.then(fault, about="The sky")
    assert open_endpoint(endpoint(server), tmp_path).choices == "letter"


def test_a_fault_on_the_way_does_not_decide_how_choices_are_put(server, tmp_path):
    server.likelihood = lambda token: -1.0
    server.then(*[status(503)] * 9, about="The sky")
    with pytest.raises(EndpointError, match="run again"):
        open_endpoint(endpoint(server, retries=1), tmp_path)


def test_what_goes_wrong_on_the_way_changes_no_answer_and_a_rerun_asks_nothing(server, tmp_path):
    server.answer = lambda body: f"about {body['messages'][-1]['content']}"
    server.then(status(429), resets, cuts_body, sends(b"{broken"), status(500))
    respondent = open_endpoint(endpoint(server), tmp_path, "letter")
    found = respondent.replies(ASKED, "assistant", 8)
    assert found == [f"about {turns[0].content}" for turns in ASKED]
    calls = len(server.received)
    assert calls > len(ASKED)
    assert open_endpoint(endpoint(server), tmp_path, "letter").replies(ASKED, "assistant", 8) == found
    assert len(server.received) == calls


def test_a_refusal_is_an_empty_reply_and_is_kept(server, tmp_path):
    server.then(says("", refusal="no"), about="the 1.")
    respondent = open_endpoint(endpoint(server), tmp_path, "letter")
    assert respondent.replies(ASKED, "assistant", 8) == ["fine", "", "fine"]
    assert respondent.replies(ASKED, "assistant", 8) == ["fine", "", "fine"]


def test_a_server_that_is_lost_is_no_answer_of_the_model(server, tmp_path):
    server.then(*[status(503)] * 99)
    with pytest.raises(EndpointError, match="without an answer"):
        open_endpoint(endpoint(server, retries=0), tmp_path, "letter").replies(ASKED[:1], "assistant", 8)


def test_an_endpoint_has_no_heads(server, tmp_path):
    respondent = open_endpoint(endpoint(server), tmp_path, "letter")
    for ask in (
        lambda: respondent.heads(ASKED, [0] * 3),
        lambda: respondent.losses(ASKED, []),
        lambda: respondent.supervised("eq"),
        lambda: respondent.prior("eq"),
    ):
        with pytest.raises(NotAnsweredError):
            ask()


def test_neighbours_of_one_role_are_one_message():
    turns = [Turn("system", "other", "s"), Turn("user", "client", "a"), Turn("user", "client", "b"), Turn("assistant", "therapist", "c")]
    assert [(m.role, m.content) for m in messages_of(turns)] == [("system", "s"), ("user", "a\n\nb"), ("assistant", "c")]


def test_the_same_artifact_as_of_a_checkpoint(world, server, tmp_path, monkeypatch, capsys):
    """Through the command: an endpoint that knows the items of emotional intelligence and nothing else."""
    right = {item.choices[item.answer] for item in read_eq_items(SCENARIOS)}
    server.answer = lambda body: next((mark for mark, text in listed(body).items() if text in right), "I cannot say.")
    monkeypatch.setenv("PIXEL_ENDPOINT_KEY", "a-key-of-one's-own")
    recipe = tmp_path / "small.yaml"
    text = (ROOT / "pixel_core" / "recipes" / "tiny.yaml").read_text()
    for name, value in (("bootstrap", 20), ("reply_tokens", 6), ("replies", 2), ("items", 8)):
        text = re.sub(rf"^  {name}: \S+", f"  {name}: {value}", text, flags=re.MULTILINE)
    recipe.write_text(text)
    common = ["--artifacts", str(world.artifacts), "--scenarios", str(SCENARIOS), "--recipe", str(recipe), "--out", str(tmp_path)]
    asked = ["eval", "--endpoint", server.url, "--model", "small model", *common]
    assert main(asked) == 0
    out = capsys.readouterr().out
    assert re.search(r"eq_overall\s+\d+\s+1\.000", out)
    assert "not answered" in out
    assert {received.authorization for received in server.received} == {"Bearer a-key-of-one's-own"}
    (folder,) = [p for p in (tmp_path / "scorecard").iterdir() if p.is_dir()]
    verify(folder)
    card = read_scorecard(folder / SCORECARD)
    assert card.asked == {"host": server.host, "model": "small model", "choices": "letter"}
    by_name = {figure.name: figure for figure in card.figures}
    assert by_name["eq_overall"].base is None
    assert by_name["empathy_f1"].status == by_name["bits_per_byte"].status == "not answered"
    assert by_name["empathy_f1"].value is None
    assert set(card.skills) < set(AXES)
    calls, before = len(server.received), (folder / SCORECARD).read_bytes()
    assert main(asked) == 0
    assert (len(server.received), (folder / SCORECARD).read_bytes()) == (calls + 1, before)  # it is asked anew only how it can be asked
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"a-key-of" not in stored
    assert pl.read_parquet(folder / "items.parquet").filter(pl.col("task") == "eq_items")["parsed"].all()


def test_an_endpoint_stands_beside_the_promoted_checkpoint(world, server, tmp_path):
    beside = next(p for p in (world.artifacts / "scorecard").iterdir() if p.name.endswith(".4"))
    built = evaluate_endpoint(endpoint(server), tmp_path, data=world.data, recipe=RECIPE, choices="letter", promoted=beside)
    card = read_scorecard(built.folder / SCORECARD)
    assert card.promoted == beside.name
    pair = card.figure("eq_overall").against_promoted
    assert pair is not None
    assert pair.n == card.figure("eq_overall").n
    json.dumps(card.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize("arguments", [[], ["somewhere", "--endpoint", "http://host/v1", "--model", "m"], ["--endpoint", "http://host/v1"]])
def test_either_a_checkpoint_or_an_endpoint(arguments, capsys):
    assert main(["eval", *arguments]) == 2
    assert "name one" in capsys.readouterr().err
