"""Names → files of models on this machine: those downloaded, and the one that a library uses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from runtime.atomic_file import write_text
from runtime.errors import SopError, UsageError
from runtime.library.environment import make_home

ENDING: Final = ".gguf"
CHOICE: Final = "model.json"  # in the home folder
_MAGIC: Final = b"GGUF"


class Known(NamedTuple):
    """A model that `sopc model pull` downloads. repository, file: on the hub. size: in bytes. sha256: in hex."""

    repository: str
    file: str
    size: int
    sha256: str


KNOWN: Final = {
    "1.5b": Known(
        "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    ),
    "0.5b": Known(
        "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    ),
}


def models_folder() -> Path:
    """The folder of downloaded models, shared by all libraries of a user: `$XDG_DATA_HOME/sopc/models`.

    Raises:
        UsageError: C0206, the user has no home folder.
    """
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():  # unset, or relative, which the XDG specification says to ignore
        try:
            base = Path.home() / ".local" / "share"
        except RuntimeError as error:
            raise UsageError(
                "C0206", "there is no home folder to keep models in", "export XDG_DATA_HOME=DIR"
            ) from error
    return base / "sopc" / "models"


def pulled() -> Iterator[Path]:
    """The files of completely downloaded models."""
    with suppress(OSError):
        yield from sorted(path for path in models_folder().iterdir() if path.suffix == ENDING and path.is_file())


def find(name: str) -> Path:
    """Find a model by the name in `sopc model ls`, by its short name, or by its path. Raises UsageError T0331."""
    folder = models_folder()
    known = KNOWN.get(name.lower())
    candidates = [Path(name), folder / f"{name}{ENDING}", folder / name, *([folder / known.file] if known else [])]
    for path in candidates:
        if path.is_file():
            return checked(path.absolute())
    hint = f"sopc model pull {name.lower()}" if known else "sopc model ls, or the path of a GGUF file"
    raise UsageError("T0331", f"there is no model {name}", hint)


def checked(path: Path) -> Path:
    """Return the path if it is a GGUF file. Raises UsageError T0331 otherwise."""
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_MAGIC))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "sopc model use FILE for another, or sopc model use - for none"
        raise UsageError("T0331", f"{path} can't be read: {reason}", hint) from error
    if head != _MAGIC:
        raise UsageError("T0331", f"{path} is no model in the format GGUF", "sopc model pull fetches one")
    return path


def use(home: Path, path: Path) -> None:
    """Set the model of a library."""
    try:
        make_home(home)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SopError("C0109", f"{home} can't be written: {reason}", "another --home DIR") from error
    write_text(home / CHOICE, json.dumps({"file": str(path)}) + "\n")


def used(home: Path) -> Path | None:
    """The model of a library, even if its file no longer exists; None without one."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        return Path(json.loads((home / CHOICE).read_text("utf-8"))["file"])
    return None


def forget(home: Path) -> None:
    with suppress(FileNotFoundError):
        (home / CHOICE).unlink()
