"""Working folder, environment and sop.toml → where the library is, what the database names mean, which translator.

A flag goes before an environment variable (SOP_HOME, SOP_DB, SOP_TRANSLATOR, SOP_MODEL: read by the commands' options),
which goes before sop.toml, which goes before the default. sop.toml is the nearest one from the working folder upwards,
else the one beside the home folder; its relative paths start at its own folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from runtime.acting import Acting
from runtime.errors import UsageError

HOME_NAME: Final = ".sop"
FILE_NAME: Final = "sop.toml"
MAIN: Final = "main"
MAIN_FILE: Final = "main.db"
LIBRARY_FILE: Final = "library.mdb"
RUNS_FILE: Final = "runs.db"
FULL: Final = "full"
RELAXED: Final = "relaxed"

_TABLES: Final[Mapping[str, Mapping[str, type]]] = {
    "translator": {
        **{"use": str, "model": str, "provider": str, "base_url": str, "api_key": str, "decoding": str},
        **{"command": list},
        **{"rounds": int, "tokens": int, "timeout": int, "wait": int},
    },
    "runs": {"url": str, "durability": str, "drain": str},
    "import": {"date_order": str, "decimal": str},
    "mcp": {"confirm": bool, "tools": list},
    "notify": {"command": list},
    "jwt": {"issuer": str, "audience": str, "keys": str, "algorithms": list},
}
_GRANT: Final[Mapping[str, type]] = {  # of [[jwt.grants]]
    **{"when": dict, "rights": list, "scripts": list, "databases": list, "db": dict, "arguments": dict},
    **{"role": str, "role_claim": str, "claims": list},
    **{"max_runs": int, "max_rows": int, "max_seconds": int, "max_body": int},
}
_DATABASE: Final[Mapping[str, type]] = {"url": str, "samples": bool, "agents": bool}
_STORE: Final[Mapping[str, type]] = {"key": list, "references": list}
_CHOICES: Final = {"durability": (FULL, RELAXED), "date_order": ("dmy", "mdy"), "decimal": ("point", "comma")}
_WANTED: Final[Mapping[type, str]] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number from 0 on",
    list: 'a list of texts, such as ["report"]',
    dict: 'a table of texts, such as { tenant = "org" }',
}
_FIELDS: Final = {"databases": "declared", "import": "imports"}  # of Config, by table; the others have the same name
_SPAN: Final = re.compile(r"(0|[1-9][0-9]{0,5})([smhdw])")
_SPAN_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}  # in seconds
_DRAIN: Final = "30s"
_FILLED_IN: Final = re.compile(r"\$\{(?:file:([^}]+)|([A-Za-z_][A-Za-z0-9_]*))\}")
_SECRET_BYTES: Final = 65_536


def span_seconds(text: str) -> int | None:
    """The seconds of a span of time such as `30s`, `12h` or `8w`; None for another text."""
    match = _SPAN.fullmatch(text.strip())
    return None if match is None else int(match[1]) * _SPAN_UNITS[match[2]]


class DatabaseSetting(msgspec.Struct, frozen=True):
    """What a database name means. url: with `${…}` filled in. base: where a relative path in it starts.
    samples: its values may be shown to a model that is not on this machine."""

    name: str
    url: str
    base: Path
    samples: bool = False


class Config(msgspec.Struct, frozen=True):
    """The settings: where the library is, what the names of databases mean, which translator.

    Attributes:
        home: The library's folder, absolute; it need not exist.
        file: The sop.toml that was read; None when there is none.
        translator, runs, imports, mcp, notify, jwt: Their tables, with `${…}` as written.
        declared: Its databases: a table by name.
        stores: What it says of stores, by STORE or DATABASE.STORE: their `key` and `references`.
        flags: URLs by name, of the commands' `--db`.
        acting: Whom databases take the caller for; None for the user of each URL.
        seen: The only names that mean something, and what each stands for, as `seen_as` made it; None for all.
    """

    home: Path
    file: Path | None = None
    translator: dict[str, Any] = {}
    declared: dict[str, dict[str, Any]] = {}
    stores: dict[str, dict[str, Any]] = {}
    flags: dict[str, str] = {}
    seen: dict[str, str] | None = None
    runs: dict[str, Any] = {}
    imports: dict[str, Any] = {}
    mcp: dict[str, Any] = {}
    notify: dict[str, Any] = {}
    jwt: dict[str, Any] = {}
    acting: Acting | None = None

    def seen_as(self, names: Mapping[str, str]) -> Config:
        """These settings, restricted to some names. names: a visible name → the database it stands for here."""
        known = self.database_names()
        return msgspec.structs.replace(self, seen={name: to for name, to in names.items() if to in known})

    @classmethod
    def load(cls, home: str | None = None, databases: Iterable[str] = (), cwd: Path | None = None) -> Config:
        """Read the settings.

        Args:
            home: Of the flag or SOP_HOME; None to look for the nearest `.sop/`.
            databases: `NAME=URL` of the flags.
            cwd: The working folder; None for that of the process.

        Raises:
            UsageError: C02xx, something is wrong in them.
        """
        found = cls.located(home, cwd)
        return msgspec.structs.replace(found, flags=_flags(databases), **(_read(found.file) if found.file else {}))

    @classmethod
    def located(cls, home: str | None = None, cwd: Path | None = None) -> Config:
        """Find home and sop.toml, without reading it.

        Args:
            home, cwd: As for `load`.

        Raises:
            UsageError: C0206, a folder can't be looked at.
        """
        try:
            here = cwd or Path.cwd()
            folder = find_home(home, here)
            (folder / MAIN_FILE).exists()
            path = _nearest(FILE_NAME, here) or _nearest(FILE_NAME, folder.parent, upwards=False)
        except OSError as error:  # the working folder is gone, or a folder may not be entered
            what, reason = error.filename or "the working folder", (error.strerror or str(error)).lower()
            raise UsageError(
                "C0206", f"{what} can't be looked at: {reason}", "another folder, or --home DIR"
            ) from error
        return cls(folder, path)

    def database(self, name: str) -> DatabaseSetting:
        """Return what a name of a database means.

        Raises:
            UsageError: C0204 for a name that means nothing here, C0203 or C0209 for a `${…}` in its URL
                that can't be filled in.
        """
        if self.seen is not None:
            if name not in self.seen:
                raise UsageError("C0204", f"nothing says what the database {name} is")
            meant = msgspec.structs.replace(self, seen=None).database(self.seen[name])
            return msgspec.structs.replace(meant, name=name)
        if name in self.flags:
            return DatabaseSetting(name, self.flags[name], Path.cwd())
        if name in self.declared and self.file:
            setting = self.declared[name]
            url = self.expand(str(setting["url"]), f"database {name}")
            return DatabaseSetting(name, url, self.file.parent, bool(setting.get("samples", False)))
        if name == MAIN:
            return self._own(MAIN, MAIN_FILE)
        from difflib import get_close_matches

        near = get_close_matches(name, self.database_names(), n=1)
        where = f"[databases] of {self.file}" if self.file else "[databases] of a sop.toml"
        hint = near[0] if near else f"--db {name}=sqlite:///FILE.db, or a line in {where}"
        raise UsageError("C0204", f"nothing says what the database {name} is", hint)

    def _own(self, name: str, file: str) -> DatabaseSetting:
        """A SQLite file in the home folder."""
        path = str(self.home / file).replace("%", "%25")  # URLs are unquoted
        return DatabaseSetting(name, f"sqlite:///{path}", self.home)

    def runs_database(self) -> DatabaseSetting:
        """Where runs are kept that write no database: `url` of the [runs] table, else a SQLite file beside the
        library."""
        url = self.runs.get("url")
        if url is None or self.file is None:
            return self._own("[runs]", RUNS_FILE)
        return DatabaseSetting("[runs]", self.expand(str(url), "runs.url"), self.file.parent)

    @property
    def relaxed(self) -> bool:
        """Whether runs are kept without waiting for the disk: `durability` of the [runs] table."""
        return self.runs.get("durability") == RELAXED

    @property
    def drain(self) -> str:
        """The time for runs under way once a server or a worker is told to stop, such as `30s`: `drain` of [runs]."""
        return str(self.runs.get("drain", _DRAIN))

    def database_names(self) -> list[str]:
        """Every database name, sorted; with `main`, unless `seen` leaves it out."""
        if self.seen is not None:
            return sorted(self.seen)
        return sorted({*self.flags, *self.declared, MAIN})

    def is_unmade(self, name: str) -> bool:
        """True for `main` as nobody declared it, until the first `sopvm db import` makes its file."""
        name = name if self.seen is None else self.seen.get(name, "")
        if name != MAIN or name in self.flags or name in self.declared:
            return False
        return not (self.home / MAIN_FILE).exists()

    def setting(self, key: str) -> str | None:
        """A value of the [translator] table, with `${…}` filled in."""
        value = self.translator.get(key)
        return None if value is None else self.expand(str(value), f"translator.{key}")

    def number(self, key: str, default: float) -> float:
        """Return a number of the [translator] table.

        Args:
            key: Its name.
            default: For one that is not there.
        """
        return float(self.translator.get(key, default))

    def expand(self, text: str, what: str) -> str:
        """Replace each `${NAME}` in a text by that environment variable, and each `${file:PATH}` by what that file
        holds, without the end of its last line.

        Args:
            text: The text.
            what: It is, for messages.

        Raises:
            UsageError: C0203, a variable is not set; C0209, a file can't be read.
        """

        def value(match: re.Match[str]) -> str:
            if match[1] is not None:
                return self._secret(match[1], what)
            found = os.environ.get(match[2])
            if found is None:
                message = f"{what} in {self.file} needs the environment variable {match[2]}, which is not set"
                raise UsageError("C0203", message, f"export {match[2]}=…")
            return found

        return _FILLED_IN.sub(value, text)

    def _secret(self, name: str, what: str) -> str:
        """The text of a file, whose relative path starts at sop.toml's folder."""
        assert self.file is not None
        try:
            with (self.file.parent / name).open("rb") as file:
                data = file.read(_SECRET_BYTES + 1)
            if len(data) > _SECRET_BYTES:
                raise ValueError(f"it holds more than {_SECRET_BYTES >> 10} KiB")
            return data.decode().removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            reason = "it is not UTF-8 text"
            raise self._unread(name, what, reason) from error
        except OSError as error:
            raise self._unread(name, what, (error.strerror or str(error)).lower()) from error
        except ValueError as error:  # too long, or a name that no file can have
            raise self._unread(name, what, str(error)) from error

    def _unread(self, name: str, what: str, reason: str) -> UsageError:
        message = f"{what} in {self.file} needs the file {name}, which can't be read: {reason}"
        return UsageError("C0209", message, "check its path and permissions")


