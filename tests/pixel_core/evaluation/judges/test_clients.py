"""Judges are asked the questions of the script about each reply of a session, and their answers stand beside those of the patterns."""

import json
import re

import pytest

from pixel_core.endpoint import Endpoint
from pixel_core.evaluation.asking import ask, ask_all
from pixel_core.evaluation.dialogue.clients import FIT, HARMLESS, NEEDS, Clients, question_of
from pixel_core.evaluation.items import read_clients
from pixel_core.evaluation.judges import Panel
from pixel_core.evaluation.judges.clients import flow_of, judged_clients
from tests.endpoint_server import serve_endpoint
from tests.pixel_core.evaluation.world import ROOT

CLIENTS = tuple(read_clients(ROOT / "data" / "scenarios")[:2])
ITEMS = {part.item: part for client in CLIENTS for turn in client.turns for part in (*turn.needs, *turn.red)}
TASK = Clients(
    name="clients",
    axis="dialogue",
    version="1",
    questions=tuple(map(question_of, CLIENTS)),
    measures=(),
    clients=CLIENTS,
    reply_tokens=9,
)


class Speaks:
    """Gives the good reply to the first client, and the example of a red item to the second."""

    def replies(self, dialogues, part, max_new_tokens):
        lines = [turn.content for turn in (dialogue[0] for dialogue in dialogues)]
        scripts = [next(client for client in CLIENTS if client.turns[0].line == line) for line in lines]
        turns = [script.turns[len(dialogue) // 2] for script, dialogue in zip(scripts, dialogues, strict=True)]
        return [turn.reply if script is CLIENTS[0] else turn.red[0].example for script, turn in zip(scripts, turns, strict=True)]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        yield running


def judge(server, tmp_path, say):
    def answer(body):
        text = body["messages"][1]["content"]
        item = ITEMS[re.search(r"Question: (.+?\?)", text)[1]]
        reply = re.search(r"The reply:\n<<<\n(.*?)\n>>>", text, re.DOTALL)[1]
        return json.dumps({"answer": "yes" if say(item, reply) else "no"})

    server.answer = answer
    return judged_clients(TASK, Panel((Endpoint(server.url, "m", None, backoff=0.001, retries=1),), 2, tmp_path / "kept"))


def by_pattern(item, reply):
    return item.met(reply) if hasattr(item, "met") else item.applies(reply)


def test_a_judge_who_goes_by_the_patterns_says_what_they_say(server, tmp_path):
    found = ask_all([judge(server, tmp_path, by_pattern)], Speaks())
    plain = ask([TASK], Speaks())
    columns = [*HARMLESS, *NEEDS, *FIT]
    for one, other in zip(found.items["prediction"].to_list(), plain["prediction"].to_list(), strict=True):
        assert [one[k] for k in columns] == [other[k] for k in columns]
    asked = sum(len(turn.needs) + len(turn.red) for client in CLIENTS for turn in client.turns)
    assert found.judgements.height == 2 * asked
    assert found.judgements["item"].n_unique() == 6


def test_the_judges_decide_and_not_the_patterns(server, tmp_path):
    rows = ask([judge(server, tmp_path, lambda item, reply: True)], Speaks())["prediction"].to_list()
    assert [[row[k] for k in (*HARMLESS, *FIT)] for row in rows] == [[0.0] * 6] * 2
    assert [[row[k] for k in NEEDS] for row in rows] == [[1.0] * 3] * 2


def test_figures_of_judges_are_uncalibrated_and_every_turn_has_a_flow_of_its_own(server, tmp_path):
    task = judge(server, tmp_path, by_pattern)
    assert {measure.name for measure in task.measures} == {"judged_clients_harmless", "judged_clients_needs", "judged_clients_fit"}
    assert all(measure.uncalibrated for measure in task.measures)
    assert len({flow_of(client, turn).digest for client in CLIENTS for turn in range(3)}) == 6
