"""A library whose file or modules are damaged, full or not ours → a clear error from every command, nothing lost."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import lmdb
import pytest

from runtime.bytecode.codec import decode, encode, module_hash
from runtime.errors import SopError
from runtime.library.store import Library
from tests.commands import Place
from tests.harness import SCHEMA, compile_text, make_database

SCRIPT = "script work(n: int = 3) -> int\n  for each i in 1 to n do emit {i: i} end\n  return n\nend\n"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.sql(SCHEMA.read_text(encoding="utf-8"))
    found.compile(SCRIPT)
    return found


def change_module(place: Place, change: Callable[[bytes], bytes]) -> None:
    """Replace the stored module behind the library's back."""
    with (
        lmdb.open(str(place.home / "library.mdb"), subdir=False, map_size=1 << 30) as env,
        env.begin(write=True) as txn,
    ):
        cursor = txn.cursor()
        assert cursor.set_range(b"m:")
        key, value = cursor.item()
        txn.put(bytes(key), change(bytes(value)))


def checksummed(data: bytes) -> bytes:
    return data[:32] + crc32(data[36:], crc32(data[:32])).to_bytes(4, "little") + data[36:]


def refused(place: Place) -> str:
    """The error of `run` and `disasm`; both must fail without printing a result."""
    for program, *arguments in (("sopc", "disasm", "work"), ("sopvm", "run", "work")):
        done = place.run(program, *arguments)
        assert done.exit_code == 1, done.text + done.stderr
        said = done.stderr + done.text
        assert "L02" in said
        assert b'"record"' not in done.stdout
    return said


@pytest.mark.parametrize("length", [0, 3, 10, 35, 36, 100, -1])
def test_a_truncated_module(place: Place, length: int) -> None:
    change_module(place, lambda data: data[:length])
    refused(place)


def test_a_flipped_bit(place: Place) -> None:
    change_module(place, lambda data: data[:80] + bytes([data[80] ^ 1]) + data[81:])
    assert "damaged" in refused(place)


def test_an_unknown_opcode_with_a_right_checksum_is_refused_by_the_verifier(place: Place) -> None:
    with Library.open(place.home, read_only=True) as library:
        code = decode(library.load(library.resolve("work").hash)).code
    change_module(place, lambda data: checksummed(data.replace(code, b"\xfe" + code[1:])))
    assert "L0205" in refused(place) or "L0206" in refused(place)


@pytest.mark.parametrize("seed", range(6))
def test_flipped_code_with_a_right_checksum(place: Place, seed: int) -> None:
    chance = random.Random(seed)

    def change(data: bytes) -> bytes:
        at = chance.randrange(36, len(data))
        return checksummed(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :])

    change_module(place, change)
    for program, *arguments in (("sopc", "disasm", "work"), ("sopvm", "run", "work", "--max-instructions", "10000")):
        done = place.run(program, *arguments)
        assert done.exit_code in (0, 1, 2)
        assert done.exit_code == 0 or "error " in done.stderr or '"error"' in done.text


def test_another_version_of_the_format(place: Place) -> None:
    change_module(place, lambda data: checksummed(data[:4] + b"\x63\x00" + data[6:]))
    assert "99" in refused(place)


def test_a_file_that_is_not_a_library(place: Place) -> None:
    path = place.home / "library.mdb"
    for damage in (b"not a library at all" * 1000, path.read_bytes()[:5000], b"x"):
        path.write_bytes(damage)
        for program, *arguments in (("sopc", "ls"), ("sopvm", "run", "work"), ("sopc", "compile", "scripts.sop")):
            done = place.run(program, *arguments)
            assert done.exit_code == 1, (arguments, done.text)
            assert "error L01" in done.stderr + done.text
        assert path.read_bytes() == damage


@pytest.mark.parametrize("limit", [None, (resource.RLIMIT_FSIZE, 5000), (resource.RLIMIT_AS, 1 << 30)])
@pytest.mark.parametrize("arguments", [("sopvm", "serve", "--get", "/live"), ("sopc", "compile", "work.sop", "--yes")])
def test_a_failed_first_write_leaves_an_empty_library_or_none(
    tmp_path: Path, arguments: tuple[str, ...], limit: tuple[int, int] | None
) -> None:
    place = Place(tmp_path)
    place.write("work.sop", SCRIPT)
    program, *rest = arguments
    done = Place(tmp_path, limit).run(program, *rest)
    assert done.exit_code in (0, 1, 2), done
    assert place.run("sopc", "ls", "-f", "records").exit_code == 0
    place.ok("sopc", "compile", "work.sop", "--yes")
    assert place.ok("sopvm", "run", "work").lines[-1]["result"] == 3


def test_a_full_map_stores_nothing_and_loses_nothing(tmp_path: Path) -> None:
    schema = make_database(tmp_path / "main.db")
    with Library.open(tmp_path / "home", map_size=1 << 17) as library:
        stored = 0
        with pytest.raises(SopError) as caught:
            for stored in range(1000):
                module = compile_text(f'script s{stored}()\n  say "{"x" * 3000}"\nend\n', schema)[0]
                library.put(encode(module), module_hash(module), module.signature.name)
        assert caught.value.code == "L0104"
        assert stored > 3
        assert len(library.names()) == stored
    with Library.open(tmp_path / "home") as library:
        for name in library.names():
            decode(library.load(library.resolve(name).hash))


def test_an_export_that_was_cut_off_is_not_taken_over(place: Place) -> None:
    place.ok("sopc", "export", "all.sopx")
    data = (place.folder / "all.sopx").read_bytes()
    (place.folder / "cut.sopx").write_bytes(data[:-10])
    other = ("--home", str(place.folder / "other"))
    done = place.run("sopc", "import", "cut.sopx", *other)
    assert done.exit_code == 1 and "error L0108" in done.stderr
    assert place.ok("sopc", "ls", "-f", "records", *other).text == ""
    place.ok("sopc", "import", "all.sopx", *other)
    db = f"main=sqlite:///{place.main}"
    assert place.ok("sopvm", "run", "work", *other, "--db", db).lines[-1]["result"] == 3
