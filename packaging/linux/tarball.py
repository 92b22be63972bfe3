"""Make the archive that is unpacked anywhere, with a script that installs it into a user's own folder.

    python3 packaging/linux/tarball.py dist/avsep [--out dist]

The folder runs where it is, too: avsep/avsep-gui. Same sources and packages, same bytes.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import deb
import desktop
import libraries

SCRIPTS = ("install.sh", "uninstall.sh", "refresh.sh")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, help="the folder that packaging/build.py made")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="where the archive is written")
    given = parser.parse_args()
    epoch = deb.epoch()
    name = f"avsep-{deb.version()}-linux-x86_64"
    archive = given.out / f"{name}.tar.gz"
    with (
        archive.open("wb") as file,
        gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=epoch, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        add(tar, given.bundle, f"{name}/avsep", epoch)
        for script in SCRIPTS:
            place = f"{name}/avsep/{script}" if script == "refresh.sh" else f"{name}/{script}"
            add(tar, Path(__file__).parent / script, place, epoch)
        for place, source in desktop.files().items():
            add(tar, source, f"{name}/{place}", epoch)
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "packages.txt"
            told.write_text(" ".join(one.partition(" ")[0] for one in libraries.depends(given.bundle)) + "\n")
            add(tar, told, f"{name}/packages.txt", epoch)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")
    return 0


def add(tar: tarfile.TarFile, source: Path, place: str, epoch: int) -> None:
    """Put a file, or a folder with all below it, into the archive: sorted, of nobody, and of one time."""
    entry = tar.gettarinfo(str(source), place)
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = epoch
    entry.mode = 0o755 if entry.isdir() or os.access(source, os.X_OK) else 0o644
    if entry.isreg():
        with source.open("rb") as file:
            tar.addfile(entry, file)
        return
    tar.addfile(entry)
    if entry.isdir():
        for below in sorted(source.iterdir()):
            add(tar, below, f"{place}/{below.name}", epoch)


if __name__ == "__main__":
    sys.exit(main())
