"""Scripts of a library ↔ one file that another library can read: a magic word, a check sum, and a Bundle."""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from runtime.errors import SopError
from runtime.library.records import Bundle

MAGIC: Final = b"SOPLIB1\n"
_DIGEST_BYTES: Final = 32


def pack_bundle(bundle: Bundle) -> bytes:
    """Return scripts as the bytes of one file.

    Args:
        bundle: The scripts.
    """
    payload = msgspec.msgpack.encode(bundle)
    return MAGIC + hashlib.sha256(payload).digest() + payload


def unpack_bundle(data: bytes, name: str) -> Bundle:
    """Read the bytes of a file of exported scripts.

    Args:
        data: The bytes.
        name: What messages call the file.

    Returns:
        The scripts; their modules are not checked.

    Raises:
        SopError: L0108 when it is not such a file, or not whole.
    """
    if not data.startswith(MAGIC):
        raise SopError("L0108", f"{name} is not a file of exported scripts", "make one with `sopc export`")
    payload = data[len(MAGIC) + _DIGEST_BYTES :]
    if hashlib.sha256(payload).digest() != data[len(MAGIC) : len(MAGIC) + _DIGEST_BYTES]:
        raise SopError("L0108", f"{name} is damaged: its check sum does not match", "export the scripts again")
    try:
        bundle = msgspec.msgpack.decode(payload, type=Bundle)
    except msgspec.DecodeError as error:
        raise SopError("L0108", f"{name} is damaged: {error}", "export the scripts again") from error
    numbers: dict[str, int] = {}
    for entry in bundle.entries:
        if entry.hash not in bundle.modules or entry.version != numbers.get(entry.name, 0) + 1:
            raise SopError("L0108", f"{name} is damaged: version {entry.version} of {entry.name} does not fit")
        numbers[entry.name] = entry.version
    if any(not 1 <= version <= numbers.get(name, 0) for name in bundle.tags for version in bundle.tags[name].values()):
        raise SopError("L0108", f"{name} is damaged: a tag names a version that is not there")
    return bundle
