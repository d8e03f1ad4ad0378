"""The question grammar: people ask an assistant about psychological knowledge, and it answers from the knowledge base."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixel_core.conversation import Conversation
from pixel_core.writing.deck import Deck
from pixel_core.writing.echo import continued, sentence_case
from pixel_core.writing.grounding import Grounding
from pixel_core.writing.material import Material, Notion, Picture, Statement
from pixel_core.writing.phrases import bank
from pixel_core.writing.record import of_questions
from pixel_core.writing.scene import Piece, Scene, Utterance
from pixel_core.writing.standards import criterion_of
from pixel_core.writing.tags import tags_of, untagged

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'])")
_ATTACHMENT = "{} attachment"
_STYLE = "a {} personality style"
_FEWEST = 3  # questions of a conversation, signs of an answer
_SIGNS = 5  # of an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer: the bank of phrases, what fills it, and the statements it rests on."""

    bank: str
    text: str
    sources: tuple[Statement, ...]
    own: str = ""
    other: str = ""
    technique: str = "information"


def topics(material: Material) -> list[Picture | Notion]:
    """Everything that can be asked about, disorders first."""
    asked: list[Picture | Notion] = [p for p in material.pictures if len(list(answers_on(material, p))) >= 3]
    return asked + [n for n in material.notions if len(list(answers_on(material, n))) >= 2]


def write_questions(
    material: Material, topic: Picture | Notion, deck: Deck, rng: random.Random, grounding: Grounding | None = None
) -> Conversation:
    """Three to five questions about one topic, each answered from the knowledge base."""
    scene = Scene(deck, rng)
    name = _named(topic)
    offered = list(answers_on(material, topic))
    first, rest = offered[0], offered[1:]
    rng.shuffle(rest)
    if isinstance(topic, Picture) and topic.differentials and rng.random() < 0.5:
        rest.sort(key=lambda a: a.bank != "difference")
    kinds: set[str] = set()
    chosen = [first] if rng.random() < 0.7 or first.bank == "guideline" else []
    wanted = rng.choice((_FEWEST, _FEWEST, 4, 5))
    for answer in rest:
        if answer.bank not in kinds and len(chosen) < wanted:
            kinds.add(answer.bank)
            chosen.append(answer)
    chosen += [a for a in offered if a not in chosen][: max(0, _FEWEST - len(chosen))]
    chosen.sort(key=lambda a: _LATE.get(a.bank, 0))
    frames = bank("assistant")
    who = str(scene.draw("who", [*frames["who"], *frames["who_helps"]]))
    banks = [_bank_of(answer, helps=who in frames["who_helps"]) for answer in chosen]
    for number, (answer, asked) in enumerate(zip(chosen, banks, strict=True)):
        listed = "signs" in banks[:number]
        _ask(scene, answer, asked, name, str(scene.draw("then", frames["then"])) if number else who, first=number == 0, listed=listed)
        _answer(scene, answer, asked, name)
    if grounding is not None:
        grounding.add(scene.turns, [topic])
    others = sum(1 for a in chosen if a.bank == "difference")
    return of_questions(
        scene.turns,
        f"{topic.head if isinstance(topic, Picture) else topic.kind}:{topic.id}",
        [topic.id, *["other"] * bool(others)][: 1 + others],
    )


_LATE = {
    "what_is": -1,
    "framework_what": -1,
    "guideline": -1,
    "care": 1,
    "talk": 1,
    "framework_talk": 1,
    "worry_other": 2,
    "worry_child": 2,
    "have_i": 2,
    "framework_other": 3,
}


def _bank_of(answer: Answer, *, helps: bool) -> str:
    """The frames of an answer: how to talk with somebody is told those who learn to help; others hear what professionals do."""
    helping = f"{answer.bank}_helper"
    return helping if helps and helping in bank("assistant") else answer.bank


