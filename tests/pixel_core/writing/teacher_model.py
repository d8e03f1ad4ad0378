"""What a good model answers to the prompts of the teacher writer: a conversation to the order, in other words each time."""

import re


def answer_to(body):
    """A conversation to the order, as a good model would write it: other words for every request."""
    asked = body["messages"][1]["content"]
    seed, questions = body["seed"], "Kind of conversation: questions" in asked
    features, grounds = listed(asked, "Features that"), listed(asked, "Grounds that")
    mild, risky = "Kind of conversation: subclinical" in asked, "the client voices one" in asked
    voiced = [key for key in features if not re.search("suicid|dying|death", features[key], re.I)][: 2 if mild else 9]
    word = lambda n: f"{'abcdefghijklmnop'[(seed >> n) % 16]}{'aeiou'[(seed >> n) % 5]}{'klmnprst'[(seed >> (n + 3)) % 8]}{'aeiou'[n % 5]}n"  # noqa: E731
    thing = lambda n: " ".join(word((n * 7 + k * 3) % 28) for k in range(6))  # noqa: E731
    turns = []
    for n in range(4):
        stage = "opening" if n == 0 else "exploration" if n < 3 else "change"
        own = voiced[n::4]
        turns.append(turn("client", stage, f"Number {n} is the {thing(n)}, and I keep it like that.", features=[] if questions else own))
        last = n == 3
        techniques = ["complex_reflection"] if last else ["simple_reflection", "open_question"]
        stage = "closing" if last else "opening" if questions and n == 0 else "exploration"
        turns.append(
            turn(
                "therapist",
                stage,
                f"The {thing(n)}, then; and after {thing(n + 9)}?",
                techniques=techniques,
                rests_on=[*grounds][n : n + 1] or voiced[:1],
            )
        )
    if "about thoughts of suicide" in asked and not risky:
        turns[3] |= {"text": f"And do you think of suicide, by {thing(5)}?", "techniques": ["safety_assessment"]}
    if "Not to be left out" in asked and not risky:
        turns[5]["text"] += f" Would you let a doctor look at that, by {thing(6)}, and was anybody hurt?"
    if risky:
        danger = next((key for key in features if key not in voiced), voiced[0])
        turns[4] = turn("client", "safety", "Some nights I want to die.", features=[danger], risk=2)
        turns[5] = turn(
            "therapist", "safety", f"Do you think of it now, by {thing(3)}?", techniques=["safety_assessment"], rests_on=[danger]
        )
        turns[7] |= {"techniques": ["safety_planning"]}
    goal = {"about": "the evenings", "through": "goal_setting", "progress": "agreed"}
    return {"concern": "the evenings", "goals": [goal], "turns": turns}


def turn(speaker, stage, text, *, features=(), techniques=(), rests_on=(), risk=0):
    rationale = "takes up what was said" if speaker == "therapist" else ""
    return {
        "speaker": speaker,
        "stage": stage,
        "text": text,
        "features": list(features),
        "techniques": list(techniques),
        "rationale": rationale,
        "rests_on": list(rests_on),
        "reluctant": False,
        "risk": risk,
    }


def listed(text, head):
    lines = text.partition(head)[2].partition("\n\n")[0].splitlines()[1:]
    return dict(re.fullmatch(r"- (\S+?\S): (.*)", line).groups() for line in lines)
