"""Codecs that the engines share: what each encodes, and what it refuses, on every engine alike."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from runtime.databases.codec_base import Codec, decode_duration, exact_decimal, with_field
from runtime.databases.duckdb.codecs import encoder as duckdb_encoder
from runtime.databases.postgres.values import encoder as postgres_encoder
from runtime.databases.sqlite.codecs import encoder as sqlite_encoder
from runtime.errors import DatabaseError, RunError, SopError

ENGINES = pytest.mark.parametrize("encoder", [sqlite_encoder, duckdb_encoder, postgres_encoder])


@ENGINES
@pytest.mark.parametrize(
    ("codec", "value", "code"),
    [
        ("t", "a\0b", "D0307"),
        ("f", float("inf"), "V0103"),
        ("f", float("nan"), "V0103"),
        ("c", -1, "V0112"),
        ("c", None, "V0112"),
    ],
)
def test_every_engine_refuses_the_same_values(
    encoder: Callable[[str], Codec], codec: str, value: Any, code: str
) -> None:
    with pytest.raises(SopError) as caught:
        encoder(codec)(value)
    assert caught.value.code == code


@ENGINES
@pytest.mark.parametrize("codec", ["b", "i", "f", "t", "D", "T", "u", "d2", "j", "lt", "n"])
def test_null_stays_null(encoder: Callable[[str], Codec], codec: str) -> None:
    assert encoder(codec)(None) is None


@ENGINES
def test_a_duration_is_microseconds_and_a_limit_an_int(encoder: Callable[[str], Codec]) -> None:
    assert encoder("u")(timedelta(days=-1, microseconds=5)) == -86_400_000_000 + 5
    assert encoder("c")(0) == 0


def test_timestamps_lose_their_zone_not_their_time() -> None:
    moment = datetime(2026, 1, 31, 10, 0, 0, 5, tzinfo=UTC)
    assert duckdb_encoder("T")(moment) == postgres_encoder("T")(moment) == datetime(2026, 1, 31, 10, 0, 0, 5)
    assert sqlite_encoder("T")(moment) == "2026-01-31 10:00:00.000005"


def test_a_float_counts_as_its_shortest_decimal() -> None:
    assert exact_decimal(0.1) == Decimal("0.1")
    assert exact_decimal(3) == Decimal(3)


def test_a_duration_past_the_limit_is_an_error_that_names_its_field() -> None:
    with pytest.raises(RunError) as caught:
        decode_duration(2**62 * 10_000)
    named = with_field(caught.value, "took")
    assert isinstance(named, DatabaseError)
    assert (named.code, named.message[:7]) == ("V0107", "`took`:")
