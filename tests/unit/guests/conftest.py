"""A tiny guest on the shelf, whose weights come from a server of the test's own."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.contract import Crops, Declaration
from engine.guests import download
from engine.guests.catalogue import GUESTS, GuestSpec, WeightsFile
from engine.guests.environment import Environment
from tests.unit.guests.test_download import Server, serve

NAME = "tiny-guest"
GAIN = 0.5
WEIGHTS = json.dumps({"gain": GAIN}).encode().ljust(2**20 + 5)


def weights_of(gain: float) -> bytes:
    return json.dumps({"gain": gain}).encode().ljust(len(WEIGHTS))


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Has the weights of the tiny guest."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(download, "RETRY_WAITS_S", (0.0,))
    made = Server()
    made.answer = serve(WEIGHTS, '"one"')
    made.start()
    yield made
    made.stop()


@pytest.fixture
def guest(host: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GuestSpec:
    """A row of the shelf that can be added; its environment is this interpreter's, and made at once."""
    spec = GuestSpec(
        name=NAME,
        title="A tiny guest",
        requirements={"cpu": ("tiny==1",)},
        package_bytes={"cpu": 2_000_000},
        package_hosts="the Python package index",
        program=Path(__file__).with_name("programs") / "scaled.py",
        weights=(WeightsFile("gain.json", (host.url,), len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest()),),
        declaration=Declaration(
            licence="CC0-1.0", code_licence="MIT", trained_on="nothing", parameters=1, people=2, lips=Crops(48)
        ),
        published="nothing",
    )
    monkeypatch.setenv("AVSEP_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setitem(GUESTS, NAME, spec)
    monkeypatch.setattr(Environment, "python", Path(sys.executable))
    monkeypatch.setattr(Environment, "_make", lambda environment, base, cancel: None)
    monkeypatch.setattr(Environment, "_install", lambda environment, wheels, on_progress, cancel: None)
    return spec
