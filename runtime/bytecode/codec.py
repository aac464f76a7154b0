"""Module ↔ bytes: a header with magic, format version, source hash and checksum, then two msgpack sections.

    offset  size
    0       4     magic "SOP\\0"
    4       2     format version
    6       2     0
    8       16    first half of the SHA-256 of the script's formatted source
    24      4     length of the program section (everything but `debug`)
    28      4     length of the debug section
    32      4     CRC-32 of bytes 0 to 32 and both sections
    36            program section, debug section
Numbers are little-endian. The checksum detects damage. It does not stop a forged module: verify.py does.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NoReturn
from zlib import crc32

import msgspec

from runtime.bytecode.module import Debug, Module
from runtime.bytecode.verify import verify
from runtime.errors import SopError

MAGIC: Final = b"SOP\0"
FORMAT_VERSION: Final = 1
MAX_BYTES: Final = 16 * 1024 * 1024
_HEADER: Final = Struct("<4sHH16sII")
_CHECKSUM: Final = Struct("<I")
_START: Final = _HEADER.size + _CHECKSUM.size
_ENCODER: Final = msgspec.msgpack.Encoder(order="deterministic")
_PROGRAM: Final = msgspec.msgpack.Decoder(Module)
_DEBUG: Final = msgspec.msgpack.Decoder(Debug)
_NO_DEBUG: Final = Debug()
_REMEDY: Final = "compile the script again, or bring the library back from a copy"


def _sha256(data: bytes) -> bytes:
    from hashlib import sha256  # loads OpenSSL, which only compiling needs

    return sha256(data).digest()


def _program(module: Module) -> bytes:
    return _ENCODER.encode(msgspec.structs.replace(module, debug=_NO_DEBUG))


def module_hash(module: Module) -> str:
    """The program's name: 32 hex digits, over everything but `debug`. So comments, layout and line numbers do not make
    a new version."""
    return _sha256(_program(module))[:16].hex()


def encode(module: Module) -> bytes:
    """The module as bytes, the same for equal modules; `decode` gives it back."""
    program, debug = _program(module), _ENCODER.encode(module.debug)
    source = _sha256(module.debug.source.encode())[:16]
    header = _HEADER.pack(MAGIC, FORMAT_VERSION, 0, source, len(program), len(debug))
    body = program + debug
    return header + _CHECKSUM.pack(crc32(body, crc32(header))) + body


def decode(data: bytes) -> Module:
    """Decode and verify a module.

    Args:
        data: The bytes that `encode` gave, or any others: they are not trusted.

    Returns:
        The verified module.

    Raises:
        SopError: L0201 not a module, L0202 another format version, L0203 damaged, L0204 sections of the wrong shape,
            L0205 or L0206 refused by the verifier.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise SopError("L0201", "this is not a compiled script", _REMEDY)
    if len(data) < _START:
        _damaged("its header is cut off")
    if len(data) > MAX_BYTES:
        _damaged("it is larger than any module can be")
    _, version, reserved, _, program_length, debug_length = _HEADER.unpack_from(data)
    if version != FORMAT_VERSION:
        raise SopError(
            "L0202",
            f"this module has format version {version}, and this sopvm reads version {FORMAT_VERSION}",
            "compile the script again with the sopc of this version",
        )
    debug_start = _START + program_length
    if reserved or debug_start + debug_length != len(data):
        _damaged("its length is not what its header says")
    (checksum,) = _CHECKSUM.unpack_from(data, _HEADER.size)
    view = memoryview(data)
    if crc32(view[_START:], crc32(view[: _HEADER.size])) != checksum:
        _damaged("its checksum does not match")
    try:
        module = _PROGRAM.decode(view[_START:debug_start])
        debug = _DEBUG.decode(view[debug_start:])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError, MemoryError) as error:
        raise SopError("L0204", f"the module's sections are malformed: {_first_line(error)}", _REMEDY) from error
    module = msgspec.structs.replace(module, debug=debug)
    verify(module)
    return module


def _damaged(why: str) -> NoReturn:
    raise SopError("L0203", f"the module is damaged: {why}", _REMEDY)


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
