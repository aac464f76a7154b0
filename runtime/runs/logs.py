"""The lines that are kept of a run → JSON lines, each once, from any number on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from runtime.errors import SopError
from runtime.output.records import encode
from runtime.runs.go_on import read_run
from runtime.runs.secrets import mask_secrets
from runtime.runs.store import ENDED, RunStore
from runtime.values.conversion import json_ready

_SEQ: Final = re.compile(rb'\{"type":"[a-z]+","seq":([0-9]+)')


class Logs:
    """What a run has said. Lines of an open segment are not among them.

    Attributes:
        ended: Whether all lines have been given, the `end` line too.
    """

    def __init__(self, store: RunStore, run: str, after: int) -> None:
        self.store = store
        self._run = run
        self._after = after  # the last line that was given
        self._batch = 0  # first line of the batch that it was in
        self._begun = after > 0
        self.ended = False

    def news(self) -> Iterator[bytes]:
        """What has come since. V0606, V0611 for a run whose lines are not kept."""
        kept = read_run(self.store, self._run, None) if not self._begun else None
        if kept is not None:
            if not kept.pinned.lines:
                raise SopError(
                    "V0611", f"the lines of the run {self._run} are not kept", "--detach or --id keeps those of a run"
                )
            root = kept.linked.root
            names = [param.name for param in root.module.signature.params]
            args = mask_secrets(root.module.signature, dict(zip(names, kept.pinned.arguments, strict=True)))
            head = {"type": "start", "run": self._run, "script": root.name, "version": root.version}
            yield encode({**head, "args": json_ready(args), "modules": kept.linked.hashes}) + b"\n"
            self._begun = True
        row = self.store.find(self._run)
        if row is None:
            return
        while (found := self.store.lines(self._run, self._batch, row.lines)) is not None:
            self._batch, data = found
            lines = [line for line in data.splitlines(keepends=True) if self._is_new(line, row.lines)]
            yield b"".join(lines)
        self._after = max(self._after, row.lines)
        if row.status in ENDED:
            yield from self._ending(row.status, row.ending)
            self.ended = True

    def _is_new(self, line: bytes, last: int) -> bool:
        number = _SEQ.match(line)
        return number is not None and self._after < int(number[1]) <= last

    def _ending(self, status: str, ending: str | None) -> Iterator[bytes]:
        said: Any = msgspec.json.decode(ending or "{}")
        if status != "ok":
            result = {name: said[name] for name in ("code", "message", "hint") if said.get(name) is not None}
            yield encode({"type": "error", "seq": self._after + 1, "result": result}) + b"\n"
        end = {"type": "end", "status": status, "result": said.get("result"), "records": said.get("records", 0)}
        yield encode(end) + b"\n"
