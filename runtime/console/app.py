"""Arguments → one command of `sopc` or `sopvm`, imported only when it is called. All errors are printed here.

Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the program or its input failed, 2 wrong usage or
configuration, 3 waiting for a person, 4 a translation is needed (`--locked`), 130 interrupted.
"""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, NamedTuple, NoReturn

import click

from runtime.console.console import Console
from runtime.errors import SopError

INTERRUPTED = 130

# The garbage collector runs every few batches of rows, not several times a batch: batches hold no cycles. Nor do the
# modules and trees of which a start or a compile makes many; looking through them takes a tenth of its time.
CONTAINERS: Final = 50_000


class Lazy(NamedTuple):
    """A command that is imported when it is called.

    Attributes:
        where: "module:attribute".
        summary: its line in the list of commands, which is printed without importing any.
    """

    where: str
    summary: str


class App(click.Group):
    """A program whose commands are in modules of their own.

    Args:
        name: Of the program.
        modules: Commands by name.
        settings: Of click's Group.
    """

    def __init__(self, name: str, modules: Mapping[str, Lazy], **settings: Any) -> None:
        super().__init__(name, context_settings={"help_option_names": ["-h", "--help"]}, **settings)
        self.modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        module, _, attribute = self.modules[cmd_name].where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self.modules.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.modules and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.modules, n=1)
            hint = f"{self.name} {near[0]}" if near else f"`{self.name} --help` lists the commands"
            raise Misuse(f"there is no command {args[0]}", hint)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ClosedStdout from error  # which click does not end with exit code 1

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> NoReturn:
        """Run a command and exit; always in standalone mode. Every exit of the process goes through here."""
        gc.set_threshold(CONTAINERS)
        _open_streams()
        words = list(sys.argv[1:] if args is None else args)
        console = Console(json_errors=_wants_json(words))
        try:
            code = super().main(words, prog_name or self.name, complete_var, False, obj=console, **extra)
            _flush()
        except BaseException as error:
            code = _exit_code(error, console)
            if code is None:
                raise
        sys.exit(code if isinstance(code, int) else 0)


class ClosedStdout(Exception):
    """The reader of our output closed it."""


class Misuse(click.UsageError):
    """A usage error with its own hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _wants_json(words: Sequence[str]) -> bool:
    """Whether the words hold `--errors json`, or else SOP_ERRORS asks for JSON. It is read before the words are parsed,
    because a parse error must be printed the same way."""
    said = [value for option, value in pairwise(words) if option == "--errors"]
    said += [word.removeprefix("--errors=") for word in words if word.startswith("--errors=")]
    return (said[-1] if said else os.environ.get("SOP_ERRORS")) == "json"


def _exit_code(error: BaseException, console: Console) -> int | None:
    """Show the error and return its exit code; None for an error that is not one of ours."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, (ClosedStdout, BrokenPipeError)):
        _silence_stdout()
        return 0
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        _show_misuse(error, console)
        return 2
    if isinstance(error, SopError):
        console.error(error)
        return error.exit_code
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT):
        console.error(SopError("C0109", f"the output can't be written: {(error.strerror or '').lower()}"))
        _silence_stdout()
        return 1
    if isinstance(error, RecursionError):
        console.error(SopError("C0103", "the input is nested too deeply", "split it into several steps or scripts"))
        return 1
    diagnostics = sys.modules.get("sopc.diagnostics")
    if diagnostics is not None and isinstance(error, diagnostics.CompileError):
        console.findings(error)
        return 1
    if isinstance(error, OSError) and error.filename is not None:  # of a file that nothing above has named
        reason = (error.strerror or str(error)).lower()
        console.error(SopError("C0104", f"{os.fsdecode(error.filename)} can't be used: {reason}"))
        return 2
    return None


def _show_misuse(error: click.ClickException, console: Console) -> None:
    message = error.format_message().rstrip(".")
    hint = getattr(error, "hint", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        console.note(message)
        return
    context = getattr(error, "ctx", None)
    if hint is None and context is not None:
        hint = f"{context.command_path} --help"
    console.error(SopError("C0101", message[:1].lower() + message[1:], hint))


def _open_streams() -> None:
    """Replace standard streams that the process was started without (None in Python) by empty ones, before an opened
    file takes their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def _flush() -> None:
    """Flush stdout now, so that a closed stdout is noticed here and not when Python exits."""
    sys.stdout.flush()


def _silence_stdout() -> None:
    """Point stdout at nothing, so that its buffer can't fail again when Python exits."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return  # stdout is not a file (in a test): nothing can fail later
    finally:
        os.close(nothing)
