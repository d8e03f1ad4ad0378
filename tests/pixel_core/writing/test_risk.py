import pytest

from pixel_core.writing.risk import level_of


@pytest.mark.parametrize(
    ("text", "symptom", "level"),
    [
        ("This homework is killing me.", "", 0),
        ("I was dying of laughter.", "", 0),
        ("I don't want to die. I want it to stop.", "", 0),
        ("What would I even hope for?", "", 1),
        ("If I'm not the best I'm nothing; last winter I stood very near the edge of that.", "", 1),
        ("Some nights I hope I simply won't wake up.", "", 2),
        ("One part wants to live and one's had enough.", "", 2),
        ("I've thought that I'd rather not live than see my brother's face.", "", 2),
        ("I'd rather not live in a city.", "", 0),
        ("That evening I thought it'd be better for everyone if I weren't there.", "", 1),
        ("I woke with hurts on my arm that I hadn't given myself, or had.", "", 3),
        ("I told him I'd kill myself if he went.", "", 2),
        ("Hurting myself is the only thing that helps.", "self_harm_or_suicidality", 3),
        ("Anything at all.", "suicidal_thoughts", 2),
    ],
)
def test_levels_of_what_is_said(text, symptom, level):
    assert level_of(text, symptom) == level


@pytest.mark.parametrize(
    ("level", "text"),
    [
        (4, "I tried to hang myself last year."),
        (4, "I took all the pills last night."),
        (4, "Since my suicide attempt nobody at home shuts the door."),
        (4, "When I was seventeen I tried to kill myself."),
        (4, "I've attempted suicide twice."),
        (4, "In March I swallowed a whole box of sleeping tablets."),
        (4, "I took an overdose after he left."),
        (3, "I cut my arms last night."),
        (3, "I've been cutting myself again since Easter."),
        (3, "I've been saving up my tablets for weeks."),
        (3, "I wrote a goodbye letter to the children and hid it."),
        (3, "I haven't hurt myself in three weeks."),
        (3, "I burned myself on purpose, so as to feel something."),
        (3, "I stood on the bridge and a stranger talked me down."),
        (2, "I have been thinking of killing myself."),
        (2, "I keep thinking about suicide."),
        (2, "I want to be dead."),
        (2, "i just want to die"),
        (2, "I don\u2019t want to live any more."),
        (2, "I wish I was dead."),
        (2, "I can't stop thinking about ending my life."),
        (2, "I'd be better off dead."),
        (2, "Most mornings I wish I hadn't woken up."),
        (2, "I go to bed hoping I don't wake up."),
        (2, "There's no point in living."),
        (2, "I don't care if I die."),
        (2, "I've been feeling suicidal for a month."),
        (2, "The voices tell me to kill myself."),
        (2, "I don't want to be here any more."),
        (2, "I feel like hurting myself."),
        (2, "Part of me wants to die."),
        (2, "Life isn't worth living."),
        (2, "I don't see any reason to live."),
        (2, "I've thought about taking my own life."),
        (2, "I'm thinking of ending it all."),
        (2, "I wish I'd never been born."),
        (1, "They would all be better off without me."),
        (1, "I'm a burden to my family."),
        (1, "I can't go on like this."),
        (1, "There is no hope left for me."),
        (2, "I have a plan to end my life."),
        (2, "The thought of ending my life calms me."),
        (2, "Every night I ask myself whether I should kill myself."),
        (2, "I've been wanting to die since she left."),
        (2, "I would like to be dead."),
        (2, "I just don't want to exist any more."),
        (2, "I have no reason to live."),
        (2, "I sometimes think of dying."),
        (2, "I hope I die soon."),
        (2, "I wish I could just go to sleep and never wake up."),
        (2, "I told my wife I feel suicidal."),
        (2, "I want to kill myself."),
        (2, "I might hurt myself tonight."),
        (2, "I am going to end it all."),
        (4, "I tried to take my own life in spring."),
        (3, "I self-harm when it gets too loud."),
        (3, "Last night I cut my legs again."),
        (3, "I've started hoarding my medication."),
    ],
)
def test_what_people_say_of_themselves_is_heard(level, text):
    """Sentences that no phrase file holds, with the level that crisis.csv gives them."""
    assert level_of(text) == level


