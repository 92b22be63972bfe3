"""Documents that say what they must not: a seeded stream of damaged and malicious JSON and text."""

from __future__ import annotations

import copy
import json
import os
import pickle
import random
from collections.abc import Iterator
from typing import Any

Named = tuple[str, bytes]


class _Canary:
    """Writes a file when it is unpickled."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (self._place,)


def _values(canary: str) -> list[object]:
    """What no program likes to find in place of a value."""
    deep: object = "x"
    for _ in range(400):
        deep = [deep]
    return [
        *(
            None,
            True,
            -1,
            0,
            1,
            2**31,
            2**63,
            -(2**70),
            10**400,
            1e308,
            -0.0,
            float("nan"),
            float("inf"),
            float("-inf"),
        ),
        *("", "x", "NaN", "a\0b", "\ud800", "\u202e", "x" * 300_000, "\n", "CON", "~", "-rf", "%s%n", "$(touch x)"),
        *(
            "..",
            "../..",
            f"../../../../../../..{canary}",
            canary,
            f"file://{canary}",
            "C:\\x",
            "\\\\server\\x",
            "/dev/zero",
        ),
        *([], {}, [None], [[]], {"a": {}}, [1, 2], [1e400, 0], list(range(20_000)), deep, {"__reduce__": ["os.mkdir"]}),
    ]


def hostile_json(whole: Any, count: int, seed: int, canary: str, *, huge: bool) -> Iterator[Named]:
    """Variants of a document: its values replaced, its keys removed or doubled, its text damaged.

    Args:
        whole: the valid document.
        canary: a path that exists only if something was written, run or believed that must not.
        huge: also a text of 100 MB, nesting of a million.
    """
    values = _values(canary)
    text = json.dumps(whole).encode()
    yield from _texts(text, canary, huge=huge)
    for number in range(count):
        chance = random.Random(seed * 7919 + number)
        if chance.random() < 0.25:
            yield f"bytes {number}", _spoilt(text, chance)
            continue
        made = copy.deepcopy(whole)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            made = _changed(made, chance, values)
        plain = json.dumps(made)
        yield f"values {number}", (_doubled(plain, chance) if chance.random() < 0.1 else plain).encode()


def hostile_text(whole: str, count: int, seed: int, canary: str, *, huge: bool) -> Iterator[Named]:
    """Variants of a document that is no JSON: cells replaced, text damaged."""
    values = [str(value)[:400_000] for value in _values(canary)]
    yield from _texts(whole.encode(), canary, huge=huge)
    for number in range(count):
        chance = random.Random(seed * 7907 + number)
        if chance.random() < 0.4:
            yield f"bytes {number}", _spoilt(whole.encode(), chance)
            continue
        cells = whole.split(",")
        for _ in range(chance.choice((1, 1, 2, 4))):
            cells[chance.randrange(len(cells))] = chance.choice(values)
        yield f"cells {number}", ",".join(cells).encode("utf-8", "surrogatepass")


def _texts(text: bytes, canary: str, *, huge: bool) -> Iterator[Named]:
    yield "empty", b""
    yield "pickle", pickle.dumps(_Canary(canary))
    yield "pickle within", b"\x80\x04" + text + pickle.dumps(_Canary(canary))
    yield "UTF-16", text.decode().encode("utf-16")
    yield "UTF-8 with a mark", b"\xef\xbb\xbf" + text
    yield "zeros", bytes(4096)
    yield "twice", text + text
    yield "a long number", b'{"format": ' + b"1" * 100_000 + b"}"
    yield "nested lists", b"[" * 100_000
    yield "nested objects", b'{"a":' * 100_000
    yield "nested and closed", b"[" * 5_000 + b"]" * 5_000
    if huge:
        yield "100 MB of text", text[:-1] + b', "more": "' + b"x" * 100_000_000 + b'"}'
        yield "a million nested lists", b"[" * 1_000_000


def _changed(made: Any, chance: random.Random, values: list[object]) -> Any:
    """The document with one place replaced, removed or wrapped."""
    places = list(_places(made, ()))
    place = chance.choice(places)
    if not place:
        return copy.deepcopy(chance.choice(values))
    holder = made
    for key in place[:-1]:
        holder = holder[key]
    how = chance.randrange(6)
    if how == 0:
        del holder[place[-1]]
    elif how == 1:
        holder[place[-1]] = [holder[place[-1]]]
    elif how == 2 and isinstance(holder, list):
        holder.extend([holder[place[-1]]] * chance.choice((1, 50)))
    else:
        holder[place[-1]] = copy.deepcopy(chance.choice(values))
    return made


def _places(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield place
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if len(place) < 12:
        for key, inner in list(pairs)[:40]:
            yield from _places(inner, (*place, key))


def _doubled(text: str, chance: random.Random) -> str:
    """A key is there twice, with another value."""
    marks = [at for at in range(len(text)) if text.startswith('{"', at)]
    at = chance.choice(marks) if marks else 0
    end = text.find(":", at)
    return f"{text[: at + 1]}{text[at + 1 : end]}: null, {text[at + 1 :]}" if end > 0 else text


def _spoilt(data: bytes, chance: random.Random) -> bytes:
    new = bytearray(data)
    how = chance.randrange(3)
    if how == 0:
        return bytes(new[: chance.randrange(len(new))])
    for _ in range(2 ** chance.randrange(6)):
        if how == 1:
            new[chance.randrange(len(new))] ^= 1 << chance.randrange(8)
        else:
            at = chance.randrange(len(new))
            new[at:at] = chance.choice((b'"', b"{", b"[", b"}", b",", b"\\", b"\0", b"-", b"9", b"e", b"\xff"))
    return bytes(new)
