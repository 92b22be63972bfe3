"""Make the Debian package of a built bundle.

    python3 packaging/linux/deb.py dist/avsep [--out dist]

Everything lies in /usr/lib/avsep, but for two links in /usr/bin and what the desktop reads in /usr/share. There are no
scripts: menus, icons and file types are brought up to date by the triggers of the packages that own them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from email.utils import formatdate
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import desktop
import libraries

HOME = "usr/lib/avsep"
PROGRAMS = ("avsep", "avsep-gui")
MAINTAINER = "AVSep <avsep@users.noreply.github.com>"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path, help="the folder that packaging/build.py made")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="where the package is written")
    given = parser.parse_args()
    made_at = epoch()
    with tempfile.TemporaryDirectory(dir=given.out) as made:
        tree = Path(made) / "tree"
        fill(tree, given.bundle, made_at)
        write_control(tree, libraries.depends(given.bundle))
        package = given.out / f"avsep_{version()}_amd64.deb"
        variables = {**os.environ, "SOURCE_DATE_EPOCH": str(made_at)}
        command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z9", "--build", str(tree), str(package)]
        subprocess.run(command, check=True, env=variables)
    print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")
    return 0


def version() -> str:
    """AVSep's version, as the sources have it."""
    return str(tomllib.loads((desktop.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def epoch() -> int:
    """The time that all files are of: the revision's, or SOURCE_DATE_EPOCH."""
    command = ["git", "-C", str(desktop.ROOT), "log", "-1", "--format=%ct"]
    told = os.environ.get("SOURCE_DATE_EPOCH")
    return int(told or subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def fill(tree: Path, bundle: Path, made_at: int) -> None:
    """Lay out what is installed; modes as Debian has them."""
    shutil.copytree(bundle, tree / HOME, symlinks=True, copy_function=_link)
    for program in PROGRAMS:
        link = tree / "usr" / "bin" / program
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"/{HOME}/{program}")
    for place, source in desktop.files().items():
        target = tree / "usr" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    papers = tree / "usr" / "share" / "doc" / "avsep"
    papers.mkdir(parents=True)
    (papers / "copyright").write_text(COPYRIGHT, encoding="utf-8")
    head, foot = f"avsep ({version()}) unstable; urgency=medium", f" -- {MAINTAINER}  {formatdate(made_at)}"
    change = f"{head}\n\n  * See CHANGELOG.md.\n\n{foot}\n"
    (papers / "changelog.gz").write_bytes(gzip.compress(change.encode(), 9, mtime=made_at))
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            runs = path.is_dir() or (path.stat().st_mode & 0o100 and path.suffix != ".gz")
            path.chmod(0o755 if runs else 0o644)
        os.utime(path, (made_at, made_at), follow_symlinks=False)


def write_control(tree: Path, depends: list[str]) -> None:
    """What the package manager is told."""
    folder = tree / "DEBIAN"
    folder.mkdir()
    files = [
        path for path in tree.rglob("*") if path.is_file() and not path.is_symlink() and folder not in path.parents
    ]
    size_kib = sum(-(-path.stat().st_size // 1024) for path in files)
    (folder / "control").write_text(control(depends, size_kib), encoding="utf-8")
    sums = [f"{_md5(path)}  {path.relative_to(tree)}\n" for path in sorted(files)]
    (folder / "md5sums").write_text("".join(sums), encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)


def control(depends: list[str], size_kib: int) -> str:
    """The text of the file `control`."""
    return f"""\
Package: avsep
Version: {version()}
Architecture: amd64
Maintainer: {MAINTAINER}
Installed-Size: {size_kib}
Depends: {", ".join(depends)}
Suggests: pulseaudio | pipewire-pulse
Section: video
Priority: optional
Homepage: https://github.com/avsep/avsep
Description: hear one person in a video
 Open a video, click a face, and hear that voice alone. AVSep looks at the lips
 and listens to the sound, and works on this computer only: nothing is uploaded.
 .
 Voices are exported in the sample rate and channels of the film, to the sample
 in their place, as sound files, as tracks of a copy of the video, or as a
 timeline for editors. Everything that it needs is inside, the model included.
"""


COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: AVSep
Source: https://github.com/avsep/avsep
Comment: The software that comes along is under licences of its own, which are
 in /usr/lib/avsep/licences, and told by the program: Help, About AVSep.

Files: *
Copyright: the authors of AVSep
License: Apache-2.0
 The full text is in /usr/lib/avsep/LICENSE.txt.
"""


def _link(source: str, target: str) -> str:
    """As good as a copy, at once; a copy where the folders are on different disks."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
