"""Talks with a change of persona: how soon it is noticed, whether the persona holds, and what a smooth change is."""

import json
import math
from collections import Counter
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
import yaml

from pixel_core.evaluation.asking import ask
from pixel_core.evaluation.evaluation import Settings, figures_of
from pixel_core.evaluation.items import ItemError
from pixel_core.evaluation.persona.sessions import read_persona_sessions, session_choices, session_replies, session_turns
from pixel_core.evaluation.persona.transitions import stems_of, transition_of
from pixel_core.evaluation.persona.voices import VoiceError, read_voice
from pixel_core.evaluation.respondents.respondent import HeadAnswer
from pixel_core.model.heads import PERSONAS
from tests.pixel_core.evaluation.scripted import Guessing, Knowing
from tests.pixel_core.evaluation.world import ROOT, write_world

SCENARIOS = ROOT / "data" / "scenarios"
SESSIONS = read_persona_sessions(SCENARIOS)
CHANGING = [session for session in SESSIONS if session.switch is not None]
SETTINGS = Settings(resamples=100)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("sessions"))


def figures(task, respondent):
    return {figure.name: figure for figure in figures_of([task], ask([task], respondent), SETTINGS)}


def test_the_talks_are_of_both_modes_and_of_eight_to_twenty_turns():
    assert len(SESSIONS) >= 16
    assert {len(session.replies) for session in SESSIONS} <= set(range(8, 21))
    assert sorted(s.turns[1].part for s in SESSIONS if len(s.replies) == 20) == ["assistant", "therapist"]
    assert Counter(session.turns[1].part for session in CHANGING) == {"therapist": 6, "assistant": 6}
    assert len({session.context for session in SESSIONS}) == 8
    assert len({session.trigger for session in CHANGING}) == 7


def test_the_turn_that_calls_for_a_change_does_not_give_it_away_by_its_part():
    for session in CHANGING:
        before, at = session.turns[session.switch - 3], session.turns[session.switch - 1]
        assert before.part == at.part


def test_no_two_turns_are_alike():
    contents = [turn.content for session in SESSIONS for turn in session.turns]
    assert len(set(contents)) == len(contents)
    grams = [set(zip(*(text.lower().split()[k:] for k in range(4)), strict=False)) for text in contents]
    assert max(len(a & b) / len(a | b) for a, b in combinations([g for g in grams if g], 2)) < 0.3


def test_neither_reply_of_a_pair_is_the_longer_one_by_rule():
    longer = Counter(len(s.turns[t].content) > len(text) for s in SESSIONS for t, text in s.instead.items())
    assert abs(longer[True] - longer[False]) <= 0.2 * sum(longer.values())


class Stubborn(Knowing):
    """Thinks that the same persona speaks throughout, or notices a change so many replies late."""

    def __init__(self, tasks, late):
        super().__init__(tasks)
        self._late, self._talks = late, {s.turns[0].content: s for s in SESSIONS}

    def heads(self, dialogues, turns):
        return [{"persona": self._said(dialogue, t)} for dialogue, t in zip(dialogues, turns, strict=True)]

    def _said(self, dialogue, t):
        session = self._talks[dialogue[0].content]
        behind = max(1, t - 2 * self._late)
        therapy = session.turns[behind if session.switch and t >= session.switch else t].part == "therapist"
        said = tuple(float((persona == "therapy") == therapy) for persona in PERSONAS)
        return HeadAnswer(said, said)


@pytest.mark.parametrize("late", [0, 1, 2])
def test_the_turns_until_switched_are_counted(data, late):
    task = session_turns(data)
    found = figures(task, Stubborn([task], late))
    assert found["persona_turns_until_switched"].value == late
    assert found["persona_turns_until_switched"].n == len(CHANGING)
    assert found["persona_sessions_phase_switch"].value == (late == 0)
    assert found["persona_constancy"].value == found["persona_before_first_slip"].value == 1


def test_a_change_that_is_never_noticed_costs_all_that_is_left(data):
    task = session_turns(data)
    left = [len([t for t in session.replies if t >= session.switch]) for session in CHANGING]
    assert figures(task, Stubborn([task], 99))["persona_turns_until_switched"].value == pytest.approx(sum(left) / len(left))


