import builtins
import os
import pickle
import pickletools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel_core.knowledge.document import UnusableError
from pixel_core.knowledge.readers.inert_pickle import read_pickle
from tests.pixel_core.knowledge.formats import short_text, store

CHUNKS = [("First text.", {"source": "a.pdf", "page": 0}), ("Second text.", {"source": "a.pdf", "page": 1})]


class Calls:
    """Pickles as a call of anything."""

    def __init__(self, called, *arguments):
        self.called, self.arguments = called, arguments

    def __reduce__(self):
        return self.called, self.arguments


def refusal(data):
    with pytest.raises(UnusableError) as caught:
        read_pickle(data)
    assert caught.value.reason == "hostile_pickle", caught.value
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    ("called", "arguments", "named"),
    [
        (os.system, ("touch {marker}",), "system"),
        (eval, ("open('{marker}', 'w')",), "eval"),
        (exec, ("open('{marker}', 'w')",), "exec"),
        (getattr, (os, "name"), "getattr"),
        (builtins.__import__, ("os",), "__import__"),
        (open, ("{marker}", "w"), "open"),
    ],
)
def test_a_call_is_refused_and_named_and_does_not_happen(tmp_path, protocol, called, arguments, named):
    marker = tmp_path / "ran"
    given = tuple(a.format(marker=marker) if isinstance(a, str) else a for a in arguments if not isinstance(a, type(os)))
    data = pickle.dumps([1, {"deep": (Calls(called, *given),)}], protocol=protocol)
    assert f".{named}," in refusal(data)
    assert not marker.exists()


def test_a_call_hidden_in_a_store_is_refused(tmp_path):
    marker = tmp_path / "ran"
    data = store([("Text.", {"source": Calls(os.system, f"touch {marker}")})])
    assert "system" in refusal(data)
    assert not marker.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x04" + short_text(b"\x8c", b"os") + short_text(b"\x8c", b"system") + b"\x93.",
        b"\x80\x04"
        + short_text(b"\x8c", b"builtins")
        + b"\x94"
        + b"0"
        + b"h\x00"
        + short_text(b"\x8c", b"eval")
        + b"\x93.",  # from the memo
        b"\x80\x04" + b"K\x01" + short_text(b"\x8c", b"eval") + b"\x93.",  # a name that is no text
        b"\x80\x04" + b"cbuiltins\nset\n)R" + short_text(b"\x8c", b"eval") + b"\x93.",  # a name that is computed
        b"\x80\x04" + short_text(b"\x8c", b"builtins") + short_text(b"\x8c", b"dict.__class__") + b"\x93.",
        b"\x80\x04" + short_text(b"\x8c", b"langchain_core.documents.base") + short_text(b"\x8c", b"Document.__init__") + b"\x93.",
        b"\x80\x04" + short_text(b"\x8c", b"langchain.schema.os") + short_text(b"\x8c", b"system") + b"\x93.",
        b"cos\nsystem\n(S'true'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"(cos\nsystem\nS'true'\no.",
        b"\x80\x04K\x01)R.",  # a call of a number
        b"\x80\x04Pid\n.",
        b"\x80\x04K\x01Q.",
        b"\x80\x02\x82\x01.",
        b"\x80\x04" + b"ccopyreg\n_reconstructor\n(cos\nsystem\nN" + b"tR.",
    ],
)
def test_every_way_to_a_global_is_watched(data):
    assert refusal(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b".",
        b"\x80\x04N",
        b"\x80\x04NN.",
        b"\x80\x04h\x05.",
        b"\x80\x04(((.",
        b"\x80\x04a.",
        b"\x80\x04K\x01N\x85b.e",
        b"\x80\x04}K\x01s.",
        b"\x80\x04}]N\x73.",  # a list as a key
        b"\x80\x04N" + b"\x85" * 60_000 + b"}h\x00N\x73.",
        b"\x80\x04}N" + b"\x85" * 60_000 + b"Ns.",  # to hash this key would end the process
        b"\x80\x04r" + struct.pack("<I", 2**32 - 1) + b".",  # a memo of four billion entries
        b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x.",
        b"\x80\x04\x8b" + struct.pack("<i", 2**31 - 1) + b".",
        b"\xff\xfe",
    ],
)
def test_a_pickle_that_is_none_is_malformed(data):
    with pytest.raises(UnusableError) as caught:
        read_pickle(data)
    assert caught.value.reason == "malformed_pickle"


def test_a_memo_entry_of_any_number_costs_nothing():
    assert read_pickle(b"\x80\x04Nr" + struct.pack("<I", 2**32 - 1) + b"j" + struct.pack("<I", 2**32 - 1) + b"\x86.") == (None, None)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(PLAIN, st.integers(3, 5))
def test_plain_values_are_read_as_they_were_written(value, protocol):
    assert read_pickle(pickle.dumps(value, protocol=protocol)) == value


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_pickle_is_read_or_refused_and_runs_nothing(data):
    damaged = bytearray(store(CHUNKS))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_pickle(bytes(damaged))
    except UnusableError as error:
        assert error.reason in ("hostile_pickle", "malformed_pickle")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_read(data):
    try:
        read_pickle(data)
    except UnusableError as error:
        assert error.reason in ("hostile_pickle", "malformed_pickle")


def test_the_stores_of_the_test_are_pickles():
    names = {argument for opcode, argument, _ in pickletools.genops(store(CHUNKS, protocol=2)) if opcode.name == "GLOBAL"}
    assert names >= {"langchain_core.documents.base Document", "langchain_community.docstore.in_memory InMemoryDocstore"}
