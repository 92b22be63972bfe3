"""Ingest: files that come into folders while a batch goes on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from engine.batch.inputs import FoundInput, find_inputs
from engine.batch.item import Batch, BatchOptions, PersonRule
from engine.batch.naming import numbered
from engine.batch.plan import look_ahead, make_items
from engine.batch.work import taken
from engine.jobs import CancelToken, ignore_progress

SETTLED_S = 5.0
LOOK_EVERY_S = 1.0
_STEP_S = 0.1


class Watch:
    """Looks for files that are new and are not being written any more.

    Args:
        wanted, exclude: as in `find_inputs`.
        rule, options, template: what holds for each new file.
    """

    def __init__(
        self,
        wanted: Sequence[str | Path],
        *,
        exclude: Sequence[str],
        rule: PersonRule,
        options: BatchOptions,
        template: str,
    ) -> None:
        self._wanted = wanted
        self._exclude = exclude
        self._rule, self._options, self._template = rule, options, template
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}

    def wait(self, batch: Batch, cancel: CancelToken) -> Batch:
        """Block until there are new files, and add them to the queue under names that are free.

        Raises:
            JobCancelled: asked to stop. InputError: a folder cannot be read any more.
        """
        while True:
            added = self.look(batch, cancel)
            if len(added.items) > len(batch.items):
                return added
            until = time.monotonic() + LOOK_EVERY_S
            while time.monotonic() < until:
                cancel.checkpoint()
                time.sleep(_STEP_S)

    def look(self, batch: Batch, cancel: CancelToken) -> Batch:
        """The queue with what is new and has had one size and time for some seconds."""
        found = find_inputs(self._wanted, exclude=self._exclude, outside=batch.folder, may_be_none=True, cancel=cancel)
        settled = [file for file in found if self._is_settled(file)]
        items = make_items(batch, settled, rule=self._rule, options=self._options, template=self._template)
        if not items:
            return batch
        names = [item.output for item in batch.items]
        items = numbered(items, names, lambda item: taken(batch.folder, item) is not None)
        prospects = look_ahead(replace(batch, items=items), on_progress=ignore_progress, cancel=cancel)
        return batch.with_new(prospect.item for prospect in prospects)

    def _is_settled(self, file: FoundInput) -> bool:
        with suppress(OSError):
            status = file.path.stat()
            now, looks = time.monotonic(), (status.st_size, status.st_mtime_ns)
            before, since = self._seen.get(file.path, (None, now))
            self._seen[file.path] = looks, since if before == looks else now
            return before == looks and now - since >= SETTLED_S and status.st_size > 0
        return False
