"""Scripts over HTTP: reading them in every form, storing and removing them; databases; OpenAPI; probes."""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from msgspec import structs

from runtime.api.addresses import ADDRESSES
from runtime.api.tokens import RIGHTS
from tests.api.conftest import Served
from tests.api.test_play import ODD
from tests.stand_in import StandIn

DSL = {"Content-Type": "text/x-sop"}
ENGLISH = {"Content-Type": "text/plain"}
DOUBLE = "script double(n: int) -> int\n  return n * 2\nend\n"


def test_scripts_are_listed_and_shown(served: Served) -> None:
    scripts = {script["name"]: script for script in served.client.get("/scripts").json()["scripts"]}
    assert scripts["note_twice"]["effects"]["writes"] == ["main.log"]
    assert scripts["audit"]["head"] == 'audit(dept: text = "Engineering", floor: int = 150000)'
    script = served.client.get("/scripts/audit@1").json()
    assert script["doc"] == "Employees of a department above a floor."
    assert script["source"].startswith("script audit(")
    assert script["schema"]["emits"]["properties"]["salary"]["type"] == "integer"
    assert served.client.get(f"/scripts/{quote(ODD, safe='')}").json()["name"] == ODD
    assert served.client.get("/scripts/nothing").status_code == 404


def test_the_forms_of_a_script(served: Served) -> None:
    assert served.client.get("/scripts/divide/source").text.startswith("script divide(by: int) -> int\n")
    assert "INTDIV" in served.client.get("/scripts/divide/disasm").text
    assert "SELECT" in served.client.get("/scripts/audit/disasm?sql=true").text
    assert served.client.get("/scripts/divide/versions").json()["versions"][0]["version"] == 1
    assert served.client.get("/scripts/divide/signature").json()["parameters"] == {
        "type": "object",
        "properties": {
            "by": {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
        },
        "required": ["by"],
        "additionalProperties": False,
    }


def test_a_client_that_has_a_script_is_not_sent_it_again(served: Served) -> None:
    first = served.client.get("/scripts/audit")
    again = served.client.get("/scripts/audit", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert served.client.get("/scripts/audit", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_script_is_stored_run_changed_and_removed(served: Served) -> None:
    made = served.client.put("/scripts/double", content=DOUBLE, headers=DSL)
    assert (made.status_code, made.json()["version"], made.headers["location"]) == (201, 1, "/scripts/double")
    assert served.client.get("/play/double?n=4&format=json").json()[-1]["result"] == 8
    same = served.client.put("/scripts/double", content=DOUBLE, headers=DSL)
    assert (same.status_code, same.json()["version"], same.json()["unchanged"]) == (200, 1, True)
    changed = served.client.put("/scripts/double", content=DOUBLE.replace("* 2", "* 20"), headers=DSL)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert served.client.get("/play/double?n=4&format=json").json()[-1]["result"] == 80
    assert served.client.get("/play/double@1?n=4&format=json").json()[-1]["result"] == 8
    assert served.client.delete("/scripts/double").status_code == 204
    assert served.client.get("/play/double?n=4").status_code == 404
    events = [json.loads(line)["audit"] for line in served.audit.splitlines()]
    assert events == ["script-put", "script-put", "script-put", "script-delete"]


def test_conditions_keep_two_people_from_overwriting_each_other(served: Served) -> None:
    etag = served.client.get("/scripts/divide").headers["etag"]
    program = "script divide(by: int) -> int\n  return 30 // by\nend\n"
    taken = served.client.put("/scripts/divide", content=program, headers={**DSL, "If-None-Match": "*"})
    assert (taken.status_code, taken.json()["code"]) == (412, "S0114")
    assert served.client.put("/scripts/divide", content=program, headers={**DSL, "If-Match": etag}).status_code == 200
    late = served.client.put("/scripts/divide", content=program, headers={**DSL, "If-Match": etag})
    assert late.status_code == 412
    assert served.client.delete("/scripts/divide", headers={"If-Match": etag}).status_code == 412


def test_what_is_wrong_with_a_program_comes_back_as_data(served: Served) -> None:
    answer = served.client.put("/scripts/x", content="script x()\n  emit from employes\nend\n", headers=DSL)
    said = answer.json()
    assert (answer.status_code, said["code"], said["findings"][0]["line"]) == (422, "E0202", 2)
    assert "employees" in said["hint"]
    assert served.client.get("/scripts/x").status_code == 404


def test_a_check_stores_nothing(served: Served) -> None:
    answer = served.client.put("/scripts/double?dry_run=true", content=DOUBLE, headers=DSL)
    assert (answer.status_code, answer.json()["version"]) == (200, 0)
    assert served.client.get("/scripts/double").status_code == 404
    assert served.audit == ""


def test_english_is_translated(served: Served) -> None:
    text = "Show the name of the employees whose salary is above 170000."
    answer = served.client.put("/scripts/well_paid", content=text, headers=ENGLISH)
    assert (answer.status_code, answer.json()["translator"]) == (201, "patterns")
    assert answer.json()["sentences"] == [text]
    assert served.client.get("/play/well_paid?format=records").text == '{"name":"Ada"}\n'


def test_a_translation_that_writes_needs_a_yes(served: Served) -> None:
    text = "Delete the employees whose salary is above 170000."
    answer = served.client.put("/scripts/cut", content=text, headers=ENGLISH)
    assert (answer.status_code, answer.json()["code"]) == (409, "C0108")
    assert served.client.get("/scripts/cut").status_code == 404
    shown = served.client.put("/scripts/cut?dry_run=true", content=text, headers=ENGLISH).json()
    assert "delete from employees" in shown["source"]
    assert served.client.put("/scripts/cut?yes=true", content=text, headers=ENGLISH).status_code == 201


def test_a_yes_applies_to_the_program_that_was_shown(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    text, deleting = "Show the employees.", "script cut()\n  @1 delete from employees where {}\nend\n"
    shown, other = deleting.format('name = "Ada"'), deleting.format("true")
    model = StandIn(other, other, shown, shown, other, other)
    try:
        settings = {"model": "m", "base_url": model.url}
        monkeypatch.setattr(served.service, "config", structs.replace(served.service.config, translator=settings))
        put = partial(served.client.put, content=text, headers=ENGLISH)
        answer = put("/scripts/cut?yes=true")  # nobody has seen what that is a yes to
        assert (answer.status_code, answer.json()["code"]) == (409, "C0108")
        assert 'name = "Ada"' in put("/scripts/cut?dry_run=true").json()["source"]
        stored = put("/scripts/cut?yes=true").json()
    finally:
        model.close()
    assert 'name = "Ada"' in stored["source"]
    assert stored["translator"] == "model m at 127.0.0.1"
    assert model.answers == [other, other]


def test_a_tree_is_a_program_too(served: Served) -> None:
    from sopc import pipeline
    from sopc.source import Source

    tree = pipeline.parse(Source("double.sop", DOUBLE)).model_dump_json(by_alias=True)
    answer = served.client.put("/scripts/double", content=tree, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("name", "body", "headers", "status", "code"),
    [
        ("triple", DOUBLE, DSL, 422, "S0115"),
        ("double", DOUBLE + DOUBLE.replace("double", "other"), DSL, 422, "S0115"),
        ("double", b"\xff", DSL, 400, "C0105"),
        ("double", DOUBLE, {"Content-Type": "image/png"}, 415, "S0105"),
        ("double", "{", {"Content-Type": "application/json"}, 422, "C0107"),
        ("double", "[" * 100_000, {"Content-Type": "application/json"}, 422, "C0107"),
        ("double", "(" * 100_000, DSL, 422, "E01"),
        ("double", "", DSL, 422, ""),
        ("x", "Make it so, with gusto.", ENGLISH, 422, "T"),
    ],
)
def test_programs_that_are_refused(
    served: Served, name: str, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = served.client.put(f"/scripts/{name}", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"][: len(code)]) == (status, code)
    assert served.client.get(f"/scripts/{name}").status_code == 404


def test_a_called_script_can_not_be_removed(served: Served) -> None:
    answer = served.client.delete("/scripts/note")
    assert (answer.status_code, answer.json()["code"]) == (409, "L0107")
    assert served.client.delete("/scripts/nothing").status_code == 404


def test_a_script_called_like_a_function_gets_another_name_and_says_so(served: Served) -> None:
    """English in a PUT, and a recording; the address of each is that of its name."""
    body = "Show the name of the employees.\n"
    for _ in range(2):
        stored = served.client.put("/scripts/sum", content=body, headers=ENGLISH)
        note = {"code": "T0608", "sentence": 0, "message": "`sum` is a function, so the script is called sum_script"}
        assert stored.status_code in (200, 201) and stored.json()["name"] == "sum_script"
        assert note in stored.json()["warnings"]
    assert stored.status_code == 200 and stored.json()["unchanged"]
    assert served.client.get("/scripts/sum_script").status_code == 200
    assert '"name":"Ada"' in served.client.get("/play/sum_script?format=records").text
    other = served.client.put("/scripts/sum_script", content="Sum\n\n" + body, headers=ENGLISH)
    assert other.status_code == 200 and other.json()["version"] == 2
    headers = served.token("some", rights=RIGHTS, scripts=("count",))
    assert served.client.put("/scripts/count", content=body, headers={**headers, **ENGLISH}).status_code == 403
    headers = served.token("more", rights=RIGHTS)

    made = served.client.post("/sessions", json={"name": "date"}, headers=headers)
    assert (made.status_code, made.headers["location"]) == (201, "/sessions/date_script")
    assert made.json()["note"] == "`date` is a function, so the script is called date_script"
    assert served.client.post("/sessions", json={"name": "date"}, headers=headers).status_code == 409
    step = served.client.post("/sessions/date_script/steps", json={"text": "emit {a: 1}"}, headers=headers)
    assert step.status_code == 200, step.text
    stopped = served.client.post("/sessions/date_script/stop", json={}, headers=headers)
    assert stopped.json()["script"] == "date_script"


def test_errors_name_no_script_that_a_token_may_not_see(served: Served) -> None:
    """Neither the callers of a script, nor a name that is like the one asked for."""
    body = 'script {} uses main\n  let n = note(text: "x")\nend\n'
    for name in ("secret_plan", "open_plan"):
        made = served.client.put(f"/scripts/{name}", content=body.format(f"{name}()"), headers=DSL)
        assert made.status_code == 201, made.text
    rights = ("read", "run", "write", "compile")
    served.client.headers.update(served.token("some", rights=rights, scripts=("note", "open_*")))
    told = served.client.delete("/scripts/note").json()
    assert "open_plan" in told["detail"] and "that you may not see" in told["detail"] and "hint" not in told
    asked = [
        ("GET", "/scripts/open_secret_plan", ""),
        ("GET", "/scripts/open_secret_plan/versions", ""),
        ("POST", "/play/open_secret_plan", ""),
        ("DELETE", "/scripts/open_secret_plan", ""),
        ("DELETE", "/scripts/note", ""),
        ("PUT", "/scripts/open_x", body.format("open_x()").replace("note(", "secret_plans(")),
    ]
    for method, path, text in asked:
        answer = served.client.request(method, path, content=text, headers=DSL if text else {})
        assert answer.status_code in (404, 409, 422), (path, answer.text)
        assert "secret_plan" not in answer.text.replace("open_secret_plan", "").replace("secret_plans", ""), path


def test_databases_are_shown_without_their_urls(served: Served) -> None:
    assert served.client.get("/databases").json() == {"databases": [{"name": "main"}]}
    shown = served.client.get("/databases/main")
    assert [field["name"] for field in shown.json()["stores"]["employees"]["fields"]] == [
        "id", "name", "department", "salary",
    ]  # fmt: skip
    (served.folder / "main.db").unlink()
    gone = served.client.get("/databases/main")
    assert gone.status_code == 503
    for answer in (shown, gone):
        assert str(served.folder) not in answer.text
    assert served.client.get("/databases/other").status_code == 404


def test_probes(served: Served) -> None:
    assert served.client.get("/live").text == "live\n"
    assert served.client.get("/ready").text == "ready\n"


def test_the_document_lists_every_script(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert set(document["paths"]["/play/audit"]) == {"get", "post"}
    assert set(document["paths"]["/play/note_twice"]) == {"post"}
    schema = document["paths"]["/play/audit"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["floor"]["default"] == 150000
    assert f"/play/{quote(ODD, safe='')}" in document["paths"]
    served.client.put("/scripts/double", content=DOUBLE, headers=DSL)
    assert "/play/double" in served.client.get("/openapi.json").json()["paths"]


def test_every_address_of_the_document_is_there(served: Served) -> None:
    """And it takes the methods that the document says."""
    paths = served.client.get("/openapi.json").json()["paths"]
    for path, methods in paths.items():
        allowed = served.client.options(path.replace("{name}", "x").replace("{id}", "x"))
        assert allowed.status_code == 204, path
        assert {method.upper() for method in methods} <= set(allowed.headers["allow"].split(", ")), path


def test_every_address_is_in_the_document(served: Served) -> None:
    """Except pages, probes and the document itself."""
    known = {row.path for row in ADDRESSES}
    left = known - set(served.client.get("/openapi.json").json()["paths"]) - {"/play", "/play/{name}"}
    assert left == {"/", "/assets/{name}", "/docs", "/live", "/ready", "/openapi.json"}


def test_the_docs_need_nothing_from_elsewhere(served: Served) -> None:
    page = served.client.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for mark in ("http://", "https://", "//cdn", "@import"):
        assert mark not in page.text


def test_a_script_is_explained_in_english(served: Served) -> None:
    said = served.client.get("/scripts/audit/explain").json()
    assert said["about"][0] == "Reads employees."
    assert "the salary is more than the given floor" in str(said["steps"][0])


LETTERS = ("Gehälter", "зарплата", "给料", "Ãµ")
SIGNS = ("🧮", 'a "b" c', "a/b", "a%2Fb", "a?b#c", "a;b,c", "<a>", "ä\\ö")


@pytest.mark.parametrize("name", LETTERS + SIGNS)
def test_a_stored_script_is_answered_as_stored_whatever_its_name(served: Served, name: str) -> None:
    """Its `Location` can be followed: a header holds ASCII, and a script's name may hold anything."""
    path = f"/scripts/{quote(name, safe='')}"
    made = served.client.put(path, content=f"script `{name}`() -> int\n  return 1\nend\n", headers=DSL)
    assert (made.status_code, made.headers["location"]) == (201, path), made.text
    assert served.client.get(made.headers["location"]).json()["name"] == name
    assert served.client.get(f"/play/{quote(name, safe='')}").status_code == 200


@pytest.mark.parametrize("name", LETTERS)
def test_a_recording_is_answered_as_begun_and_as_stored_whatever_its_name(served: Served, name: str) -> None:
    begun = served.client.post("/sessions", json={"name": name})
    address = begun.headers["location"]
    assert (begun.status_code, address) == (201, f"/sessions/{quote(name)}")
    assert served.client.get(address).json()["name"] == name
    assert served.client.post(address + "/steps", json={"text": "let a = 1"}).status_code == 200
    stopped = served.client.post(address + "/stop")
    assert (stopped.status_code, stopped.headers["location"]) == (201, f"/scripts/{quote(name)}")
    assert served.client.get(stopped.headers["location"]).json()["name"] == name
