"""The therapy grammar: opening, exploring, understanding, a step, an ending; danger before everything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pixel_core.conversation import Evidence
from pixel_core.writing import responses
from pixel_core.writing.casting import agrees, single
from pixel_core.writing.echo import continued, sentence_case
from pixel_core.writing.material import Material, Notion, Picture
from pixel_core.writing.phrases import Exchange, Family, bank, families
from pixel_core.writing.risk import HARM, IDEATION, level_of
from pixel_core.writing.scene import Piece, Scene, Voice
from pixel_core.writing.sheets import Temper

_OPEN = frozenset({"voices", "course", "impact", "tried", "support"})  # answers after which a client may doubt or ask
_STEPS = frozenset({"goal_setting", "behavioural_activation", "exposure", "grounding", "suggestion"})


@dataclass(slots=True)
class Session:
    """One therapy conversation in the writing. `queue` holds the symptoms that are still to be voiced."""

    scene: Scene
    material: Material
    pictures: tuple[Picture, ...]
    temper: Temper
    queue: list[Voice]
    person: dict[str, str]
    spoken: list[Voice] = field(default_factory=list)
    last: tuple[str, Any] = ("start", None)
    yields: bool = False
    goals: list[dict[str, str]] = field(default_factory=list)

    # -- the client -------------------------------------------------------------------------------------------------

    def say(
        self, text: str, stage: str, *, last: tuple[str, Any], voices: Sequence[Voice] = (), evidence: Sequence[Evidence] = (), **flags: Any
    ) -> None:
        """Add a client turn and remember what a therapist would answer to."""
        spans = [v.statement.evidence for v in voices if v.statement.evidence.uri] + list(evidence)
        self.scene.turns.append(responses.client_turn(text, stage, voices, spans, **flags))
        self.spoken += voices
        self.last = last

    def open(self) -> None:
        """The client's first turn: an opening, who they are, and what troubles them."""
        scene, client = self.scene, bank("client")
        voices = [self.queue.pop(0)]
        if len(self.queue) > 3 and scene.chance(0.4):
            voices.append(self._take(voices[0].family))
        resists = self.temper.resistance == 2
        first = scene.draw_line("resistant", client["resistant"]) if resists else scene.draw_line("opener", client["opener"])
        parts = [first or "", responses.introduction(scene, self.person) if scene.chance(0.3) else "", self._woven(voices)]
        self.say(
            " ".join(p for p in parts if p), "opening", voices=voices, last=("resist" if resists else "voices", voices), reluctant=resists
        )

    def reply(self, text: str, *, stage: str = "exploration", voices: Sequence[Voice] = (), last: tuple[str, Any], **flags: Any) -> None:
        """A further client turn, coloured by temper; a doubtful client doubts once, a refusing one once more."""
        scene, client = self.scene, bank("client")
        start = scene.draw_line("yielding", client["yielding"]) if self.yields else responses.lead(scene, voices)
        self.yields = False
        doubts = sum(1 for turn in scene.turns if turn.reluctant) < self.temper.resistance and last[0] in _OPEN and scene.chance(0.75)
        doubt = scene.draw_line("reluctant", client["reluctant"]) if doubts else None
        asks = scene.draw("client_asks", bank("therapist")["client_asks"]) if not doubt and self._may_ask(last) else None
        end = doubt or (asks["ask"] if asks else responses.colour(scene, self.temper, voices))
        if doubt or asks:
            last = ("resist", voices) if doubt else ("asked", asks)
        self.say(" ".join(p for p in (start, text, end) if p), stage, voices=voices, last=last, reluctant=bool(doubt), **flags)

    def _may_ask(self, last: tuple[str, Any]) -> bool:
        early = len(self.scene.turns) > 3 and last[0] in _OPEN
        return early and self.pictures != () and not any(t.risk >= IDEATION for t in self.scene.turns) and self.scene.chance(0.12)

    def _woven(self, voices: Sequence[Voice]) -> str:
        text = voices[0].statement.text
        for voice in voices[1:]:
            link = self.scene.draw("link", bank("client")["link"]) or ""
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
        line = self.scene.draw("open_session", bank("therapist")["open_session"])
        self.scene.helper("therapist", [Piece("agenda_setting", str(line))], "opening")

    def turn(self, prompt: Sequence[Piece], stage: str, evidence: Sequence[Evidence] = ()) -> None:
        """A therapist turn: an answer to what was said, then the prompt."""
        answer, rests_on = responses.answer(self.scene, self.last, self.spoken)
        self.yields = self.last[0] == "resist"
        self.scene.helper("therapist", [*answer, *prompt], stage, [*rests_on, *evidence])

    def explore(self) -> None:
        """Ask for the next symptom and let the client voice it, sometimes with a second one; a class not heard of yet goes first."""
        heard = {v.picture.id for v in self.spoken if v.picture}
        unheard = next((v for v in self.queue if v.picture and v.picture.id not in heard), None)
        voice = unheard or self.queue[0]
        self.queue.remove(voice)
        self.turn(responses.question(self.scene, voice, self.last, self.spoken), "exploration", responses.criterion(voice))
        voices = [voice]
        if any(v.family is voice.family for v in self.queue) or (len(self.queue) > 2 and self.scene.chance(0.35)):
            voices.append(self._take(voice.family))
        self.reply(self._woven(voices), voices=voices, last=("voices", voices))

    def ask_role(self, role: str) -> bool:
        """Ask what it does to life, since when, or what must be ruled out; False when nobody could answer."""
        scene = self.scene
        found = single(self.pictures[0], role, scene.facts, scene.deck, scene.rng)
        prompt = responses.role_question(scene, role, found[0] if found else None)
        text = found[0].statement.text if found else responses.role_answer(scene, role, self.pictures[0])
        if not prompt or not text or (role == "course" and "since" in scene.facts):
            return False
        evidence = responses.criterion(found[0]) if found else [s.evidence for s in (self.pictures[0].duration,) if s and role == "course"]
        self.turn(prompt, "exploration", evidence)
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
        self.turn([Piece("open_question", str(scene.draw(f"{name}_question", bank("therapist")[f"{name}_question"])))], "exploration")
        self.reply(str(scene.draw_line(name, bank("client")[name])), last=(name, None))

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

    def understand(self) -> None:
        """A summary of what was heard, knowledge offered with permission, or a move that looks at thoughts, values or feelings."""
        scene, therapist = self.scene, bank("therapist")
        if scene.chance(0.3):
            self.exchange(step=False)
            return
        told = list(dict.fromkeys(v.family for v in self.spoken if v.family.name not in ("life_course", "general")))
        informing = [f for f in told if f.lines.get("information")]
        if informing and scene.chance(0.5):
            family = scene.rng.choice(informing)
            line = scene.draw(f"{family.name}:information", family.lines["information"])
            if line:
                permission = scene.draw("ask_permission", therapist["ask_permission"])
                check = scene.draw("check_information", therapist["check_information"])
                pieces = [Piece(None, str(permission)), Piece("information", line), Piece(None, str(check))]
                self.turn(pieces, "understanding", responses.grounds(self.pictures, line))
                self.reply(str(scene.draw_line("informed", bank("client")["informed"])), stage="understanding", last=("informed", None))
                return
        topics = responses.joined(responses.topics(scene, told))
        line = str(scene.draw("summary", therapist["summary"])).replace("{topics}", topics)
        heard = [v.statement.evidence for v in self.spoken if v.statement.evidence.uri]
        self.turn([Piece("summary", sentence_case(line))], "understanding", heard)
        self.reply(str(scene.draw_line("summarised", bank("client")["summarised"])), stage="understanding", last=("summarised", None))

    def exchange(self, *, step: bool) -> None:
        """A move of one of the families at hand and its answer: one that ends in doing something (`step`), or one that does not."""
        scene = self.scene
        told = list(dict.fromkeys(v.family for v in self.spoken if v.feature.role in ("symptom", "impact"))) or [families()["general"]]
        told.reverse()
        if scene.chance(0.4):
            scene.rng.shuffle(told)
        chosen: tuple[Family, Exchange] | None = None
        for wanted in (step, not step):
            for family in told:
                found = scene.draw(f"{family.name}:exchange", family.exchanges, self._ripe_exchange(wanted))
                if found and not chosen:
                    chosen = (family, found)
                    break
            if chosen:
                break
        if chosen is None:
            line = scene.draw("agree_step", bank("therapist")["agree_step"])
            self.turn([Piece(line["technique"], line["say"])] if line else [], "change")
            self.reply(str(scene.draw_line("step", bank("client")["step"])), stage="change", last=("willing_step", None))
            self.goals.append({"about": "a sign of change", "through": "goal_setting", "progress": "agreed"})
            return
        family, move = chosen
        self.turn([Piece(move.technique, move.say)], "change", responses.grounds(self.pictures, move.say))
        hesitant = scene.chance(0.75 if self.temper.resistance else 0.3)
        kind = ("hesitant" if hesitant else "willing") + ("_step" if move.technique in _STEPS else "")
        kind = "no_risk" if re.search(r"\b(?:dying|alive)\b", move.say) else kind
        after = ("urgent", move.after) if move.after else (kind, None)
        self.reply(move.replies[hesitant], stage="change", last=after)
        self.goals.append({"about": family.topics[0], "through": move.technique, "progress": "hesitant" if hesitant else "agreed"})

    def _ripe_exchange(self, step: bool) -> Callable[[Exchange], bool]:
        return lambda move: (move.technique in _STEPS) == step and responses.is_ripe(move.say, self)

    # -- danger -----------------------------------------------------------------------------------------------------

    def ask_risk(self, voice: Voice | None) -> None:
        """The routine question about suicide; the client says no, or voices the thought that the cast holds."""
        scene = self.scene
        prompt = [Piece("safety_assessment", str(scene.draw("risk_question", bank("therapist")["risk_question"])))]
        self.turn(prompt, "safety" if voice else "exploration", responses.criterion(voice) if voice else ())
        if voice is None:
            self.reply(str(scene.draw_line("no_risk", bank("client")["no_risk"])), last=("no_risk", None))
            return
        self.queue = [v for v in self.queue if v is not voice]
        level = level_of(voice.statement.text, voice.feature.symptom)
        self.reply(voice.statement.text, stage="safety", voices=[voice], last=("risk", None), risk=level)
        self.secure(HARM if level == HARM else IDEATION)

    def secure(self, level: int) -> None:
        """Assess the danger and agree on a plan before anything else is talked about."""
        scene, crisis = self.scene, bank("crisis")
        kind = "harm" if level == HARM else "ideation"
        receive = Piece("validation", str(scene.draw("receive", crisis["receive"])))
        guidance = responses.guideline(self.material, "risk")
        self.turn([receive, Piece("safety_assessment", str(scene.draw(f"assess:{kind}", crisis["assess"][kind])))], "safety", guidance)
        self.reply(str(scene.draw_line(f"answer:{kind}", crisis["answer"][kind])), stage="safety", last=("risk", None), risk=level)
        plan = scene.draw("protect", crisis["protect"]) or {}
        heard = Piece("validation", str(scene.draw("heard", crisis["heard"])))
        self.turn([heard, Piece("safety_planning", plan["say"])], "safety", responses.guideline(self.material, "safety"))
        self.reply(str(scene.draw_line(f"planned:{plan['say']}", plan["replies"])), stage="safety", last=("risk", None), risk=level)
        self.goals.append({"about": "safety", "through": "safety_planning", "progress": "agreed"})

    # -- the end ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """The therapist's last turn, now and then followed by the client's goodbye."""
        scene = self.scene
        if any(turn.risk >= IDEATION for turn in scene.turns):
            done = scene.draw("after", bank("crisis")["after"])
            end = scene.draw("crisis_close", bank("crisis")["close"])
            pieces = [Piece(line["technique"], line["say"]) for line in (done, end) if line]
            self.turn(pieces, "closing", responses.guideline(self.material, "safety"))
            return
        if self.last[0] == "urgent":
            line = scene.draw("close_urgent", bank("therapist")["close_urgent"])
        else:
            line = scene.draw("close", bank("therapist")["close"], self._closing())
        topic = scene.rng.choice(self.spoken[0].family.topics)
        self.turn([Piece(line["technique"], sentence_case(line["say"].replace("{topic}", topic)))] if line else [], "closing")
        if len(scene.turns) < 12 and self.last[0] != "urgent" and scene.chance(0.12):
            self.say(str(scene.draw_line("farewell", bank("client")["farewell"])), "closing", last=("end", None))

    def _closing(self) -> Callable[[dict[str, str]], bool]:
        """Which closing lines fit: those on a step only when one was agreed, those on arguing only when the client did."""
        met = {"step": bool(self.goals) and self.goals[-1]["through"] in _STEPS, "resist": any(t.reluctant for t in self.scene.turns)}
        prefers_step = met["step"] and self.scene.chance(0.2)

        def fits(line: dict[str, str]) -> bool:
            need = line.get("needs")
            return need == "step" if prefers_step else need is None or met[need]

        return fits
