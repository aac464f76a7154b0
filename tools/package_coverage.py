"""A report of `coverage json` → the coverage of each package, and failure where it or the total is below a floor.

python -m tools.package_coverage coverage.json --each 50 --total 80
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("runtime", "sopc")


def packages() -> set[str]:
    """Every folder of modules, as `runtime/vm`."""
    files = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]
    return {str(path.parent.relative_to(ROOT)) for path in files if path.name != "__init__.py"}


def by_package(report: dict[str, Any]) -> dict[str, float]:
    """Package → per cent of its statements and branches that ran; 0 for one that the report does not know."""
    ran: Counter[str] = Counter()
    all_: Counter[str] = Counter()
    for file, each in report["files"].items():
        summary, package = each["summary"], str(Path(file).parent)
        ran[package] += summary["covered_lines"] + summary.get("covered_branches", 0)
        all_[package] += summary["num_statements"] + summary.get("num_branches", 0)
    return {name: 100 * ran[name] / all_[name] if all_[name] else 0.0 for name in sorted(packages())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("report", type=Path)
    parser.add_argument("--each", type=float, required=True, help="per cent that every package must have")
    parser.add_argument("--total", type=float, required=True, help="per cent that all together must have")
    options = parser.parse_args()
    report = json.loads(options.report.read_text("utf-8"))
    found = by_package(report)
    total = float(report["totals"]["percent_covered"])
    for name, percent in found.items():
        print(f"{percent:5.1f}  {name}")
    print(f"{total:5.1f}  total")
    low = [name for name, percent in found.items() if percent < options.each]
    if low:
        print(f"below {options.each:g} %: {', '.join(low)}", file=sys.stderr)
    if total < options.total:
        print(f"all together are below {options.total:g} %", file=sys.stderr)
    return 1 if low or total < options.total else 0


if __name__ == "__main__":
    sys.exit(main())
