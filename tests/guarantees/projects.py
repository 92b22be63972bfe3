"""Documents that the program reads: a sentence or a clean default, never a traceback, a hang, or a write elsewhere."""

from __future__ import annotations

import ast
import hashlib
import json
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from PySide6.QtCore import QSettings

from avsep_gui.export_presets import ExportChoice, choice_from_text, presets_from_text
from avsep_gui.keymap import Keymap
from avsep_gui.settings import Settings
from avsep_gui.state.project import FORMAT, VERSION
from avsep_gui.state.project_reader import read_project
from engine import api
from engine.batch.item import Batch, BatchItem, BatchOptions, BatchOutcome, PersonRule
from engine.batch.manifest import read_manifest
from engine.batch.store import item_json, load_batch, outcome_json, save_batch
from engine.batch.work import do_item, work_folder
from engine.cache import kept_limit
from engine.checkpoint import save_weights
from engine.config import CompactConfig, to_dict
from engine.errors import EngineError
from engine.jobs import CancelToken, ignore_progress
from engine.models.networks import build_network
from engine.resources import data_folder
from engine.types import OutputFile
from tests.guarantees.command import avsep
from tests.guarantees.documents import Named, hostile_json, hostile_text
from tests.guarantees.finding import Finding, Scope
from tests.guarantees.hostile import Home, complaint
from tests.guarantees.messages import ROOT
from tests.guarantees.mutations import seed_files

CASES, CASES_SHORT = 400, 25
LIMIT_S = 20.0
NAMES = ("$(touch canary)", "`touch canary`", "; touch canary", "| touch canary", "&& touch canary", "--help", "%s\n*?")
TINY = CompactConfig(
    complex_channels=4, channels=8, visual_channels=8, visual_blocks=1, context_blocks=1, modulated_blocks=1, heads=2
)

Reader = Callable[[bytes], object]


def hostile_documents(scope: Scope) -> list[Finding]:
    """Every kind of document, damaged in many ways."""
    home = Home(scope.folder)
    canary = str(scope.folder / "canary")
    with home.entered():
        return [_tried(scope, home, name, read, variants) for name, read, variants in _kinds(scope, home, canary)]


def _tried(scope: Scope, home: Home, name: str, read: Reader, variants: Iterator[Named]) -> Finding:
    finding = Finding(f"{name}, however damaged, gives a sentence or a clean default, and changes nothing elsewhere")
    before, slowest_s, largest = home.contents(), 0.0, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for case, data in variants:
        began = time.monotonic()
        wrong: str | None = None
        try:
            read(data)
        except EngineError as error:
            wrong = complaint(error)
        except Exception as error:  # noqa: BLE001 - what is looked for
            wrong = f"{type(error).__name__}: {str(error)[:200]}"
        took_s = time.monotonic() - began
        slowest_s = max(slowest_s, took_s)
        if not wrong and took_s > LIMIT_S:
            wrong = f"took {took_s:.0f} s"
        if not wrong and (scope.folder / "canary").exists():
            wrong = "something in it was run, or written where it said"
        finding.case(case, wrong)
    now = home.contents()
    own = {str(data_folder() / "cache.json"), str(data_folder() / "default.json")}
    changed = [path for path in (before.keys() | now.keys()) - own if before.get(path) != now.get(path)]
    finding.case("nothing elsewhere was changed", ", ".join(changed) or None)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - largest) / 1000
    finding.worst = f"slowest {slowest_s:.2f} s, memory grew by {grown:.0f} MB"
    return finding


