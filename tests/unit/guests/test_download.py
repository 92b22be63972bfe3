"""Downloads of pinned files: whole or not there, resumed after a cut, and a sentence for each way to fail."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import InputError, JobCancelled, ModelError, OutputError
from engine.guests import download as module
from engine.guests.download import download, take_local
from engine.jobs import CancelToken, Progress

CONTENT = np.random.default_rng(5).bytes(3 * 2**20 + 77)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SIZE = len(CONTENT)
ETAG = '"first"'


class Server:
    """Serves `CONTENT` on this computer as a test wants it.

    Attributes:
        requests: headers of each request so far.
        answer: what answers a request; `ordinary` unless a test says otherwise.
        stopped: set when the test ends, for answers that wait.
    """

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answer: Callable[[Handler], None] = ordinary
        self.stopped = threading.Event()
        server = self

        class Bound(Handler):
            serves = server

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.port = self.http.server_address[1]
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/weights/model.bin"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopped.set()
        self.http.shutdown()
        self._thread.join()
        self.http.server_close()

    def ranges(self) -> list[str | None]:
        return [headers.get("range") for headers in self.requests]


class Handler(BaseHTTPRequestHandler):
    serves: Server

    def do_GET(self) -> None:
        self.serves.requests.append({name.lower(): value for name, value in self.headers.items()})
        self.serves.paths.append(self.path)
        self.serves.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def begin(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def wanted_start(self) -> int:
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


def serve(content: bytes, etag: str, *, most: int | None = None) -> Callable[[Handler], None]:
    """Answers as a good server does, but cuts each answer after `most` bytes."""

    def answer(handler: Handler) -> None:
        start = handler.wanted_start()
        fresh = start == 0 or handler.headers.get("If-Range", etag) != etag
        body = content if fresh else content[start:]
        if fresh:
            handler.begin(200, Content_Length=len(body), ETag=etag)
        else:
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            handler.begin(206, Content_Length=len(body), Content_Range=span, ETag=etag)
        handler.wfile.write(body if most is None else body[:most])

    return answer


ordinary = serve(CONTENT, ETAG)


def in_turn(*answers: Callable[[Handler], None]) -> Callable[[Handler], None]:
    """Each request gets the next answer, the last one for good."""
    left = list(answers)

    def answer(handler: Handler) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(handler)

    return answer


def silent(handler: Handler) -> None:
    handler.serves.stopped.wait()


def status(code: int) -> Callable[[Handler], None]:
    return lambda handler: handler.begin(code, Content_Length=0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "RETRY_WAITS_S", (0.0, 0.0))
    made = Server()
    made.start()
    yield made
    made.stop()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "guests" / "model.bin"


def get(server: Server, target: Path, **options: object) -> None:
    download(server.url, target, **{"sha256": SHA256, "size_bytes": SIZE, **options})  # type: ignore[arg-type]


def left_over(target: Path) -> set[str]:
    return {path.name for path in target.parent.iterdir()} - {target.name}


def keep_part(target: Path, length: int, *, sha256: str = SHA256, etag: str | None = ETAG) -> None:
    """As a download leaves it that was cut after `length` bytes."""
    target.parent.mkdir()
    target.with_name("model.bin.part").write_bytes(CONTENT[:length])
    target.with_name("model.bin.part.json").write_text(json.dumps({"sha256": sha256, "etag": etag}))


def stopping_after(n_bytes: int) -> tuple[CancelToken, Callable[[Progress], None]]:
    token = CancelToken()

    def on_progress(progress: Progress) -> None:
        if progress.completed >= n_bytes:
            token.cancel()

    return token, on_progress


def test_the_file_arrives_whole_and_alone(server: Server, target: Path) -> None:
    seen: list[Progress] = []
    get(server, target, on_progress=seen.append)
    assert target.read_bytes() == CONTENT
    assert left_over(target) == set()
    assert all(0 <= progress.completed <= progress.total == SIZE for progress in seen)
    fetched = [progress.completed for progress in seen if progress.stage == "Downloading model.bin"]
    assert fetched == sorted(fetched)
    assert (fetched[0], fetched[-1]) == (0, SIZE)
    assert seen[-1] == Progress("Checking model.bin", SIZE, SIZE)


def test_a_file_that_is_there_is_left_alone(server: Server, target: Path) -> None:
    get(server, target)
    before = target.stat()
    get(server, target)
    get(server, target, sha256=SHA256.upper(), offline=True)
    assert len(server.requests) == 1
    assert target.stat().st_mtime_ns == before.st_mtime_ns


def test_a_file_with_other_content_is_replaced(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"of an older version")
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_offline_asks_nobody(server: Server, target: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.bin.*not on this computer.*--offline.*--from FILE"):
        get(server, target, offline=True)
    assert server.requests == []
    assert not target.exists()


def test_a_cut_is_resumed_in_the_same_call(server: Server, target: Path) -> None:
    server.answer = in_turn(serve(CONTENT, ETAG, most=2**20), ordinary)
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={2**20}-"]
    assert server.requests[1]["if-range"] == ETAG


def test_many_cuts_are_borne_while_the_file_grows(server: Server, target: Path) -> None:
    server.answer = serve(CONTENT, ETAG, most=2**19)
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert len(server.requests) == 7  # more than the waits, since each brings it on


def test_a_body_in_chunks_that_is_cut_is_resumed(server: Server, target: Path) -> None:
    def cut_in_a_chunk(handler: Handler) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.begin(200, Transfer_Encoding="chunked", ETag=ETAG)
        handler.wfile.write(b"%x\r\n" % SIZE + CONTENT[: 2**20])

    server.answer = in_turn(cut_in_a_chunk, ordinary)
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={2**20}-"]


def test_cuts_without_end_are_told_and_the_part_is_kept(server: Server, target: Path) -> None:
    def cut(handler: Handler) -> None:
        if handler.wanted_start():
            handler.begin(206, Content_Range=f"bytes {2**20}-{SIZE - 1}/{SIZE}", Content_Length=SIZE - 2**20)
        else:
            serve(CONTENT, ETAG, most=2**20)(handler)

    server.answer = cut
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 was cut when “model\.bin” had 1\.0 MB of 3\.1 MB"):
        get(server, target)
    assert len(server.requests) == 3
    assert not target.exists()
    server.answer = ordinary
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert server.ranges()[-1] == f"bytes={2**20}-"


def test_a_cut_before_the_answer_is_borne(server: Server, target: Path) -> None:
    server.answer = in_turn(lambda handler: None, ordinary)
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_starts_again(server: Server, target: Path) -> None:
    keep_part(target, 2**20)

    def all_of_it(handler: Handler) -> None:
        handler.begin(200, Content_Length=SIZE)
        handler.wfile.write(CONTENT)

    server.answer = all_of_it
    get(server, target)
    assert server.ranges() == [f"bytes={2**20}-"]
    assert target.read_bytes() == CONTENT


def test_content_that_changed_starts_again(server: Server, target: Path) -> None:
    keep_part(target, 2**20, etag='"older"')
    target.with_name("model.bin.part").write_bytes(bytes(2**20))
    get(server, target)
    assert server.requests[0]["if-range"] == '"older"'
    assert target.read_bytes() == CONTENT


def test_a_changed_etag_on_a_partial_answer_starts_again(server: Server, target: Path) -> None:
    keep_part(target, 2**20, etag='W/"older"')
    target.with_name("model.bin.part").write_bytes(bytes(2**20))
    get(server, target)
    assert "if-range" not in server.requests[0]
    assert server.ranges() == [f"bytes={2**20}-", None]
    assert target.read_bytes() == CONTENT


def test_a_part_without_an_etag_is_resumed(server: Server, target: Path) -> None:
    keep_part(target, 2**20, etag=None)
    get(server, target)
    assert server.ranges() == [f"bytes={2**20}-"]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "span",
    [f"bytes 0-{SIZE - 1}/{SIZE}", f"bytes {2**20}-{SIZE}/{SIZE + 1}", "pages 1-2/3", None],
    ids=["elsewhere", "other length", "nonsense", "none"],
)
def test_a_wrong_content_range_starts_again(server: Server, target: Path, span: str | None) -> None:
    def wrong(handler: Handler) -> None:
        handler.begin(206, Content_Length=3, ETag=ETAG, **({"Content_Range": span} if span else {}))
        handler.wfile.write(b"bad")

    keep_part(target, 2**20)
    server.answer = in_turn(wrong, ordinary)
    get(server, target)
    assert server.ranges() == [f"bytes={2**20}-", None]
    assert target.read_bytes() == CONTENT


def test_a_server_that_gives_only_wrong_ranges_is_given_up(server: Server, target: Path) -> None:
    server.answer = lambda handler: handler.begin(206, Content_Length=0, Content_Range="bytes 5-9/10")
    with pytest.raises(ModelError, match="was cut"):
        get(server, target)
    assert len(server.requests) == 3


def test_a_refused_range_starts_again(server: Server, target: Path) -> None:
    keep_part(target, 2**20)
    server.answer = in_turn(status(416), ordinary)
    get(server, target)
    assert server.ranges() == [f"bytes={2**20}-", None]
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("note", [None, "{", "[]", json.dumps({"sha256": "0" * 64, "etag": ETAG})])
def test_a_part_of_unknown_content_is_dropped(server: Server, target: Path, note: str | None) -> None:
    keep_part(target, 2**20)
    target.with_name("model.bin.part").write_bytes(bytes(2**20))
    beside = target.with_name("model.bin.part.json")
    beside.unlink() if note is None else beside.write_text(note)
    get(server, target)
    assert server.ranges() == [None]
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_complete_needs_no_server(server: Server, target: Path) -> None:
    keep_part(target, SIZE)
    get(server, target)
    assert server.requests == []
    assert target.read_bytes() == CONTENT
    assert left_over(target) == set()


def test_a_part_that_is_too_long_is_dropped(server: Server, target: Path) -> None:
    keep_part(target, SIZE)
    with target.with_name("model.bin.part").open("ab") as file:
        file.write(b"more")
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_wrong_hash_is_told_and_nothing_is_kept(server: Server, target: Path) -> None:
    other = bytes(SIZE)
    server.answer = serve(other, ETAG)
    with pytest.raises(ModelError) as caught:
        get(server, target)
    found = hashlib.sha256(other).hexdigest()
    assert f"{found[:12]}…, not {SHA256[:12]}…" in caught.value.message
    assert found in caught.value.details
    assert SHA256 in caught.value.details
    assert list(target.parent.iterdir()) == []


def test_a_wrong_hash_leaves_the_file_that_was_there(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"of an older version")
    server.answer = serve(bytes(SIZE), ETAG)
    with pytest.raises(ModelError):
        get(server, target)
    assert target.read_bytes() == b"of an older version"


@pytest.mark.parametrize("length", [SIZE - 9, SIZE + 9])
@pytest.mark.parametrize("announced", [True, False])
def test_a_wrong_size_is_told_and_nothing_is_kept(server: Server, target: Path, length: int, announced: bool) -> None:
    def answer(handler: Handler) -> None:
        handler.begin(200, **({"Content_Length": length} if announced else {}))
        handler.wfile.write((CONTENT + CONTENT)[:length])

    server.answer = answer
    with pytest.raises(ModelError, match=rf"at 127\.0\.0\.1 has {length} bytes, not {SIZE}\..*Update AVSep"):
        get(server, target)
    assert list(target.parent.iterdir()) == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("code", "says", "attempts"),
    [
        (404, r"“model\.bin” is not at 127\.0\.0\.1 any more \(HTTP 404.*--from FILE", 1),
        (403, r"127\.0\.0\.1 does not give “model\.bin” \(HTTP 403", 1),
        (416, r"127\.0\.0\.1 does not give “model\.bin” \(HTTP 416", 1),
        (503, r"127\.0\.0\.1 cannot give “model\.bin” at the moment \(HTTP 503", 3),
        (429, r"127\.0\.0\.1 cannot give “model\.bin” at the moment \(HTTP 429", 3),
    ],
)
def test_each_refusal_has_its_sentence(server: Server, target: Path, code: int, says: str, attempts: int) -> None:
    server.answer = status(code)
    with pytest.raises(ModelError, match=says):
        get(server, target)
    assert len(server.requests) == attempts
    assert not target.exists()


def test_a_busy_server_is_asked_again(server: Server, target: Path) -> None:
    server.answer = in_turn(status(503), ordinary)
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_redirections_are_followed_with_the_range(server: Server, target: Path) -> None:
    def answer(handler: Handler) -> None:
        if handler.path == "/elsewhere":
            ordinary(handler)
        else:
            handler.begin(302, Location="/elsewhere", Content_Length=0)

    keep_part(target, 2**20)
    server.answer = answer
    get(server, target)
    assert server.ranges() == [f"bytes={2**20}-"] * 2
    assert target.read_bytes() == CONTENT


def test_a_slow_host_is_told(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOCKET_TIMEOUT_S", 0.2)
    server.answer = silent
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 has not answered for 0\.2 s\."):
        get(server, target)
    assert not target.exists()


def test_a_host_that_falls_silent_is_told_and_resumed(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SOCKET_TIMEOUT_S", 1.0)

    def stalls(handler: Handler) -> None:
        serve(CONTENT, ETAG, most=2**20)(handler)
        silent(handler)

    server.answer = in_turn(stalls, ordinary)
    get(server, target)
    assert server.ranges()[:2] == [None, f"bytes={2**20}-"]
    assert target.read_bytes() == CONTENT


def test_an_unknown_host_is_told(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ModelError, match=r"weights\.invalid was not found on the network\..*connection"):
        download("http://weights.invalid/model.bin", target, sha256=SHA256, size_bytes=SIZE)


def test_a_refused_connection_is_told(server: Server, target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(ModelError, match=r"127\.0\.0\.1 refuses the connection"):
        download(f"http://127.0.0.1:{port}/model.bin", target, sha256=SHA256, size_bytes=SIZE)


def test_the_proxy_of_the_environment_is_used(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    download("http://weights.invalid/model.bin", target, sha256=SHA256, size_bytes=SIZE)
    assert server.paths == ["http://weights.invalid/model.bin"]
    assert target.read_bytes() == CONTENT


@pytest.fixture
def certificate(server: Server, tmp_path: Path) -> Path:
    """Makes the server speak https with a certificate that nobody signed."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs the program openssl")
    key, made = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = (
        f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here -addext subjectAltName=IP:127.0.0.1 -keyout {key}"
    )
    subprocess.run([program, *command.split(), "-out", made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    return made


def test_an_unknown_certificate_is_told(server: Server, target: Path, certificate: Path) -> None:
    with pytest.raises(ModelError, match=r"certificate of 127\.0\.0\.1 cannot be trusted: .*signed.*SSL_CERT_FILE"):
        download(server.url.replace("http:", "https:"), target, sha256=SHA256, size_bytes=SIZE)
    assert server.requests == []


def test_a_certificate_of_the_user_counts(
    server: Server, target: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    download(server.url.replace("http:", "https:"), target, sha256=SHA256, size_bytes=SIZE)
    assert target.read_bytes() == CONTENT


def test_cancelling_keeps_the_part_for_the_next_time(server: Server, target: Path) -> None:
    token, on_progress = stopping_after(2**20)
    with pytest.raises(JobCancelled):
        get(server, target, cancel=token, on_progress=on_progress)
    have = target.with_name("model.bin.part").stat().st_size
    assert 2**20 <= have < SIZE
    assert not target.exists()
    get(server, target)
    assert server.ranges() == [None, f"bytes={have}-"]
    assert target.read_bytes() == CONTENT


def test_cancelling_is_heard_while_waiting(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_WAITS_S", (3600.0,))
    token = CancelToken()

    def answer(handler: Handler) -> None:
        token.cancel()
        handler.begin(503, Content_Length=0)

    server.answer = answer
    with pytest.raises(JobCancelled):
        get(server, target, cancel=token)


def full_disk(path: str | Path) -> SimpleNamespace:
    return SimpleNamespace(total=SIZE, used=SIZE, free=SIZE // 2)


def test_a_disk_without_space_is_told_ahead(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", full_disk)
    with pytest.raises(OutputError, match=r"“model\.bin” needs 19\.9 MB, but .* has 1\.6 MB free\. Free some space"):
        get(server, target)
    assert server.requests == []


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow above 1 MiB, which fails as a full disk does."""
    if sys.platform == "win32":
        pytest.skip("needs a limit on the length of files")
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_is_told(server: Server, target: Path, small_files: None) -> None:
    with pytest.raises(OutputError, match=r"“model\.bin” could not be written: there is no space left"):
        get(server, target)
    assert not target.exists()
    assert len(server.requests) == 1


def test_a_folder_that_is_a_file_is_told(server: Server, tmp_path: Path) -> None:
    (tmp_path / "guests").write_text("")
    with pytest.raises(OutputError):
        get(server, tmp_path / "guests" / "model.bin")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    path = tmp_path / "downloads" / "model (1).bin"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


def test_a_local_file_is_taken_over(given: Path, target: Path) -> None:
    keep_part(target, 2**20)
    seen: list[Progress] = []
    take_local(given, target, sha256=SHA256, on_progress=seen.append)
    assert target.read_bytes() == given.read_bytes() == CONTENT
    assert left_over(target) == set()
    assert seen[-1] == Progress("Copying model (1).bin", SIZE, SIZE)


def test_a_local_file_is_not_asked_for_when_it_is_there(given: Path, target: Path) -> None:
    take_local(given, target, sha256=SHA256)
    take_local(given.with_name("gone"), target, sha256=SHA256)
    assert target.read_bytes() == CONTENT


def test_another_local_file_is_refused(given: Path, target: Path) -> None:
    given.write_bytes(CONTENT[:-1])
    with pytest.raises(ModelError, match=r"“model \(1\)\.bin” is not the expected file: its SHA-256 is .*model\.bin"):
        take_local(given, target, sha256=SHA256)
    assert list(target.parent.iterdir()) == []


def test_copying_is_cancelled_without_a_trace(given: Path, target: Path) -> None:
    token, on_progress = stopping_after(2**20)
    with pytest.raises(JobCancelled):
        take_local(given, target, sha256=SHA256, cancel=token, on_progress=on_progress)
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(("name", "says"), [("gone", "was not found"), ("", "is a folder, not a file")])
def test_a_local_file_that_cannot_be_read_is_told(given: Path, target: Path, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        take_local(given.parent / name, target, sha256=SHA256)
    assert not target.exists()


def test_copying_checks_the_space(given: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", full_disk)
    with pytest.raises(OutputError, match="Free some space"):
        take_local(given, target, sha256=SHA256)


def test_copying_to_a_disk_that_fills_up_is_told(given: Path, target: Path, small_files: None) -> None:
    with pytest.raises(OutputError, match="there is no space left"):
        take_local(given, target, sha256=SHA256)
    assert list(target.parent.iterdir()) == []


def test_the_address_is_among_the_details(server: Server, target: Path) -> None:
    server.answer = status(404)
    with pytest.raises(ModelError) as caught:
        get(server, target)
    assert "browser" in caught.value.remedy
    assert server.url in caught.value.details