@pytest.mark.parametrize(
    "text",
    [
        "This homework is killing me.",
        "I could die of shame.",
        "I was dead tired.",
        "I'd kill for a coffee.",
        "My phone died on the train.",
        "My father died in May and I wasn't there.",
        "He cut himself shaving.",
        "I cut myself shaving this morning.",
        "My brother took his own life when I was ten.",
        "My sister keeps thinking about suicide and I don't know what to say to her.",
        "I'm worried that my son is suicidal.",
        "I nearly died laughing.",
        "I wanted to die of embarrassment when the microphone was on.",
        "I burnt myself on the oven.",
        "I took all my tablets as the doctor said.",
        "I don't want to die. I want it to stop.",
        "I'm not suicidal, I'm only worn out.",
        "I've never thought about suicide.",
        "My mother wanted to die at home, and she did.",
        "I'd rather die than sing in front of them.",
        "I can't go on holiday before the report is done.",
        "I don't want to live with my parents any more.",
        "I'm killing myself for this company, as they say, and nobody says thanks.",
        "I could kill the neighbour's drummer.",
        "I'm dying to see her again.",
        "I cut my finger on a tin.",
        "I cut myself off from the group chat.",
        "We put the dog down on Friday and I want to cry all day.",
        "I keep thinking about my uncle's suicide.",
        "I hurt myself playing football.",
        "The exam nearly killed me.",
        "I'm tired of living out of a suitcase.",
        "I read a book about suicide for the course.",
        "I want to end it with Tom, it's been over for months.",
        "I took too many shifts last month.",
        "I'm hopeless at maths.",
        "I hung up on him.",
        "I've burnt myself out at work.",
        "I don't think I want to die, if that's what you're asking.",
        "I'd never kill myself.",
        "I never tried to kill myself.",
        "I haven't got a plan to end my life.",
        "I want to die laughing when he talks like that.",
        "My husband wanted to die and nobody listened.",
        "I think about dying of cancer all day since the scan.",
        "My grandmother tried to kill herself during the war.",
        "I killed the engine and cried.",
        "I don't want to live in this town any more.",
        "There's no point in living so far from work.",
        "I hope the baby doesn't wake up.",
        "I'd die for that cake.",
        "The plant in the hall is dying on me.",
        "I can't go on stage without a drink.",
        "My friend overdosed, and I found him.",
        "I wrote a goodbye letter to my old colleagues.",
        "I cut my arm on a rusty fence.",
        "I cut myself some slack this week.",
        "I've been collecting my tablets from the chemist every Friday.",
        "I took a lot of medication for my back in those years.",
        "I hanged myself up on every detail.",
        "I was so bored I wanted to die.",
    ],
)
def test_look_alikes_open_no_crisis(text):
    """Figures of speech, denials, accidents, and what befell somebody else."""
    assert level_of(text) == 0


def test_voiced_wishes_to_die_are_heard_whatever_the_symptom(addictions):
    """Sentences on dying also stand among the signs of addictions, where no symptom tells of suicide."""
    said = {p.id: [s.text for f in p.features for s in f.voiced] for p in addictions.pictures}
    assert [level_of(text) for text in said["F14"] if "want to be dead" in text] == [2]
    assert [level_of(text) for text in said["F63.0"] if "on bridges" in text] == [2]


def test_every_shipped_sentence_on_suicide_has_a_level(shipped):
    said = [v.text for p in shipped.speaking("clinical") for f in p.features if "suicid" in f.symptom for v in f.voiced]
    assert len(said) >= 6
    assert all(level_of(text) >= 2 for text in said)
