"""Environments of guests: complete or not ready, told why not, stopped at once, and gone when removed."""

from __future__ import annotations

import hashlib
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import EngineError, JobCancelled, ModelError, OutputError
from engine.guests import environment as module
from engine.guests import pythons
from engine.guests.child import clean_variables, run
from engine.guests.environment import READY, Environment
from engine.guests.pythons import find_python
from engine.jobs import CancelToken, Progress

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs programs that are scripts, and links")
NOBODY = CancelToken()


def make_wheel(folder: Path, name: str, version: str, needs: str = "") -> None:
    """A wheel with one module, `name`.py, that says the version."""
    about = f"{name}-{version}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{about}/RECORD"
    lines = [f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items()]
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, record: "".join(lines) + f"{record},,\n"}.items():
            wheel.writestr(path, text)


def _digest(text: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels of guests")
    make_wheel(folder, "tinyguest", "1.2", needs="tinyhelper")
    make_wheel(folder, "tinyhelper", "0.3")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> tuple[Environment, list[Progress], list[bool]]:
    """One environment, made where a broken one was; with the progress, and whether it was ready at each step."""
    environment = Environment(tmp_path_factory.mktemp("guests") / "tiny engine", ("tinyguest==1.2", "tinyhelper==0.3"))
    environment.folder.mkdir()
    (environment.folder / "half-made").write_text("left by a crash")
    seen: list[Progress] = []
    ready: list[bool] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress)
        ready.append(environment.is_ready())

    assert not environment.is_ready()
    environment.create(wheels=wheels, offline=True, on_progress=on_progress)
    return environment, seen, ready


