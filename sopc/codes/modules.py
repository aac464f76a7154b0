"""L02: compiled modules that can't be read."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "L0201",
        "not a compiled script",
        "The bytes do not begin as a compiled script does. Something else was imported, or put in a library's place.",
        "sopc import notes.txt",
        "sopc import payroll.sopx",
    ),
    Code(
        "L0202",
        "another format version",
        "The script was compiled by a version of sopc with another bytecode format. Its source compiles again.",
        "sopvm run payroll  # compiled by a later sopc",
        "sopc compile payroll.sop",
    ),
    Code(
        "L0203",
        "damaged module",
        "The bytes are not those that were written: cut off, or changed on disk. Nothing of it is run. Compiling the "
        "script again puts a whole one in its place.",
        "sopvm run payroll  # from a damaged library",
        "sopc compile payroll.sop",
    ),
    Code(
        "L0204",
        "malformed module",
        "The module's checksum is right but its sections are not those of a module. Only a program other than sopc "
        "makes such a file.",
        "sopc import made_by_hand.sopx",
        "sopc compile payroll.sop",
    ),
    Code(
        "L0205",
        "refused code",
        "The verifier found an instruction that could read what is not there, jump where it must not or do what the "
        "script does not declare. Every module is verified when it is loaded, and sopc makes none like it.",
        "sopc import made_by_hand.sopx",
        "sopc compile payroll.sop",
    ),
    Code(
        "L0206",
        "refused tables",
        "The verifier found a constant, type, query, write or call that does not hold together, or that reaches for "
        "a store or script which the module's effects do not declare.",
        "sopc import made_by_hand.sopx",
        "sopc compile payroll.sop",
    ),
)
