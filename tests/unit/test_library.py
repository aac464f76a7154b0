"""The library: versions, tags, removal, transfer, and what happens when its file can't be read or written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import lmdb
import pytest

from runtime.bytecode.codec import decode, encode, module_hash
from runtime.bytecode.module import Call, Debug, Effects, Module, Signature
from runtime.bytecode.opcodes import BY_NAME
from runtime.config import LIBRARY_FILE
from runtime.errors import SopError, UsageError
from runtime.library.records import Provenance
from runtime.library.store import Item, Library
from runtime.library.transfer import MAGIC, pack_bundle, unpack_bundle
from runtime.values.constants import Const
from runtime.values.types import INT, NULL

ROOT = Path(__file__).parents[2]


def signature(name: str) -> Signature:
    return Signature(name, (), NULL, None, ("main",))


def make(name: str, value: int = 0, *, calls: Sequence[str] = (), source: str = "") -> Module:
    """A script that returns at once; `value` makes its hash differ."""
    code = BY_NAME["RETURN"].number.to_bytes(4, "little")
    return Module(
        signature(name),
        Effects(calls=tuple(calls)),
        0,
        code,
        constants=(Const(value, INT),),
        calls=tuple(Call(signature(callee)) for callee in calls),
        debug=Debug(source=source),
    )


def item(module: Module) -> Item:
    return Item(module.signature.name, module_hash(module), encode(module))


def put(library: Library, module: Module, provenance: Provenance | None = None) -> int:
    return library.put(encode(module), module_hash(module), module.signature.name, provenance)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library.open(tmp_path / "home")


def code_of(error: pytest.ExceptionInfo[SopError]) -> str:
    return error.value.code


def test_reading_a_library_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path / "home") as library:
        assert library.names() == []
        assert library.entries() == []
        assert library.find("a") is None
        assert library.cached_statement(b"k") is None
        with pytest.raises(UsageError) as error:
            library.resolve("a")
    assert code_of(error) == "L0101"
    assert list(tmp_path.iterdir()) == []


def test_a_stored_module_is_loaded_as_it_was(library: Library) -> None:
    module = make("a", 1, source="script a() end")
    assert put(library, module, Provenance("patterns", text_hash="sha256:00")) == 1
    entry = library.resolve("a")
    assert (entry.name, entry.version, entry.provenance.translator) == ("a", 1, "patterns")
    assert decode(library.load(entry.hash)) == module


def test_the_home_folder_ignores_itself_in_git(library: Library) -> None:
    put(library, make("a"))
    assert (library.path.parent / ".gitignore").read_text() == "*\n"


def test_the_same_program_makes_no_new_version_but_renews_its_debug_information(library: Library) -> None:
    put(library, make("a", 1, source="old"))
    assert put(library, make("a", 1, source="new")) == 1
    assert decode(library.load(library.resolve("a").hash)).debug.source == "new"
    assert len(library.history("a")) == 1


def test_a_changed_program_makes_a_new_version_and_old_ones_stay(library: Library) -> None:
    for value in (1, 2, 3):
        assert put(library, make("a", value)) == value
    assert [entry.version for entry in library.history("a")] == [1, 2, 3]
    assert decode(library.load(library.resolve("a@1").hash)) == make("a", 1)
    assert library.resolve("a").version == 3


def test_histories_of_names_that_begin_alike_stay_apart(library: Library) -> None:
    put(library, make("a", 1))
    put(library, make("ab", 2))
    put(library, make("a", 3))
    assert [entry.version for entry in library.history("a")] == [1, 2]
    assert [entry.version for entry in library.history("ab")] == [1]
    assert library.names() == ["a", "ab"]


def test_rollback_brings_an_old_version_back_as_the_newest(library: Library) -> None:
    for value in (1, 2):
        put(library, make("a", value))
    entry = library.rollback("a", "1")
    assert (entry.version, entry.provenance.copy_of) == (3, 1)
    assert library.resolve("a").hash == library.resolve("a@1").hash
    assert library.rollback("a", "1").version == 3


def test_tags_name_versions(library: Library) -> None:
    put(library, make("a", 1))
    put(library, make("a", 2))
    library.tag("a", "prod", 1)
    assert library.resolve("a@prod").version == 1
    assert library.tags("a") == {"prod": 1}
    for bad in ("", "12"):
        with pytest.raises(UsageError) as error:
            library.tag("a", bad, 1)
        assert code_of(error) == "L0109"


@pytest.mark.parametrize("wanted", ["a@3", "a@0", "a@prod", "a@", "a@99999999999", "a@²"])
def test_an_unknown_version_or_tag_is_an_error(library: Library, wanted: str) -> None:
    put(library, make("a", 1))
    with pytest.raises(UsageError) as error:
        library.resolve(wanted)
    assert code_of(error) == "L0102"


@pytest.mark.parametrize("wanted", ["audit_salery", "audit_salery@2", "\ud800", "x" * 1000, ""])
def test_an_unknown_name_is_an_error(library: Library, wanted: str) -> None:
    put(library, make("audit_salary"))
    with pytest.raises(UsageError) as error:
        library.resolve(wanted)
    assert code_of(error) == "L0101"
    if wanted.startswith("audit"):
        assert error.value.hint == "audit_salary"


def test_a_script_that_another_calls_is_not_removed(library: Library) -> None:
    put(library, make("tax"))
    put(library, make("payroll", calls=["tax"]))
    with pytest.raises(SopError) as error:
        library.remove(["tax"])
    assert code_of(error) == "L0107"
    assert "payroll" in error.value.message
    with pytest.raises(UsageError):
        library.remove(["payroll", "nothing"])  # all or none
    assert library.names() == ["payroll", "tax"]
    put(library, make("payroll", 2))  # its current version calls nothing
    assert library.remove(["tax"]) == {"tax": 1}
    assert library.names() == ["payroll"]


def test_caller_and_callee_can_go_together(library: Library) -> None:
    put(library, make("tax"))
    put(library, make("payroll", calls=["tax"]))
    assert library.remove(["tax", "payroll"]) == {"tax": 1, "payroll": 1}


def test_a_script_that_calls_itself_can_be_removed_with_all_it_had(library: Library) -> None:
    module = make("a", calls=["a"])
    put(library, module)
    put(library, make("a", 2, calls=["a"]))
    library.tag("a", "prod", 1)
    assert library.remove(["a"]) == {"a": 2}
    assert library.tags("a") == {}
    with pytest.raises(SopError) as error:
        library.load(module_hash(module))
    assert code_of(error) == "L0105"


def test_several_scripts_are_stored_all_or_none(library: Library) -> None:
    good = item(make("a"))
    with pytest.raises(SopError):
        library.put_all([good, good._replace(name="other")])
    with pytest.raises(SopError):
        library.put_all([good, item(make("b"))._replace(module=b"SOP\0 but not a module, by far too short")])
    assert library.names() == []
    assert [entry.version for entry in library.put_all([good, item(make("b"))])] == [1, 1]


@pytest.mark.parametrize("name", ["", "x" * 201, "a\0b"])
def test_names_that_can_be_no_key_are_refused(library: Library, name: str) -> None:
    with pytest.raises(SopError) as error:
        put(library, make(name))
    assert code_of(error) == "L0109"


def test_statements_are_cached(library: Library) -> None:
    library.cache_statement(b"key", b"value")
    assert library.cached_statement(b"key") == b"value"
    assert library.cached_statement(b"other") is None
    library.cache_statements({b"key": b"newer", b"other": b"one"})
    assert [library.cached_statement(key) for key in (b"key", b"other")] == [b"newer", b"one"]
    assert library.names() == []


# ── files that can't be read or written ──────────────────────────────────────────────────────────────────────────


def test_a_full_map_stores_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path, map_size=1 << 17) as library:
        put(library, make("a"))
        before = library.history("a")
        with pytest.raises(SopError) as error:
            library.put_all([item(make("a", 2)), item(make("b", source="x" * 200_000))])
        assert code_of(error) == "L0104"
        library.cache_statement(b"k", b"x" * 200_000)  # left out without a word
        assert library.cached_statement(b"k") is None
        assert library.history("a") == before
        assert library.names() == ["a"]


def test_another_process_can_make_the_library_larger_than_our_map(tmp_path: Path) -> None:
    with Library.open(tmp_path, map_size=1 << 16) as library:
        put(library, make("a"))
        grow = (
            "import sys; from pathlib import Path; from runtime.library.store import Library\n"
            "with Library.open(Path(sys.argv[1])) as l: l.cache_statement(b'k', b'x' * 500_000)"
        )
        subprocess.run([sys.executable, "-c", grow, str(tmp_path)], check=True, cwd=ROOT)
        value = library.cached_statement(b"k")
        assert value is not None
        assert len(value) == 500_000
        assert put(library, make("b")) == 1


@pytest.mark.parametrize("content", [b"no LMDB file", b"\0" * 20_000, b"x" * 20_000])
def test_a_file_of_another_kind_is_an_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / LIBRARY_FILE).write_bytes(content)
    with Library.open(tmp_path) as library:
        with pytest.raises(SopError) as error:
            library.names()
        assert code_of(error) == "L0105"
        with pytest.raises(SopError) as error:
            put(library, make("a"))
        assert code_of(error) == "L0105"
    assert (tmp_path / LIBRARY_FILE).read_bytes() == content


def test_a_library_cut_short_is_an_error_and_no_crash(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        put(library, make("a", source="x" * 100_000))
    path = tmp_path / LIBRARY_FILE
    whole = path.read_bytes()
    for size in (len(whole) - 4096, len(whole) // 2, 8192):
        path.write_bytes(whole[:size])
        with Library.open(tmp_path) as library, pytest.raises(SopError) as error:
            library.resolve("a")
        assert code_of(error) == "L0105"


def test_an_empty_file_is_an_empty_library(tmp_path: Path) -> None:
    (tmp_path / LIBRARY_FILE).touch()
    with Library.open(tmp_path) as library:
        assert library.names() == []
        assert put(library, make("a")) == 1


def test_a_process_holds_many_libraries_and_one_closed_is_closed(tmp_path: Path) -> None:
    libraries = [Library.open(tmp_path / str(number)) for number in range(200)]
    assert [put(library, make("a")) for library in libraries] == [1] * 200
    assert all(library.names() == ["a"] for library in libraries)
    for library in libraries:
        library.close()
    for _ in range(300):
        with Library.open(tmp_path / "0") as library:
            library.cache_statement(b"k", b"v")


@pytest.mark.parametrize("length", [1, 8, 30, 43, 44, 4096, 8191, 8192])
def test_a_file_that_was_only_begun_is_an_empty_library(tmp_path: Path, length: int) -> None:
    path = tmp_path / LIBRARY_FILE
    lmdb.open(str(path), subdir=False).close()
    head = path.read_bytes()
    path.write_bytes(head[:length])
    with Library.open(tmp_path) as library:
        assert library.names() == []
        assert path.read_bytes() == head[:length]
        assert put(library, make("a")) == 1
    with Library.open(tmp_path) as library:
        assert library.names() == ["a"]


@pytest.mark.parametrize("content", [b"x", b"\0" * 8 + b"another", bytes(20_000)])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / LIBRARY_FILE
    path.write_bytes(content)
    with Library.open(tmp_path) as library:
        for use in (library.names, lambda: put(library, make("a"))):
            with pytest.raises(SopError) as error:
                use()
            assert code_of(error) == "L0105"
    assert path.read_bytes() == content


def test_a_folder_in_the_files_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / LIBRARY_FILE).mkdir()
    with Library.open(tmp_path) as library, pytest.raises(SopError) as error:
        library.names()
    assert code_of(error) == "L0105"


def test_an_lmdb_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / LIBRARY_FILE
    with lmdb.open(str(path), subdir=False) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"theirs", b"1")
    before = path.read_bytes()
    with Library.open(tmp_path) as library:
        for use in (library.names, lambda: put(library, make("a"))):
            with pytest.raises(SopError) as error:
                use()
            assert code_of(error) == "L0110"
    assert path.read_bytes() == before


def test_opened_for_reading_it_refuses_writes_and_skips_the_cache(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        put(library, make("a"))
    with Library.open(tmp_path, read_only=True) as library:
        assert library.resolve("a").version == 1
        library.cache_statement(b"k", b"v")
        with pytest.raises(SopError) as error:
            put(library, make("b"))
        assert code_of(error) == "L0103"
        assert library.cached_statement(b"k") is None


@pytest.mark.parametrize("lock_file", [True, False])
def test_a_folder_without_write_permission_can_be_read(tmp_path: Path, lock_file: bool) -> None:
    home = tmp_path / "home"
    with Library.open(home) as library:
        put(library, make("a"))
    if not lock_file:
        (home / f"{LIBRARY_FILE}-lock").unlink()
    for path in (*home.iterdir(), home):
        path.chmod(0o555 if path.is_dir() else 0o444)
    # root may write anywhere, so the child goes on as nobody once all is imported, what lmdb imports on use included
    script = (
        "import os, difflib, lmdb, runtime.bytecode.codec\n"
        "lmdb.open('warm-up', subdir=False).close()\n"
        "from pathlib import Path; from runtime.errors import SopError; from runtime.library.store import Library\n"
        "home = os.open('home', os.O_RDONLY); os.fchdir(home)\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "library = Library.open(Path('.'))\n"
        "print(library.resolve('a').version)\n"
        "library.cache_statement(b'k', b'v')\n"
        "try: library.remove(['a'])\n"
        "except SopError as error: print(error.code)\n"
        "print(library.names())\n"
        "try: library.environment.check_writable()\n"
        "except SopError as error: print(error.code)\n"
        "try: Library.open(Path('new')).environment.check_writable()\n"
        "except SopError as error: print(error.code)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    home.chmod(0o755)
    assert done.stdout.split("\n") == ["1", "L0103", "['a']", "L0103", "L0103", ""], done.stderr


# ── moving scripts ───────────────────────────────────────────────────────────────────────────────────────────────


def test_exported_scripts_come_with_history_tags_and_callees(tmp_path: Path) -> None:
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "two") as two:
        put(one, make("tax", 1))
        put(one, make("tax", 2))
        put(one, make("payroll", calls=["tax"]))
        put(one, make("unrelated"))
        one.tag("tax", "prod", 1)
        data = pack_bundle(one.bundle(["payroll"]))
        added = two.merge(unpack_bundle(data, "file"))
        assert [(entry.name, entry.version) for entry in added] == [("payroll", 1), ("tax", 1), ("tax", 2)]
        assert two.history("tax") == one.history("tax")
        assert two.tags("tax") == {"prod": 1}
        assert two.names() == ["payroll", "tax"]
        assert two.merge(unpack_bundle(data, "file")) == []


def test_a_script_known_on_both_sides_gets_a_new_version(tmp_path: Path) -> None:
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "two") as two:
        put(one, make("a", 1))
        put(one, make("a", 2))
        put(two, make("a", 7))
        added = two.merge(one.bundle())
        assert [(entry.name, entry.version) for entry in added] == [("a", 2)]
        assert two.resolve("a").hash == one.resolve("a").hash
        assert two.resolve("a@1").hash == module_hash(make("a", 7))


def test_every_damaged_export_is_refused_and_nothing_is_stored(tmp_path: Path) -> None:
    with Library.open(tmp_path / "one") as one:
        put(one, make("a", 1))
        data = pack_bundle(one.bundle())
    damaged = [b"", b"x" * 100, data[:-1], data[: len(MAGIC)], data + b"x"]
    damaged += [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(0, len(data), 7)]
    for bad in damaged:
        with pytest.raises(SopError) as error:
            unpack_bundle(bad, "file")
        assert code_of(error) == "L0108"


def test_an_export_with_a_forged_module_is_refused(tmp_path: Path) -> None:
    with Library.open(tmp_path / "one") as one, Library.open(tmp_path / "two") as two:
        put(one, make("a", 1))
        bundle = one.bundle()
        (hash_,) = bundle.modules
        bundle.modules[hash_] = encode(make("a", 2))
        with pytest.raises(SopError) as error:
            two.merge(unpack_bundle(pack_bundle(bundle), "file"))
        assert code_of(error) == "L0108"
        assert two.names() == []


def test_a_folder_that_may_not_be_entered_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str = "r") -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", refuse)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SopError, match="can't be read: permission denied") as error:
        Library.open(tmp_path).names()
    assert error.value.code == "L0106"
