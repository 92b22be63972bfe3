"""The guarantee suite in its short form: one case per check, and nothing may break."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.guarantees.checks import CHECKS, Check
from tests.guarantees.running import broken, run_check

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_breaks(check: Check, tmp_path: Path) -> None:
    outcome = run_check(check, tmp_path, short=True)
    if not outcome.findings:
        pytest.skip("tried in the full form alone")
    assert sum(finding.cases for finding in outcome.findings) > 0
    assert not broken([outcome])
