"""`python -m benchmarks.english --translator T --set S` → the counts of verdicts in a table, or all outcomes as
JSON."""

from __future__ import annotations

import argparse
import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from benchmarks.english import check, columns, report
from benchmarks.english.cases import Case, SetError, read_set
from benchmarks.english.translators import TRANSLATORS, translator
from benchmarks.english.trial import Outcome, Translate, Workspace, judge
from runtime.errors import SopError


def main(argv: list[str]) -> int:
    options = _options(argv)
    try:
        cases = read_set(options.set)
    except SetError as error:
        print(error, file=sys.stderr)
        return 2
    if options.sample is not None:
        cases = sorted(
            random.Random(options.seed).sample(cases, min(options.sample, len(cases))), key=lambda case: case.name
        )
    if options.check:
        print(check.table(check.measure(cases, options.seed, options.minutes, options.check_show)))
        return 0
    try:
        if options.columns:
            print(columns.table(columns.measure(cases, options.columns, options.minutes, *options.show[:1])))
            return 0
        outcomes = run_parts(cases, options)
    except SopError as error:
        print(error, file=sys.stderr)
        return 2
    if len(outcomes) < len(cases):
        print(f"stopped after {len(outcomes)} of {len(cases)} cases", file=sys.stderr)
    about = {"translator": options.translator, "settings": dict(options.setting), "set": options.set}
    print(report.as_json(outcomes, **about) if options.json else report.table(outcomes))
    return 0


def run_parts(cases: list[Case], options: argparse.Namespace) -> list[Outcome]:
    """Run the cases in `--jobs` processes, each with the cases of some schemas, and return them in their order."""
    jobs = max(1, min(options.jobs, len({case.schema.name for case in cases})))
    if jobs == 1:
        return _run_part(cases, options)
    schemas = {name: number for number, name in enumerate(sorted({case.schema.name for case in cases}))}
    parts = [[case for case in cases if schemas[case.schema.name] % jobs == job] for job in range(jobs)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        found = [one for part in pool.map(_run_part, parts, repeat(options)) for one in part]
    place = {case.name: number for number, case in enumerate(cases)}
    return sorted(found, key=lambda one: place[one.case.name])


def _run_part(cases: list[Case], options: argparse.Namespace) -> list[Outcome]:
    translate = translator(options.translator, dict(options.setting))
    return run_all(cases, translate, show=frozenset(options.show), minutes=options.minutes)


def run_all(
    cases: list[Case], translate: Translate, *, show: frozenset[str] = frozenset(), minutes: float = math.inf
) -> list[Outcome]:
    """Run the cases.

    Args:
        show: verdicts whose cases are printed on stderr.
        minutes: no case starts after this time. Ctrl-C ends it too.
    """
    until = monotonic() + 60 * minutes
    outcomes: list[Outcome] = []
    with suppress(KeyboardInterrupt):
        for name in dict.fromkeys(case.schema.name for case in cases):
            of_schema = [case for case in cases if case.schema.name == name]
            with TemporaryDirectory() as folder, Workspace(Path(folder) / "db", of_schema[0].schema) as workspace:
                for case in of_schema:
                    if monotonic() > until:
                        return outcomes
                    outcomes.append(judge(case, workspace, translate))
                    if outcomes[-1].verdict in show:
                        print(_outcome_text(outcomes[-1]), file=sys.stderr, flush=True)
    return outcomes


def _outcome_text(one: Outcome) -> str:
    program = "".join(f"    {line}\n" for line in one.program.splitlines() if not line.startswith("#!"))
    return f"{one.verdict} {one.case.name}: {one.case.english}\n  {one.why}\n{program}"


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not KEY=VALUE")
    return key, value


def _options(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.english", description=__doc__)
    parser.add_argument("--translator", choices=TRANSLATORS, default="patterns")
    parser.add_argument(
        "--setting",
        type=_setting,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="of the [translator] table of sop.toml (base_url, model, rounds, …); file=GGUF for the translator local",
    )
    parser.add_argument("--set", default="shipped", metavar="shipped|FOLDER", help="shipped, or a folder of cases")
    parser.add_argument(
        "--check",
        action="store_true",
        help="instead of translating, check right programs and one-place mutants of them: how many are doubted",
    )
    parser.add_argument(
        "--check-show", choices=("doubted", "missed"), default="", help="print right programs, or missed mutants"
    )
    parser.add_argument(
        "--columns",
        default="",
        metavar="GGUF",
        help="instead, ask this model for the SQL of each question once, and judge that alone, with the rules, with "
        "the retry, and after the reader",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="so many processes, each with some schemas")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of the cases, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=math.inf, help="start no case after this many")
    parser.add_argument(
        "--show", choices=report.VERDICTS, action="append", default=[], help="print these cases on stderr"
    )
    parser.add_argument("--json", action="store_true", help="print each case and the counts as JSON")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
