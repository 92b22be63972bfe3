"""The command line, called in this process, where starting it anew each time would take longest."""

from __future__ import annotations

import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.cli import main


@dataclass(frozen=True)
class Answer:
    """What a command said: exit code, the JSON object of stdout, the text of stderr."""

    exit_code: int
    data: dict[str, Any]
    told: str

    @property
    def error(self) -> dict[str, str]:
        """What failed: code, message and remedy; empty where nothing did."""
        return self.data.get("error") or {}

    def trouble(self) -> str | None:
        """Why it failed, in a line; None where it did not."""
        if "Traceback" in self.told:
            return f"a traceback: {self.told.strip().splitlines()[-1]}"
        return f"exit code {self.exit_code}: {self.error.get('message', self.told)}" if self.exit_code else None


def avsep(*arguments: str | Path, folder: Path | None = None) -> Answer:
    """Run `avsep ... --json`, in a folder where one is named."""
    out, told = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(told))
        if folder is not None:
            stack.callback(os.chdir, Path.cwd())
            os.chdir(folder)
        flags = ["--json", *map(str, arguments)]
        command = [flags[1], flags[0], *flags[2:]]  # flags go before a lone "--"
        code = main(command)
    try:
        data = json.loads(out.getvalue())
    except ValueError:
        data = {"error": {"code": "", "message": f"no JSON object on stdout: {out.getvalue()!r}", "remedy": ""}}
    return Answer(code, data, told.getvalue())


def refusal(answer: Answer, exit_code: int, code: str, name: str = "") -> str | None:
    """What is wrong with a refusal: of its exit code, its error code, a message that names the file, a remedy."""
    error = answer.error
    if "Traceback" in answer.told:
        return answer.trouble()
    if (answer.exit_code, error.get("code")) != (exit_code, code):
        wanted = f"{code} ({exit_code})"
        return f"{error.get('code', 'no error')} ({answer.exit_code}) instead of {wanted}: {error.get('message', '')}"
    if not error["message"] or not error["remedy"]:
        return f"without a message or a remedy: {error}"
    return None if name[:40] in error["message"] else f"the message does not name the file: {error['message']}"
