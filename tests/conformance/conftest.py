"""The models under test: every installed row of the shelf, each network once, and the example."""

from __future__ import annotations

import pytest

from engine.contract import SeparationModel
from engine.registry import list_models, model_spec
from engine.separator import open_model
from tests.conformance.example_model import LipGate
from tests.conformance.puppets import Given, puppets

ROWS = tuple(dict.fromkeys(model_spec(row.name).name for row in list_models() if row.installed))


@pytest.fixture(scope="module", params=[*ROWS, "example"])
def model(request: pytest.FixtureRequest) -> SeparationModel:
    return LipGate() if request.param == "example" else open_model(request.param, "cpu")


@pytest.fixture(scope="module")
def two(model: SeparationModel) -> Given:
    """Two seconds of two people."""
    return puppets(2, 2).given(model.declaration)
