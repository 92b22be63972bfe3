"""Bring the translations up to date with the window's texts, by Qt's own tools (they come with PySide6).

    .venv/bin/python packaging/translations.py            update the .ts files, then make the .qm files
    .venv/bin/python packaging/translations.py release    make the .qm files only

The .ts files are what people translate (Qt Linguist, or a text editor). The .qm files are in the repository too, since
the build of the package has no step that could make them; `tests/qt/test_translations.py` holds both to the sources.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOW = ROOT / "avsep_gui"
FOLDER = ROOT / "resources" / "translations"
TABLES = ("actions.py", "engine_words.py")
PLURALS_ONLY = ("en",)
LANGUAGES = {"de": "de_DE", "en": "en_US"}


@dataclass(frozen=True)
class Text:
    """A text of the window as its sources have it; `seen` is whether Qt's tool finds it by itself."""

    context: str
    source: str
    plural: bool
    place: str
    seen: bool = True


def texts() -> list[Text]:
    """Every text that the window's sources translate.

    Raises:
        ValueError: a text is not a literal, so that nobody can translate it.
    """
    found: list[Text] = []
    for path in sorted(WINDOW.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        reader = _Reader(path, _helpers(tree))
        reader.visit(tree)
        found += reader.found
    return [*found, *_tables()]


def update() -> None:
    """Let Qt's tool read the sources, and what it cannot see: tables, and short names for `translate`."""
    unseen = sorted({(text.context, text.source) for text in texts() if not text.seen})
    with tempfile.TemporaryDirectory() as folder:
        extra = Path(folder) / "unseen.py"
        lines = [f"QCoreApplication.translate({context!r}, {_quoted(source)})\n" for context, source in unseen]
        extra.write_text("".join(lines), encoding="utf-8")
        sources = [str(path) for path in sorted(WINDOW.rglob("*.py"))]
        for language, locale in LANGUAGES.items():
            options = ["-pluralonly"] if language in PLURALS_ONLY else []
            target = ["-ts", str(_ts(language)), "-target-language", locale]
            given = ["-silent", "-locations", "none", "-no-obsolete", "-source-language", "en_US"]
            _tool("lupdate", *given, *options, *sources, str(extra), *target)


def release(folder: Path = FOLDER) -> None:
    """Make the files that the window reads; what is not finished is left out and shows in English."""
    for language in LANGUAGES:
        _tool("lrelease", "-silent", "-nounfinished", str(_ts(language)), "-qm", str(folder / f"avsep_{language}.qm"))


def _ts(language: str) -> Path:
    return FOLDER / f"avsep_{language}.ts"


def _tool(name: str, *arguments: str) -> None:
    program = Path(sys.executable).parent / f"pyside6-{name}"
    subprocess.run([str(program), *arguments], check=True)


def _quoted(source: str) -> str:
    """As a literal that Qt's tool reads as Python does."""
    return '"' + source.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _tables() -> list[Text]:
    sys.path.insert(0, str(ROOT))
    from avsep_gui.actions import ACTIONS, MENUS
    from avsep_gui.engine_words import SENTENCES

    words = [*MENUS, *(spec.text for spec in ACTIONS)]
    found = [Text("Actions", text, False, "avsep_gui/actions.py", seen=False) for text in words]
    return found + [Text("Engine", text, False, "avsep_gui/engine_words.py", seen=False) for text in SENTENCES]


def _helpers(tree: ast.Module) -> dict[str, str]:
    """Functions in a module that do nothing but `translate` their argument: name to context."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[-1], ast.Return):
            call = node.body[-1].value
            if (
                isinstance(call, ast.Call)
                and _name(call.func) == "translate"
                and len(call.args) == 2
                and isinstance(call.args[0], ast.Constant)
                and isinstance(call.args[1], ast.Name)
                and call.args[1].id == node.args.args[0].arg
            ):
                found[node.name] = str(call.args[0].value)
    return found


def _name(function: ast.expr) -> str:
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _is_qts(function: ast.expr) -> bool:
    """Whether `translate` is that of texts: painters move by another one of that name."""
    of = function.value if isinstance(function, ast.Attribute) else None
    return of is None or (isinstance(of, ast.Name) and of.id == "QCoreApplication")


class _Reader(ast.NodeVisitor):
    """Collects calls of `tr`, `translate` and a module's helpers, with the class that `tr` stands in."""

    def __init__(self, path: Path, helpers: dict[str, str]) -> None:
        self._path = path
        self._helpers = helpers
        self._classes: list[str] = []
        self._functions: list[str] = []
        self.found: list[Text] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._classes.append(node.name)
        self.generic_visit(node)
        self._classes.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node.name)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = _name(node.func)
        if name == "tr" and isinstance(node.func, ast.Attribute):
            of_self = isinstance(node.func.value, ast.Name) and node.func.value.id == "self"
            self._add(node, self._classes[-1] if self._classes and of_self else "", node.args, 2)
        elif name == "translate" and len(node.args) >= 2 and _is_qts(node.func):
            if self._path.name in TABLES or (self._functions and self._functions[-1] in self._helpers):
                return
            context = node.args[0]
            self._add(node, context.value if isinstance(context, ast.Constant) else "", node.args[1:], 2)
        elif isinstance(node.func, ast.Name) and name in self._helpers and self._path.name not in TABLES:
            self._add(node, self._helpers[name], node.args, 2, seen=False)

    def _add(self, node: ast.Call, context: str, given: list[ast.expr], plural_at: int, *, seen: bool = True) -> None:
        place = f"{self._path.relative_to(ROOT)}:{node.lineno}"
        source = given[0]
        if not context or not isinstance(source, ast.Constant) or not isinstance(source.value, str):
            raise ValueError(f"{place}: a text must be a literal, in self.tr or translate with a literal context.")
        self.found.append(Text(context, source.value, len(given) > plural_at, place, seen))


if __name__ == "__main__":
    if sys.argv[1:] != ["release"]:
        update()
    release()
