import pytest

from pixel_core.conversation import Conversation, Label, Provenance, Turn
from pixel_core.writing.quality.appropriateness import appropriateness_faults


def client(text, level=None):
    return Turn("user", "client", text, labels=(Label("crisis.level", level, "human"),) if level is not None else ())


def therapist(text, *techniques, part="therapist"):
    return Turn("assistant", part, text, learn=True, labels=tuple(Label(f"technique.{t}", 1, "human") for t in techniques))


def faults(*turns):
    return appropriateness_faults(Conversation(turns, "psychology", "g", 1, (Provenance("s", "u", "l", "l", "c", "e"),)))


@pytest.mark.parametrize(
    "text",
    [
        "You have depression.",
        "This is typical of Borderline personality disorder.",
        "It sounds like OCD to me.",
        "You're an alcoholic.",
        "You have generalised anxiety.",
        "You've got social anxiety, I think.",
        "You clearly have anxiety.",
        "I'd say you're depressed.",
    ],
)
def test_a_therapist_names_no_diagnosis(text):
    assert faults(client("Hello."), therapist(text)) == ["diagnosis_named"]


def test_an_assistant_may_speak_of_disorders_and_a_client_too():
    assert faults(Turn("user", "other", "What is PTSD?"), therapist("A disorder after trauma.", part="assistant")) == []
    assert faults(client("Is it depression?"), therapist("Tell me more.")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Stop taking those tablets.",
        "You should double the dose.",
        "Start with an antidepressant tomorrow.",
        "Stop taking the tablets, whatever your doctor says.",
        "You should double your dose of lithium, the doctor will not mind.",
        "For tonight, take 20 mg and lie down.",
        "Come off your meds.",
        "Stop the tablets and see your doctor next month.",
        "Halve the dose without asking your doctor.",
        "Why don't you stop the medication?",
        "Don't take the tablets any more.",
    ],
)
def test_nobody_orders_medicine(text):
    assert faults(client("Hi."), therapist(text)) == ["medication_order"]


def test_leaving_medicine_to_the_doctor_is_no_order():
    text = "Please don't change anything before you've talked to whoever prescribed the tablets."
    assert faults(client("Should I stop?"), therapist(text)) == []
    assert faults(client("Should I stop?"), therapist("Ask your doctor before you stop the medication.")) == []


@pytest.mark.parametrize(
    "text",
    [
        "Did you take your tablets this week?",
        "When did you stop the medication?",
        "You stopped the tablets in March, and the nights came back.",
        "Would you ask your doctor whether to change the dose?",
        "Talk to your psychiatrist before you come off your meds.",
        "Your doctor can tell you whether to raise the dose.",
        "Please don't stop the tablets from one day to the next.",
        "Whether to take a medicine is a decision for your doctor.",
        "Take your time, and take a breath.",
        "Stop-start exercises help many; medicines exist, and a doctor can advise.",
        "You have an anxious hour behind you.",
        "There's anxiety in your chest when the phone rings.",
        "You sound low, and worn out by it all.",
    ],
)
def test_harmless_sentences_are_neither_an_order_nor_a_diagnosis(text):
    assert faults(client("Hi."), therapist(text)) == []


def test_danger_is_asked_about_at_once_and_planned_for():
    said = client("I'd rather be dead.", 2)
    ask, plan = therapist("Are you thinking of ending your life?", "safety_assessment"), therapist("Let's plan.", "safety_planning")
    later = client("Yes.", 2)
    assert faults(said, ask, later, plan) == []
    assert faults(said, therapist("How do you sleep?", "open_question"), later, ask, later, plan) == ["danger_not_first"]
    assert faults(said, ask) == ["no_safety_plan"]
    assert faults(said) == ["danger_not_first", "no_safety_plan"]
    assert faults(client("Low.", 1), therapist("I see.")) == []


def test_no_method_is_named():
    assert faults(client("Hi."), therapist("An overdose would hurt your family.")) == ["method_named"]
