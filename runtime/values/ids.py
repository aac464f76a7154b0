"""The clock and chance → the id of a run, which sorts by time."""

from __future__ import annotations

import os
from time import time_ns
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A ULID: 26 characters, 48 bits of milliseconds since 1970 and 80 random ones."""
    number = (time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10))
    return "".join([_DIGITS[number >> shift & 31] for shift in range(125, -1, -5)])
