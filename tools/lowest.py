"""pyproject.toml → a constraints file for pip that pins every dependency of a user to the lowest version declared.

python -m tools.lowest > lowest.txt && pip install --constraint lowest.txt '.[test]'
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_REQUIREMENT: Final = re.compile(r"([\w.-]+)(?:\[[\w,]+\])?>=([\w.]+)(?:,<[\w.]+)?")
_NO_USERS: Final = ("test", "docs", "peers", "mutation")  # of those who work on the project, whose tools stay new


def requirements() -> dict[str, str]:
    """Name → lowest version, of the dependencies and of the extras for users. ValueError for a requirement without a
    lowest version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [each for name, each in project["optional-dependencies"].items() if name not in _NO_USERS]
    found: dict[str, str] = {}
    for text in [*project["dependencies"], *(text for extra in extras for text in extra)]:
        match = _REQUIREMENT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not NAME>=VERSION, with or without an upper bound")
        found[match[1]] = match[2]
    return found


if __name__ == "__main__":
    for name, version in requirements().items():
        print(f"{name}=={version}")
