"""Interrupts only ask: a signal sets a reason, and a parent's end is noticed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pixel_core.training.interrupts import Interrupts


@pytest.fixture
def interrupts():
    listening = Interrupts()
    yield listening
    listening.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sets_the_reason_and_nothing_else(interrupts, number):
    assert interrupts.reason == ""
    os.kill(os.getpid(), number)
    time.sleep(0.05)
    assert interrupts.reason == number.name


def test_closing_gives_the_signals_back():
    before = signal.getsignal(signal.SIGTERM)
    Interrupts().close()
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_end_of_the_parent_is_a_reason():
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    interrupts = Interrupts(parent.pid)
    try:
        time.sleep(0.2)
        assert interrupts.reason == ""
        parent.kill()  # and not waited for: a zombie is gone too
        deadline = time.monotonic() + 5
        while not interrupts.reason and time.monotonic() < deadline:
            time.sleep(0.05)
        assert str(parent.pid) in interrupts.reason
    finally:
        interrupts.close()
        parent.wait()


def test_a_rank_that_is_stuck_ends_itself():
    code = (
        "import subprocess, sys, time; from pixel_core.training.interrupts import Interrupts; "
        "parent = subprocess.Popen([sys.executable, '-c', 'pass']); Interrupts(parent.pid, grace=0.2); time.sleep(60)"
    )
    began = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30, stderr=subprocess.DEVNULL).returncode == 75
    assert time.monotonic() - began < 20
