"""tools/vendor.json → the libraries of the page, each one file, and their licences, in runtime/api/page/vendor.

python -m tools.vendor: fetches them with npm, checks each package by its integrity, and writes them
python -m tools.vendor --check: fetches them and fails if a file differs
python -m tools.vendor --lock: writes the integrity and the hashes of what the registry has now into the lock file
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

LOCK: Final = Path(__file__).with_name("vendor.json")
FOLDER: Final = Path(__file__).parents[1] / "runtime" / "api" / "page" / "vendor"
LICENCES: Final = "LICENSES.txt"
_MAP: Final = re.compile(r"\n?//# sourceMappingURL=.*\n?")  # a browser's tools would ask the server for it
_SECONDS: Final = 120


def locked() -> list[dict[str, Any]]:
    """The rows of the lock file."""
    rows: list[dict[str, Any]] = json.loads(LOCK.read_text(encoding="utf-8"))
    return rows


def fetched(rows: list[dict[str, Any]], *, trust: bool = False) -> dict[str, bytes]:
    """The files by name, from the registry.

    Args:
        rows: Of the lock file; with `trust`, their integrity and hashes are set to what is found.
        trust: Do not compare.

    Raises:
        OSError: npm is not here, or the registry can't be reached.
        ValueError: A package is not the one that was locked.
    """
    made: dict[str, bytes] = {}
    texts: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        for row in rows:
            name = f"{row['package']}@{row['version']}"
            packed = Path(folder, _npm(folder, name))
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
            with tarfile.open(packed) as archive:
                text = _member(archive, row["path"])
                texts[name] = f"{name} ({row['licence']})\n\n{_member(archive, row['texts']).strip()}\n"
            made[row["file"]] = _changed(text, row, name).encode()
            digest = hashlib.sha256(made[row["file"]]).hexdigest()
            if trust:
                row |= {"integrity": integrity, "sha256": digest}
            elif (integrity, digest) != (row["integrity"], row["sha256"]):
                raise ValueError(f"{name} is not the one that {LOCK.name} has")
    made[LICENCES] = "\n\n".join(texts.values()).encode()
    return made


def _npm(folder: str, name: str) -> str:
    try:
        done = subprocess.run(
            ["npm", "pack", "--silent", name], cwd=folder, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"npm gave no {name} in {_SECONDS} s") from error
    if done.returncode:
        raise OSError(f"npm has no {name}: {done.stderr.strip()[-200:]}")
    return done.stdout.split()[-1]


def _member(archive: tarfile.TarFile, path: str) -> str:
    stream = archive.extractfile(f"package/{path}")
    assert stream is not None, path
    return stream.read().decode("utf-8")


def _changed(text: str, row: dict[str, Any], name: str) -> str:
    """With the addresses of the page's own files, and a line that says what it is."""
    for old, new in row["replace"].items():
        text = text.replace(old, new)
    return f"/*! {name}, {row['licence']}: see {LICENCES} */\n{_MAP.sub('', text).strip()}\n"


def main(words: list[str]) -> int:
    """Run the command line. Returns the exit code."""
    rows = locked()
    made = fetched(rows, trust="--lock" in words)
    if "--lock" in words:
        LOCK.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if "--check" in words:
        differ = [name for name, data in made.items() if (FOLDER / name).read_bytes() != data]
        print(f"differ: {', '.join(differ)}" if differ else "as locked")
        return bool(differ)
    FOLDER.mkdir(exist_ok=True)
    for name, data in made.items():
        (FOLDER / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