def _kinds(scope: Scope, home: Home, canary: str) -> Iterator[tuple[str, Reader, Iterator[Named]]]:
    """Name, reader and variants of each kind of document."""
    place = home.results

    def json_of(whole: Any, seed: int) -> Iterator[Named]:
        count = CASES_SHORT if scope.short else CASES
        return hostile_json(whole, count, scope.seed + seed, canary, huge=not scope.short)

    def through(path: Path, read: Callable[[Path], object]) -> Reader:
        def reader(data: bytes) -> object:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return read(path)

        return reader

    yield "A project", through(place / "a.avsep", read_project), json_of(_project(), 1)
    item = BatchItem(1, place / "a.mp4", "a.wav", PersonRule("person", 1), BatchOptions("voice", "wav"))
    save_batch(place / "q.json", Batch(place, (item.begun(),), "refuse"))
    queue = json.loads((place / "q.json").read_bytes())
    yield "A batch's queue", through(place / "queue" / "avsep-batch.json", _use_queue), json_of(queue, 2)
    receipt = work_folder(place, 1) / "receipt.json"
    yield "A batch's receipt", through(receipt, lambda _: _finish(place, item)), json_of(_receipt(item), 3)
    count = CASES_SHORT if scope.short else CASES
    manifest = (
        "input,person,output,write,format,range,mix_back\na.mp4,1,x,voice,wav,1-2,0.5\nb.mp4,everyone,y,folder,,,\n"
    )
    rows = hostile_text(manifest, count, scope.seed, canary, huge=not scope.short)
    yield "A manifest", through(place / "m.csv", lambda path: read_manifest(path, PersonRule(), BatchOptions())), rows
    preset = asdict(ExportChoice())
    presets = [{"name": "Mine"} | preset]
    yield "Presets", lambda data: presets_from_text(data.decode(errors="replace")), json_of(presets, 4)
    yield "The last export", lambda data: choice_from_text(data.decode(errors="replace")), json_of(preset, 5)
    for name, file, whole, read in (
        ("The cache's limit", "cache.json", {"limit_bytes": 10**10}, kept_limit),
        ("The chosen model", "default.json", {"model": "tiny"}, api.list_models),
    ):
        yield name, through(data_folder() / file, lambda _, read=read: read()), json_of(whole, 6)
    yield "Preferences", through(place / "avsep.ini", _preferences), _ini(scope, canary)
    net, card = _network(home.inputs)
    yield "A model's description", through(net.with_suffix(".json"), lambda _: _import(net)), json_of(card, 7)
    yield "A model's weights", _weights_reader(net, card), _weights(net, scope)


def _project() -> dict[str, Any]:
    person = {"id": 1, "name": "Anna", "first_seen_s": 0.5, "first_box_px": [1, 2, 3, 4]}
    return {
        "format": FORMAT, "version": VERSION, "video": {"path": "a.mp4", "size_bytes": 5, "fingerprint": "ab"},
        "model": "default", "people": [person], "hidden": [2], "picked": 1,
        "corrections": {"parts": [{"person": 1, "found": 2, "start_s": 0.0, "end_s": 4.0}], "found": [person]},
        "listening": {"mode": "original", "mix_back": 0.5}, "selection_s": [1.0, 2.0], "playhead_s": 3.0,
        "timeline": {"view_s": [0.0, 5.0]}, "recovery": {"project": "b.avsep", "unsaved": True},
    }  # fmt: skip


def _use_queue(path: Path) -> None:
    """Read a queue and write it again, as each step of a batch does."""
    batch = load_batch(path)
    save_batch(path.with_name("written.json"), batch)


def _receipt(item: BatchItem) -> dict[str, Any]:
    told = item_json(item)
    outcome = BatchOutcome((OutputFile(Path("a.wav"), 1, "voice"),), (1,), 2.0, 1.0, ())
    identity = {key: told[key] for key in ("input", "output", "rule", "options")}
    return {"item": identity, "outcome": outcome_json(outcome), "moves": [["out.wav", "a.wav"]]}


def _finish(folder: Path, item: BatchItem) -> None:
    """What a batch does with a receipt; the film is not there, so that nothing is computed."""
    (work_folder(folder, 1) / "out.wav").write_bytes(b"sound")
    try:
        do_item(folder, item, "overwrite", on_progress=ignore_progress, cancel=CancelToken())
    finally:
        shutil.rmtree(folder / "a.wav", ignore_errors=True)


