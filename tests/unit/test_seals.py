"""What the cache keeps is believed only as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.seals import checksum, intact, read_sealed, seal, write_sealed


def test_what_is_written_is_read(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "é\n"], "b": {}}
    write_sealed(tmp_path / "a.json", value)
    assert read_sealed(tmp_path / "a.json") == value
    assert read_sealed(tmp_path / "missing.json") is None


def test_no_byte_can_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_sealed(path, {"rate": 48000, "name": "x"})
    whole = path.read_bytes()
    for place in range(len(whole) - 1):  # the last byte ends the line
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_sealed(path) is None, place
        path.write_bytes(whole[:place])
        assert read_sealed(path) is None, place


@pytest.mark.parametrize("text", [b"", b"{}", b"00000000 ", b"\xff\xfe", b"[" * 100_000])
def test_what_was_never_sealed_is_nothing(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.json").write_bytes(text)
    assert read_sealed(tmp_path / "a.json") is None


def test_files_are_compared_with_what_they_were(tmp_path: Path) -> None:
    files = [tmp_path / "one", tmp_path / "two"]
    for file in files:
        file.write_bytes(b"0123456789")
    seal(tmp_path / "note", files)
    assert intact(tmp_path / "note") and checksum(files[0]) == checksum(files[1])
    files[1].write_bytes(b"0123456788")
    assert not intact(tmp_path / "note")
    files[1].unlink()
    assert not intact(tmp_path / "note")
