"""Any bytes, and damaged modules with corrected checksums → a module that runs within its budget, or an error; never a
traceback, a crash or a hang."""

from __future__ import annotations

import random
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.bytecode.codec import decode, encode, module_hash
from runtime.bytecode.disasm import disassemble
from runtime.errors import SopError
from runtime.library.store import Library
from tests.campaigns.modules import campaign, modules
from tests.harness import exact, execute, make_database, store

HEADER = 32
START = 36


def checksummed(data: bytes) -> bytes:
    """The bytes with the checksum that belongs to them."""
    return data[:HEADER] + crc32(data[START:], crc32(data[:HEADER])).to_bytes(4, "little") + data[START:]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(SopError) as caught:
        decode(data)
    assert caught.value.code.startswith("L02")


def test_every_cut_off_module_is_refused() -> None:
    data = encode(modules(4)[0])
    for length in range(len(data)):
        with pytest.raises(SopError):
            decode(data[:length])


def test_every_flipped_byte_is_refused() -> None:
    data = encode(modules(4)[0])
    for at in range(len(data)):
        with pytest.raises(SopError):
            decode(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :])


@pytest.mark.parametrize("seed", range(400))
def test_a_flipped_module_with_a_right_checksum_is_refused_or_runs(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    module = chance.choice(modules(4))
    data = bytearray(encode(module))
    position = data.find(module.code, START)
    for _ in range(chance.randint(1, 3)):
        in_code = chance.random() < 0.6
        at = position + chance.randrange(len(module.code)) if in_code else chance.randrange(START, len(data))
        data[at] = chance.choice([data[at] ^ (1 << chance.randrange(8)), chance.randrange(256)])
    try:
        flipped = decode(checksummed(bytes(data)))
    except SopError as error:
        assert error.code.startswith("L02")
        return
    disassemble(flipped, sql=None)
    make_database(tmp_path / "main.db")
    with Library.open(tmp_path / "home") as library:
        try:
            store(library, [flipped])
            name = flipped.signature.name
            raw, _ = execute(library, name, tmp_path / "main.db", max_instructions=20_000, max_rows=20_000)
        except SopError:  # what keeps a run from starting: a callee that is not there, an argument
            return
    lines = [exact(line) for line in raw.decode().splitlines()]
    assert lines == [] or lines[-1]["type"] == "end"


def test_a_module_under_a_hash_that_is_not_its_own_is_refused(tmp_path: Path) -> None:
    first, second = modules(4)[:2]
    with Library.open(tmp_path / "home") as library, pytest.raises(SopError):
        library.put(encode(first), module_hash(second), first.signature.name)


def test_mutants_of_like_parts_are_refused_or_run() -> None:
    """1 % of the campaign: parts of modules in the place of like parts of others."""
    report = campaign(1, range(1000))
    assert report.faults == {}
    assert report.outcomes["dry-run"] > 100, "nearly nothing runs, so nearly nothing is tested"