def _ini(scope: Scope, canary: str) -> Iterator[Named]:
    whole = (
        "[look]\ntheme=dark,\ntext_scale=1.2,\nlanguage=de,\n[computing]\ndevice=cuda:0,\n[files]\nrecent=a.mp4,b.mp4\n"
        "batch=q.json,\n[export]\npresets=[],\nchoice={},\nfolder=x,\n[keys]\nopen=Ctrl+O,Ctrl+P\n[layout]\nwindow=@ByteArray(x)\n"
    )
    return hostile_text(whole, CASES_SHORT if scope.short else CASES, scope.seed, canary, huge=False)


def _preferences(path: Path) -> None:
    """Read every preference from a file."""
    settings = Settings()
    settings._store = QSettings(str(path), QSettings.Format.IniFormat)
    for name in vars(Settings):
        if isinstance(getattr(Settings, name), property):
            getattr(settings, name)
    settings.layout("window")
    Keymap(settings.keys)
    presets_from_text(settings.export_presets)
    choice_from_text(settings.export_choice)


def _network(folder: Path) -> tuple[Path, dict[str, Any]]:
    path = folder / "net.safetensors"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = build_network("compact", TINY)
    card = {"architecture": "compact", "config": to_dict(TINY), "licence": "CC0-1.0", "trained_on": "noise"}
    save_weights(path, network, card, half=True)
    return path, json.loads(path.with_suffix(".json").read_bytes())


def _import(path: Path) -> None:
    """Import a network, look at the shelf, and take it off again."""
    name = api.import_model(path, name="fuzzed")
    api.list_models()
    api.remove_model(name)


def _weights(net: Path, scope: Scope) -> Iterator[Named]:
    whole = net.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    head = json.loads(whole[8 : 8 + length])
    for size in (0, 1, 2**31, 2**63, 2**64 - 1):
        yield f"a head of {size} bytes", size.to_bytes(8, "little") + whole[8:]
    for case, text in hostile_json(head, CASES_SHORT if scope.short else CASES // 2, scope.seed, "/canary", huge=False):
        yield case, len(text).to_bytes(8, "little") + text + whole[8 + length :]


def _weights_reader(net: Path, card: dict[str, Any]) -> Reader:
    def read(data: bytes) -> None:
        net.write_bytes(data)
        told = card | {"sha256": hashlib.sha256(data).hexdigest()}
        net.with_suffix(".json").write_text(json.dumps(told), encoding="utf-8")
        _import(net)

    return read


def no_shell(scope: Scope) -> list[Finding]:
    """No shell is given a path: by the sources, and by names that a shell would take for commands."""
    sources = Finding("The program starts no shell, and loads nothing that can run code")
    for package in ("engine", "avsep_gui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            found = _dangerous(ast.parse(path.read_text(encoding="utf-8")))
            sources.case(path.relative_to(ROOT).as_posix(), f"{', '.join(found)}" if found else None)
    names = Finding("File names that a shell would run are names and nothing else")
    film = seed_files(scope.folder)["mp4"]
    for number, name in enumerate(NAMES[:: 3 if scope.short else 1]):
        folder = scope.folder / str(number)
        folder.mkdir()
        (folder / f"{name}.mp4").write_bytes(film)
        out = f"{name} out"
        told = avsep("separate", "--everyone", "--model=tiny", f"--output={out}", "--", f"{name}.mp4", folder=folder)
        there = sorted(path.name for path in folder.iterdir())
        wrong = None if there == sorted([f"{name}.mp4", out]) else f"there are {there}"
        names.case(name, told.trouble() or wrong)
    return [sources, names]


def _dangerous(tree: ast.Module) -> list[str]:
    """Calls that start a shell or run what a file says."""
    calls = {"system", "popen", "spawnl", "execl", "getoutput", "getstatusoutput"}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        told = {key.arg: ast.unparse(key.value) for key in node.keywords}
        runs = name.partition(".")[0] in ("os", "subprocess") and name.rpartition(".")[2] in calls
        reads = name in {"eval", "exec", "pickle.load", "pickle.loads"} or told.get("allow_pickle", "False") != "False"
        loads = name == "torch.load" and told.get("weights_only") != "True"
        if runs or reads or loads or told.get("shell", "False") != "False":
            found.append(ast.unparse(node)[:80])
    return found