def _ask(scene: Scene, answer: Answer, asked: str, name: str, before: str, *, first: bool, listed: bool) -> None:
    """Ask for an answer with the words of the bank `asked`; `listed` is whether the signs were told before."""
    frames = bank("assistant")

    def sayable(question: str) -> bool:
        return listed or not tags_of(question)

    def fits(question: str) -> bool:
        return sayable(question) and (not first or "{name}" in question)

    options = frames[asked]["ask"]
    question = scene.draw(f"{asked}:ask", options, fits) or scene.draw(f"{asked}:ask", options, sayable)
    text = untagged(str(question)).format(name=name, other=answer.other)
    joined = continued(text) if before.endswith(":") else sentence_case(text)
    said = " ".join(scene.fresh([f"{before} {joined}".strip()], "because", frames["because"]))
    scene.deck.note(said)
    scene.turns.append(Utterance("other", said, "question"))


def _answer(scene: Scene, answer: Answer, asked: str, name: str) -> None:
    frames = bank("assistant")
    introduced = any(s.evidence in turn.evidence for turn in scene.turns for s in answer.sources[:1])
    kind = "difference_again" if answer.bank == "difference" and introduced else asked
    frame = str(scene.draw(f"{kind}:answer", frames[kind]["answer"])) if "answer" in frames[kind] else _composed(scene, kind)
    text = continued(answer.text) if re.search(r": \{text\}", frame) else answer.text
    fill = {
        "text": text,
        "own": answer.own,
        "name": name,
        "other": answer.other,
        "Other": sentence_case(answer.other),
        "Name": sentence_case(name),
    }
    text = sentence_case(re.sub(r"([.!?])\.", r"\1", frame.format(**fill)))
    note = scene.draw("general_note", frames["general_note"]) if answer.bank in ("signs", "what_is", "difference", "duration") else ""
    while not scene.deck.is_new(f"{text} {note or ''}".strip()):
        opening = scene.draw("opening", frames["opening"])
        if opening is None:
            break
        text = f"{opening} {continued(text) if opening.endswith(':') else text}"
    scene.helper("assistant", [Piece(answer.technique, text), Piece(None, str(note or ""))], "answer", [s.evidence for s in answer.sources])


def _composed(scene: Scene, kind: str) -> str:
    """An answer of three parts, for questions that knowledge alone does not answer."""
    return " ".join(str(scene.draw(f"{kind}:{part}", bank("assistant")[kind][part])) for part in ("a", "b", "c"))


def answers_on(material: Material, topic: Picture | Notion) -> Iterator[Answer]:
    """All questions about a topic that the knowledge can answer; the first one introduces it."""
    if isinstance(topic, Notion):
        yield from _on_guideline(topic) if topic.kind == "interview" else _on_notion(material, topic)
    elif topic.head == "pdm2":
        yield from _on_depth(topic)
    else:
        yield from _on_disorder(topic)


