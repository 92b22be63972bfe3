"""The models under test: every installed row of the shelf, each network once, and the example."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.contract import Crops, SeparationModel
from engine.registry import list_models, model_spec
from engine.separator import open_model
from tests.conformance.example_model import DECLARATION, LipGate
from tests.conformance.puppets import Given, puppets

EXAMPLES = {
    "example": DECLARATION,
    "example in colour": replace(DECLARATION, lips=Crops(48, "rgb", mean=0.42, std=0.17)),
}
ROWS = tuple(dict.fromkeys(model_spec(row.name).name for row in list_models() if row.installed))


@pytest.fixture(scope="module", params=[*ROWS, *EXAMPLES])
def model(request: pytest.FixtureRequest) -> SeparationModel:
    example = EXAMPLES.get(request.param)
    return LipGate(example) if example is not None else open_model(request.param, "cpu")


@pytest.fixture(scope="module")
def two(model: SeparationModel) -> Given:
    """Two seconds of two people."""
    return puppets(2, 2).given(model.declaration)
