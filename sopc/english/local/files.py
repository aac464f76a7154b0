"""Names → files of models on this machine: those downloaded, and the one that a library uses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from runtime.errors import UsageError
from runtime.files.atomic import write_text
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
    """Find the files of completely downloaded models.

    Returns:
        Their paths, sorted.
    """
    with suppress(OSError):
        yield from sorted(path for path in models_folder().iterdir() if path.suffix == ENDING and path.is_file())


def path_of(name: str) -> Path:
    """Return where the file of a known model is, or will be.

    Args:
        name: A key of `KNOWN`.
    """
    return models_folder() / KNOWN[name].file


def find(name: str) -> Path:
    """Find the file of a model.

    Args:
        name: As in `sopc model ls`, a key of `KNOWN`, or a path.

    Returns:
        The absolute path of a GGUF file.

    Raises:
        UsageError: T0331, there is none, or it is no GGUF file.
    """
    folder = models_folder()
    known = KNOWN.get(name.lower())
    candidates = [Path(name), folder / f"{name}{ENDING}", folder / name, *([folder / known.file] if known else [])]
    for path in candidates:
        if path.is_file():
            return checked(path.absolute())
    hint = f"sopc model pull {name.lower()}" if known else "sopc model ls, or the path of a GGUF file"
    raise UsageError("T0331", f"there is no model {name}", hint)


def checked(path: Path) -> Path:
    """Return the path of a file if it is a GGUF file.

    Args:
        path: The file.

    Raises:
        UsageError: T0331, it is none.
    """
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
    """Set the model of a library.

    Args:
        home: The library's folder, made when it is missing.
        path: The model's file.

    Raises:
        SopError: C0109, the folder can't be written.
    """
    make_home(home)
    write_text(home / CHOICE, json.dumps({"file": str(path)}) + "\n")


def used(home: Path) -> Path | None:
    """Find the model of a library.

    Args:
        home: The library's folder.

    Returns:
        The path of its file, even if that no longer exists; None without a model.
    """
    with suppress(OSError, ValueError, TypeError, KeyError):
        return Path(json.loads((home / CHOICE).read_text("utf-8"))["file"])
    return None


def forget(home: Path) -> None:
    """Let a library use no model.

    Args:
        home: The library's folder.
    """
    with suppress(FileNotFoundError):
        (home / CHOICE).unlink()


def delete(name: str, home: Path) -> str:
    """Delete the file of a downloaded model, or the part of it that was downloaded. A library that uses it forgets it.

    Args:
        name: As in `sopc model ls`, a key of `KNOWN`, or the file's name.
        home: The library's folder.

    Returns:
        The name as in `sopc model ls`.

    Raises:
        UsageError: T0331, there is none of that name.
    """
    known = KNOWN.get(name.lower())
    stem = Path(known.file).stem if known else Path(name).stem if name.endswith(ENDING) else name
    path = models_folder() / f"{stem}{ENDING}"
    found = [each for each in (path, path.with_name(path.name + ".part")) if each.is_file()]
    if not found or path.parent != models_folder():
        raise UsageError("T0331", f"no model {name} was pulled", "sopc model ls")
    for each in found:
        each.unlink()
    if used(home) == path:
        forget(home)
    return stem