def test_its_interpreter_has_the_packages_and_no_others(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment = made[0]
    code = (
        "import importlib.util, sys, tinyguest, tinyhelper;"
        "print(tinyguest.VERSION, tinyhelper.VERSION, importlib.util.find_spec('numpy'), sys.prefix)"
    )
    out = subprocess.run([environment.python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == f"1.2 0.3 None {environment.folder.resolve()}"


def test_it_is_ready_at_the_end_alone(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment, _, ready = made
    assert environment.is_ready()
    assert ready[-1]
    assert not any(ready[:-1])


def test_what_was_broken_is_replaced(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment = made[0]
    assert not (environment.folder / "half-made").exists()
    assert [path.name for path in environment.folder.parent.iterdir()] == ["tiny engine"]
    assert not [path for path in environment.folder.iterdir() if path.name.startswith(".avsep-")]


def test_its_progress_names_the_packages_and_never_goes_back(
    made: tuple[Environment, list[Progress], list[bool]],
) -> None:
    seen = made[1]
    stages = list(dict.fromkeys(progress.stage for progress in seen))
    assert stages[0] == "Making a Python environment"
    assert {"Collecting tinyguest-1.2-py3-none-any.whl", "Collecting tinyhelper-0.3-py3-none-any.whl"} < set(stages)
    assert stages[-1] == "Installing packages"
    shares = [progress.fraction for progress in seen if progress.stage != stages[0]]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_one_that_is_ready_is_left_alone(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment = made[0]
    before = (environment.folder / READY).stat().st_mtime_ns
    environment.create(offline=True)
    assert (environment.folder / READY).stat().st_mtime_ns == before


def test_its_size_is_that_of_its_files(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment = made[0]
    before = environment.size_bytes()
    assert before > (environment.folder / "pyvenv.cfg").stat().st_size
    extra = environment.folder / "extra"
    extra.write_bytes(bytes(12345))
    assert environment.size_bytes() == before + 12345
    extra.unlink()


def test_it_is_ready_for_its_own_requirements_alone(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    folder = made[0].folder
    assert not Environment(folder, ("tinyguest==1.3", "tinyhelper==0.3")).is_ready()
    assert not Environment(folder, ("tinyguest==1.2",)).is_ready()


def test_it_is_not_ready_with_another_marker(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    environment = made[0]
    marker = environment.folder / READY
    before = marker.read_bytes()
    for damaged in (b"", before[:-1], b"\xff"):
        marker.write_bytes(damaged)
        assert not environment.is_ready()
    marker.write_bytes(before)
    assert environment.is_ready()


def test_it_is_not_ready_with_another_python(
    made: tuple[Environment, list[Progress], list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "version_of", lambda python: (3, 99))
    assert not made[0].is_ready()


def test_it_is_not_ready_without_its_python(made: tuple[Environment, list[Progress], list[bool]]) -> None:
    python = made[0].python
    away = python.with_name("away")
    python.rename(away)
    assert not made[0].is_ready()
    away.rename(python)
    assert made[0].is_ready()


def test_whether_it_is_complete_is_told_without_starting_anything(
    made: tuple[Environment, list[Progress], list[bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    environment = made[0]
    pythons._ask_version.cache_clear()
    monkeypatch.setattr(subprocess, "Popen", started)
    assert environment.is_complete()
    assert not Environment(environment.folder, ("tinyguest==1.3", "tinyhelper==0.3")).is_complete()
    assert not Environment(environment.folder.with_name("nowhere"), environment.requirements).is_complete()
    away = environment.python.with_name("away")
    environment.python.rename(away)
    assert not environment.is_complete()
    if sys.platform != "win32":
        environment.python.symlink_to(environment.folder / "a Python that was removed")
        assert not environment.is_complete()
        environment.python.unlink()
    away.rename(environment.python)
    marker = environment.folder / READY
    before = marker.read_bytes()
    for damaged in (b"", before[:-1], b"\xff"):
        marker.write_bytes(damaged)
        assert not environment.is_complete()
    marker.write_bytes(before)
    assert environment.is_complete()


@pytest.fixture
def quick(made: tuple[Environment, list[Progress], list[bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Virtual environments are copied instead of made, which takes seconds; the interpreter does not mind."""

    def copy(environment: Environment, base: Path, cancel: CancelToken) -> None:
        shutil.copytree(made[0].folder, environment.folder, symlinks=True, dirs_exist_ok=True)
        (environment.folder / READY).unlink()

    monkeypatch.setattr(Environment, "_make", copy)


def test_a_package_that_is_missing_is_told_and_nothing_is_kept(tmp_path: Path, wheels: Path, quick: None) -> None:
    environment = Environment(tmp_path / "tiny", ("tinyguest==1.2", "tinyother==4"))
    with pytest.raises(ModelError) as caught:
        environment.create(wheels=wheels)
    assert caught.value.message == (
        "The Python packages of “tiny” could not be installed: "
        "there is no package for this Python and system that fits tinyother==4."
    )
    assert "folder of wheels" in caught.value.remedy
    assert "ERROR: No matching distribution found for tinyother==4" in caught.value.details
    assert not environment.is_ready()
    assert list(tmp_path.iterdir()) == []


class Listener:
    """Accepts one connection, never answers, and knows when the other side has closed it."""

    def __init__(self, on_connected: CancelToken) -> None:
        self._token = on_connected
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.closed = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def stop(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)):  # if nobody came
            self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            self._token.cancel()
            try:
                while connection.recv(4096):
                    pass
            except ConnectionError:
                pass
        self.closed.set()


@pytest.fixture
def token() -> CancelToken:
    return CancelToken()


@pytest.fixture
def listener(token: CancelToken) -> Iterator[Listener]:
    made = Listener(token)
    yield made
    made.stop()


def test_cancelling_ends_pip_and_removes_the_folder(
    tmp_path: Path, token: CancelToken, listener: Listener, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "3600")  # it does not end by itself
    index = f"--index-url http://127.0.0.1:{listener.port}/simple"
    environment = Environment(tmp_path / "tiny", (index, "tinyother==4"))
    with pytest.raises(JobCancelled):
        environment.create(cancel=token)
    assert listener.closed.wait(60)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_while_python_is_made_removes_the_folder(tmp_path: Path, wheels: Path, token: CancelToken) -> None:
    token.cancel()
    with pytest.raises(JobCancelled):
        Environment(tmp_path / "tiny", ("tinyguest==1.2",)).create(wheels=wheels, cancel=token)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_ends_the_children_too(tmp_path: Path, token: CancelToken, listener: Listener) -> None:
    child = f"import socket, time; s = socket.create_connection(('127.0.0.1', {listener.port})); time.sleep(3600)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(JobCancelled):
        run([sys.executable, "-c", parent], cwd=tmp_path, cancel=token)
    assert listener.closed.wait(60)


def test_a_run_gives_status_lines_and_their_end(tmp_path: Path) -> None:
    code = "import sys; [print('line', n) for n in range(100)]; print('bäd', file=sys.stderr); sys.exit(7)"
    lines: list[str] = []
    status, tail = run([sys.executable, "-uX", "utf8", "-c", code], cwd=tmp_path, cancel=NOBODY, on_line=lines.append)
    assert status == 7
    assert lines == [f"line {n}" for n in range(100)] + ["bäd"]
    assert tail.splitlines() == lines[-40:]


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"])
def test_children_are_not_led_to_other_packages(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("PIP_PROXY", "http://proxy:1")
    assert name not in clean_variables()
    assert clean_variables()["PIP_PROXY"] == "http://proxy:1"


def test_children_of_a_bundle_get_the_loaders_path_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/bundle")
    assert "LD_LIBRARY_PATH" not in clean_variables()
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/system")
    assert clean_variables()["LD_LIBRARY_PATH"] == "/system"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], dict[str, str] | None]]:
    """What is run, instead of running it; all of it succeeds."""
    asked: list[tuple[list[str], dict[str, str] | None]] = []

    def noted(command: list[str], *, variables: dict[str, str] | None = None, **options: object) -> tuple[int, str]:
        asked.append((command, variables))
        return 0, ""

    monkeypatch.setattr(module, "run", noted)
    monkeypatch.setattr(module, "version_of", lambda python: (3, 11))
    return asked


LINES = ("--extra-index-url https://packages.invalid/cpu", "# pinned", "--no-binary tinyguest", "tinyguest==1.2")


def test_pip_uses_the_index_of_the_user(
    tmp_path: Path, commands: list[tuple[list[str], dict[str, str] | None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.invalid")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    environment = Environment(tmp_path / "tiny", LINES)
    environment.create()
    command, variables = commands[-1]
    assert {"--no-input", "--disable-pip-version-check"} < set(command)
    assert command[command.index("--only-binary") :] == [
        *("--only-binary", ":all:", "--extra-index-url", "https://packages.invalid/cpu", "--no-binary", "tinyguest"),
        *("--requirement", str(environment.folder / "requirements.txt")),
    ]
    assert variables is not None
    assert variables["PIP_INDEX_URL"] == "https://mirror.invalid"
    assert "PIP_TARGET" not in variables
    assert (environment.folder / "requirements.txt").read_text() == "tinyguest==1.2"


def test_pip_looks_at_the_folder_of_wheels_alone(
    tmp_path: Path,
    wheels: Path,
    commands: list[tuple[list[str], dict[str, str] | None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "https://packages.invalid")
    Environment(tmp_path / "tiny", LINES).create(wheels=wheels)
    command, variables = commands[-1]
    assert not [word for word in command if "packages.invalid" in word]
    assert command[command.index("--no-index") :][:3] == ["--no-index", "--find-links", str(wheels)]
    assert "--no-binary" in command
    assert variables is not None
    assert "PIP_FIND_LINKS" not in variables


def test_another_installation_in_the_same_folder_is_not_called_complete(
    tmp_path: Path,
    wheels: Path,
    commands: list[tuple[list[str], dict[str, str] | None]],
) -> None:
    environment = Environment(tmp_path / "tiny", ("tinyguest==1.2",))

    def on_progress(progress: Progress) -> None:
        if progress.stage == "Making a Python environment" and progress.completed == 1:
            shutil.rmtree(environment.folder)
            environment.folder.mkdir()
            (environment.folder / "theirs").touch()

    with pytest.raises(ModelError, match=r"Another process has begun to install “tiny” as well\."):
        environment.create(wheels=wheels, on_progress=on_progress)
    assert not environment.is_ready()
    assert (environment.folder / "theirs").exists()


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        ("ERROR: [Errno 28] No space left on device", OutputError, "there is no space left"),
        ("WARNING: ... CERTIFICATE_VERIFY_FAILED ...\nERROR: No matching", ModelError, "installed: the certificate of"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", ModelError, "its hash differs. Try again"),
        ("Retrying (NewConnectionError(...))\nERROR: No matching", ModelError, "index cannot be reached. Check"),
        ("ERROR: ResolutionImpossible", ModelError, "installed: the packages do not go together."),
        ("ERROR: something new", ModelError, "of “tiny” could not be installed. Try again; the details"),
    ],
)
def test_each_failure_of_pip_has_its_sentence(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch, said: str, kind: type[EngineError], says: str
) -> None:
    monkeypatch.setattr(module, "run", lambda command, **options: (1, said) if "pip" in command else (0, ""))
    with pytest.raises(kind) as caught:
        Environment(tmp_path / "tiny", ("tinyguest==1.2",)).create(wheels=wheels)
    assert says in str(caught.value)
    assert caught.value.details == said
    assert list(tmp_path.iterdir()) == []


@needs_posix
def test_a_python_without_venv_is_told(tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\necho ensurepip is not available\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(module, "find_python", lambda: python)
    with pytest.raises(ModelError, match=r"could not make a Python environment\..*python3-venv") as caught:
        Environment(tmp_path / "tiny", ()).create(wheels=wheels)
    assert caught.value.details == "ensurepip is not available"
    assert [path.name for path in tmp_path.iterdir()] == ["python3"]


def test_offline_needs_wheels(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"“tiny” needs Python packages from the network.*--offline.*wheels"):
        Environment(tmp_path / "tiny", ("tinyguest==1.2",)).create(offline=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_of_wheels_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"The folder of wheels .*gone.* was not found"):
        Environment(tmp_path / "tiny", ()).create(wheels=tmp_path / "gone")


@pytest.mark.parametrize(
    "line", ["tinyguest @ https://packages.invalid/t.whl", "https://packages.invalid/t.whl", "tinyguest\n-e elsewhere"]
)
def test_direct_addresses_are_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="not a requirement from an index"):
        Environment(tmp_path, (line,))


@pytest.fixture
def pretended(tmp_path: Path) -> Environment:
    """A folder that is no environment but can be removed as one."""
    environment = Environment(tmp_path / "tiny [1]", ())
    (environment.folder / "lib").mkdir(parents=True)
    (environment.folder / "lib" / "module.py").write_text("")
    (environment.folder / READY).write_text("")
    return environment


def test_removing_leaves_nothing(pretended: Environment, tmp_path: Path) -> None:
    pretended.remove()
    assert list(tmp_path.iterdir()) == []
    assert pretended.size_bytes() == 0
    pretended.remove()


def test_one_that_is_half_removed_is_gone_from_its_place(
    pretended: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".avsep-another-0123456789ab").mkdir()

    def in_use(path: Path, **options: object) -> None:
        if not options:
            raise PermissionError(13, "in use", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", in_use)
        with pytest.raises(OutputError, match=r"is removed, but some of its files could not be deleted\..*Delete the"):
            pretended.remove()
    assert not pretended.folder.exists()
    assert len(list(tmp_path.iterdir())) == 2
    pretended.remove()
    assert [path.name for path in tmp_path.iterdir()] == [".avsep-another-0123456789ab"]


def test_one_that_is_in_use_stays_whole(pretended: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_use(path: Path, target: Path) -> None:
        raise PermissionError(13, "in use", str(path))

    monkeypatch.setattr(Path, "rename", in_use)
    with pytest.raises(OutputError, match=r"cannot be removed: it is in use.*Close the other windows"):
        pretended.remove()
    assert (pretended.folder / "lib" / "module.py").exists()
    assert (pretended.folder / READY).exists()


def test_environments_are_made_with_the_running_python() -> None:
    assert find_python() == Path(sys.executable)


@pytest.fixture
def path_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, of a bundle without an interpreter."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def put_python(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


@needs_posix
def test_a_bundle_looks_for_a_python_that_is_new_enough(path_folder: Path) -> None:
    put_python(path_folder, "python3", "echo 3 9")
    newer = put_python(path_folder, "python3.13", "echo 3 13")
    assert find_python() == newer


@needs_posix
def test_a_bundle_without_a_python_says_what_is_needed(path_folder: Path) -> None:
    put_python(path_folder, "python3", "echo 3 10")
    put_python(path_folder, "python", "exit 1")
    with pytest.raises(ModelError, match=r"needs Python 3\.11 or newer, and none was found.*python\.org") as caught:
        find_python()
    assert caught.value.details.splitlines() == [
        f"{path_folder / 'python3'}: 3.10",
        f"{path_folder / 'python'}: does not start",
    ]


@needs_posix
def test_a_bundle_asks_each_python_once(path_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = path_folder / "lib"
    for name in ("venv", "ensurepip"):
        (library / name).mkdir(parents=True)
    count = path_folder / "count"
    put_python(
        path_folder, "python3", f'/bin/echo >> "{count}"; case "$*" in *stdlib*) echo {library};; *) echo 3 12;; esac'
    )
    assert [pythons.python_hindrance() for _ in range(3)] == [None] * 3
    assert len(count.read_text().splitlines()) == 2  # its version, and where its library is
    (library / "ensurepip").rmdir()
    told = str(pythons.python_hindrance())
    assert told.startswith(
        f"“{path_folder / 'python3'}” cannot make Python environments. Install Python's venv and pip"
    )
    assert "python3-venv" in told


@needs_posix
def test_a_bundle_without_a_python_is_hindered(path_folder: Path) -> None:
    put_python(path_folder, "python3", "echo 3 10")
    told = str(pythons.python_hindrance())
    assert told.startswith("This needs Python 3.11 or newer, and none was found on this computer. Install it from")
    newer = put_python(path_folder, "python3.12", "echo 3 12")  # while AVSep runs
    assert find_python() == newer
    assert pythons.python_hindrance() is None  # its library is not told, so venv decides


@pytest.mark.parametrize("lacking", ["venv", "ensurepip"])
def test_a_python_without_venv_or_pip_is_told_before(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", started)
    assert pythons.python_hindrance() is None
    monkeypatch.setattr(pythons, "find_spec", lambda name: None if name == lacking else object())
    told = str(pythons.python_hindrance())
    assert told.startswith(f"“{sys.executable}” cannot make Python environments.") and "python3-venv" in told


@pytest.mark.parametrize(
    ("platform", "machine", "bits", "name"),
    [
        ("linux", "x86_64", 64, "linux-x86_64"),
        ("linux", "aarch64", 64, "linux-arm64"),
        ("darwin", "arm64", 64, "darwin-arm64"),
        ("win32", "AMD64", 64, "win32-x86_64"),
        ("win32", "AMD64", 32, "win32-32bit"),
    ],
)
def test_a_system_has_one_name(
    monkeypatch: pytest.MonkeyPatch, platform: str, machine: str, bits: int, name: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(sys, "maxsize", 2 ** (bits - 1) - 1)
    monkeypatch.setattr(pythons.platform, "machine", lambda: machine)
    assert pythons.system() == name


@needs_posix
def test_what_opens_a_window_on_macos_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    stub, other = Path("/usr/bin/python3"), Path("/opt/homebrew/bin/python3")
    assert not pythons._asks_to_be_installed(stub)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert pythons._asks_to_be_installed(stub)
    assert not pythons._asks_to_be_installed(other)
    monkeypatch.setattr(Path, "exists", lambda path: path.name == "CommandLineTools")
    assert not pythons._asks_to_be_installed(stub)
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/python3")
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert list(pythons._pythons_on_path()) == []


def test_the_version_is_that_of_the_interpreter() -> None:
    assert pythons.version_of(Path(sys.executable)) == sys.version_info[:2]


def progress_of(lines: list[str], packages: int) -> list[Progress]:
    seen: list[Progress] = []
    watch = module._PipWatch(packages, seen.append)
    for line in lines:
        watch.on_line(line)
    return seen


def test_progress_follows_pip() -> None:
    lines = [
        "Looking in indexes: https://packages.invalid",
        "Collecting torch==2.3.0 (from -r requirements.txt (line 1))",
        "  Downloading torch-2.3.0-cp311-cp311-linux.whl.metadata (26 kB)",
        "Collecting numpy==2.0.0 (from -r requirements.txt (line 2))",
        "  Downloading https://packages.invalid/numpy-2.0.0-cp311-cp311-linux.whl (18.2 MB)",
        "Using cached torch-2.3.0-cp311-cp311-linux.whl (755.5 MB)",
        "Installing collected packages: torch, numpy",
        "Successfully installed numpy-2.0.0 torch-2.3.0",
    ]
    seen = progress_of(lines, 2)
    assert [progress.stage for progress in seen] == [
        "Collecting torch==2.3.0",
        "Collecting numpy==2.0.0",
        "Downloading numpy-2.0.0-cp311-cp311-linux.whl (18.2 MB)",
        "Downloading torch-2.3.0-cp311-cp311-linux.whl (755.5 MB)",
        "Installing packages",
    ]
    assert [progress.fraction for progress in seen] == pytest.approx([0, 0.2375, 0.475, 0.7125, 0.7125])


def test_progress_never_goes_back_when_more_packages_come_than_were_named() -> None:
    lines = [line for n in range(9) for line in (f"Collecting p{n}", f"  Downloading p{n}-1-py3-none-any.whl (1 kB)")]
    shares = [progress.fraction for progress in progress_of(lines, 1)]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] < 1
