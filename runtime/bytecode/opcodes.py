"""THE opcode table: one row an instruction → the enum, the decoder, the verifier, the disassembler, the tracer.

A word is 32 bits, little-endian: op in bits 0–7, then either A, B, C of 8 bits each (format ABC), or A of 8 bits
and X of 16 (ABX; signed for jumps), or a signed 24-bit X (AX). Operand kinds:

    r   register read                      w   register written           rw  both
    k   "register or constant": a value below the function's register count is a register, above it the constant
        at value - registers (so the first constants cost no instruction); read only
    -   unused, must be 0
    s   registers from here on are read, how many the operand that names a table entry says (see `window`)
    i   register that holds an iterator (read and written); `w` of a row with effect `iterator` makes one
    range  R[A], R[A+1] the counter and limit of a counted loop, R[A+2] its visible variable
    const shape type func call query write ask lift   index into that table of the module
    count a plain number (0 or 1 where it counts no window)      jump  target = pc + 1 + X
A `test` row is followed by a JUMP word, taken when the test does not hold; both are one instruction to the VM.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Opcode(NamedTuple):
    """One row. operands: kinds of A, B, C (or A, X, or X) by format. window: which table gives the number of
    registers read from the `s` operand. flow: '' falls through, 'jump' never does, 'branch' may jump, 'test' takes
    the JUMP word after it, 'loop' jumps back (budgets are checked there), 'end' leaves the function.
    fails: can raise an error a script can catch. effect: what else it does that the verifier holds a module to:
    `iterator` (R[A] becomes one), `savepoint` and `release` (balanced on every path), `commits`, `asks`, `emits`
    (the module's effects must say so)."""

    number: int
    name: str
    format: str
    operands: tuple[str, ...]
    meaning: str
    flow: str = ""
    window: str = ""
    fails: bool = False
    effect: str = ""


def _row(number: int, name: str, format_: str, operands: str, meaning: str, **more: object) -> Opcode:
    return Opcode(number, name, format_, tuple(operands.split()), meaning, **more)  # type: ignore[arg-type]


# Numbers are part of the format: never reuse one; raise FORMAT_VERSION (codec.py) when a meaning changes.
OPCODES: Final[tuple[Opcode, ...]] = (
    _row(1, "MOVE", "ABC", "w k -", "R[A] := RK[B]"),
    _row(2, "LOAD", "ABX", "w const", "R[A] := K[X]"),
    # arithmetic on values of types the compiler knows to be int (nullable allowed); errors on overflow
    _row(10, "ADD_INT", "ABC", "w k k", "R[A] := RK[B] + RK[C], both int", fails=True),
    _row(11, "SUB_INT", "ABC", "w k k", "R[A] := RK[B] - RK[C], both int", fails=True),
    _row(12, "MUL_INT", "ABC", "w k k", "R[A] := RK[B] * RK[C], both int", fails=True),
    # arithmetic on any values, by their types; null with anything is null
    _row(13, "ADD", "ABC", "w k k", "R[A] := RK[B] + RK[C]", fails=True),
    _row(14, "SUB", "ABC", "w k k", "R[A] := RK[B] - RK[C]", fails=True),
    _row(15, "MUL", "ABC", "w k k", "R[A] := RK[B] * RK[C]", fails=True),
    _row(16, "DIV", "ABC", "w k k", "R[A] := RK[B] / RK[C] (decimal when a side is, else float)", fails=True),
    _row(17, "INTDIV", "ABC", "w k k", "R[A] := RK[B] // RK[C], truncated towards zero", fails=True),
    _row(18, "MOD", "ABC", "w k k", "R[A] := RK[B] % RK[C], with the dividend's sign", fails=True),
    _row(19, "NEG", "ABC", "w k -", "R[A] := -RK[B]", fails=True),
    # three-valued comparison and logic
    _row(20, "EQ", "ABC", "w k k", "R[A] := RK[B] = RK[C]", fails=True),
    _row(21, "NE", "ABC", "w k k", "R[A] := RK[B] != RK[C]", fails=True),
    _row(22, "LT", "ABC", "w k k", "R[A] := RK[B] < RK[C]", fails=True),
    _row(23, "LE", "ABC", "w k k", "R[A] := RK[B] <= RK[C]", fails=True),
    _row(24, "NOT", "ABC", "w k -", "R[A] := not RK[B]", fails=True),
    _row(25, "AND", "ABC", "w k k", "R[A] := RK[B] and RK[C] (both already worked out)", fails=True),
    _row(26, "OR", "ABC", "w k k", "R[A] := RK[B] or RK[C] (both already worked out)", fails=True),
    _row(27, "IS_NULL", "ABC", "w k -", "R[A] := RK[B] is null"),
    # control
    _row(30, "JUMP", "AX", "jump", "pc := target (forwards only)", flow="jump"),
    _row(31, "LOOP", "AX", "jump", "pc := target (backwards only); budgets and cancellation are checked", flow="loop"),
    _row(32, "JUMP_IF_FALSE", "ABX", "r jump", "if R[A] is false: pc := target", flow="branch", fails=True),
    _row(33, "JUMP_IF_TRUE", "ABX", "r jump", "if R[A] is true: pc := target", flow="branch", fails=True),
    _row(
        34,
        "JUMP_UNLESS",
        "ABX",
        "r jump",
        "if R[A] is not true (false or null): pc := target",
        flow="branch",
        fails=True,
    ),
    _row(35, "JUMP_IF_NULL", "ABX", "r jump", "if R[A] is null: pc := target", flow="branch"),
    _row(36, "TEST_EQ", "ABC", "k k -", "unless RK[A] = RK[B]: take the jump after this", flow="test", fails=True),
    _row(37, "TEST_NE", "ABC", "k k -", "unless RK[A] != RK[B]: take the jump after this", flow="test", fails=True),
    _row(38, "TEST_LT", "ABC", "k k -", "unless RK[A] < RK[B]: take the jump after this", flow="test", fails=True),
    _row(39, "TEST_LE", "ABC", "k k -", "unless RK[A] <= RK[B]: take the jump after this", flow="test", fails=True),
    # counted loops: R[A] counter, R[A+1] limit, R[A+2] the visible variable
    _row(
        40,
        "FOR_START",
        "ABX",
        "range jump",
        "check R[A], R[A+1] are int, R[A+2] := R[A]; if R[A] > R[A+1]: pc := target",
        flow="branch",
        fails=True,
    ),
    _row(
        41,
        "FOR_NEXT",
        "ABX",
        "range jump",
        "R[A] += 1; if R[A] <= R[A+1]: R[A+2] := R[A], pc := target (backwards); budgets are checked",
        flow="loop-or-fall",
    ),
    # iterators: lists, queries and generator scripts
    _row(45, "ITERATE", "ABC", "w k -", "R[A] := iterator over the list RK[B]", fails=True, effect="iterator"),
    _row(
        46,
        "OPEN_QUERY",
        "ABC",
        "w s query",
        "R[A] := iterator over rows of Q[C] with params R[B…], streamed",
        window="query",
        fails=True,
        effect="iterator",
    ),
    _row(
        47,
        "OPEN_SPOOL",
        "ABC",
        "w s query",
        "as OPEN_QUERY, rows kept aside first, so that the body may write",
        window="query",
        fails=True,
        effect="iterator",
    ),
    _row(
        48,
        "OPEN_CALL",
        "ABC",
        "w s call",
        "R[A] := iterator over what call C emits for arguments R[B…]",
        window="call",
        fails=True,
        effect="iterator",
    ),
    _row(
        49,
        "NEXT",
        "ABC",
        "w i -",
        "R[A] := next item of iterator R[B]; when there is none, close it and take the jump after this",
        flow="test",
        fails=True,
    ),
    _row(50, "CLOSE", "ABC", "i - -", "close iterator R[A] (a loop left early)"),
    _row(
        51,
        "LIFT",
        "ABC",
        "w s lift",
        "R[A] := totals of loop L[C], done as one statement with params R[B…]; null where the loop has to run",
        window="lift",
        fails=True,
    ),
    # values
    _row(55, "FIELD", "ABC", "w k const", "R[A] := RK[B].(K[C])", fails=True),
    _row(56, "SET_FIELD", "ABC", "rw const k", "R[A] := R[A] with field K[B] set to RK[C]", fails=True),
    _row(57, "INDEX", "ABC", "w k k", "R[A] := RK[B][RK[C]] (lists from 0; null outside)", fails=True),
    _row(58, "SET_INDEX", "ABC", "rw k k", "R[A] := R[A] with item RK[B] set to RK[C]", fails=True),
    _row(59, "RECORD", "ABC", "w s shape", "R[A] := record with the names of S[C] and values R[B…]", window="shape"),
    _row(60, "LIST", "ABC", "w s count", "R[A] := list of the C values R[B…]", window="count"),
    _row(61, "APPEND", "ABC", "rw k -", "R[A] := R[A] with item RK[B] added at its end", fails=True),
    _row(
        62,
        "TEXT",
        "ABC",
        "w s count",
        "R[A] := the C values R[B…] as text, one after another",
        window="count",
        fails=True,
    ),
    _row(63, "FUNC", "ABC", "w s func", "R[A] := F[C](R[B…])", window="func", fails=True),
    _row(64, "CONVERT", "ABX", "rw type", "R[A] := R[A] as a value of type T[X], or an error", fails=True),
    _row(65, "CLOCK", "ABC", "w count -", "R[A] := the segment's date (B = 0) or timestamp (B = 1)"),
    # calls
    _row(
        70,
        "CALL",
        "ABC",
        "w s call",
        "R[A] := value returned by call C with arguments R[B…]",
        window="call",
        fails=True,
    ),
    _row(71, "RETURN", "ABC", "k - -", "leave the function with value RK[A]", flow="end"),
    _row(
        72,
        "FAIL",
        "ABC",
        "k count -",
        "raise an error with message RK[A]; B = 1: a failed assert",
        flow="end",
        fails=True,
    ),
    # data
    _row(
        80,
        "FETCH",
        "ABC",
        "w s query",
        "R[A] := result of Q[C] with params R[B…], as its mode says",
        window="query",
        fails=True,
    ),
    _row(
        81,
        "WRITE",
        "ABC",
        "w s write",
        "R[A] := rows changed by W[C] with params R[B…]; says so in the output",
        window="write",
        fails=True,
    ),
    _row(
        82, "COMMIT", "ABC", "- - -", "end the segment: writes become permanent, a new segment begins", effect="commits"
    ),
    _row(
        83,
        "SAVEPOINT",
        "ABC",
        "- - -",
        "start a part of the segment that an error undoes",
        fails=True,
        effect="savepoint",
    ),
    _row(
        84, "RELEASE", "ABC", "- - -", "end the innermost such part, keeping its writes", fails=True, effect="release"
    ),
    # output
    _row(90, "EMIT", "ABC", "k - -", "emit the record RK[A]", fails=True, effect="emits"),
    _row(
        91,
        "EMIT_QUERY",
        "ABC",
        "- s query",
        "emit every row of Q[C] with params R[B…], streamed",
        window="query",
        fails=True,
        effect="emits",
    ),
    _row(92, "SAY", "ABC", "k - -", "say the text RK[A]", fails=True),
    _row(
        93,
        "ASK",
        "ABC",
        "w s ask",
        "R[A] := answer to ASKS[C]: question R[B], then choices, default and deadline where it has them",
        window="ask",
        fails=True,
        effect="asks",
    ),
)

BY_NUMBER: Final = {row.number: row for row in OPCODES}
BY_NAME: Final = {row.name: row for row in OPCODES}
