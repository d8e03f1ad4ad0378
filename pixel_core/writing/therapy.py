"""The therapy grammar: a session with what its client says, and the therapist's answers and questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pixel_core.conversation import Evidence
from pixel_core.writing import fillers, manner, responses
from pixel_core.writing.asking import kind_of_question
from pixel_core.writing.casting import agrees, agrees_with, single
from pixel_core.writing.citations import criterion
from pixel_core.writing.client import client_turn, level_told, role_answer
from pixel_core.writing.echo import continued
from pixel_core.writing.forms import item_of
from pixel_core.writing.goals import Goal
from pixel_core.writing.material import Material, Notion, Picture
from pixel_core.writing.phrases import Family, bank, families
from pixel_core.writing.risk import IDEATION
from pixel_core.writing.scene import Piece, Scene, Voice, text_of
from pixel_core.writing.sheets import Temper
from pixel_core.writing.tags import answers, untagged
from pixel_core.writing.topics import concern_of
from pixel_core.writing.writer import feature_id

LEANS = re.compile(r"(?:[\w']+ ){0,2}(?:they|them|he|him|she)\b(?!')", re.I)  # speaks of whoever was named before
_INTERJECTION = re.compile(r"[\w']+[?!]")
_BEFORE = 0.7  # of the answers that others gave in the same words begin with words of their own, the rest end with them
_PLAIN = 0.3  # of the first turns begin with the matter itself
_OPEN = frozenset({"voices", "course", "impact", "tried", "support"})  # answers after which a client may doubt or ask
_AGE = re.compile(r"\bI'm (?:a |only |already )?(?:twenty|thirty|forty|fifty|sixty|seventy|eighty)\b")


@dataclass(slots=True)
class Session:
    """One therapy conversation in the writing.

    `queue` holds the symptoms that are still to be voiced, `last` what the client did in their last turn, `said` what moves of the
    modality build on: a `thought` with its `fairer` view, an `event`, a `memory`. With `guarded` the client's next answer shows
    their defence, which the therapist is going to take up. `attended` names the duties of care that were done.
    """

    scene: Scene
    material: Material
    pictures: tuple[Picture, ...]
    temper: Temper
    queue: list[Voice]
    person: dict[str, str]
    modality: str
    base: str = ""
    spoken: list[Voice] = field(default_factory=list)
    last: tuple[str, Any] = ("start", None)
    yields: bool = False
    said: dict[str, str] = field(default_factory=dict)
    guarded: bool = False
    attended: set[str] = field(default_factory=set)
    goals: list[Goal] = field(default_factory=list)
    differential: dict[str, Any] = field(default_factory=dict)

    # -- the client -------------------------------------------------------------------------------------------------

    def say(
        self, text: str, stage: str, *, last: tuple[str, Any], voices: Sequence[Voice] = (), evidence: Sequence[Evidence] = (), **flags: Any
    ) -> None:
        """Add a client turn and remember what a therapist would answer to."""
        spans = [v.statement.evidence for v in voices if v.statement.evidence.uri] + list(evidence)
        self.scene.turns.append(client_turn(text, stage, voices, spans, **flags))
        self.scene.deck.note(text)
        self.spoken += voices
        self.last = last
        if voices and self.goals:
            self.goals[0].reach("explored" if len(self.scene.turns) > 2 else "named", len(self.scene.turns) - 1)

    def open(self) -> None:
        """The client's first turn: an opening, who they are, and what troubles them."""
        scene, client = self.scene, bank("client")
        voices = [self.queue.pop(0)]
        if len(self.queue) > 1 and scene.chance(0.6):
            voices.append(self._take(voices[0].family))
        resists = self.temper.resistance == 2
        introduced = scene.chance(0.3) and not self._met_before() and not _tell_an_age(voices + self.queue)
        told = [manner.introduction(scene, self.person) if introduced else "", self._woven(voices)]
        plain = not resists and scene.chance(_PLAIN) and scene.deck.is_new(" ".join(p for p in told if p))
        name = "resistant" if resists else "opener"
        parts = ["" if plain else scene.draw_line(name, client[name]) or "", *told]
        self.goals.append(Goal(concern_of(voices[0])))
        self.say(
            " ".join(p for p in parts if p), "opening", voices=voices, last=("resist" if resists else "voices", voices), reluctant=resists
        )
        self.goals[0].reach("named", len(scene.turns) - 1)

    def _met_before(self) -> bool:
        """Whether the client speaks of an earlier session: nobody tells who they are again."""
        return self.scene.facts.get("meets") == frozenset({"again"})

    def reply(
        self, text: str, *, stage: str = "exploration", voices: Sequence[Voice] = (), last: tuple[str, Any], lead: bool = True, **flags: Any
    ) -> None:
        """A further client turn, coloured by temper; a doubtful client doubts once, a refusing one once more."""
        scene, client = self.scene, bank("client")
        grave = level_told(text, voices, flags.get("risk", 0)) >= IDEATION
        heard = scene.turns[-1].text
        before, words = ("grave", client["grave"]) if grave else fillers.forewords(heard)
        gives_way = self.yields and not grave and scene.turns[-1].purpose != "safety_assessment"  # that is answered as it is
        start = manner.yielding(scene, voices, text) if gives_way else manner.lead(scene, voices, text) if lead and not grave else ""
        self.yields = False
        joins = fillers.joins(heard, text)
        if not start and lead and not scene.deck.is_new(text) and scene.chance(_BEFORE):
            found = scene.draw_line(before, words, lambda line: joins(line) and scene.deck.is_new(f"{text_of(line)} {text}"))
            start = text_of(found) if found else ""
        text = continued(text) if start and start[-1] in ":," else text
        doubt, asks = (None, None) if grave else self._doubt_or_question(last)
        end = doubt or (asks["ask"] if asks else "" if grave else manner.colour(scene, self.temper, voices, guarded=self.guarded))
        if doubt or asks:
            last = ("resist", voices) if doubt else ("asked", asks)
        parts = [start, text, end]
        if not doubt and not asks and (grave or text.endswith("?")):  # nothing is added to a question left standing, or to a wish to die
            parts = scene.fresh(parts, before, words, joins, before=True)
        elif not doubt and not asks:
            denied = last[0] == "urgent" and not lead
            parts = scene.fresh(parts, *fillers.afterwords("no_risk" if denied else last[0]))
        self.guarded = False
        self.say(" ".join(p for p in parts if p), stage, voices=voices, last=last, reluctant=bool(doubt), **flags)

    def _doubt_or_question(self, last: tuple[str, Any]) -> tuple[str | None, dict[str, Any] | None]:
        """What a client may add to an answer: a doubt, as often as suits their resistance, or a question."""
        scene = self.scene
        doubts = (
            not self.guarded
            and sum(1 for turn in scene.turns if turn.reluctant) < self.temper.resistance
            and last[0] in _OPEN
            and scene.chance(0.75)
        )
        doubt = scene.draw_line("reluctant", bank("client")["reluctant"]) if doubts else None
        if doubt or self.guarded or not self._may_ask(last):
            return doubt, None
        options = [q for q in bank("therapist")["client_asks"] if agrees_with(scene.facts, q["ask"])]
        return None, scene.draw("client_asks", options)

    def _may_ask(self, last: tuple[str, Any]) -> bool:
        early = len(self.scene.turns) > 3 and last[0] in _OPEN
        return early and self.pictures != () and not any(t.risk >= IDEATION for t in self.scene.turns) and self.scene.chance(0.12)

    def _woven(self, voices: Sequence[Voice]) -> str:
        text = voices[0].statement.text
        for voice in voices[1:]:
            kind = "same" if voice.family is voices[0].family else "other"
            links = bank("client")["link"][kind]
            whole = _INTERJECTION.match(voice.statement.text) is not None  # nobody goes on with "and, sorry?"
            whole = whole or LEANS.match(voice.statement.text) is not None
            link = "" if whole else self.scene.draw(f"link:{kind}", links) or ""
            text += f" {link} " + (continued(voice.statement.text) if link and link[-1] != "." else voice.statement.text)
        return " ".join(text.split())

    def _take(self, family: Family) -> Voice:
        """The next symptom, of this family when there is one."""
        same = next((v for v in self.queue if v.family is family), None)
        voice = same or self.queue[0]
        self.queue.remove(voice)
        return voice

    # -- the therapist ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The therapist opens the session."""
        lines = bank("therapist")["open_session"]
        line = self.scene.draw_line("open_session", lines)
        if line:
            self.scene.helper("therapist", [Piece(line["technique"], line["say"])], "opening", because="start")

    def turn(
        self,
        prompt: Sequence[Piece],
        stage: str,
        evidence: Sequence[Evidence] = (),
        *,
        move: str = "",
        on: Sequence[Voice] = (),
        further: bool = False,
    ) -> None:
        """A therapist turn: an answer to what was said, then the prompt; `on` are the features that the prompt is about.

        Words that are only said back may stand before a question for something `further`; before anything else they are answered.
        """
        answer, rests_on = responses.answer(self.scene, self.last, self.spoken, bare=further)
        heard = self.last[1] if self.last[0] in ("voices", "resist") and self.last[1] else ()
        self.yields = self.last[0] == "resist"
        grounds = [feature_id(v.picture, v.feature) for v in (*heard, *on) if v.picture]
        self.scene.helper(
            "therapist",
            [*answer, *prompt],
            stage,
            [*rests_on, *evidence],
            move=move,
            because=self.last[0].removesuffix("_step"),
            rests_on=grounds,
        )

    def explore(self) -> None:
        """Ask for the next symptom and let the client voice it, sometimes with a second one; a class not heard of yet goes first."""
        heard = {v.picture.id for v in self.spoken if v.picture}
        unheard = next((v for v in self.queue if v.picture and v.picture.id not in heard), None)
        voice = unheard or self.queue[0]
        self.queue.remove(voice)
        asked = responses.question(self.scene, voice, self.last, self.spoken)
        self.turn(asked, "exploration", criterion(voice), on=[voice], further=True)
        voices = [voice]
        further = self.queue and unheard is None  # what is told of another class for the first time gets an answer of its own
        if further and (any(v.family is voice.family for v in self.queue) or self.scene.chance(0.6)):
            voices.append(self._take(voice.family))
        self.reply(self._woven(voices), voices=voices, last=("voices", voices))

    def ask_form(self) -> bool:
        """Ask about the questionnaire; the client quotes an item and tells of it in their own words. False when none can be quoted."""
        items = ((v, item_of(v.picture, v.feature)) for v in self.queue)
        voice = next((v for v, item in items if item and agrees_with(self.scene.facts, item)), None)
        frame = self.scene.draw("form_answer", bank("client")["form_answer"]) if voice else None
        line = self.scene.draw("form_question", bank("therapist")["form_question"]) if frame else None
        if voice is None or frame is None or line is None:
            return False
        self.queue.remove(voice)
        self.turn([Piece("open_question", line)], "exploration", criterion(voice), on=[voice])
        text = frame.format(item=item_of(voice.picture, voice.feature), voice=voice.statement.text)
        self.reply(text, voices=[voice], last=("voices", [voice]), evidence=criterion(voice), lead=False)
        return True

    def ask_role(self, role: str) -> bool:
        """Ask what it does to life, since when, or what must be ruled out; False when nobody could answer."""
        scene = self.scene
        if role == "course" and "since" in scene.facts:
            return False
        found = single(self.pictures[0], role, scene.facts, scene.deck, scene.rng)
        prompt = responses.role_question(scene, role, found[0] if found else None)
        text = found[0].statement.text if found else role_answer(scene, role, self.pictures[0])
        if not prompt or not text:
            return False
        evidence = criterion(found[0]) if found else [s.evidence for s in (self.pictures[0].duration,) if s and role == "course"]
        self.turn(prompt, "exploration", evidence, on=[found[0]] if found else [])
        if found:
            scene.facts = found[1]
        self.reply(text, voices=[found[0]] if found else [], last=("voices", [found[0]]) if found and role == "impact" else (role, None))
        return True

    def ask_support(self) -> None:
        """Ask who is there; the client answers as people of this attachment do."""
        scene = self.scene
        style = next((n for n in self.material.of("attachment") if n.id == self.temper.attachment), None)
        self.turn([Piece("open_question", str(scene.draw("support_question", bank("therapist")["support_question"])))], "exploration")
        line = self._notion_line(style) if style and scene.chance(0.75) else None
        if line and style:
            self.reply(line[0], last=("attachment", style.id), evidence=[line[1]])
        else:
            self.reply(str(scene.draw_line("support", bank("client")["support"])), last=("support", None))

    def ask_plain(self, name: str) -> None:
        """Ask what was tried, or what is strong in the client."""
        scene = self.scene
        asked = str(scene.draw(f"{name}_question", bank("therapist")[f"{name}_question"]))
        self.turn([Piece(kind_of_question(untagged(asked)), untagged(asked))], "exploration")
        said = str(scene.draw_line(name, bank("client")[name], lambda line: answers(line, asked)))
        self.reply(untagged(said), last=(name, None))

    def ask_trait(self) -> None:
        """Ask what the client is like; one of the traits answers."""
        scene = self.scene
        line = self._notion_line(scene.rng.choice(self.material.of("trait"))) if self.material.of("trait") else None
        if line is None:
            self.ask_plain("strength")
            return
        self.turn([Piece("open_question", str(scene.draw("trait_question", bank("therapist")["trait_question"])))], "exploration")
        self.reply(line[0], last=("trait", None), evidence=[line[1]])

    def _notion_line(self, notion: Notion) -> tuple[str, Evidence] | None:
        scene = self.scene
        statement = scene.draw(notion.id, notion.voiced, lambda s: agrees(s, scene.facts, "") is not None)
        if statement is None:
            return None
        scene.facts = agrees(statement, scene.facts, "") or scene.facts
        return statement.text, statement.evidence

    def told(self) -> list[Family]:
        """The families of what was told, the latest first; the first one told ends the list."""
        found = list(dict.fromkeys(v.family for v in reversed(self.spoken) if v.feature.role in ("symptom", "impact")))
        return found or [families()["general"]]


def _tell_an_age(voices: Sequence[Voice]) -> bool:
    """Whether one of these voices says how old the client is: an introduction would draw another year of that decade."""
    return any(_AGE.search(voice.statement.text) for voice in voices)
