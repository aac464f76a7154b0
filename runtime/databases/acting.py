"""A caller of the service → whom a database takes it for, so that the database's own rights decide what it sees."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from runtime.acting import Acting
from runtime.databases.protocol import Database
from runtime.errors import DatabaseError

NO_ROLES: Final = "D0125"


@runtime_checkable
class HasRoles(Protocol):
    """What a database has besides the Database protocol if it knows roles."""

    def act_as(self, acting: Acting) -> None:
        """Do everything from now on, until `renew`, with the rights of the role. Only what is kept of runs is read and
        written with those of the connection.

        Raises:
            DatabaseError: D0321, the connection's user is no member of the role.
        """
        ...


def acting_as(database: Database, acting: Acting | None) -> Database:
    """Return the database, which acts for the caller from now on; it is closed when it can't.

    Args:
        database: A connection that is new, or renewed.
        acting: The caller; None for the connection's own user.

    Raises:
        DatabaseError: D0125, the database has no roles: all of its rows would be the caller's. As `HasRoles.act_as`.
    """
    if acting is not None:
        try:
            if not isinstance(database, HasRoles):
                message = f"the caller acts as the role {acting.role}, and `{database.name}` has none"
                raise DatabaseError(NO_ROLES, message, "a grant of [jwt] without a role, for other databases")
            database.act_as(acting)
        except BaseException:
            database.close()
            raise
    return database
