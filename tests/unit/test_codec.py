"""Modules come back from bytes as they were; anything else is refused with the code that says why."""

from __future__ import annotations

import random
from struct import pack
from zlib import crc32

import msgspec
import pytest
from msgspec.structs import replace

from runtime.bytecode.codec import FORMAT_VERSION, MAX_BYTES, decode, encode, module_hash
from runtime.bytecode.disasm import disassemble
from runtime.bytecode.module import Debug
from runtime.errors import SopError
from runtime.values.constants import Const
from runtime.values.types import INT, NULL, TEXT
from tests.unit.handmade import module, signature

START = 36


def forged(
    program: bytes, debug: bytes, version: int = FORMAT_VERSION, lengths: tuple[int, int] | None = None
) -> bytes:
    """A container that is right in itself, around any sections."""
    sizes = lengths or (len(program), len(debug))
    header = pack("<4sHH16sII", b"SOP\0", version, 0, bytes(16), *sizes)
    return header + pack("<I", crc32(program + debug, crc32(header))) + program + debug


def sections(data: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(data[24:28], "little")
    return data[START : START + length], data[START + length :]


def refusal(data: bytes) -> str:
    with pytest.raises(SopError) as caught:
        decode(data)
    return caught.value.code


def test_a_module_comes_back_as_it_was() -> None:
    made = module()
    assert decode(encode(made)) == made


def test_equal_modules_have_equal_bytes_whatever_the_order_of_their_schema() -> None:
    made = module()
    items = made.schema["main.items"]
    one = replace(made, schema={"main.items": items, "main.other": items})
    other = replace(made, schema={"main.other": items, "main.items": items})
    assert encode(one) == encode(other)


def test_the_hash_is_of_the_program_and_not_of_where_it_came_from() -> None:
    made = module()
    moved = replace(made, debug=Debug(source="# a comment\nscript s(a: int)\nend\n", file="elsewhere.sop"))
    assert module_hash(moved) == module_hash(made)
    assert len(module_hash(made)) == 32
    assert module_hash(replace(made, doc="Another.")) != module_hash(made)
    assert module_hash(module("MOVE R1 R0\nRETURN K0")) != module_hash(made)


def test_the_source_hash_is_of_the_source() -> None:
    made = module()
    moved = replace(made, debug=replace(made.debug, file="elsewhere.sop"))
    rewritten = replace(made, debug=replace(made.debug, source="script s(a: int)\n\nend\n"))
    assert encode(moved)[8:24] == encode(made)[8:24]
    assert encode(rewritten)[8:24] != encode(made)[8:24]


def test_bytes_of_another_kind_are_no_module() -> None:
    assert refusal(b"") == "L0201"
    assert refusal(b"PK\3\4" + bytes(100)) == "L0201"


def test_another_format_version_is_named_as_such() -> None:
    program, debug = sections(encode(module()))
    assert refusal(forged(program, debug, version=FORMAT_VERSION + 1)) == "L0202"


def test_every_truncation_is_refused() -> None:
    data = encode(module())
    codes = {refusal(data[:length]) for length in range(len(data))}
    assert codes == {"L0201", "L0203"}


def test_every_flipped_bit_is_refused() -> None:
    data = encode(module())
    for at in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            assert refusal(bytes(flipped)) in ("L0201", "L0202", "L0203")


def test_bytes_added_at_the_end_are_refused() -> None:
    assert refusal(encode(module()) + b"\0") == "L0203"


@pytest.mark.parametrize("lengths", [(2**32 - 1, 0), (0, 2**32 - 1), (2**32 - 1, 2**32 - 1), (0, 0)])
def test_lengths_that_are_not_the_sections_are_refused(lengths: tuple[int, int]) -> None:
    program, debug = sections(encode(module()))
    assert refusal(forged(program, debug, lengths=lengths)) == "L0203"


def test_a_module_beyond_any_size_is_refused_before_it_is_read() -> None:
    assert refusal(encode(module()) + bytes(MAX_BYTES)) == "L0203"


def test_sections_of_the_wrong_shape_are_refused() -> None:
    program, debug = sections(encode(module()))
    huge_map = b"\xdf\xff\xff\xff\xff"
    deep = b"\x91" * 100_000 + b"\xc0"
    unknown_field = b"\x81\xa1x" + deep
    for wrong in (b"", b"\xc0", b"\x81", huge_map, deep, unknown_field, program[:-1]):
        assert refusal(forged(wrong, debug)) == "L0204"
        assert refusal(forged(program, wrong)) == "L0204"
    assert refusal(forged(msgspec.msgpack.encode({"signature": 1}), debug)) == "L0204"


def test_a_field_of_the_wrong_type_is_refused() -> None:
    program, debug = sections(encode(module()))
    raw = msgspec.msgpack.decode(program)
    for name in raw:
        if name != "debug":
            changed = msgspec.msgpack.encode({**raw, name: -1.5})
            assert refusal(forged(changed, debug)) == "L0204", name


def test_types_nested_without_end_are_refused() -> None:
    program, debug = sections(encode(module()))
    marker = msgspec.msgpack.encode({"name": "int"})
    assert marker in program
    deep = msgspec.msgpack.encode({"name": "list"}).replace(b"\x81", b"\x82", 1) + msgspec.msgpack.encode("item")
    for levels in (300, 50_000):
        nested = program.replace(marker, deep * levels + marker, 1)
        assert refusal(forged(nested, debug)) in ("L0204", "L0206")


def test_text_that_is_not_utf_8_is_refused() -> None:
    program, debug = sections(encode(module()))
    assert refusal(forged(program.replace(b"items", b"\xff\xfe\xff\xfe\xff"), debug)) == "L0204"


def test_numbers_beyond_64_bits_are_refused() -> None:
    program, debug = sections(encode(module(constants=(Const(None, NULL), Const(2**63, INT), Const("x", TEXT)))))
    assert refusal(forged(program, debug)) == "L0206"


def test_forged_modules_never_do_worse_than_be_refused() -> None:
    """Random bytes changed, with a corrected checksum: refused, or a module that can be listed."""
    chance = random.Random(7)
    program, debug = sections(encode(module("LOAD R1 K2\nEMIT_QUERY R1 0\nRETURN R1")))
    accepted = 0
    for _ in range(1500):
        changed = bytearray(program)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        try:
            found = decode(forged(bytes(changed), debug))
        except SopError as error:
            assert error.code in ("L0204", "L0205", "L0206")
        else:
            accepted += 1
            assert disassemble(found)
    assert accepted > 10


def test_only_a_verified_module_is_given() -> None:
    assert refusal(encode(module("MOVE R1 R2\nRETURN K0"))) == "L0205"
    assert refusal(encode(module(signature=signature("")))) == "L0206"
