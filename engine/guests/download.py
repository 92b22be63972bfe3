"""Fetches the files of guest engines: each is pinned by length and SHA-256, and appears only when it is whole.

Beside the target, `NAME.part` holds what has come so far, and `NAME.part.json` says of which content that is: the
SHA-256 that was wanted and the server's ETag. A part without such a note, or with that of another file, is dropped.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from io import FileIO
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from engine import cache
from engine.errors import EngineError, InputError, ModelError, OutputError
from engine.jobs import CancelToken, Progress, ProgressCallback, ignore_progress

SOCKET_TIMEOUT_S = 30.0  # without a single byte
RETRY_WAITS_S = (1.0, 3.0)  # they begin anew with every attempt that brought the file on
BLOCK_BYTES = 2**18
SPARE_BYTES = 16 * 2**20

_POLL_S = 0.1
_OTHER_WAY = "fetch the file with a browser and give it with --from FILE"
_BUSY_STATUSES = (408, 429)  # and all from 500


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    size_bytes: int,
    offline: bool = False,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Fetch one pinned file; does nothing if it is there already.

    A download that was cut or cancelled goes on where it stopped, in this call or in a later one. Certificates are
    those of the system or of SSL_CERT_FILE, proxies those of the system or of the environment.

    Args:
        url: http or https.
        target: where the file shall be; its folder is made, a file with other content is replaced.
        sha256: of the whole file, hexadecimal.
        size_bytes: of the whole file.
        offline: refuse to use the network.

    Raises:
        ModelError: offline was asked for, the server is not reached or does not give the file, or what it gives has
            another length or hash; the part is then removed.
        OutputError: the disk is full, or the folder cannot be written.
        JobCancelled: asked to stop; the part is kept.
    """
    fetch = _Fetch(url, target, sha256.lower(), size_bytes, on_progress, cancel or CancelToken())
    if is_file_with(fetch.sha256, target, fetch.cancel):
        return
    if offline:
        raise ModelError(
            f"“{fetch.name}” is not on this computer, and use of the network was not allowed.",
            "Allow it (leave out --offline), or give the file with --from FILE.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fetch.drop_what_is_foreign()
        _check_space(target, size_bytes - fetch.have_bytes())
        _fetch_all(fetch)
        _accept(fetch)
    except OSError as error:  # those of the network have become sentences by now
        raise cache.output_error(target, error) from error


def take_local(
    source: Path,
    target: Path,
    *,
    sha256: str | None,
    on_progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> str:
    """Copy a file that the user fetched elsewhere; does nothing if the target is there already.

    Args:
        source: the user's file; it is left alone.
        target: where the file shall be; its folder is made, a file with other content is replaced.
        sha256: of the whole file, hexadecimal; None: any file will do.

    Returns:
        The SHA-256 of the target.

    Raises:
        InputError: the source cannot be read.
        ModelError: the source is another file.
        OutputError: the disk is full, or the folder cannot be written.
        JobCancelled: asked to stop.
    """
    cancel = cancel or CancelToken()
    expected = None if sha256 is None else sha256.lower()
    if expected is not None and is_file_with(expected, target, cancel):
        return expected
    if source.is_dir():
        raise InputError(f"“{source}” is a folder, not a file.", f"Give the file {target.name} in it.")
    try:
        size_bytes = source.stat().st_size
        target.parent.mkdir(parents=True, exist_ok=True)
        _check_space(target, size_bytes)
    except OSError as error:
        raise _copy_error(source, target, error) from error
    with cache.write_then_rename(target) as part:
        found = _copy(source, part, size_bytes, on_progress, cancel)
        if expected is not None and found != expected:
            raise _wrong_hash(source.name, found, expected, f"Give the right file; AVSep wants {target.name}.")
    _Fetch("", target, "", 0, on_progress, cancel).drop()
    return found


@dataclass(frozen=True)
class _Fetch:
    """One file to fetch, with what came of it so far."""

    url: str
    target: Path
    sha256: str
    size_bytes: int
    on_progress: ProgressCallback
    cancel: CancelToken

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or self.url

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def note(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.json")

    def have_bytes(self) -> int:
        """Length of the part, 0 if there is none."""
        return self.part.stat().st_size if self.part.exists() else 0

    def etag(self) -> str | None:
        """What the server called the content of the part, or None."""
        tag = self._noted().get("etag")
        return tag if isinstance(tag, str) else None

    def begin(self, etag: str | None) -> None:
        """Start with an empty part."""
        self.drop()
        self.note.write_text(json.dumps({"sha256": self.sha256, "etag": etag}), encoding="utf-8")

    def drop(self) -> None:
        """Forget what came so far."""
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def drop_what_is_foreign(self) -> None:
        """Forget a part that cannot be the beginning of the wanted file."""
        if self._noted().get("sha256") != self.sha256 or self.have_bytes() > self.size_bytes:
            self.drop()

    def report(self, have: int) -> None:
        self.on_progress(Progress(f"Downloading {self.name}", have, self.size_bytes))

    def _noted(self) -> dict[str, object]:
        try:
            noted = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return noted if isinstance(noted, dict) else {}


def _fetch_all(fetch: _Fetch) -> None:
    """Fill the part; cuts are waited out as long as every few attempts bring it on."""
    furthest, waits_s = fetch.have_bytes(), list(RETRY_WAITS_S)
    while fetch.have_bytes() < fetch.size_bytes:
        try:
            _fetch_once(fetch)
        except _WrongSizeError as error:
            fetch.drop()
            raise ModelError(
                f"“{fetch.name}” at {fetch.host} has {error.found_bytes} bytes, not {fetch.size_bytes}.",
                f"Update AVSep, since the file may have been replaced; or {_OTHER_WAY}.",
                details=fetch.url,
            ) from None
        except (_NetworkError, HTTPException) as trouble:
            have = fetch.have_bytes()
            if have > furthest:
                furthest, waits_s = have, list(RETRY_WAITS_S)
            cause = trouble.cause if isinstance(trouble, _NetworkError) else trouble
            told, passing = _told(fetch, cause)
            if not passing or not waits_s:
                raise told from cause
            _wait(waits_s.pop(0), fetch.cancel)


class _WrongSizeError(Exception):
    """The server has another file than the wanted one."""

    def __init__(self, found_bytes: int) -> None:
        super().__init__(found_bytes)
        self.found_bytes = found_bytes


class _NetworkError(Exception):
    """Keeps the `OSError` of a connection apart from that of a disk."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


def _fetch_once(fetch: _Fetch) -> None:
    """One request: append to the part what it brings, or drop a part that the server does not go on with."""
    fetch.cancel.checkpoint()
    have = fetch.have_bytes()
    try:
        response = _open(fetch, have)
    except HTTPError as error:
        error.close()
        if error.code == 416 and have:
            fetch.drop()
            return
        raise _NetworkError(error) from error
    except OSError as error:
        raise _NetworkError(error) from error
    with response:
        if response.status == 206:
            if not _goes_on(fetch, response, have):
                fetch.drop()
                if not have:
                    raise HTTPException("a part of the file came where all of it was asked for")
                return
        else:
            _check_length(fetch, response)
            fetch.begin(response.headers.get("ETag"))
        _append(fetch, response)


def _open(fetch: _Fetch, have: int) -> HTTPResponse:
    headers = {"User-Agent": "AVSep"}
    if have:
        headers["Range"] = f"bytes={have}-"
        etag = fetch.etag()
        if etag is not None and not etag.startswith("W/"):  # a weak one never matches here (RFC 9110, 13.1.5)
            headers["If-Range"] = etag
    handler = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(handler)
    response: HTTPResponse = opener.open(urllib.request.Request(fetch.url, headers=headers), timeout=SOCKET_TIMEOUT_S)
    return response


def _goes_on(fetch: _Fetch, response: HTTPResponse, have: int) -> bool:
    """Whether a partial answer is the next stretch of the same content."""
    found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if found is None or int(found[1]) != have or found[3] not in ("*", str(fetch.size_bytes)):
        return False
    before, now = fetch.etag(), response.headers.get("ETag")
    return before is None or now is None or before == now


def _check_length(fetch: _Fetch, response: HTTPResponse) -> None:
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != fetch.size_bytes:
        raise _WrongSizeError(int(length))


def _append(fetch: _Fetch, response: HTTPResponse) -> None:
    with fetch.part.open("ab", buffering=0) as file:
        have = file.tell()
        while have < fetch.size_bytes:
            fetch.report(have)
            fetch.cancel.checkpoint()
            try:
                block = response.read1(BLOCK_BYTES)
            except OSError as error:
                raise _NetworkError(error) from error
            if not block:
                raise _ended_early(response, have)
            have += len(block)
            if have > fetch.size_bytes:
                raise _WrongSizeError(have)
            _write(file, block)
        fetch.report(have)


def _ended_early(response: HTTPResponse, have: int) -> Exception:
    """A cut if more was announced, else the whole of a file that is too short."""
    if response.status != 206 and response.headers.get("Content-Length") is None:
        return _WrongSizeError(have)
    return _NetworkError(ConnectionError("the connection was closed early"))


def _write(file: FileIO, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]


def _accept(fetch: _Fetch) -> None:
    """Give the part its name if it is the file that is wanted; else remove it."""
    found = file_sha256(fetch.part, fetch.cancel, fetch.on_progress)
    if found != fetch.sha256:
        fetch.drop()
        raise _wrong_hash(fetch.name, found, fetch.sha256, f"Try again; if that does not help, {_OTHER_WAY}.")
    with fetch.part.open("r+b") as file:
        os.fsync(file.fileno())
    fetch.part.replace(fetch.target)
    fetch.drop()


def is_file_with(sha256: str, path: Path, cancel: CancelToken) -> bool:
    """Whether there is a file of this content."""
    try:
        return path.is_file() and file_sha256(path, cancel) == sha256
    except OSError:
        return False


def file_sha256(path: Path, cancel: CancelToken, on_progress: ProgressCallback = ignore_progress) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        OSError: it cannot be read. JobCancelled: asked to stop.
    """
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            cancel.checkpoint()
            digest.update(block)
            done += len(block)
            on_progress(Progress(f"Checking {path.name.removesuffix('.part')}", min(done, total), total))
    return digest.hexdigest()


def _copy(source: Path, part: Path, size_bytes: int, on_progress: ProgressCallback, cancel: CancelToken) -> str:
    """Copy the bytes; gives their SHA-256."""
    digest, done = hashlib.sha256(), 0
    with part.open("wb") as out:
        for block in _blocks(source, cancel):
            digest.update(block)
            out.write(block)
            done += len(block)
            on_progress(Progress(f"Copying {source.name}", min(done, size_bytes), size_bytes))
    return digest.hexdigest()


def _blocks(source: Path, cancel: CancelToken) -> Iterator[bytes]:
    try:
        with source.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                cancel.checkpoint()
                yield block
    except OSError as error:
        raise cache.input_error(source, error) from error


def _check_space(target: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if needed_bytes + SPARE_BYTES > free:
        raise OutputError(
            f"“{target.name}” needs {_size(needed_bytes + SPARE_BYTES)}, but “{target.parent}” has {_size(free)} free.",
            "Free some space and try again; what was fetched is kept.",
        )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.1f} MB"


def _wait(seconds: float, cancel: CancelToken) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        cancel.checkpoint()
        time.sleep(min(_POLL_S, left))


def _wrong_hash(name: str, found: str, expected: str, remedy: str) -> ModelError:
    return ModelError(
        f"“{name}” is not the expected file: its SHA-256 is {found[:12]}…, not {expected[:12]}….",
        remedy,
        details=f"SHA-256 found: {found}\nSHA-256 expected: {expected}",
    )


def _told(fetch: _Fetch, error: Exception) -> tuple[ModelError, bool]:
    """Say in the user's words why the file does not come, and whether another attempt may bring it."""
    if isinstance(error, HTTPError):
        return _status_told(fetch, error)
    if isinstance(error, URLError) and isinstance(error.reason, Exception):
        error = error.reason
    name, host = fetch.name, fetch.host
    message, remedy = f"{host} cannot be reached ({error}).", "Check the connection to the internet and the proxy."
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"The certificate of {host} cannot be trusted: {error.verify_message}."
        remedy = "Check the date of this computer; behind a company's proxy, name its certificates in SSL_CERT_FILE."
    elif isinstance(error, TimeoutError):
        message = f"{host} has not answered for {SOCKET_TIMEOUT_S:g} s."
        remedy = "Try again later; what was fetched is kept."
    elif isinstance(error, socket.gaierror):
        message = f"{host} was not found on the network."
    elif isinstance(error, ConnectionRefusedError):
        message = f"{host} refuses the connection."
    elif isinstance(error, ConnectionError | HTTPException):
        message = (
            f"The connection to {host} was cut when “{name}” had "
            f"{_size(fetch.have_bytes())} of {_size(fetch.size_bytes)}."
        )
        remedy = "Try again: it goes on where it stopped."
    told = ModelError(message, remedy, details=f"{fetch.url}\n{type(error).__name__}: {error}")
    return told, not isinstance(error, ssl.SSLCertVerificationError)


def _status_told(fetch: _Fetch, error: HTTPError) -> tuple[ModelError, bool]:
    passing = error.code >= 500 or error.code in _BUSY_STATUSES
    answer = f"HTTP {error.code} {error.reason}".strip()
    if error.code in (404, 410):
        message, remedy = (
            f"“{fetch.name}” is not at {fetch.host} any more ({answer}).",
            f"Update AVSep, or {_OTHER_WAY}.",
        )
    elif passing:
        message = f"{fetch.host} cannot give “{fetch.name}” at the moment ({answer})."
        remedy = "Try again later; what was fetched is kept."
    else:
        message, remedy = f"{fetch.host} does not give “{fetch.name}” ({answer}).", f"Check the proxy, or {_OTHER_WAY}."
    return ModelError(message, remedy, details=f"{fetch.url}\n{answer}"), passing


def _copy_error(source: Path, target: Path, error: OSError) -> EngineError:
    return cache.output_error(target, error) if source.exists() else cache.input_error(source, error)
