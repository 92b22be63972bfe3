"""Cache: content keys, entries, pruning, files that appear whole."""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from engine import cache
from engine.errors import InputError, OutputError

needs_permissions = pytest.mark.skipif(
    sys.platform == "win32" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="this user may do anything"
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.CACHE_DIR_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_root_follows_the_variable(root: Path) -> None:
    assert cache.cache_root() == root


def test_root_without_the_variable_is_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.CACHE_DIR_VARIABLE)
    assert cache.cache_root().is_absolute()
    assert "avsep" in cache.cache_root().parts


def test_key_names_the_content_and_not_the_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 5000)
    (tmp_path / "b").write_bytes(b"x" * 5000)
    (tmp_path / "c").write_bytes(b"x" * 5001)
    assert cache.content_key(tmp_path / "a") == cache.content_key(tmp_path / "b")
    assert cache.content_key(tmp_path / "a") != cache.content_key(tmp_path / "c")
    assert len(cache.content_key(tmp_path / "a")) == 32


MIB = 2**20


@pytest.mark.parametrize(
    ("size", "place"),
    [
        *((10 * MIB, place) for place in (0, 3 * MIB, 5 * MIB, 10 * MIB - 1)),
        *((100 * MIB, place) for place in (0, 50 * MIB, 100 * MIB - 1)),
    ],
)
def test_key_sees_changes(tmp_path: Path, size: int, place: int) -> None:
    """Any in a file that is not large; of others those in the head, the middle and the tail, whatever the time."""
    path = tmp_path / "big"
    path.write_bytes(bytes(size))
    os.utime(path, (1e9, 1e9))
    before = cache.content_key(path)
    with path.open("r+b") as file:
        file.seek(place)
        file.write(b"!")
    os.utime(path, (1e9, 1e9))
    assert cache.content_key(path) != before


def test_key_of_a_large_file_sees_that_it_was_changed_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "large.mov"
    with path.open("wb") as file:
        file.truncate(100 * MIB)
    os.utime(path, (1_000_000_000.0, 1_000_000_000.9))
    before = cache.content_key(path)
    path = path.rename(tmp_path / "moved.mov")
    os.utime(path, (1e9, 1e9))  # as a file system keeps it that knows whole seconds alone
    assert cache.content_key(path) == before
    with path.open("r+b") as file:
        file.seek(30 * MIB)
        file.write(b"!")
    assert cache.content_key(path) != before


def test_key_of_a_file_that_is_not_large_does_not_ask_for_its_time(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 5000)
    before = cache.content_key(tmp_path / "a")
    os.utime(tmp_path / "a", (1e9, 1e9))
    assert cache.content_key(tmp_path / "a") == before


def test_key_of_a_huge_file_reads_little(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(50 * 2**30)  # a hole, not 50 GiB on the disk
    start = time.monotonic()
    cache.content_key(path)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "was not found in"),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.touch(), "is empty"),
    ],
    ids=["missing", "folder", "empty"],
)
def test_unusable_inputs_are_told_apart(tmp_path: Path, make, says: str) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "talk 'one' 🎬.mp4"
    make(path)
    with pytest.raises(InputError) as caught:
        cache.content_key(path)
    assert says in caught.value.message
    assert path.name in caught.value.message
    assert caught.value.remedy


def test_removed_drive_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        cache.content_key(tmp_path / "stick" / "talk.mp4")
    assert str(tmp_path / "stick") in caught.value.message
    assert "drive" in caught.value.remedy


def test_name_with_a_nul_is_an_input_error() -> None:
    with pytest.raises(InputError):
        cache.content_key(Path("a\0b.mp4"))


def test_name_beyond_the_file_systems_limit_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a possible file name"):
        cache.content_key(tmp_path / ("x" * 300 + ".mp4"))


@needs_permissions
def test_unreadable_input_names_the_permission(tmp_path: Path) -> None:
    path = tmp_path / "closed.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    with pytest.raises(InputError, match="permission"):
        cache.content_key(path)


def test_missing_permission_becomes_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "closed.mp4"
    path.write_bytes(b"x")

    def refuse(self: Path, *args: object, **kwargs: object) -> object:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="permission is missing"):
        cache.content_key(path)


def test_entry_is_created_and_marked_as_used(root: Path) -> None:
    folder = cache.entry("sound", "k")
    assert folder == root / "sound" / "k"
    os.utime(folder, (0, 0))
    cache.entry("sound", "k")
    assert time.time() - folder.stat().st_mtime < 60


def test_entry_under_a_file_is_an_output_error(root: Path) -> None:
    root.parent.mkdir(exist_ok=True)
    root.write_text("not a folder")
    with pytest.raises(OutputError):
        cache.entry("sound", "k")


def _aged_entry(key: str, age_s: float, size_bytes: int) -> Path:
    folder = cache.entry("sound", key)
    (folder / "data").write_bytes(os.urandom(size_bytes))
    used = time.time() - age_s
    os.utime(folder, (used, used))
    return folder


def test_prune_deletes_the_least_recently_used_until_it_fits(root: Path) -> None:
    oldest = _aged_entry("oldest", 9e5, 100_000)
    older = _aged_entry("older", 8e5, 100_000)
    old = _aged_entry("old", 7e5, 100_000)
    cache.prune(limit_bytes=250_000)
    assert not oldest.exists()
    assert older.exists()
    assert old.exists()
    cache.prune(limit_bytes=0)
    assert not older.exists()
    assert not old.exists()


def test_prune_spares_what_was_used_within_the_hour(root: Path) -> None:
    fresh = _aged_entry("fresh", 60, 100_000)
    stale = _aged_entry("stale", 4000, 100_000)
    cache.prune(limit_bytes=0)
    assert fresh.exists()
    assert not stale.exists()


def test_prune_without_a_cache_does_nothing(root: Path) -> None:
    cache.prune()
    assert not root.exists()


def test_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    with cache.write_then_rename(path) as temporary:
        temporary.write_bytes(b"whole")
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".wav"
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]


def test_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "out.wav"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError), cache.write_then_rename(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_longest_possible_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 251 + ".wav")
    with cache.write_then_rename(path) as temporary:
        temporary.write_bytes(b"1")
    assert path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX file modes")
def test_mode_follows_the_umask(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with cache.write_then_rename(tmp_path / "out") as temporary:
            temporary.write_bytes(b"1")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("number", "says"),
    [(28, "no space left"), (30, "read-only"), (13, "permission is missing"), (2, "is not there"), (5, "could not be")],
)
def test_write_errors_name_cause_and_remedy(tmp_path: Path, number: int, says: str) -> None:
    path = tmp_path / "out.wav"
    with pytest.raises(OutputError) as caught, cache.write_then_rename(path):
        raise OSError(number, os.strerror(number))
    assert says in caught.value.message
    assert "out.wav" in caught.value.message
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is not there"), cache.write_then_rename(tmp_path / "no" / "out.wav"):
        pass
