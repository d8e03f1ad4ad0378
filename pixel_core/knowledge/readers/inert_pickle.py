"""Reading a pickle without executing it: its opcodes build plain values, and nothing is imported or called."""

from __future__ import annotations

import io
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.readers.pickle_names import Name, allowed

_DICTS = frozenset({("collections", "OrderedDict"), ("collections", "defaultdict"), ("builtins", "dict")})
_LISTS = frozenset({("builtins", "set"), ("builtins", "frozenset"), ("builtins", "list")})
_KEYS = (str, bytes, int, float, type(None))
_MARK = object()


@dataclass(slots=True, eq=False)
class Inert:
    """An object that a pickle describes: the name of its class, its arguments and its state, all as plain values."""

    name: Name
    arguments: Any = ()
    states: list[Any] = field(default_factory=list)

    def attribute(self, name: str) -> Any:
        """An attribute that the states set, whether directly or as pydantic does in `__dict__`; None when they do not."""
        for state in reversed(self.states):
            for part in state if isinstance(state, tuple) else (state,):
                fields = part.get("__dict__", part) if isinstance(part, dict) else {}
                if isinstance(fields, dict) and name in fields:
                    return fields[name]
        return None


def read_pickle(data: bytes) -> Any:
    """The value of a pickle, every object in it an `Inert`.

    Raises UnusableError: `hostile_pickle` when it names anything outside the allow-list (LangChain's Document and InMemoryDocstore,
    containers, dates, paths, ids), and `malformed_pickle`.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
            machine.step(opcode.name, argument)
        return machine.value()
    except UnusableError:
        raise
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, EOFError) as error:
        raise UnusableError("malformed_pickle", f"the pickle cannot be read ({type(error).__name__})") from error


class _Machine:
    """The stack machine of the pickle protocols 0 to 5, on plain values."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._done = False

    def value(self) -> Any:
        """What the pickle left on its stack."""
        if not self._done or len(self._stack) != 1:
            raise ValueError("no single value")
        return self._stack[0]

    def step(self, opcode: str, argument: Any) -> None:
        """Carry out one opcode."""
        if opcode in _PUSHED:
            self._stack.append(argument)
        elif opcode in _CONSTANTS:
            self._stack.append(_CONSTANTS[opcode]())
        elif opcode in ("GLOBAL", "INST"):
            name = allowed(*argument.split(" ", 1))
            self._stack.append(name if opcode == "GLOBAL" else _made(name, tuple(self._marked())))
        elif opcode in ("PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4"):
            raise UnusableError("hostile_pickle", f"the pickle refers to something outside itself ({opcode})")
        elif handler := _HANDLERS.get(opcode):
            handler(self)
        elif opcode in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[int(argument)] = self._stack[-1]
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[int(argument)])
        elif opcode not in ("PROTO", "FRAME"):
            raise ValueError(opcode)

    def _marked(self) -> list[Any]:
        """What stands above the last mark, taken off together with the mark."""
        place = len(self._stack) - 1
        while self._stack[place] is not _MARK:
            place -= 1
            if place < 0:
                raise IndexError("no mark")
        taken = self._stack[place + 1 :]
        del self._stack[place:]
        return taken

    def stop(self) -> None:
        self._done = True

    def mark(self) -> None:
        self._stack.append(_MARK)

    def pop(self) -> None:
        self._stack.pop()

    def pop_mark(self) -> None:
        self._marked()

    def duplicate(self) -> None:
        self._stack.append(self._stack[-1])

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def tuple_of(self, count: int | None = None) -> None:
        if count is None:
            self._stack.append(tuple(self._marked()))
            return
        taken = tuple(self._stack[len(self._stack) - count :])
        if len(taken) != count:
            raise IndexError("too few values")
        del self._stack[len(self._stack) - count :]
        self._stack.append(taken)

    def list_of(self) -> None:
        self._stack.append(self._marked())

    def dict_of(self) -> None:
        self._stack.append(_pairs(self._marked()))

    def append(self) -> None:
        value = self._stack.pop()
        self._stack[-1].append(value)

    def extend(self) -> None:
        values = self._marked()
        self._stack[-1].extend(values)

    def set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._mapping().update(_pairs([key, value]))

    def set_items(self) -> None:
        values = _pairs(self._marked())
        self._mapping().update(values)

    def frozen_set(self) -> None:
        self._stack.append(self._marked())

    def global_of_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._stack.append(allowed(module, name))

    def call(self) -> None:
        arguments, name = self._stack.pop(), self._stack.pop()
        self._stack.append(_made(name, arguments))

    def new_with_keywords(self) -> None:
        self._stack.pop()
        self.call()

    def new_from_mark(self) -> None:
        name, *arguments = self._marked()
        self._stack.append(_made(name, tuple(arguments)))

    def build(self) -> None:
        state = self._stack.pop()
        made = self._stack[-1]
        if isinstance(made, Inert):
            made.states.append(state)
        elif not isinstance(made, dict | list):
            raise TypeError("a state for a value that has none")

    def _mapping(self) -> dict[Any, Any]:
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise TypeError("items of something that is no dict")
        return target


def _made(name: Any, arguments: Any) -> Any:
    """What a call would have made: an empty container for a container, else an inert object."""
    if not isinstance(name, Name):
        raise UnusableError("hostile_pickle", "the pickle calls something that is no global")
    key = (name.module, name.name)
    if key in _DICTS:
        return {}
    if key in _LISTS:
        return arguments[0] if arguments and isinstance(arguments[0], list) else []
    if key == ("copyreg", "_reconstructor"):
        return _made(arguments[0], ()) if arguments[0] != name else Inert(name)
    return Inert(name, arguments)


def _pairs(values: list[Any]) -> dict[Any, Any]:
    if not all(isinstance(key, _KEYS) for key in values[::2]):
        raise TypeError("a key that no store has")  # also: to hash tuples nested a million deep would end the process
    return dict(zip(values[::2], values[1::2], strict=True))


_PUSHED = frozenset(
    [
        "INT",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG",
        "LONG1",
        "LONG4",
        "STRING",
        "BINSTRING",
        "SHORT_BINSTRING",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "BYTEARRAY8",
        "UNICODE",
        "SHORT_BINUNICODE",
        "BINUNICODE",
        "BINUNICODE8",
        "FLOAT",
        "BINFLOAT",
    ]
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_SET": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_HANDLERS: dict[str, Callable[[_Machine], None]] = {
    "STOP": _Machine.stop,
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    "MEMOIZE": _Machine.memoize,
    "TUPLE": _Machine.tuple_of,
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "LIST": _Machine.list_of,
    "DICT": _Machine.dict_of,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.extend,
    "ADDITEMS": _Machine.extend,
    "FROZENSET": _Machine.frozen_set,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "STACK_GLOBAL": _Machine.global_of_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "NEWOBJ_EX": _Machine.new_with_keywords,
    "OBJ": _Machine.new_from_mark,
    "BUILD": _Machine.build,
}