def _on_disorder(picture: Picture) -> Iterator[Answer]:
    if picture.summary:
        yield Answer("what_is", picture.summary.text, (picture.summary,))
        for other in picture.differentials:
            own = _SENTENCE.split(picture.summary.text)[0]
            yield Answer("difference", other.distinguish.text, (picture.summary, other.distinguish), own=own, other=_running(other.name))
    shown = signs_of(picture)
    if len(shown) >= _FEWEST:
        yield Answer("signs", "; ".join(continued(s.text).rstrip(".") for s in shown), tuple(shown))
    voiced = [f.voiced[0] for f in picture.features if f.voiced and f.role == "symptom" and f.symptom and "suicid" not in f.symptom][:8]
    if len(voiced) >= 2:
        shown = [voiced[0], voiced[len(voiced) // 2]]
        yield Answer("voice", _quoted(shown), tuple(shown))
    if picture.duration:
        yield Answer("duration", picture.duration.text, (picture.duration,))
    if picture.impairment:
        yield Answer("impact", picture.impairment.text, (picture.impairment,))
    if picture.care:
        yield Answer("care", " ".join(s.text for s in picture.care), picture.care)
    if len(picture.exclusions) >= 2:
        yield Answer("else", "; ".join(continued(s.text).rstrip(".") for s in picture.exclusions), picture.exclusions)
    if picture.focus:
        yield Answer("talk", " ".join(s.text for s in picture.focus[:2]), picture.focus[:2])
    if picture.summary:
        yield Answer("have_i", "", (picture.summary,), technique="boundary_setting")
        yield Answer("worry_child" if _of_children(picture) else "worry_other", "", (picture.summary,), technique="suggestion")


def signs_of(picture: Picture) -> list[Statement]:
    """Up to five signs, spread over the criteria: of a class with two sides (raised, low) both are told."""
    by_criterion: dict[str, list[Statement]] = {}
    for feature in picture.features:
        if feature.symptom and feature.text:
            by_criterion.setdefault(criterion_of(feature.key), []).append(feature.text)
    share = -(-_SIGNS // len(by_criterion)) if by_criterion else 0
    spread = [signs[:: max(1, -(-len(signs) // share))][:share] for signs in sorted(by_criterion.values(), key=len, reverse=True)]
    rounds = ([signs[n] for signs in spread if n < len(signs)] for n in range(share))
    chosen = [sign for signs in rounds for sign in signs][:_SIGNS]
    return [sign for signs in by_criterion.values() for sign in signs if sign in chosen]


def _of_children(picture: Picture) -> bool:
    """Whether those who have it are children, as a rule."""
    young = bank("comorbidity")["of_children"]
    return picture.group in young["chapters"] or picture.id in young["classes"]


def _on_depth(picture: Picture) -> Iterator[Answer]:
    if picture.summary:
        yield Answer("framework_what", picture.summary.text, (picture.summary,))
    if picture.depth:
        kind = "framework_strength" if picture.group == "mental_function" else "framework_why"
        yield Answer(kind, picture.depth.text, (picture.depth,))
    voiced = [f.voiced[0] for f in picture.features if f.voiced][:2]
    if voiced:
        yield Answer("framework_sound", _quoted(voiced), tuple(voiced))
    if picture.focus:
        yield Answer("framework_talk", " ".join(s.text for s in picture.focus[:2]), picture.focus[:2])


def _on_notion(material: Material, notion: Notion) -> Iterator[Answer]:
    yield Answer("framework_what", notion.text.text, (notion.text,))
    for example in notion.examples[:1]:
        yield Answer("framework_example", example.text, (example,))
    if notion.signs and notion.kind == "attachment":
        yield Answer("signs", "; ".join(continued(s.text).rstrip(".") for s in notion.signs), notion.signs)
    if len(notion.voiced) >= 2:
        yield Answer("framework_sound", _quoted(notion.voiced[:2]), notion.voiced[:2])
    if notion.focus:
        yield Answer("framework_talk", notion.focus[0].text, notion.focus[:1])
    kin = [n for n in material.of(notion.kind) if n.group == notion.group and n is not notion]
    for other in kin[:3] if notion.kind != "defence" else kin:
        yield Answer("framework_other", other.text.text, (other.text,), other=_named(other))


def _on_guideline(notion: Notion) -> Iterator[Answer]:
    if notion.focus:
        yield Answer("guideline", notion.focus[0].text, notion.focus[:1])
        yield Answer("guideline_when", notion.text.text, (notion.text,))
        if notion.voiced:
            yield Answer("guideline_words", _quoted(notion.voiced[:2]), notion.voiced[:2])


def _named(topic: Picture | Notion) -> str:
    """The topic as it is named within a sentence."""
    name = bank("assistant")["named"].get(topic.name) or _running(topic.name)
    if isinstance(topic, Picture):
        return _STYLE.format(name) if topic.group == "personality_syndrome" else name
    return _ATTACHMENT.format(name) if topic.kind == "attachment" else name


def _running(name: str) -> str:
    """A name within a sentence: in lower case, but for abbreviations and the names of people in it."""
    return name if name[:2].isupper() or name.startswith("Tourette") else name[:1].lower() + name[1:]


def _quoted(statements: Sequence[Statement]) -> str:
    return " ".join(s.text if s.text.startswith('"') else f'"{s.text}"' for s in statements)
