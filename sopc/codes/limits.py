"""E06: limits of a compiled script."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "E0601",
        "too many values at once",
        "A script keeps its variables and the values of a step in registers, of which it has 236. A block's variables "
        "are free again after its `end`, and a called script has registers of its own.",
        "script s()\n  let a1 = 1\n  let a2 = 2\n  # … and so on, to a300\nend",
        "script s()\n  let all = [1, 2, 3]\nend",
    ),
    Code(
        "E0602",
        "too many different things of one kind",
        "A script can name 256 different fields, queries, writes, functions, callees, questions and record shapes "
        "each. Equal ones are counted once.",
        "script s()\n  # … 300 different queries\nend",
        "script s()\n  call first_half()\n  call second_half()\nend",
    ),
    Code(
        "E0603",
        "the script is too long",
        "A script has at most 65,536 instructions, and a condition can skip at most 32,767 of them.",
        "script s()\n  # … 50,000 steps\nend",
        "script s()\n  call first_half()\n  call second_half()\nend",
    ),
    Code(
        "E0604",
        "nested too deeply",
        "Expressions and blocks nest at most 120 levels deep, brackets and a long chain of one operator included.",
        "script s(x: int) -> int\n  return ((((x + 1) + 1) + 1) + 1)  # … and so on, 200 times\nend",
        "script s(x: int) -> int\n  let more = x + 1 + 1\n  return more + 1 + 1\nend",
    ),
    Code(
        "E0605",
        "the query nests too deeply",
        "A query's stages, sub-queries and conditions together nest at most 120 levels deep. A long chain of "
        "`or` on one field is better written with `in`.",
        "emit from items where id = 1 or id = 2 or id = 3  # … and so on, 200 times",
        "emit from items where id in (1, 2, 3)",
    ),
)
