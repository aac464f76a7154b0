"""D: opening databases, their schemas, statements, locks and imports."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "D0101",
        "no such database file",
        "The file that the database's URL names is not there. A relative path starts from the folder of `sop.toml`, or "
        "from the current one for `--db`. Running a script never makes a database; `sopvm db import` does.",
        "sopvm run audit --db fleet=sqlite:///fleeet.db",
        "sopvm run audit --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0102",
        "not a database of that engine",
        "The file is there, but the engine that the URL names did not write it. A CSV or NDJSON file is imported, "
        "or read where it is as part of a folder (`files:///folder`).",
        "sopvm run audit --db fleet=sqlite:///vessels.csv",
        "sopvm db import vessels.csv --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0103",
        "database can't be opened",
        "The file may not be read by this user, is a folder, or lies in a folder where SQLite can't write the files it "
        "needs beside it; or the SQLite that Python came with is too old.",
        "sopvm db ls --db fleet=sqlite:////root/fleet.db",
        "sopvm db ls --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0104",
        "unknown kind of database",
        "What stands before `://` says which engine a database belongs to, and no engine goes by that name.",
        "--db fleet=oracle://server/fleet",
        "--db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0105",
        "engine not there",
        "The URL names an engine whose Python package is not installed.",
        "--db fleet=duckdb:///fleet.duckdb",
        "pip install 'sopc[duckdb]'",
    ),
    Code(
        "D0106",
        "malformed database URL",
        "A database is named by a URL. For SQLite three slashes come before a path relative to the folder, four before "
        "an absolute one.",
        "--db fleet=fleet.db",
        "--db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0107",
        "damaged database file",
        "SQLite found the file not to be as it left it: cut short, or changed by another program. Nothing was written; "
        "restore the file from a copy.",
        "",
        "cp backup/fleet.db fleet.db",
    ),
    Code(
        "D0108",
        "input or output error",
        "The system reported an error when SQLite read or wrote the database's file, as on a failing disk or a network "
        "folder that went away. The segment was rolled back.",
        "",
        "df -h .; sopvm run billing",
    ),
    Code(
        "D0110",
        "folder that is no database",
        "In a folder of files each CSV, TSV, NDJSON and Parquet file is a store, called as the file without its "
        "ending. There is no such file, two would be called the same, or one can't be read.",
        "orders.csv and orders.parquet in one folder",
        "orders.csv and orders_2025.parquet",
    ),
    Code(
        "D0121",
        "server can't be reached",
        "No server answers at the host and port of the URL within `connect_timeout` seconds (5 unless the URL says), "
        "it has no connection to spare, or none of several hosts is what `target_session_attrs` asks for.",
        "--db fleet=postgresql://ann@no-such-host/fleet",
        "--db fleet=postgresql://ann@db1,db2/fleet?target_session_attrs=read-write",
    ),
    Code(
        "D0122",
        "server refuses the login",
        "The server does not know the user, the password is wrong or missing, or the user may not connect to that "
        "database or from this machine. A password may stand in the URL (in `sop.toml` as `${NAME}` of the "
        "environment) or in `~/.pgpass`; libpq's own environment variables are not read.",
        "--db fleet=postgresql://ann:wrong@host/fleet",
        'fleet = "postgresql://ann:${FLEET_PASSWORD}@host/fleet"   # in sop.toml',
    ),
    Code(
        "D0123",
        "no such database on the server",
        "The server has no database of the name after the last slash of the URL. Without one it is the user's name.",
        "--db fleet=postgresql://ann@host/flet",
        "--db fleet=postgresql://ann@host/fleet",
    ),
    Code(
        "D0124",
        "no such schema",
        "A database name of a script stands for one schema of a PostgreSQL database: the one that `schema=` names in "
        "the URL, else the server's first choice, usually `public`. There is none of that name; `sopvm db import` "
        "makes one.",
        "--db fleet=postgresql://ann@host/company?schema=flet",
        "--db fleet=postgresql://ann@host/company?schema=fleet",
    ),
    Code(
        "D0109",
        "library can't be a database",
        "The URL names the file that holds scripts, by whatever link or path, or the folder of one. Scripts, their "
        "versions and their runs are out of reach of every script.",
        "sopvm run audit --db fleet=sqlite:///.sop/library.mdb",
        "sopvm run audit --db fleet=sqlite:///fleet.db",
    ),
    Code(
        "D0201",
        "schema has changed",
        "The script was compiled against stores or fields that the database no longer has, or that the database it is "
        "given now never had. Compile it again, or give it the right database.",
        "sopvm run audit --db fleet=sqlite:///yard.db",
        "sopc compile audit.sop",
    ),
    Code(
        "D0202",
        "stored value is not of its type",
        "SQLite lets a column hold values of other types than it declares. Such a value is an error where a script "
        "reads it, never a silent null or zero. Correct the value, or declare the column as what it holds.",
        "insert into hulls (tonnage) values ('n/a')   -- tonnage int",
        "insert into hulls (tonnage) values (null)",
    ),
    Code(
        "D0203",
        "line of a file that can't be read",
        "A line of a CSV or NDJSON file of the folder is malformed, or a value in it is not of the type that the lines "
        "before have. The message names file and line. Nothing of the run remains.",
        "3000001: 17,n/a",
        "3000001: 17,",
    ),
    Code(
        "D0301",
        "null in a field that needs a value",
        "The database declares the field `not null`, and a row was written without a value for it.",
        'insert into vessels { name: null, harbour: "Oslo" }',
        'insert into vessels { name: "Aurora", harbour: "Oslo" }',
    ),
    Code(
        "D0302",
        "row exists already",
        "The store allows one row with these values, and has it. `upsert … on` updates the row that is there.",
        'insert into berths { code: "B4", places: 3 }',
        'upsert into berths { code: "B4", places: 3 } on code',
    ),
    Code(
        "D0303",
        "reference to a missing row",
        "A foreign key says that a field holds the key of a row of another store. Insert that row first, and delete "
        "rows that point at another before the one they point at.",
        "insert into voyages { vessel_id: 999, fare: 100 }",
        "insert into voyages { vessel_id: v.id, fare: 100 }",
    ),
    Code(
        "D0304",
        "row breaks a rule of the store",
        "The store has a check of its own, which the row does not meet.",
        "update berths set places = 0 - 1",
        "update berths where places > 0 set places = places - 1",
    ),
    Code(
        "D0305",
        "database is read-only",
        "The file, or the way it was opened, allows reading only.",
        'sopvm do "delete the vessels in Oslo"',
        "sopvm run delete_vessels",
    ),
    Code(
        "D0306",
        "disk full",
        "There was no room for what was written, so the segment was rolled back. Free some room and run it again.",
        "",
        "df -h .; sopvm run billing",
    ),
    Code(
        "D0307",
        "value can't be stored",
        "The value is larger than the database holds, of another type than a strict table insists on, or a text with "
        "half a character or the character with number 0 in it.",
        "insert into notes { amount: 99999999999999.99 * 10 }",
        "insert into notes { amount: 99.99 }",
    ),
    Code(
        "D0308",
        "statement refused",
        "The database refused a statement for a reason of its own, which the message repeats: one too large or too "
        "deeply nested, or a trigger that says no.",
        "",
        "sopvm run billing --dry-run",
    ),
    Code(
        "D0321",
        "missing privilege",
        "The user of the URL may not do that: read or write that store, or use that schema. Its owner grants what is "
        "missing.",
        "sopvm run billing --db fleet=postgresql://reader@host/fleet",
        "grant insert on invoices to reader;   -- as the owner",
    ),
    Code(
        "D0309",
        "no such expression on this engine",
        "The engine has no way to say that in a query which would mean the same as everywhere else, so the script is "
        "refused before it starts. Outside of the query, over a variable or a loop's row, it can be said.",
        "from logs where date(details) = today()",
        "for each l in from logs do if date(l.details) = today() then … end end",
    ),
    Code(
        "D0310",
        "out of memory",
        "A statement needed more memory than the database may use, and could not go on from disk. Its URL can allow "
        "more, and say where to put what does not fit.",
        "--db fleet=duckdb:///fleet.duckdb?memory_limit=100MB",
        "--db fleet=duckdb:///fleet.duckdb?memory_limit=4GB&temp_directory=/var/tmp/fleet",
    ),
    Code(
        "D0401",
        "database is locked",
        "Another program held the database for longer than the time to wait. Writers take turns, so a program that "
        "keeps a transaction open stops all others.",
        "sqlite3 fleet.db  # left inside a transaction",
        "sopvm run billing  # once it has ended",
    ),
    Code(
        "D0402",
        "changed by another writer",
        "Another writer committed between this run's reads and its first write. The segment begins again by itself; "
        "this code is seen only when that happens too many times in a row.",
        "",
        "sopvm run billing  # again, when fewer write at once",
    ),
    Code(
        "D0403",
        "statement interrupted",
        "The run was told to stop while the database worked. The segment was rolled back.",
        "sopvm run yearly_report --max-seconds 1",
        "sopvm run yearly_report",
    ),
    Code(
        "D0421",
        "connection lost",
        "The server stopped, or the network to it broke, while the run used it. The server rolls the segment back; "
        "only when the connection broke during the commit itself is that not known, and the message says so.",
        "",
        "sopvm run billing  # once the server is back",
    ),
    Code(
        "D0501",
        "file can't be imported",
        "The file can't be read, or its name does not say that it is CSV (.csv, .tsv), NDJSON (.ndjson, .jsonl) or "
        "Parquet (.parquet).",
        "sopvm db import vessels.xlsx",
        "sopvm db import vessels.csv",
    ),
    Code(
        "D0502",
        "not UTF-8",
        "Files are read as UTF-8, and this one as a whole is written in another encoding. Single lines that are not "
        "UTF-8 are D0503.",
        "sopvm db import utf16.csv",
        "iconv -f UTF-16 -t UTF-8 utf16.csv > utf8.csv",
    ),
    Code(
        "D0503",
        "lines that can't be loaded",
        "Some lines have another number of values than there are columns, a value that is not of its declared type, "
        "bytes that are not UTF-8, or a quote that is never closed. Nothing was loaded. `--skip-bad` loads the rest.",
        "sopvm db import vessels.csv --types tonnage=int",
        "sopvm db import vessels.csv --types tonnage=int --skip-bad",
    ),
    Code(
        "D0504",
        "no names of fields",
        "A CSV file's first line names its columns; an NDJSON file's records name their fields. This one has neither.",
        "1,Aurora,18000",
        "id,name,tonnage",
    ),
    Code(
        "D0505",
        "store exists, or does not",
        "An import makes a new store. For one that is there, say whether to replace it or to append to it; appending "
        "needs one, and a view can't be written.",
        "sopvm db import vessels.csv",
        "sopvm db import vessels.csv --append",
    ),
    Code(
        "D0506",
        "wrong declaration of types",
        "Types are declared as FIELD=TYPE, separated by commas, for fields that the file has, and only where the store "
        "is new.",
        "sopvm db import vessels.csv --types tonnage:number",
        "sopvm db import vessels.csv --types tonnage=decimal(10,2)",
    ),
    Code(
        "D0507",
        "fields do not match",
        "When a file is appended to a store, each of its columns has to be a field of that store.",
        "sopvm db import other.csv --store flights --append",
        "sopvm db import other.csv --store others",
    ),
    Code(
        "D0508",
        "file can't be exported",
        "The file can't be written, or its name does not say that it is CSV (.csv), NDJSON (.ndjson, .jsonl) or "
        "Parquet (.parquet). Nothing is left behind by an export that fails.",
        "sopvm db export vessels vessels.xlsx",
        "sopvm db export vessels vessels.csv",
    ),
    Code(
        "D0509",
        "file exists already",
        "An export makes a new file. `--force` replaces one that is there, once the new one is whole.",
        "sopvm db export vessels vessels.csv",
        "sopvm db export vessels vessels.csv --force",
    ),
)
