"""Sessions with scripted clients: what a reply does decides what is said next, and every figure follows from the flow of items."""

import json
import random
from collections import Counter

import pytest

from pixel_core.evaluation import Settings
from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.dialogue.clients import CONSTANT, FIT, HARMLESS, NEEDS, OPEN, columns, deaf, scripted_clients
from pixel_core.evaluation.dialogue.sessions import Exchange, binary_items, exchange, fresh, looping, openness, parrots, play
from pixel_core.evaluation.evaluation import figures_of
from pixel_core.evaluation.items import read_clients
from pixel_core.recipe import load_recipe
from tests.pixel_core.evaluation.world import ROOT, write_world

CLIENTS = {client.id: client for client in read_clients(ROOT / "data" / "scenarios")}
SOME, ALL = (load_recipe("tiny", [f"evaluation.clients={count}"]).evaluation for count in (12, 64))
GIFT = CLIENTS["gift_pocket_watch"]


class Speaks:
    """Says to each client, by its first line and the number of the turn, what a function of (client, turn) makes."""

    def __init__(self, say):
        self._say, self._by_line = say, {client.turns[0].line: client for client in CLIENTS.values()}
        self.heard = []

    def replies(self, dialogues, part, max_new_tokens):
        self.heard += [(part, dialogue) for dialogue in dialogues]
        return [self._say(self._by_line[dialogue[0].content], len(dialogue) // 2) for dialogue in dialogues]


def good(client, turn):
    return client.turns[turn].reply


def figures(task, respondent):
    return {figure.name: figure for figure in figures_of([task], ask([task], respondent), Settings(resamples=100))}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("clients"), examples=3)


@pytest.fixture(scope="module")
def task(data):
    return scripted_clients(data, ALL)


def test_all_clients_are_asked_and_none_stands_in_training(task):
    assert (len(task.questions), task.excluded) == (64, {})
    assert [q.item for q in task.questions] == [client.id for client in task.clients]


def test_who_knows_the_good_replies_gets_everything(task):
    assert {figure.value for figure in figures(task, Speaks(good)).values()} == {1.0}


def test_who_answers_somebody_else_comes_to_the_floor(task):
    others = [turn.reply for client in task.clients for turn in client.turns]
    means = []
    for seed in range(4):
        drawn = random.Random(seed)
        found = figures(task, Speaks(lambda client, turn, drawn=drawn: drawn.choice(others)))
        assert all(found[name].low <= found[name].floor for name in ("clients_needs", "clients_fit", "clients_openness"))
        means.append(found["clients_needs"].value)
    assert 0.3 * found["clients_needs"].floor < sum(means) / len(means) < 2 * found["clients_needs"].floor


def test_whoever_says_one_thing_to_everybody_is_not_above_the_floor(task):
    for constant in CONSTANT:
        found = figures(task, Speaks(lambda client, turn, said=constant: said))
        assert all(figure.value <= figure.floor for name, figure in found.items() if name in ("clients_needs", "clients_fit"))
        assert found["clients_fresh"].value == found["clients_no_loop"].value == 0.0


def test_silence_harms_nobody_and_helps_nobody(task):
    found = figures(task, Speaks(lambda client, turn: ""))
    assert found["clients_harmless"].value == found["clients_harmless"].floor == 1.0
    assert found["clients_needs"].value == found["clients_openness"].value == found["clients_fresh"].value == 0.0


def test_every_theme_risk_and_look_alike_has_a_figure(task):
    found = figures(task, Speaks(good))
    themes = Counter(client.theme for client in CLIENTS.values())
    assert {name: found[f"clients_harmless_{name}"].n for name in themes} == themes
    assert sum(found[f"clients_needs_risk_{level}"].n for level in range(5)) == 64
    assert found["clients_needs_look_alike"].n == 22


def test_who_alarms_everybody_is_overcautious_with_look_alikes(task):
    found = figures(task, Speaks(lambda client, turn: CONSTANT[2]))
    assert found["clients_harmless_look_alike"].value < found["clients_harmless"].value < 1.0


def test_few_clients_are_of_every_theme_with_and_without_danger(data):
    some = scripted_clients(data, SOME)
    assert Counter(client.theme for client in some.clients) == dict.fromkeys(("boundaries", "crisis", "ethics", "intervention"), 3)
    assert sum(client.look_alike_of is not None for client in some.clients) == 4
    assert len(some.questions) == 12


def test_the_client_opens_up_or_stays_guarded_by_what_was_said():
    speaker = Speaks(lambda client, turn: good(client, turn) if turn != 0 else "I see.")
    [session] = play(speaker, [GIFT], 10)
    assert [one.said for one in session] == [GIFT.turns[0].line, GIFT.turns[1].guarded, GIFT.turns[2].line]
    assert [part for part, _ in speaker.heard] == ["therapist"] * 3
    assert [turn.content for turn in speaker.heard[2][1]] == [
        "" + session[0].said,
        "I see.",
        session[1].said,
        good(GIFT, 1),
        session[2].said,
    ]


def test_harm_closes_the_client_even_when_the_needs_are_met():
    harm = f"{good(GIFT, 0)} {GIFT.turns[0].red[0].example}"
    one = exchange(GIFT.turns[0], GIFT.turns[0].line, harm)
    assert (one.met, one.harmful, one.opened) == (True, True, False)
    [session] = play(Speaks(lambda client, turn: harm if turn == 0 else good(client, turn)), [GIFT], 10)
    assert session[1].said == GIFT.turns[1].guarded


def test_a_parrot_meets_nothing():
    line = GIFT.turns[2].line
    one = exchange(GIFT.turns[2], line, line)
    assert all(one.needs)
    assert not one.met
    assert parrots("There's a girl at the boatyard", line)
    assert not any(parrots(turn.reply, said) for c in CLIENTS.values() for turn in c.turns for said in (turn.line, turn.guarded or ""))


def opened(*flags):
    return [Exchange("", f"reply number {n}", (flag,), (False,), False) for n, flag in enumerate(flags)]


@pytest.mark.parametrize(
    ("flags", "end"),
    [((1, 1, 1), 1.0), ((0, 1, 1), 2 / 3), ((1, 1, 0), 1 / 3), ((0, 0, 1), 1 / 3), ((1, 0, 0), 0.0), ((0, 0, 0), 0.0)],
)
def test_openness_rises_and_falls_by_a_step_a_turn(flags, end):
    assert openness(opened(*map(bool, flags))) == pytest.approx(end)


def said(*replies):
    return [Exchange("", reply, (True,), (False,), False) for reply in replies]


def test_what_was_said_before_is_not_fresh_and_a_loop_is_a_loop():
    first, other = "you waited a long time for him", "and nobody at home ever asked you why"
    assert fresh(said(first, other)) == 1.0
    assert fresh(said(first, first)) == fresh(said(first, "", "")) == 0.0
    assert fresh(said(first, f"{first} {other}")) == pytest.approx(1 - 4 / 12)
    assert not looping(said(first, other))
    assert looping(said(first, first.upper()))
    assert looping(said(first, ""))
    assert looping(said(first, "go on " * 12))
    assert [
        c.id for c in CLIENTS.values() if looping(said(*(t.reply for t in c.turns))) or fresh(said(*(t.reply for t in c.turns))) < 1
    ] == []


def test_every_reply_and_the_flow_of_items_is_kept(task):
    rows = {row["item"]: row for row in ask([task], Speaks(good)).to_dicts()}
    row = rows[GIFT.id]
    assert row["reply"] == "\n\n".join(turn.reply for turn in GIFT.turns)
    flow = json.loads(row["answer"])
    assert [turn["said"] for turn in flow] == [turn.line for turn in GIFT.turns]
    assert [(turn["needs"], turn["red"]) for turn in flow] == [([True] * len(t.needs), [False] * len(t.red)) for t in GIFT.turns]


def test_every_item_about_every_reply_has_a_row_beside_the_answers(task):
    harm = next(turn.red[0] for turn in GIFT.turns)
    answers = ask([task], Speaks(lambda client, turn: harm.example if client is GIFT else good(client, turn)))
    table = task.tables(answers)["items"]
    assert table.height == sum(len(turn.needs) + len(turn.red) for client in task.clients for turn in client.turns)
    found = table.filter("harmful", "yes").select("client", "turn", "item", "theme", "risk", "reply").rows()
    assert (GIFT.id, 1, harm.item, "boundaries", 1, harm.example) in found
    assert {client for client, *_ in found} == {GIFT.id}
    assert table.filter(client="walnuts_from_the_tree")["look_alike_of"].unique().to_list() == [GIFT.id]


def test_judges_can_be_asked_the_same_questions():
    [session] = play(Speaks(good), [GIFT], 10)
    asked = list(binary_items(GIFT, session))
    assert [one.item for one in asked if one.turn == 1] == [part.item for part in (*GIFT.turns[0].needs, *GIFT.turns[0].red)]
    assert {one.yes is not one.harmful for one in asked} == {True}
    assert {(one.turn, one.reply) for one in asked} == {(n, turn.reply) for n, turn in enumerate(GIFT.turns, 1)}


def test_the_floor_is_the_better_of_constant_and_misdirected_replies(task):
    some = task.clients[:6]
    floor = deaf(some)
    for constant in CONSTANT:
        rows = [columns([exchange(turn, turn.line, constant) for turn in client.turns]) for client in some]
        for group in (HARMLESS, NEEDS, FIT, (OPEN,)):
            assert sum(row[k] for row in floor for k in group) >= sum(row[k] for row in rows for k in group) - 1e-9
