"""List what the application's bundle holds, and collect the licences.

    .venv/bin/python packaging/sbom.py FOLDER [--out FOLDER]

Writes `avsep.cdx.json` (CycloneDX 1.6) and `licences/`: a file for each Python package and each library, the texts of
the licences, and an overview. Packages are those whose metadata is in the bundle, libraries its files, by their names
(`licences/libraries.csv`). A library that nobody knows stops the build. The same bundle gives the same files; a date
is told where SOURCE_DATE_EPOCH is set.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from engine.about import NAME, PYTHON, licence_text, licence_texts, software  # noqa: E402

TEXTS = Path(__file__).parent / "licences"
_LIBRARY = re.compile(r"\.(so|dylib)(\.[\d.]+)?$|\.dll$")
_MODULE = re.compile(r"\.(cpython-\w+|abi3)[\w.-]*$|\.pyd$")
_HEADS = (b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_LGPL_3 = b" license: LGPL version 3"
_LGPL_NOTE = (
    "It is used as a library of its own: you may replace it by a version that you built, put under the same name in\n"
    "the place of the file above."
)


class SbomError(Exception):
    """A bundle that cannot be listed: holds what nobody knows, or nothing."""


@dataclass(frozen=True)
class Library:
    """A file in the bundle that is no part of a Python package.

    Attributes:
        place: from the bundle's folder, with "/". version: "" where the file does not tell it.
        licence: an SPDX expression.
    """

    place: str
    name: str
    version: str
    licence: str
    copyright: str
    home: str
    sha256: str


def write_sbom(bundle: Path, out: Path) -> Path:
    """Write `avsep.cdx.json` into a folder.

    Raises:
        SbomError: the bundle has no metadata of AVSep, or a library that is not in the table.
    """
    own, *others = packages(bundle)
    metadata: dict[str, Any] = {"component": {**_package_json(own), "type": "application"}}
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        metadata["timestamp"] = datetime.fromtimestamp(int(epoch), UTC).isoformat()
    components = [*map(_package_json, others), *map(_library_json, libraries(bundle))]
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata,
        "components": components,
    }
    path = out / f"{NAME}.cdx.json"
    path.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def write_licences(bundle: Path, out: Path) -> Path:
    """Write the folder `licences` into a folder; a SbomError as for `write_sbom`."""
    folder = out / "licences"
    folder.mkdir(parents=True, exist_ok=True)
    for text in sorted(TEXTS.glob("*.txt")):
        (folder / text.name).write_bytes(text.read_bytes())
    rows = []
    for package in packages(bundle):
        info = software(package)
        body = "\n\n".join(licence_texts(package)) or "Its text does not come with it: see the address above."
        name = f"{info.name}-{info.version}.txt"
        _write(folder / name, f"{info.name} {info.version}\n{info.licence}\n{info.home}\n\n{body}\n")
        rows.append(f"{info.name} {info.version}: {info.licence}. {info.home}".rstrip(". "))
    for name, files in _by_name(libraries(bundle)).items():
        first, licence = files[0], ", ".join(sorted({file.licence for file in files}))
        note = f"\n{_LGPL_NOTE}\n" if "LGPL" in licence else ""
        places = "".join(
            f"  {file.place} ({', '.join(filter(None, (file.version, file.licence)))})\n" for file in files
        )
        text = f"{name}\nCopyright {first.copyright}\nLicence: {licence}\n{first.home}\n\n{places}{note}\n"
        text += licence_text(PYTHON) if name == PYTHON else _texts(licence)
        _write(folder / f"{re.sub(r'[^A-Za-z0-9.+-]+', '-', name).strip('-')}.txt", text)
        rows.append(f"{name}: {licence}. {first.home}".rstrip(". "))
    _write(folder / "OVERVIEW.txt", "\n".join(sorted(rows, key=str.lower)) + "\n")
    return folder


def packages(bundle: Path) -> list[Distribution]:
    """The Python packages whose metadata is in the bundle: AVSep, then the others by name."""
    found = [PathDistribution(path) for path in sorted(bundle.rglob("*.dist-info"))]
    own = [known for known in found if known.metadata["Name"] == NAME]
    if not own:
        raise SbomError(f"There is no metadata of {NAME} in {bundle}.")
    return [*own[:1], *sorted((known for known in found if known not in own), key=lambda one: one.name.lower())]


def libraries(bundle: Path) -> list[Library]:
    """The libraries in the bundle that are no part of a Python package, by their places.

    Raises:
        SbomError: one is neither in the table nor in the list of a package.
    """
    with (TEXTS / "libraries.csv").open(encoding="utf-8", newline="") as file:
        table = [(re.compile(row["files"]), row) for row in csv.DictReader(file)]
    owned = {Path(str(file.locate())).resolve() for known in packages(bundle) for file in known.files or ()}
    found, strangers = [], []
    for path in _files(bundle):
        row = next((row for pattern, row in table if pattern.match(path.name)), None)
        if row is not None:
            found.append(_library(path, path.relative_to(bundle).as_posix(), row))
        elif path.resolve() not in owned:
            strangers.append(path.relative_to(bundle).as_posix())
    if strangers:
        raise SbomError(f"Not in {TEXTS.name}/libraries.csv, and of no package: {', '.join(strangers)}.")
    return found


def _files(bundle: Path) -> Iterator[Path]:
    for path in sorted(bundle.rglob("*")):
        if _LIBRARY.search(path.name) and not _MODULE.search(path.name) and path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(4).startswith(_HEADS):
                    yield path


def _library(path: Path, place: str, row: dict[str, str]) -> Library:
    body = path.read_bytes()
    if row["version"] == "file":
        told = re.search(r"\.so\.([\d.]+)$|[-.]([\d.]+)\.(?:dylib|dll)$", path.name)
        version = next(filter(None, told.groups())) if told else ""
    else:
        said = re.search(row["version"].encode(), body) if row["version"] else None
        version = said[1].decode() if said else ""
    licence = "LGPL-3.0-or-later" if _LGPL_3 in body else row["licence"]
    sha256 = hashlib.sha256(body).hexdigest()
    return Library(place, row["name"], version, licence, row["copyright"], row["home"], sha256)


def _by_name(found: list[Library]) -> dict[str, list[Library]]:
    named: dict[str, list[Library]] = {}
    for library in found:
        named.setdefault(library.name, []).append(library)
    return dict(sorted(named.items()))


def _texts(licence: str) -> str:
    """The text of a licence, or where it is: long ones have a file of their own."""
    texts = []
    for name in re.findall(r"[A-Za-z0-9.-]+", licence):
        file = TEXTS / f"{re.sub(r'-(or-later|only)$', '', name)}.txt"
        if file.is_file():
            body = file.read_text(encoding="utf-8")
            texts.append(f"\n{body}" if len(body) < 3000 else f"\nThe licence: {file.name}\n")
    return "".join(texts) or "\nThe licence: see the address above.\n"


def _package_json(known: Distribution) -> dict[str, Any]:
    info = software(known)
    spdx = (known.metadata.get_all("License-Expression") or [""])[0]
    purl = f"pkg:pypi/{re.sub(r'[-_.]+', '-', info.name).lower()}@{quote(info.version)}"
    told = {
        "type": "library",
        "bom-ref": purl,
        "purl": purl,
        "name": info.name,
        "version": info.version,
        "licenses": [{"expression": spdx} if spdx else {"license": {"name": info.licence}}],
    }
    return told | _home_json(info.home)


def _library_json(library: Library) -> dict[str, Any]:
    told = {
        "type": "library",
        "bom-ref": library.place,
        "name": library.name,
        **({"version": library.version} if library.version else {}),
        "licenses": [{"expression": library.licence}],
        "copyright": f"Copyright {library.copyright}",
        "hashes": [{"alg": "SHA-256", "content": library.sha256}],
        "properties": [{"name": "avsep:file", "value": library.place}],
    }
    return told | _home_json(library.home)


def _home_json(home: str) -> dict[str, Any]:
    return {"externalReferences": [{"type": "website", "url": home}]} if home else {}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="List what a bundle holds, and collect the licences.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, help="where the files are written; the folder itself if absent")
    given = parser.parse_args()
    out = given.out or given.folder
    try:
        made = [write_sbom(given.folder, out), write_licences(given.folder, out)]
    except SbomError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(map(str, made)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
