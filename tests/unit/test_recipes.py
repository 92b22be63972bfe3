"""The recipes for systems on which they are not tried: what they name is there, and is called what it is elsewhere."""

from __future__ import annotations

import plistlib
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from avsep_gui.resources import APPLICATION_ID
from avsep_gui.state.project import SUFFIX

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
INSTALLER = (PACKAGING / "windows" / "avsep.iss").read_text(encoding="utf-8")
FLATPAK = yaml.safe_load((PACKAGING / "flatpak" / f"{APPLICATION_ID}.yaml").read_text(encoding="utf-8"))
WORKFLOW = (ROOT / ".github" / "workflows" / "bundle.yml").read_text(encoding="utf-8")


def test_the_flatpak_is_the_application_of_the_menu():
    (module,) = FLATPAK["modules"]
    assert FLATPAK["id"] == APPLICATION_ID and FLATPAK["command"] == "avsep-gui"
    assert not any("network" in argument for argument in FLATPAK["finish-args"])
    folders = {source["dest"]: (PACKAGING / "flatpak" / source["path"]).resolve() for source in module["sources"]}
    named = [
        word for line in module["build-commands"] for word in line.split() if word.startswith(("linux/", "icons/"))
    ]
    assert len(named) == 5
    for word in named:
        folder, _, name = word.partition("/")
        assert (folders[folder] / name).is_file(), word


def test_the_installer_of_windows_opens_projects_with_the_window():
    assert f"AppId={APPLICATION_ID}" in INSTALLER
    assert f'"Software\\Classes\\{SUFFIX}"' in INSTALLER
    assert '"""{app}\\avsep-gui.exe"" ""%1"""' in INSTALLER
    endings, count = re.search(r"#dim Endings\[(\d+)\] \{([^}]*)\}", INSTALLER).group(2, 1)
    assert len(endings.split(",")) == int(count)
    assert f"I < {count};" in INSTALLER
    assert not re.search(r"\d+\.\d+\.\d+", INSTALLER.split("#ifndef")[1].replace("10.0.17763", "")), "a fixed version"


def test_the_entitlements_of_macos_are_no_more_than_python_needs():
    entitlements = plistlib.loads((PACKAGING / "macos" / "entitlements.plist").read_bytes())
    assert entitlements == {
        "com.apple.security.cs.allow-unsigned-executable-memory": True,
        "com.apple.security.cs.disable-library-validation": True,
    }


@pytest.mark.parametrize("script", sorted(path.relative_to(ROOT).as_posix() for path in PACKAGING.rglob("*.sh")))
def test_scripts_are_of_a_plain_shell_and_can_be_started(script):
    assert (ROOT / script).read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    assert (ROOT / script).stat().st_mode & 0o100
    subprocess.run(["sh", "-n", str(ROOT / script)], check=True)


def test_the_workflow_calls_what_is_there():
    steps = yaml.safe_load(WORKFLOW)["jobs"]["bundle"]["steps"]
    called = re.findall(r"packaging[/\\][\w/\\.-]+", " ".join(step.get("run", "") for step in steps))
    assert len(set(called)) == 6
    for path in called:
        assert (ROOT / path.replace("\\", "/")).is_file(), path
    systems = yaml.safe_load(WORKFLOW)["jobs"]["bundle"]["strategy"]["matrix"]["include"]
    assert {system["name"] for system in systems} == {"linux", "windows", "macos"}
