"""The installed dependencies → a table of their versions and licences, and failure for a licence nobody has looked at.

python -m tools.licences > licences.md
python -m tools.licences --audit: known vulnerabilities of them, by pip-audit; says so where the index has no answer.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata
from typing import Final, NamedTuple

_NAME: Final = re.compile(r"[\w.-]+")
_EXTRA: Final = re.compile(r"""extra\s*==\s*["']([\w-]+)["']""")
_BUILD: Final = ("test", "docs", "peers", "mutation")
# what may stand in a list of licences; each may be combined with Apache-2.0
_KNOWN: Final = re.compile(
    r"\b(MIT|Apache|0?BSD|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|OLDAP|OpenLDAP|LGPL"
    r"|Lesser General Public|Unlicense|Zlib|CC0)\b",
    re.IGNORECASE,
)


class Dependency(NamedTuple):
    """needed: `core`, or the extras that bring it."""

    name: str
    version: str
    licence: str
    needed: str


def dependencies() -> list[Dependency]:
    """The core's and the users' extras' dependencies that are installed, with what those need in turn, by name."""
    needed: dict[str, set[str]] = {}
    for text in metadata.requires("sopc") or []:
        extra = _EXTRA.search(text)
        group = extra[1] if extra else "core"
        if group not in _BUILD:
            _follow(text, group, needed)
    found = [metadata.distribution(name) for name in needed]
    rows = [Dependency(each.name, each.version, licence_of(each.metadata), "") for each in found]
    groups = {_normal(name): ", ".join(sorted(by)) for name, by in needed.items()}
    return sorted((row._replace(needed=groups[_normal(row.name)]) for row in rows), key=lambda row: row.name.lower())


def _follow(requirement: str, group: str, needed: dict[str, set[str]]) -> None:
    match = _NAME.match(requirement)
    name = _normal(match[0]) if match else ""
    if group in needed.get(name, ()):
        return
    try:
        below = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return  # of another platform or Python, or an extra that is not installed
    needed.setdefault(name, set()).add(group)
    chosen = set(re.findall(r"[\w-]+", requirement.partition("[")[2].partition("]")[0]))
    for text in below:
        extra = _EXTRA.search(text)
        if extra is None or extra[1] in chosen:
            _follow(text, group, needed)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(about: metadata.PackageMetadata) -> str:
    """As its metadata says, in one line: the expression, else the classifiers, else the name that is written freely."""
    if expression := about.get_all("License-Expression"):
        return str(expression[0])
    classifiers = [text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or [] if "License ::" in text]
    named = [text for text in classifiers if text != "OSI Approved"]
    free = str((about.get_all("License") or [""])[0]).strip()
    return " and ".join(named) or (free.splitlines()[0] if free else "unknown")


def is_known(licence: str) -> bool:
    """Whether it is of a kind that the project may depend on."""
    return _KNOWN.search(licence) is not None


def audit() -> int:
    """Known vulnerabilities, by pip-audit: 1 when there are some."""
    done = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--local"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    try:
        answers = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print("audit skipped: no answer from the index")
        return 0
    answered = [each for each in answers if "vulns" in each]
    if not answered:
        print("audit skipped: the index knows nothing of vulnerabilities")
        return 0
    found = [f"{each['name']} {each['version']}: {bad['id']}" for each in answered for bad in each["vulns"]]
    print(f"audit: {len(answered)} of {len(answers)} packages, {len(found)} known vulnerabilities", *found, sep="\n")
    return 1 if found else 0


def main() -> int:
    if "--audit" in sys.argv:
        return audit()
    rows = dependencies()
    print("# Dependencies\n\n| package | version | licence | needed by |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row.name} | {row.version} | {row.licence} | {row.needed} |")
    unknown = [f"{row.name} ({row.licence})" for row in rows if not is_known(row.licence)]
    if unknown:
        print(f"licences that tools/licences.py does not know: {', '.join(unknown)}", file=sys.stderr)
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())
