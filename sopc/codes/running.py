"""V01: values. V02: linking and calls. V03: budgets and cancellation. V04: what a script says itself, and questions.
V05: output. C0121 to C0123: arguments of a run."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "V0101",
        "int overflow",
        "An int has 64 bits, from -9223372036854775808 to 9223372036854775807, and a result went past that. A decimal "
        "holds 38 digits, a float still larger numbers.",
        "let big = 9223372036854775807 + 1",
        "let big = decimal(9223372036854775807) + 1",
    ),
    Code(
        "V0102",
        "division by zero",
        "The divisor of `/`, `//` or `%` was 0. In a query only `case when` guards a division, as engines may work out "
        "conditions in any order.",
        "let share = part / total",
        "let share = case when total != 0 then part / total end",
    ),
    Code(
        "V0103",
        "float out of range",
        "A result was larger than a float can be, or not a number. The language has no infinities and no NaN.",
        "let x = 1e308 * 10.0",
        "let x = 1e307 * 10.0",
    ),
    Code(
        "V0104",
        "decimal too long",
        "A decimal has at most 38 digits, and no more before the point than its type says. `round` keeps fewer digits.",
        "let price: decimal(5,2) = 12345.00",
        "let price: decimal(7,2) = 12345.00",
    ),
    Code(
        "V0105",
        "not a value of the type",
        "A value from outside (a column that may be null, JSON, an answer) was not of the type needed there. "
        "`is null` and `coalesce` deal with nulls.",
        "let total: int = first(from orders).amount",
        "let total = coalesce(first(from orders).amount, 0)",
    ),
    Code(
        "V0106",
        "operands that do not go together",
        "An operator, a function or a step was given values it has no meaning for. Texts are joined by interpolation, "
        "and a date moves by whole days only.",
        'let line = "total: " + total',
        'let line = "total: {total}"',
    ),
    Code(
        "V0107",
        "date or duration out of range",
        "Years go from 1 to 9999, and a duration is at most 999999999 days.",
        'let day = date "9999-12-31" + 1 days',
        'let day = date "9999-12-30" + 1 days',
    ),
    Code(
        "V0108",
        "value too large",
        "A text or a list grew past what a run may hold, or lists and records were nested too deeply. Rows are best "
        "left in the database, and emitted from there.",
        'while true do set t = "{t}{t}" end',
        "for each row in from items do say row.name end",
    ),
    Code(
        "V0111",
        "no item with that index",
        "`set list[index] = …` needs an item to change. Indexes go from 0; reading outside gives null.",
        "let l = [1, 2]  set l[2] = 3",
        "let l = [1, 2]  set l[1] = 3",
    ),
    Code(
        "V0112",
        "limit is negative",
        "`limit` and `offset` count rows, so neither can be negative or null.",
        "let n = -1  emit from items limit n",
        "let n = 10  emit from items limit n",
    ),
    Code(
        "V0113",
        "not exactly one row",
        "`one(…)` needs exactly one row, and a query used as a value at most one. `first(…)` takes the first row, or "
        "null when there is none.",
        "let heaviest = one(from vessels)",
        "let heaviest = first(from vessels order by tonnage desc)",
    ),
    Code(
        "V0201",
        "called script is missing",
        "A script calls another by name, and the library has none of that name.",
        "sopc rm find_user --force",
        "sopc compile find_user.sop",
    ),
    Code(
        "V0202",
        "called script has changed",
        "A call is compiled for the parameters, result and records the called script had then. It has others now, so "
        "the caller has to be compiled again.",
        "sopc compile berth_fee.sop",
        "sopc compile berth_fee.sop monthly_bill.sop",
    ),
    Code(
        "V0203",
        "called script uses another database",
        "A script sees only the databases it names in `uses`, and what it calls may use no others.",
        "script report() uses fleet  stock_report()  end",
        "script report() uses fleet, yard  stock_report()  end",
    ),
    Code(
        "V0204",
        "called script does more than it did",
        "Loops are compiled by what the scripts called in them did then: whether they write, ask or commit. One of "
        "them does more now, so its callers have to be compiled again.",
        "sopc compile log_visit.sop",
        "sopc compile log_visit.sop report.sop",
    ),
    Code(
        "V0205",
        "two databases written",
        "A run writes to one database at most, since two can't be committed as one.",
        "script move() uses a, b  delete from a.items  insert into b.items {id: 1}  end",
        "script remove() uses a  delete from a.items  end",
    ),
    Code(
        "V0206",
        "module from another program",
        "The module holds an instruction, a function or operands that this program does not know. It was made by "
        "another version, or tampered with.",
        "",
        "sopc compile list_vessels.sop",
    ),
    Code(
        "V0207",
        "segment ended where it can't",
        "`commit` and `ask` end a segment, and the compiler refuses them where that is not possible: inside "
        "`transaction` and `try`, in called scripts (`commit`), after writes (`ask`). A module that does it all the "
        "same was not made by this compiler.",
        'insert into log {text: "x"}  ask "Go on?" into ok: bool',
        'insert into log {text: "x"}  commit  ask "Go on?" into ok: bool',
    ),
    Code(
        "V0208",
        "database not handed to the run",
        "A query names a database that the script's `uses` does not, which no compiled script does.",
        "",
        "sopc compile list_vessels.sop",
    ),
    Code(
        "V0209",
        "writes in a run that only reads",
        "The run was asked to change nothing, and the script, or one it calls, writes.",
        'sopvm do "Delete all orders"',
        "sopvm run delete_orders",
    ),
    Code(
        "V0210",
        "database can't be written",
        "The script writes to a database that was opened for reading only, such as a folder of files.",
        "",
        "sopvm run book_repairs --db yard=sqlite:///yard.db",
    ),
    Code(
        "V0211",
        "store has changed",
        "The script was checked against stores that are no longer like that: a field is gone, has another type or may "
        "be null now, or a row needs a field that the script does not write. Nothing was done. Changes to what the "
        "script does not use do no harm.",
        "alter table vessels rename column name to title",
        "sopc compile list_vessels.sop",
    ),
    Code(
        "V0212",
        "engine can't undo a part of a run",
        "An error within `try` or `transaction` undoes what was done there. DuckDB can undo only all that a segment "
        "did, and an error in one statement does, so a script that needs more of the database it writes is refused "
        "before it starts.",
        "sopvm run billing --db fleet=duckdb:///fleet.duckdb",
        "sopvm run billing --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "V0301",
        "run interrupted",
        "The run was told to stop, by Ctrl-C for example. What its last segment had written was undone. A second "
        "Ctrl-C ends the program at once.",
        "",
        "sopvm run long_report --max-seconds 60",
    ),
    Code(
        "V0302",
        "instructions used up",
        "The run went through as many instructions as --max-instructions allows, counted where loops and calls repeat "
        "them. A loop may never end.",
        "while true do end",
        "while count < 10 do set count = count + 1 end",
    ),
    Code(
        "V0303",
        "time used up",
        "The run took longer than --max-seconds allows.",
        "sopvm run long_report --max-seconds 1",
        "sopvm run long_report --max-seconds 60",
    ),
    Code(
        "V0304",
        "rows used up",
        "The run emitted more records than --max-rows allows.",
        "sopvm run all_flights --max-rows 10",
        "sopvm run all_flights",
    ),
    Code(
        "V0305",
        "calls too deep",
        "Scripts called one another deeper than --max-depth allows (10000 unless told). A script may call itself "
        "without end.",
        "script f(n: int) -> int  return f(n)  end",
        "script f(n: int) -> int  if n = 0 then return 0 end  return f(n - 1)  end",
    ),
    Code(
        "V0401",
        "the script failed on purpose",
        "A `fail` step ended the run, with the message given there. `try` catches it.",
        'if stock < 0 then fail "stock is negative" end',
        'if stock < 0 then say "stock is negative" end',
    ),
    Code(
        "V0402",
        "an assertion did not hold",
        "The condition of an `assert` step was false or null.",
        'assert total = 100, "shares must add up"',
        "let total = a + b + c",
    ),
    Code(
        "V0403",
        "waiting for an answer",
        "The run came to an `ask` with no answer, no default and no terminal to ask on. What it had committed before "
        "stands; run it again with the answer.",
        "sopvm run book_repairs",
        "sopvm run book_repairs --answer 3.1=true",
    ),
    Code(
        "V0404",
        "answer does not fit",
        "The answer given to a question is not of its type, or none of its choices.",
        "sopvm run book_repairs --answer 3.1=perhaps",
        "sopvm run book_repairs --answer 3.1=true",
    ),
    Code(
        "V0501",
        "records of two kinds in CSV",
        "CSV has one line of names, so every record has to have the same fields.",
        "emit {a: 1}  emit {b: 2}",
        "emit {a: 1, b: null}  emit {a: null, b: 2}",
    ),
    Code(
        "V0502",
        "unknown output format",
        "The formats are jsonl, records, json, csv and table.",
        "sopvm run list_vessels -f xml",
        "sopvm run list_vessels -f csv",
    ),
    Code(
        "C0121",
        "argument missing",
        "The script has a parameter without a default, and the run was given no value for it.",
        "sopvm run monthly_bill",
        "sopvm run monthly_bill month=2026-01-31",
    ),
    Code(
        "C0122",
        "no such parameter",
        "The run was given a value under a name that the script has no parameter for; the hint shows those it has.",
        "sopvm run list_vessels tonage=90000",
        "sopvm run list_vessels tonnage=90000",
    ),
    Code(
        "C0123",
        "argument of another type",
        "The value given for a parameter can't be read as one of its type.",
        "sopvm run list_vessels tonnage=abc",
        "sopvm run list_vessels tonnage=90000",
    ),
    Code(
        "C0124",
        "an answer to a step that asks nothing",
        "`--answer STEP=…` names a step that asks: `4.1`, or `callee/4.1` in a called script. `sopc disasm` and the "
        "`ask` line of a waiting run show the number.",
        "sopvm run close_books --answer 9=yes",
        "sopvm run close_books --answer 3.1=yes",
    ),
)