def test_one_slip_breaks_constancy_from_there_on(data):
    class Slips(Stubborn):
        def _said(self, dialogue, t):
            said = super()._said(dialogue, t)
            return HeadAnswer(said.scores[::-1], said.decisions[::-1]) if t == 21 else said

    task = session_turns(data)
    found = figures(task, Slips([task], 0))
    assert found["persona_constancy"].value == pytest.approx(19 / 20)
    assert found["persona_before_first_slip"].value == pytest.approx(10 / 20)


def test_an_untrained_head_has_no_number(data):
    class Untrained(Knowing):
        def supervised(self, head):
            return [0, 0]

    task = session_turns(data)
    assert {figure.status for figure in figures(task, Untrained([task])).values()} == {"untrained"}


def test_what_is_no_number_is_never_a_change_that_was_noticed(data):
    """A trained head that says NaN is wrong at every reply; the change then costs all that is left, and nothing held."""

    class Broken(Knowing):
        def heads(self, dialogues, turns):
            return [{"persona": HeadAnswer((math.nan,) * 2, (math.nan,) * 2)} for _ in dialogues]

    task = session_turns(data)
    broken, never = figures(task, Broken([task])), figures(task, Stubborn([task], 99))
    late = broken["persona_turns_until_switched"]
    assert (late.status, late.value, late.unparsed) == ("measured", never[late.name].value, len(CHANGING))
    assert broken["persona_constancy"].value == broken["persona_before_first_slip"].value == 0


def test_where_nothing_changes_nothing_is_said_of_changes(data):
    whole = session_turns(data)
    steady = replace(whole, questions=tuple(q for q in whole.questions if "phase:steady" in q.tags))
    found = figures(steady, Knowing([steady]))
    late = found["persona_turns_until_switched"]
    assert (late.status, late.value, late.n, late.low, late.skill) == ("no items", None, 0, None, None)
    assert found["persona_constancy"].value == 1
    assert found["persona_sessions_switch_told"].status == "no items"


def test_a_coin_lies_at_the_floor(data):
    task = session_turns(data)
    inside = []
    for seed in range(8):
        found = figures(task, Guessing([task], seed))
        for name in ("persona_turns_until_switched", "persona_constancy", "persona_before_first_slip", "persona_sessions_f1"):
            inside.append(found[name].low <= found[name].floors.get("random", found[name].floors.get("shuffled")) <= found[name].high)
    assert sum(inside) >= 0.8 * len(inside)


def test_replies_are_chosen_by_persona_in_both_modes(data):
    task = session_choices(data)
    knowing = figures(task, Knowing([task]))
    assert {figure.value for figure in knowing.values()} == {1.0}
    assert all(figure.floor == pytest.approx(0.5) for figure in knowing.values())
    assert knowing["persona_replies_chosen_therapy"].n >= 12
    assert knowing["persona_replies_chosen_assistance"].n >= 12
    assert Counter(question.truth[0] for question in task.questions)[1.0] / len(task.questions) == pytest.approx(0.5, abs=0.25)


def test_the_written_replies_are_as_good_as_can_be_and_others_are_not(data):
    task = session_replies(data, 999, 8)
    written = figures(task, Knowing([task]))
    assert {figure.value for figure in written.values()} == {1.0}
    assert written["persona_transition_smooth"].n == len(CHANGING)
    assert written["persona_transition_smooth"].floor < 0.8
    assert written["persona_voice"].floor < 0.8


def test_silence_is_not_smooth_and_has_no_voice(data):
    class Silent(Knowing):
        def replies(self, dialogues, part, max_new_tokens):
            return ["" for _ in dialogues]

    task = session_replies(data, 999, 8)
    found = figures(task, Silent([task]))
    assert {figure.value for figure in found.values()} == {0.0}
    assert found["persona_voice"].unparsed == len(task.questions)


TALK = ("My kettle is full of limescale.", "Boil it with vinegar.", "It was my father's kettle, and I miss him.")


@pytest.mark.parametrize(
    ("reply", "leaves", "takes_up", "keeps_thread", "continues"),
    [
        ("Let's leave the limescale for now. You miss your father; what was he like?", True, True, True, True),
        ("You miss your father. What was he like?", False, True, False, True),
        ("Hello! How can I help you today?", False, False, False, False),
        ("The vinegar can wait.", True, False, True, True),
        ("As an AI I have no father.", False, True, False, False),
        ("Photosynthesis turns light into sugar.", False, False, False, True),
        ("", False, False, False, False),
    ],
)
def test_each_rule_of_a_transition(reply, leaves, takes_up, keeps_thread, continues):
    found = transition_of(reply, TALK)
    assert (found.leaves, found.takes_up, found.keeps_thread, found.continues) == (leaves, takes_up, keeps_thread, continues)


