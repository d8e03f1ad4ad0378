import signal

import pytest

from tests.endpoint_server import serve_endpoint
from tests.pixel_core.endpoint.calls import KEY, VARIABLE


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_endpoint() as running:
        yield running


@pytest.fixture(autouse=True)
def _interrupts():
    """Ctrl-C as an interpreter has it: libraries that earlier tests load put handlers of their own in its place."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)
