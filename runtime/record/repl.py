"""Lines that a person types or stdin holds → a recording; what each line gave goes to stdout, the rest to stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

import click

from runtime.config import Config
from runtime.console.console import Console
from runtime.console.runner import execute, prompt
from runtime.errors import SopError
from runtime.library.store import Library
from runtime.output.formats import open_writer
from runtime.output.writer import Writer
from runtime.record.recorder import Recorder, Taken
from runtime.record.replay import Unanswered
from runtime.record.sessions import Sessions
from runtime.vm.output import Question
from sopc.context import Context
from sopc.diagnostics import CompileError
from sopc.syntax.steps import is_unfinished

_MORE: Final = "  … "


class Done(Exception):
    """Ends the session."""


class Repl:
    """One person at work on one recording.

    Attributes:
        read: returns the next line for a prompt and a text to begin with; EOFError at the end.
        command: runs a `/command`; raises Done to end the session.
    """

    def __init__(
        self,
        console: Console,
        config: Config,
        library: Library,
        sessions: Sessions,
        recorder: Recorder,
        format_: str,
        read: Callable[[str, str], str],
        command: Callable[[Repl, str], None],
        *,
        terminal: bool,
    ) -> None:
        self.recorder = recorder
        self.failed = False
        self._console = console
        self._config = config
        self._library = library
        self._sessions = sessions
        self._format = format_
        self._read = read
        self._command = command
        self._terminal = terminal

    def run(self) -> int:
        """Read lines to the end, or until a command ends the session.

        Off a terminal the first error ends it with 1, because later steps would build on the failed one.

        Returns:
            The exit code.
        """
        while True:
            try:
                text = self._next()
            except EOFError:
                return 0
            except KeyboardInterrupt:  # as in shells: this drops the line, not the session
                self.say("")
                continue
            try:
                self._line(text)
            except Done:
                return 0
            except CompileError as error:
                self._console.findings(error)
            except Unanswered as error:
                self._console.error(SopError("V0403", f"the step waits for an answer: {error.question.text}"))
            except SopError as error:
                self._console.error(error)
            except KeyboardInterrupt:
                self.say("given up; nothing was recorded")
            else:
                continue
            if not self._terminal:
                return 1

    def _line(self, text: str) -> None:
        if text.startswith("/"):
            self._command(self, text)
        elif text.startswith("?"):
            self._warn(self._one_stream(lambda writer: self.recorder.look(text[1:].strip(), writer)))
        elif text.strip():
            offered = set(self.recorder.offers())
            taken = self._one_stream(lambda writer: self.recorder.step(text, writer, prompt=self.prompt))
            self._warn(taken)
            if self.recorder.session.steps and self.recorder.session.steps[-1].english and taken.number:
                self.say(taken.code.rstrip("\n"))
            self.say(f"step {taken.number}" if taken.number else "tried; the recording is paused")
            for value in self.recorder.offers():
                if value not in offered:
                    self.say(f"{value} stands more than once; `/param *.{value} as NAME` makes it a parameter")

    def _warn(self, taken: Taken) -> None:
        for warning in taken.warnings:
            self.say(f"warning: {warning}")

    def _one_stream(self, act: Callable[[Writer], Any]) -> Any:
        """Run an action; its lines are written as one stream."""
        writer = open_writer(self._format, sys.stdout.buffer, buffer_until_commit=False)
        try:
            result = act(writer)
        except BaseException:
            writer.end("failed", None, 0, 0)
            raise
        writer.end("ok", None, 0, 0)
        return result

    def _next(self) -> str:
        """The next line, together with those after it while a DSL step is unfinished."""
        mark = "(paused) " if self.recorder.session.paused else ""
        text = self._read(f"{mark}{len(self.recorder.session.steps) + 1}> ", "")
        while text[:1] not in ("/", "?") and text[:1].islower() and is_unfinished(text):
            try:
                more = self._read(_MORE, "")
            except EOFError:
                break
            if not more.strip():
                break
            text += "\n" + more
        return text

    # ── for commands ─────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, text: str) -> None:
        self._console.note(text)

    @property
    def prompt(self) -> Callable[[Question], str | None] | None:
        return prompt if self._terminal else None

    def read_again(self, text: str) -> str:
        """Let the person edit the text."""
        return self._read("  > ", text) if self._terminal else text

    def play(self, name: str, arguments: Sequence[str]) -> None:
        from runtime.console.options import key_values

        given = key_values(arguments, "an argument")
        execute(self._console, self._library, name, given, self._config, self._format)

    def stop(self, *, anyway: bool, apply: bool) -> None:
        stopped = self.recorder.stop(anyway=anyway)
        self.say(stopped.text.rstrip("\n"))
        if not anyway:
            self.say("done again in a transaction of its own, and the same came of it")
        self.say(f"{stopped.entry.name}: version {stopped.entry.version}")
        name = self.recorder.session.name
        writes = sorted(stopped.effects.writes)
        if writes and self._terminal and not apply:
            apply = click.confirm(f"Change {', '.join(writes)} for good now?", default=False, err=True)
        self._sessions.remove(name)
        if apply:
            execute(self._console, self._library, name, {}, self._config, self._format)
        elif writes:
            self.say(f"nothing is changed yet; `sopvm run {name}` does it")

    def discard(self) -> None:
        self._sessions.remove(self.recorder.session.name)
        self.say(f"{self.recorder.session.name} is forgotten")

    @cached_property
    def _names(self) -> list[str]:
        from sopc.syntax.grammar import reserved_words

        with Context(self._config, self._library) as context:
            schemas = context.readable_schemas()
            stores = [store for schema in schemas.values() for store in schema.stores.values()]
            names = {store.name for store in stores} | {field.name for store in stores for field in store.fields}
            return sorted({*names, *context.script_names(), *reserved_words()})

    def words(self) -> list[str]:
        """Names and keywords, for completion."""
        return self._names
