"""`-o FILE` and `-f` → a stream of bytes and the format written to it: stdout, or a file that is whole or not there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from runtime.errors import UsageError
from runtime.files.atomic import replacing

STDOUT: Final = "-"


class Failed(Exception):
    """The run did not end well, and printed why. No file is left."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


def file_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add -o, --force and --bom: what `execute` takes. Below `output_options`, since `-o` goes before `-f`.

    Args:
        function: The command.

    Returns:
        The command with the options.
    """
    function = click.option("--bom", is_flag=True, help="Begin CSV with a byte order mark, for old spreadsheets.")(
        function
    )
    function = click.option("--force", is_flag=True, help="Replace an existing file.")(function)
    return click.option(
        "-o",
        "--output",
        "file",
        type=click.Path(readable=False),
        metavar="FILE",
        is_eager=True,
        help="Write to a file, in the format of its name: .csv, .tsv, .md, .xlsx, .parquet, .ndjson, .json.",
    )(function)


@contextmanager
def destination(file: str, force: bool) -> Iterator[BinaryIO]:
    """Open a stream that becomes the file when the block ends without an error; until then the file is not touched.

    Args:
        file: Its path; `-` for stdout.
        force: Replace a file that is there.

    Returns:
        A context manager that gives the stream.

    Raises:
        UsageError: D0508 when it can't be written, D0509 when it exists and may not be replaced.
    """
    if file == STDOUT:
        yield sys.stdout.buffer
        return
    try:
        if Path(file).is_file() and not force:
            raise UsageError("D0509", f"{file} is there already", "--force replaces it")
        with replacing(Path(file)) as stream:
            yield stream
    except OSError as error:
        if error.filename is None:
            raise
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            "D0508", f"{file} can't be written: {reason}", "check the folder and its permissions"
        ) from error


def check_binary(format_: str, file: str) -> None:
    """Refuse to show bytes on a terminal.

    Args:
        format_: Of the bytes.
        file: Where they go; `-` for stdout.

    Raises:
        UsageError: C0102.
    """
    from runtime.output.formats import BINARY

    if file == STDOUT and format_ in BINARY and sys.stdout.isatty():
        raise UsageError("C0102", f"a terminal does not show {format_}", f"-o FILE.{format_}")