def test_words_that_carry_nothing_are_no_thread():
    assert stems_of("What would you have done with that, really?") == set()


def test_leaving_is_said_at_changes_and_seldom_elsewhere():
    """On the training dialogues, which the rule was not made from: it misses many changes and invents few."""
    said = {True: [], False: []}
    for dialogue in yaml.safe_load((SCENARIOS / "dual_persona.yaml").read_text(encoding="utf-8")):
        parts = [(part, turn[part]) for turn in dialogue["turns"] for part in ("therapist", "assistant") if part in turn]
        for (before, _), (part, text) in pairwise(parts):
            said[before != part].append(transition_of(text, TALK).leaves)
    at_changes, elsewhere = (sum(hits) / len(hits) for hits in (said[True], said[False]))
    assert elsewhere < 0.1
    assert at_changes > 2 * elsewhere


def test_the_voice_is_told_from_words_that_it_was_not_taught():
    voice = read_voice(SCENARIOS)
    right = [(voice.therapy(s.turns[t].content) > 0.5) == (s.turns[t].part == "therapist") for s in SESSIONS for t in s.replies]
    other = [(voice.therapy(text) > 0.5) != (s.turns[t].part == "therapist") for s in SESSIONS for t, text in s.instead.items()]
    assert sum(right) / len(right) > 0.9
    assert sum(other) / len(other) > 0.9
    assert voice.therapy("") == pytest.approx(0.5)


def test_without_dialogues_no_voice_is_known(tmp_path):
    with pytest.raises(VoiceError, match=r"dual_persona\.yaml"):
        read_voice(tmp_path)
    (tmp_path / "dual_persona.yaml").write_text('- {turns: [{user: "a"}, {therapist: "b"}]}\n')
    with pytest.raises(VoiceError, match="no reply"):
        read_voice(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"switch": 3}, {"switch": None}, {"context": "nowhere"}, {"trigger": "nothing"}, {"turns": []}],
    ids=["another turn", "none marked", "unknown context", "unknown trigger", "no turns"],
)
def test_a_talk_that_contradicts_its_marks_is_an_error(change, tmp_path):
    rows = [json.loads(line) for line in (SCENARIOS / "persona_sessions.jsonl").read_text(encoding="utf-8").splitlines()]
    row = next(row for row in rows if row["switch"] is not None) | change
    (tmp_path / "persona_sessions.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(ItemError, match="line 1"):
        read_persona_sessions(tmp_path)


def test_nothing_is_measured_where_it_has_no_meaning(data):
    rows = ask([task := session_turns(data)], Knowing([task])).to_dicts()
    for row in rows:
        switch, long = "phase:switch" in row["tags"], "length:long" in row["tags"]
        assert [value is not None and not math.isnan(value) for value in row["truth"][2:]] == [switch, long, long]


def test_the_leakage_matrix_says_who_speaks_where(data):
    task = session_turns(data)
    never = ask([task], Stubborn([task], 99))
    table = task.tables(never)["leakage"].to_dicts()
    cells = {(row["kind"], row["situation"], row["should"], row["speaks"]): row for row in table}
    for mode in ("therapy", "assistance"):
        other = "assistance" if mode == "therapy" else "therapy"
        assert cells["phase", "before", mode, mode]["share"] == cells["phase", "steady", mode, mode]["share"] == 1
        assert cells["phase", "switch", mode, other]["n"] == 6
        assert ("phase", "switch", mode, mode) not in cells
    assert sum(row["n"] for row in table if row["kind"] == "all") == never.height
    assert sum(row["n"] for row in table if row["kind"] == "trigger") == len(CHANGING)


def test_the_voices_of_written_replies_leak_too(data):
    class Therapist(Knowing):
        def replies(self, dialogues, part, max_new_tokens):
            return ["How does that feel, and what comes up in you when you say it?" if k else "" for k, _ in enumerate(dialogues)]

    task = session_replies(data, 999, 8)
    table = task.tables(ask([task], Therapist([task])))["leakage"]
    whole = {(row["should"], row["speaks"]): row["n"] for row in table.filter(kind="all").to_dicts()}
    assert whole["assistance", "therapy"] >= 8
    assert sum(n for (_, speaks), n in whole.items() if speaks is None) == 1
    assert not [speaks for _, speaks in whole if speaks == "assistance"]
