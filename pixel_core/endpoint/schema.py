"""Structured output: how a schema is asked for, and whether an answer follows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from jsonschema.exceptions import SchemaError, best_match
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry

from pixel_core.endpoint.records import FailureKind, Message, encodes
from pixel_core.endpoint.replies import Reply, refuse_constant

Form = Literal["json_schema", "json_object"]
_MOST_TOLD = 5  # validation errors
_LONGEST_TOLD = 400  # characters of one: it quotes the failing part, which may be the whole answer


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a reply is no valid answer: `detail` quotes nothing of it; `told` is what the model is told (None: no use)."""

    kind: FailureKind
    detail: str
    told: str | None = field(default=None, repr=False)


def validator_of(schema: Mapping[str, Any]) -> Validator:
    """A validator that looks up no reference outside the schema; raises ValueError for what is no JSON schema."""
    kind = validator_for(schema)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"not a JSON schema: {error.message} at {_path(error.absolute_path)}") from None
    return kind(schema, registry=Registry())


def structured(messages: list[dict[str, str]], schema: Mapping[str, Any], form: Form) -> dict[str, Any]:
    """The fields of a request body that ask for an answer under the schema.

    `json_object` promises JSON and no schema, so the schema stands in the system message.
    """
    if form == "json_schema":
        wanted = {"name": "answer", "strict": True, "schema": schema}
        return {"messages": messages, "response_format": {"type": "json_schema", "json_schema": wanted}}
    told = "Answer with one JSON object that follows this JSON schema, and with nothing else:\n" + json.dumps(schema, ensure_ascii=False)
    if messages[0]["role"] in ("system", "developer"):
        messages = [{**messages[0], "content": f"{messages[0]['content']}\n\n{told}"}, *messages[1:]]
    else:
        messages = [{"role": "system", "content": told}, *messages]
    return {"messages": messages, "response_format": {"type": "json_object"}}


def judge(reply: Reply, validator: Validator | None) -> Any | Problem:
    """The value that the reply's text spells under the schema (None without a schema), or what is wrong with the reply."""
    if reply.declined:
        return Problem("declined", "the model declined to answer")
    if reply.finish == "length" and (validator is not None or not reply.text):
        return Problem("cut_off", "the answer reached the token limit: raise max_tokens or ask for less")
    if validator is None:
        return None
    try:
        value = json.loads(reply.text, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else "a value that JSON does not have"
        return Problem("invalid_answer", "the answer is no JSON", f"it is no JSON ({told})")
    return _violation(value, validator) or value


def correction(reply: Reply, told: str) -> tuple[Message, ...]:
    """The messages after which the model may answer better: its own answer, and what was wrong with it."""
    asked = Message("user", f"Your answer cannot be used: {told}. Answer again, with the corrected JSON only.")
    return Message("assistant", reply.text), asked


def _violation(value: Any, validator: Validator) -> Problem | None:
    # Of alternatives that all fail, the nearest is told: "not valid under any of the schemas" helps nobody.
    errors = [best_match([error]) for error in islice(validator.iter_errors(value), _MOST_TOLD)]
    if errors:
        # The path through the schema is the schema's own; the path through the answer may hold names that the model made up.
        detail = f"the answer breaks the schema at {_path(errors[0].absolute_schema_path)}"
        return Problem("invalid_answer", detail, "; ".join(f"at {_path(e.absolute_path)}: {e.message[:_LONGEST_TOLD]}" for e in errors))
    if not encodes(json.dumps(value, ensure_ascii=False)):
        return Problem("invalid_answer", "the answer holds half a surrogate pair", "it holds half a surrogate pair")
    return None


def _path(parts: Any) -> str:
    return "/".join(map(str, parts)) or "the top"
