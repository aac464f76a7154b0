"""L01: the library. C: the command line, files and settings."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "L0101",
        "unknown script",
        "The library has no script of that name. Names are those in the scripts, not of files; `sopc ls` lists them, "
        "and `--home` or SOP_HOME names another library.",
        "sopvm run list_vesels",
        "sopvm run list_vessels",
    ),
    Code(
        "L0102",
        "unknown version or tag",
        "The script is there, but not that version of it. `sopc history NAME` lists versions and tags.",
        "sopvm run list_vessels@17",
        "sopvm run list_vessels@2",
    ),
    Code(
        "L0103",
        "read-only library",
        "Storing, removing and tagging change the library, whose file or folder can't be written, or which was opened "
        "for reading only. Running scripts from such a library works.",
        "sopc compile list_vessels.sop --home /usr/share/scripts",
        "sopc compile list_vessels.sop --home .sop",
    ),
    Code(
        "L0104",
        "library full",
        "The file reached the size the library may have; what was being stored was left out as a whole. Removing "
        "scripts frees room within the file.",
        "",
        "sopc rm old_report",
    ),
    Code(
        "L0105",
        "damaged library",
        "The library's file is not one, was cut short, or has a record that can't be read. Programs live in .sop files "
        "too, so a new library can be compiled from them.",
        "",
        "mv .sop .sop.bad; sopc compile *.sop",
    ),
    Code(
        "L0106",
        "library can't be opened",
        "The system refused to open the library's file, for the reason given in the message.",
        "",
        "ls -l .sop",
    ),
    Code(
        "L0107",
        "script in use",
        "Another script's current version calls this one, and would no longer run. Remove the caller first, or both "
        "together.",
        "sopc rm berth_fee",
        "sopc rm monthly_bill berth_fee",
    ),
    Code(
        "L0108",
        "damaged export",
        "The file was not made by `sopc export`, or is not as it was then: cut short, changed, or with a module that "
        "is not what its name and hash say. Nothing was stored.",
        "sopc import notes.txt",
        "sopc import scripts.sopx",
    ),
    Code(
        "L0109",
        "unusable name",
        "Names of scripts and tags have 1 to 200 bytes. A tag that is a number would look like a version.",
        "sopc tag list_vessels@2 17",
        "sopc tag list_vessels@2 prod",
    ),
    Code(
        "L0110",
        "another format of library",
        "The file was made by a newer version, or by another program that uses LMDB. It is left as it is.",
        "sopc ls --home /var/lib/other",
        "sopc ls --home .sop",
    ),
    Code(
        "L0111",
        "no work of a model is kept",
        "The version was written by hand or by sentence patterns, or came from another library or a .sop file: there "
        "are no requests and replies to show.",
        "sopc show --work by_hand",
        "sopc history by_hand",
    ),
    Code(
        "C0101",
        "wrong usage",
        "The command line could not be understood: an unknown command or option, or one too many or too few values. "
        "`--help` after any command shows examples.",
        "sopvm run",
        "sopvm run list_vessels",
    ),
    Code(
        "C0102",
        "not NAME=VALUE",
        "Arguments of scripts and answers to questions are a name, an equals sign and a value, each name once.",
        "sopvm run list_vessels Oslo",
        "sopvm run list_vessels harbour=Oslo",
    ),
    Code(
        "C0103",
        "nested too deeply",
        "The input has more levels of brackets, blocks or expressions inside each other than can be read.",
        "let x = ((((…))))",
        "let part = a + b",
    ),
    Code(
        "C0104",
        "unreadable file",
        "The file is missing, is a folder, or may not be read.",
        "sopc compile list_vesels.txt",
        "sopc compile list_vessels.txt",
    ),
    Code(
        "C0105",
        "not UTF-8",
        "Sources are UTF-8 text. The message says where the first byte stands that is not.",
        "",
        "iconv -f latin1 -t utf-8 old.txt > new.txt",
    ),
    Code(
        "C0106",
        "source too large",
        "A source may have 4 MiB, which is more than a person can review. Data belongs in a database.",
        "sopc compile flights.csv",
        "sopvm db import flights.csv",
    ),
    Code(
        "C0107",
        "not a tree",
        "The JSON does not have the form that `sopc parse --json` prints. The message names the first place that "
        "differs.",
        '{"script": "x"}',
        "sopc parse --json list_vessels.sop | sopc compile -",
    ),
    Code(
        "C0108",
        "needs a look first",
        "A program just translated from English writes to a database, and no person was there to agree. Nothing was "
        "stored and no file written; `--yes` agrees.",
        "sopc compile scrap_old.txt < /dev/null",
        "sopc compile --yes scrap_old.txt",
    ),
    Code(
        "C0109",
        "file can't be written",
        "The system refused to write the file or folder, for the reason given in the message.",
        "sopc export /scripts.sopx",
        "sopc export scripts.sopx",
    ),
    Code(
        "C0110",
        "unknown error code",
        "Codes are a letter (E language, V running, D databases, L library, T English, C commands) and four digits.",
        "sopc error 17",
        "sopc error E0203",
    ),
    Code(
        "C0111",
        "`sopvm do` only reads",
        "The wish would change data. A program that writes is compiled first, so that it can be read, and then run.",
        'sopvm do "delete the vessels without a harbour"',
        "sopc compile scrap_old.txt; sopvm run scrap_old",
    ),
    Code(
        "C0112",
        "two sources of one script",
        "Sources that are compiled together must define scripts of different names; the title of an English text is "
        "its script's name.",
        "sopc compile draft.txt final.txt   # both titled `List vessels`",
        "sopc compile final.txt",
    ),
    Code(
        "C0201",
        "sop.toml can't be read",
        "The file is not TOML, not UTF-8, or may not be read. The message says where.",
        "[databases\nfleet = sqlite:///fleet.db",
        '[databases]\nfleet = "sqlite:///fleet.db"',
    ),
    Code(
        "C0202",
        "unknown or wrong setting",
        "A setting in sop.toml has a name that means nothing, or a value of the wrong type.",
        "[database]\nfleet = 17",
        '[databases]\nfleet = "sqlite:///fleet.db"',
    ),
    Code(
        "C0203",
        "unset environment variable",
        "A value in sop.toml holds ${NAME}, and the environment has no such variable.",
        'fleet = "postgresql://app:${FLEET_PASSWORD}@db/fleet"',
        "export FLEET_PASSWORD=…",
    ),
    Code(
        "C0204",
        "unknown database",
        "Nothing says what the name means: not --db, not [databases] in sop.toml.",
        "sopvm run list_vessels",
        "sopvm run list_vessels --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "C0205",
        "wrong --db",
        "A database is given as NAME=URL.",
        "--db sqlite:///fleet.db",
        "--db fleet=sqlite:///fleet.db",
    ),
    Code(
        "C0206",
        "not a folder",
        "A home, or the place that `sopc init` makes ready, is a folder, and one that may be entered.",
        "sopc ls --home notes.txt",
        "sopc ls --home .sop",
    ),
)
