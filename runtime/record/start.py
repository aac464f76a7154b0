"""The name of a recording → a session of it, new or gone on with, until the person stops."""

from __future__ import annotations

from collections.abc import Callable

from runtime.config import Config
from runtime.connect import connector
from runtime.console.console import Console
from runtime.library.store import Library
from runtime.record import commands, terminal
from runtime.record.recorder import Recorder
from runtime.record.repl import Repl
from runtime.record.sessions import Sessions
from runtime.values.functions import renaming, script_called
from sopc.syntax.grammar import reserved_words
from sopc.workflow.prepared import Options


def record_steps(
    name: str,
    uses: str | None,
    console: Console,
    config: Config,
    format_: str,
    translation: Callable[[bool], Options],
) -> int:
    """Read steps from stdin or a terminal until the recording is stopped or the input ends.

    Args:
        name: The recording's name; one that is under way is continued.
        uses: Databases that steps may use, with commas between; None for all that can be opened.
        console: Where notes and errors go.
        config: The settings.
        format_: Of the records on stdout: jsonl, records or table.
        translation: Whether a person is at a terminal → how English is translated.

    Returns:
        The exit code.
    """
    sessions = Sessions(config.home)
    if note := renaming(name):
        console.note(note)
    name = script_called(name)
    with sessions.alone(name), Library.open(config.home) as library:
        if name in sessions.names() and uses is None:
            session = sessions.load(name)
            console.note(f"going on with {name}: {len(session.steps)} steps so far")
        else:
            session = sessions.begin(name, tuple(filter(None, (uses or "").split(","))))
        read, at_terminal = terminal.reader(
            sessions.folder / "history",
            lambda text: commands.completions(repl, text),
            reserved_words(),
            console.note,
        )
        options = translation(at_terminal)
        recorder = Recorder(session, config, library, connector(config), sessions.save, translation=options)
        repl = Repl(console, config, library, sessions, recorder, format_, read, commands.run, terminal=at_terminal)
        if at_terminal:
            console.note("steps in English or DSL; ? looks, /help lists the commands, /stop ends")
        return repl.run()
