"""The OpenAPI document: requests generated from it are accepted, and answers have the types it says."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance

from tests.api.conftest import Served

UNBOUNDED = ("forever", "note_forever", "numbers", "sum_up_to")  # scripts that would take what they are given


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("examples", [120, pytest.param(1500, marks=pytest.mark.large)])
def test_requests_made_from_the_document_find_no_fault(served: Served, examples: int) -> None:
    """examples: over all addresses."""
    for name in UNBOUNDED:
        served.service.library.remove([name])
    document = served.client.get("/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    operations: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]
    assert len(operations) > 30
    cases = st.one_of([operation.as_strategy() for operation in operations])
    statuses: set[int] = set()

    @hypothesis_settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def check(case: Any) -> None:
        case.query = {**(case.query or {}), **({"wait": 0} if case.path.startswith("/play") else {})}
        response = case.call(base_url=served.url, timeout=30)
        statuses.add(response.status_code)
        checks: list[Any] = [not_a_server_error]
        if "json" in response.headers.get("content-type", [""])[0].partition(";")[0]:  # of a stream, it is a text
            checks.append(response_schema_conformance)
        case.validate_response(response, checks=checks)

    check()
    assert {200, 404} <= statuses and len(statuses) > 4
    assert served.client.get("/ready").status_code == 200
