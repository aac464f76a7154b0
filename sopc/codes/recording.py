"""C03: recordings."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "C0301",
        "unknown recording",
        "There is no recording under way of that name. `sopvm record --ls` lists them; one that was stopped or "
        "discarded is gone, its script is not.",
        "sopvm record big_order",
        "sopvm record big_orders",
    ),
    Code(
        "C0302",
        "a name no recording can begin with",
        "A recording becomes a script of its name, so the name has letters, digits and `_`, and no recording under way "
        "has it already.",
        'sopvm record "big orders"',
        "sopvm record big_orders",
    ),
    Code(
        "C0303",
        "not understood while recording",
        "A line is a step, in DSL or English; or `?` and a question, which looks at the data and changes nothing; or a "
        "command, which /help lists.",
        "/parm 2.150000 as floor",
        "/param 2.150000 as floor",
    ),
    Code(
        "C0304",
        "no such step",
        "The recording has no step of that number, or no change to take back. /steps shows its steps.",
        "/drop 9",
        "/drop 2",
    ),
    Code(
        "C0305",
        "damaged recording",
        "The file that keeps a recording can't be read, or is not what this program wrote. Nothing else is affected.",
        "echo '{' > .sop/sessions/big_orders.json",
        "rm .sop/sessions/big_orders.json",
    ),
    Code(
        "C0306",
        "recording in use",
        "Another process is working on the recording. Each step builds on those before it, so there is one at a time.",
        "sopvm record big_orders &  sopvm record big_orders",
        "sopvm record big_orders",
    ),
    Code(
        "C0307",
        "not one value",
        "`/param` makes one value of a step a parameter: named as it is written, by the field it is compared with or "
        "stored in, or as `value` where there is only one. The parameter's name must be free.",
        "/param 2.amount as floor",
        "/param 2.salary as floor",
    ),
    Code(
        "C0308",
        "a recording that is no longer true",
        "Before the script is stored, it is run in a transaction that is undone. It gave other lines than were "
        "recorded, so the data changed in between. `/edit` does a step anew; `/stop anyway` stores it nevertheless.",
        "/stop",
        "/stop anyway",
    ),
    Code(
        "C0309",
        "a parameter without a value",
        'A sentence such as "of a given department" makes a parameter, and to do the step its value is needed; it '
        "becomes the parameter's default.",
        "Show the employees of a given department.",
        "/given department=Sales",
    ),
)
