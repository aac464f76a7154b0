"""Secret arguments over HTTP: accepted in a body, and shown nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from runtime.api.shared import Settings
from runtime.runs.secrets import MASK
from tests.api.conftest import SCHEMA, Served, make_folder
from tests.api.test_play import until

SECRET: Final = "correct horse battery staple"
SCRIPTS: Final = """
script seal(key: text secret, dept: text = "Sales", pin: int? secret = null) -> int
  if pin = 0 then fail "the key {key} does not fit" end
  return length(key) + length(dept)
end

script keep(key: text secret) -> int
  insert into log {text: "signed"}
  return length(key)
end

script asking(key: text secret)
  ask "Go on?" into ok: bool
  fail "no {key}"
end

script optional(pin: int? secret = null, n: int = 1) -> int
  return n
end
"""


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = make_folder(tmp_path_factory.mktemp("signing"), SCRIPTS, SCHEMA)
    served = Served(folder, Settings())
    yield served
    served.close()


def test_a_secret_is_accepted_in_a_body(signing: Served) -> None:
    answer = signing.client.post("/play/seal", json={"key": SECRET})
    assert answer.status_code == 200
    start, end = map(json.loads, answer.text.splitlines())
    assert start["args"] == {"key": MASK, "dept": "Sales", "pin": MASK}
    assert end["result"] == len(SECRET) + 5


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize("address", ["/play/seal?key=x", "/play?script=seal&key=x", "/play/optional?pin=1"])
def test_a_secret_in_the_address_is_refused(signing: Served, method: str, address: str) -> None:
    answer = signing.client.request(method, address)
    assert answer.status_code == 400
    if method != "HEAD":
        assert answer.json()["code"] == "S0211"


def test_the_document_marks_secrets(signing: Served) -> None:
    paths = signing.client.get("/openapi.json").json()["paths"]
    assert set(paths["/play/seal"]) == {"post"}
    body = paths["/play/seal"]["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert body["key"] == {"type": "string", "writeOnly": True, "format": "password"}
    assert body["pin"]["writeOnly"] is True and "writeOnly" not in body["dept"]
    assert next(each["name"] for each in paths["/play/optional"]["get"]["parameters"]) == "n"
    assert signing.client.get("/scripts/seal").json()["head"].startswith("seal(key: text secret, ")


@pytest.mark.parametrize(
    ("body", "status"), [({"key": SECRET, "pin": 0}, 422), ({"key": [SECRET]}, 422), ({"key": "x", "pin": SECRET}, 422)]
)
def test_problems_mask_secrets(signing: Served, body: dict[str, object], status: int) -> None:
    answer = signing.client.post("/play/seal", json=body)
    assert answer.status_code == status
    assert "correct" not in answer.text


def test_runs_mask_secrets(signing: Served) -> None:
    address = signing.client.post("/play/asking", json={"key": SECRET}, headers={"Prefer": "respond-async"}).headers[
        "location"
    ]
    until(lambda: signing.client.get(address).json()["status"] == "waiting")
    frames = signing.client.get(address + "/frames").json()["frames"]
    assert frames[0]["variables"]["key"] == MASK
    assert signing.client.post(address + "/answer", json={"value": True}).status_code == 204
    lines = signing.client.get(address + "/lines").text
    assert '"type":"error"' in lines
    run = signing.client.get(address).text
    assert "failed" in run and "correct" not in lines + run + signing.client.get("/runs").text


def test_the_audit_masks_secrets(signing: Served) -> None:
    signing.client.post("/play/keep", json={"key": SECRET})
    until(lambda: '"run-ended"' in signing.audit)
    assert "correct" not in signing.audit
