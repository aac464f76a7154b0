"""Whom a database takes a caller of the service for: its role, and what its policies read of the caller."""

from __future__ import annotations

import msgspec


class Acting(msgspec.Struct, frozen=True):
    """Whom a database takes a caller for.

    Attributes:
        role: Of the database.
        claims: What is known of the caller, as a JSON object; policies of PostgreSQL read it as
            `current_setting('request.jwt.claims')`.
    """

    role: str
    claims: str = "{}"