def find_home(home: str | None, cwd: Path) -> Path:
    """The home folder, absolute; it need not exist. home: of the flag or SOP_HOME, goes before the nearest `.sop/`."""
    if home:
        try:
            folder = (cwd / Path(home).expanduser()).absolute()
        except RuntimeError as error:  # `~` without a home, or that of an unknown user
            raise UsageError("C0206", f"nothing says where {home} is", "a path without ~") from error
        if folder.exists() and not folder.is_dir():
            raise UsageError("C0206", f"the home {home} is not a folder", "name a folder; it is made when needed")
        return folder
    return _nearest(HOME_NAME, cwd, folder=True) or cwd / HOME_NAME


def _nearest(name: str, start: Path, *, folder: bool = False, upwards: bool = True) -> Path | None:
    for place in (start, *start.parents) if upwards else (start,):
        candidate = place / name
        if candidate.is_dir() if folder else candidate.is_file():
            return candidate
    return None


def _flags(databases: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in databases:
        name, equals, url = text.partition("=")
        if not (name and equals and url):
            raise UsageError("C0205", f"{text!r} does not say what a database is", "--db hr=sqlite:///hr.db")
        found[name] = url
    return found


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The tables of a sop.toml, by field of Config."""
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise UsageError("C0201", f"{path} can't be read: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise UsageError("C0201", f"{path} is not UTF-8 text", "save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f"{path}:{place[1]}:{place[2]}" if place else str(path)
        reason = str(error).split(" (at ")[0]
        raise UsageError("C0201", f"{where} is not TOML: {reason[:1].lower()}{reason[1:]}") from error
    return _Reader(path, text).settings(data)


class _Reader:
    """Values of a parsed sop.toml → settings, each of a known name and type."""

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self.lines = text.splitlines()

    def settings(self, data: dict[str, Any]) -> dict[str, dict[str, Any]]:
        for key in data:
            names = ("databases", "stores", *_TABLES)
            if key not in names:
                raise self.error(key, f"no setting is named {key}", f"{', '.join(names[:-1])} or {names[-1]}")
        databases = self.table(data, "databases")
        declared: dict[str, Any] = {}
        for name, value in databases.items():
            declared[name] = {"url": value} if isinstance(value, str) else self.checked(name, value, _DATABASE)
            if "url" not in declared[name]:
                raise self.error(name, f"the database {name} has no url", 'url = "sqlite:///FILE.db"')
        stores = {name: self.checked(name, value, _STORE) for name, value in self.table(data, "stores").items()}
        grants = self.grants(data)
        tables = {name: self.checked(name, self.table(data, name), allowed) for name, allowed in _TABLES.items()}
        if grants:
            tables["jwt"]["grants"] = grants
        for table, settings in tables.items():
            for key, choices in _CHOICES.items():
                if key in settings and settings[key] not in choices:
                    message = f"{key} of {table} is neither {' nor '.join(choices)}"
                    raise self.error(key, message, f'{key} = "{choices[0]}"')
        if span_seconds(tables["runs"].get("drain", _DRAIN)) is None:
            raise self.error("drain", "drain of runs is not a span of time", 'drain = "30s"; s, m, h, d or w')
        return {
            _FIELDS.get(name, name): table
            for name, table in {**tables, "databases": declared, "stores": stores}.items()
        }

    def grants(self, data: dict[str, Any]) -> list[dict[str, Any]]:
        """The tables [[jwt.grants]], taken out of [jwt]."""
        found = self.table(data, "jwt").pop("grants", [])
        if not isinstance(found, list):
            raise self.error("grants", "grants of jwt is not a list of tables", "[[jwt.grants]]")
        return [self.checked("a grant", each, _GRANT) for each in found]

    def table(self, data: dict[str, Any], key: str) -> dict[str, Any]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"{key} is not a table", f"[{key}]")
        return value

    def checked(self, name: str, value: Any, allowed: Mapping[str, type]) -> dict[str, Any]:
        if not isinstance(value, dict):
            what, hint = "neither a URL nor a table", f'{name} = "sqlite:///FILE.db"'
            if allowed is _STORE:
                what, hint = "no table", f'[stores.{name}] with key = ["id"]'
            raise self.error(name, f"{name} is {what}", hint)
        said: dict[str, Any] = value
        if allowed is _STORE:  # one field, or one reference, needs no brackets
            said = {key: [item] if isinstance(item, str) else item for key, item in value.items()}
        for key, item in said.items():
            if key not in allowed:
                raise self.error(key, f"{name} has no setting {key}", ", ".join(allowed))
            wrong = isinstance(item, int) and item < 0
            parts = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
            wrong = wrong or not all(isinstance(each, str) for each in parts)
            if type(item) is not allowed[key] or wrong:
                raise self.error(key, f"{key} of {name} is not {_WANTED[allowed[key]]}")
        return said

    def error(self, key: str, message: str, hint: str | None = None) -> UsageError:
        """With the line where the key stands: the TOML parser keeps no positions, so it is looked up in the text."""
        pattern = re.compile(rf"""^\s*(?:\[.*\b)?["']?{re.escape(key)}["']?\s*(?:[.=\]])""")
        line = next((number for number, text in enumerate(self.lines, 1) if pattern.search(text)), 1)
        return UsageError("C0202", f"{self.path}:{line}: {message}", hint)
