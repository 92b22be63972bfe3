"""What is kept on the disk: counted, limited, deleted, with folders that are closed or go meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from engine import api, cache
from engine.errors import JobCancelled, OutputError, UsageError
from engine.jobs import CancelToken
from engine.types import CacheKind


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.CACHE_DIR_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("AVSEP_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "cache"


def made(kind: str, key: str, size_bytes: int = 100_000, age_s: float = 0.0) -> Path:
    folder = cache.entry(kind, key)
    (folder / "inner").mkdir()
    (folder / "inner" / "data").write_bytes(os.urandom(size_bytes))
    os.utime(folder, (time.time() - age_s,) * 2)
    return folder


def closed(monkeypatch: pytest.MonkeyPatch, *folders: Path) -> None:
    """Let these folders be of somebody else, whoever runs the tests."""
    scandir = os.scandir

    def fake(path: Any) -> Any:
        if path in folders:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fake)


def test_usage_counts_each_kind_and_the_data(root: Path, tmp_path: Path) -> None:
    made("sound", "a", 100_000)
    made("sound", "b", 300_000)
    made("voices", "c", 50_000)
    (tmp_path / "data" / "models").mkdir(parents=True)
    (tmp_path / "data" / "models" / "weights").write_bytes(os.urandom(200_000))
    usage = api.cache_usage()
    assert usage.folder == root
    assert usage.data_folder == tmp_path / "data"
    assert [(kind.kind, kind.entries) for kind in usage.kinds] == [("sound", 2), ("voices", 1)]
    assert usage.kinds[0].size_bytes == pytest.approx(400_000, rel=0.05)
    assert usage.size_bytes == pytest.approx(450_000, rel=0.05)
    assert usage.data_bytes == pytest.approx(200_000, rel=0.05)
    assert usage.unreadable == 0


def test_usage_where_nothing_is_yet(root: Path) -> None:
    usage = api.cache_usage()
    assert (usage.kinds, usage.size_bytes, usage.data_bytes, usage.unreadable) == ((), 0, 0, 0)
    assert not root.exists()


def test_data_that_hold_the_cache_do_not_count_it_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made("sound", "a", 100_000)
    monkeypatch.setenv("AVSEP_DATA_DIR", str(root.parent))
    (root.parent / "default.json").write_bytes(os.urandom(50_000))
    assert api.cache_usage().data_bytes == pytest.approx(50_000, rel=0.1)


def test_folders_that_cannot_be_read_are_counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = made("sound", "theirs")
    made("sound", "ours")
    made("faces", "a")
    closed(monkeypatch, theirs / "inner", root / "faces")
    usage = api.cache_usage()
    assert usage.unreadable == 2
    assert [kind.kind for kind in usage.kinds] == ["sound"]
    assert usage.size_bytes == pytest.approx(100_000, rel=0.05)


def test_what_goes_while_it_is_counted_counts_for_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going = made("sound", "going")
    made("sound", "staying")
    scandir = os.scandir

    def fake(path: Any) -> Any:
        if path == going / "inner":
            shutil.rmtree(going)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", fake)
    usage = api.cache_usage()
    assert usage.unreadable == 0
    assert usage.size_bytes == pytest.approx(100_000, rel=0.05)


def test_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "film"
    outside.mkdir()
    (outside / "data").write_bytes(os.urandom(500_000))
    made("sound", "a")
    (root / "sound" / "link").symlink_to(outside, target_is_directory=True)
    (root / "sound" / "a" / "link").symlink_to(outside, target_is_directory=True)
    assert api.cache_usage().size_bytes == pytest.approx(100_000, rel=0.05)
    api.clear_cache()
    assert (outside / "data").exists()


def test_clearing_takes_the_kinds_that_are_named(root: Path) -> None:
    sound, voices = made("sound", "a"), made("voices", "b")
    cleared = api.clear_cache(["voices"])
    assert sound.exists() and not voices.exists()
    assert cleared.freed_bytes == pytest.approx(100_000, rel=0.05)
    assert (cleared.spared_bytes, cleared.stuck_bytes) == (0, 0)
    api.clear_cache()
    assert api.cache_usage().kinds == ()


def test_clearing_spares_what_is_in_use(root: Path) -> None:
    old, used = made("voices", "old", age_s=60), made("voices", "used")
    cleared = api.clear_cache(spare_since=time.time() - 30)
    assert used.exists() and not old.exists()
    assert cleared.spared_bytes == pytest.approx(100_000, rel=0.05)


def test_what_cannot_be_deleted_stays_whole_and_is_told(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, free = made("sound", "stuck"), made("sound", "free")
    rename = Path.rename

    def fake(self: Path, target: Path) -> Path:
        if self == stuck:
            raise PermissionError(13, "Permission denied", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fake)
    cleared = api.clear_cache()
    assert cleared.stuck_bytes == pytest.approx(100_000, rel=0.05)
    assert (stuck / "inner" / "data").exists() and not free.exists()


def test_what_a_killed_clearing_left_is_no_kind_and_goes(root: Path) -> None:
    made("sound", "a")
    left = root / ".avsep-0123456789ab"
    (root / "sound").rename(left)
    assert api.cache_usage().kinds == ()
    api.clear_cache()
    assert not left.exists()


def test_counting_and_clearing_can_be_stopped(root: Path) -> None:
    folder = made("sound", "a")
    with pytest.raises(JobCancelled):
        api.cache_usage(cancel=CancelToken(lambda: True))
    with pytest.raises(JobCancelled):
        api.clear_cache(cancel=CancelToken(lambda: True))
    assert folder.exists()


def test_the_limit_is_kept_for_every_process_and_holds_at_once(root: Path) -> None:
    assert api.cache_usage().limit_bytes == cache.DEFAULT_LIMIT_BYTES
    api.set_cache_limit(2 * 10**9)
    assert api.cache_usage().limit_bytes == 2 * 10**9
    told = subprocess.run(
        [sys.executable, "-c", "from engine.cache import kept_limit; print(kept_limit())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(told.stdout) == 2 * 10**9


def test_pruning_keeps_to_the_chosen_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    oldest, old = made("sound", "oldest", age_s=9000), made("sound", "old", age_s=8000)
    monkeypatch.setattr(cache, "LEAST_LIMIT_BYTES", 1)
    cache.prune()
    assert oldest.exists()
    api.set_cache_limit(150_000)
    assert old.exists() and not oldest.exists()
    third = made("sound", "third", age_s=7000)
    cache.prune()
    assert third.exists() and not old.exists()


@pytest.mark.parametrize("text", ["", "[]", '{"limit_bytes": "much"}', '{"limit_bytes": 3}', "{" * 9000, "\0"])
def test_a_damaged_limit_is_the_usual_one(root: Path, tmp_path: Path, text: str) -> None:
    api.set_cache_limit(2 * 10**9)
    (tmp_path / "data" / "cache.json").write_text(text)
    assert api.cache_usage().limit_bytes == cache.DEFAULT_LIMIT_BYTES


def test_a_limit_that_cannot_be_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"0\.5 GB"):
        api.set_cache_limit(5 * 10**8)
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(OutputError):
        api.set_cache_limit(2 * 10**9)


def test_the_types_can_cross_to_another_process(root: Path) -> None:
    import pickle

    made("sound", "a")
    assert pickle.loads(pickle.dumps(api.cache_usage())) == api.cache_usage()
    assert isinstance(api.cache_usage().kinds[0], CacheKind)
    assert json.loads(json.dumps(api.clear_cache().freed_bytes)) > 0
