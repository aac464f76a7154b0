"""`sopvm mcp`, driven by the official Python client: scripts as tools, results, bad arguments, writes, questions."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
import pytest
from mcp.client.subscriptions import ToolsListChanged

from tests.api.agents import EVERY_WAY, NEW, OLD, Person, Way, agent, data, run
from tests.commands import Place, command, environment
from tests.sandbox import Sandbox

WAYS = pytest.mark.parametrize("way", EVERY_WAY, ids="-".join)
MAIN = {"main": "sqlite:///main.db"}


def add(folder: Path, text: str) -> None:
    with Sandbox(folder, MAIN) as sandbox:
        sandbox.compile(text)


def text(result: types.CallToolResult) -> str:
    content = result.content[0]
    assert isinstance(content, types.TextContent)
    return content.text


@WAYS
def test_scripts_that_read_are_tools(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            audit = tools["audit"]
            assert "Employees of a department above a floor." in (audit.description or "")
            assert "Reads main.employees. Changes nothing." in (audit.description or "")
            assert audit.annotations is not None and audit.annotations.read_only_hint
            assert audit.input_schema == {
                "type": "object",
                "properties": {
                    "dept": {"type": "string", "default": "Engineering", "description": "text"},
                    "floor": {"type": "integer", "default": 150000, "description": "int"},
                },
            }
            assert "note" not in tools and "sop_dry_run" not in tools, "no script writes without --write"
            assert {"sop_rows", "sop_wait", "sop_cancel", "sop_answer"} <= tools.keys() and "sop_find" not in tools
            odd = next(tool for tool in tools.values() if tool.title == 'odd / name %2F "<b>"')
            assert len(odd.name) <= 48 and odd.name.isascii()
            assert (
                data(await client.call_tool(odd.name, {next(iter(odd.input_schema["properties"])): 7}))["result"] == 7
            )
            said = data(await client.call_tool("audit", {"floor": 100000}))
            assert said["status"] == "ok" and said["total"] == 3 and said["next"] is None
            assert said["records"][0] == {"name": "Ada", "salary": 180000}

    run(work)


def schema_parts(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [part for each in schema for part in schema_parts(each)]
    if not isinstance(schema, dict):
        return []
    return [schema, *(part for each in schema.values() for part in schema_parts(each))]


def test_schemas_are_in_the_part_that_all_hosts_take(folder: Path) -> None:
    add(
        folder,
        """
script kinds(c: {n: int?, t: list<text?>}, a: int? = null, b: list<int?> = [], d: decimal(20,10) = 1.5,
             e: int = 9223372036854775807, f: decimal(38,10) = 12345678901234567.89, g: timestamp? = null,
             h: any = null, i: list<text> = ["x"], j: bool = true, k: duration = 2 days, l: record? = null)
  emit {a: a}
end
""",
    )

    async def work() -> None:
        async with agent(folder) as client:
            tools = (await client.list_tools()).tools
            for tool in tools:
                for part in schema_parts(tool.input_schema):
                    assert not isinstance(part.get("type"), list), tool.name
                    assert not {"minimum", "maximum", "format"} & part.keys() or part.get("format") in (
                        "date",
                        "date-time",
                    )
                    assert part.get("type") != "array" or "items" in part
                json.dumps(tool.input_schema)
            properties = next(tool for tool in tools if tool.name == "kinds").input_schema["properties"]
            assert properties["d"]["default"] == 1.5 and properties["i"]["default"] == ["x"]
            assert "default 9223372036854775807" in properties["e"]["description"]
            assert "12345678901234567.89" in properties["f"]["description"]
            assert data(await client.call_tool("kinds", {"c": {"n": 1, "t": []}}))["records"] == [{"a": None}]

    run(work)


def test_numbers_that_clients_would_round_are_texts(folder: Path) -> None:
    add(
        folder,
        """
script big(n: int) -> int
  emit {n: n, d: 12345678901234567.89, f: 0.1, m: 1.50}
  return n
end
""",
    )

    async def work() -> None:
        async with agent(folder) as client:
            for given in (9007199254740993, "9007199254740993"):
                said = data(await client.call_tool("big", {"n": given}))
                assert said["result"] == "9007199254740993"
                assert said["records"] == [{"n": "9007199254740993", "d": "12345678901234567.89", "f": 0.1, "m": 1.5}]
            assert data(await client.call_tool("big", {"n": 2**53 - 1}))["result"] == 2**53 - 1

    run(work)


@WAYS
def test_a_result_holds_at_most_100_records_and_says_so(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:
            result = await client.call_tool("numbers", {"n": 100_000})
            said = data(result)
            assert (said["total"], len(said["records"]), said["next"]) == (100_000, 100, 100)
            assert text(result).startswith(f'100 of 100,000; sop_rows(run="{said["run"]}", after=100) gives more')
            following = data(await client.call_tool("sop_rows", {"run": said["run"], "after": 99_950}))
            assert [each["n"] for each in following["records"]] == list(range(99_951, 100_001))
            assert following["next"] is None
            read = await client.read_resource(f"sop://runs/{said['run']}/records?after=50000")
            content = read.contents[0]
            assert isinstance(content, types.TextResourceContents)
            assert json.loads(content.text)["records"][0] == {"n": 50_001, "half": 25_000}
            wrong = await client.call_tool("sop_rows", {"run": "nonsense"})
            assert wrong.is_error and data(wrong)["error"]["code"] == "S0110"

    run(work)


@WAYS
def test_long_records_are_cut_and_no_message_is_large(folder: Path, way: Way) -> None:
    add(
        folder,
        """
script long()
  let t = "0123456789"
  for each i in 1 to 12 do set t = "{t}{t}" end
  for each i in 1 to 20 do emit {i: i, t: t} end
  emit {a: "{t}{t}", b: t}
  for each i in 1 to 20 do say t end
end
""",
    )

    async def work() -> None:
        async with agent(folder, way=way) as client:
            result = await client.call_tool("long")
            said = data(result)
            seen = list(said["records"])
            while said["next"] is not None:
                assert len(json.dumps(said)) < 100_000
                said = data(await client.call_tool("sop_rows", {"run": said["run"], "after": said["next"]}))
                seen += said["records"]
            assert len(seen) == 21 and [each.get("i") for each in seen[:20]] == list(range(1, 21))
            assert seen[-1]["b"].endswith("… (40,960 characters)")
            assert len(result.model_dump_json()) < 256 * 1024
            assert "more lines are not shown" in data(result)["said"][-1]

    run(work)


@WAYS
def test_bad_arguments_are_tool_errors_with_code_and_hint(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:
            for name, args, code in (
                ("divide", {}, "C0121"),
                ("divide", {"by": 1, "to": 2}, "C0122"),
                ("divide", {"by": "x"}, "C0123"),
                ("divide", {"by": 1.5}, "C0123"),
                ("sop_rows", {}, "C0121"),
                ("sop_rows", {"run": 1}, "C0123"),
                ("sop_wait", {"run": "x", "more": 1}, "C0122"),
            ):
                result = await client.call_tool(name, args)
                assert result.is_error and data(result)["error"]["code"] == code, (name, args)
                assert code in text(result) and "Try: " in text(result)
            failed = await client.call_tool("divide", {"by": 0})
            said = data(failed)
            assert failed.is_error and said["status"] == "failed" and said["error"]["step"] == "1"
            with pytest.raises(Exception, match="no tool"):
                await client.call_tool("note", {"text": "x"})

    run(work)


def test_past_40_scripts_they_are_found_and_run_by_two_tools(folder: Path) -> None:
    add(
        folder,
        "".join(
            f'script many_{i}(n: int) -> int\n  "Adds {i} to a number."\n  return n + {i}\nend\n' for i in range(40)
        ),
    )
    with (folder / "sop.toml").open("a") as file:
        file.write('[mcp]\ntools = ["many_7"]\n')

    async def work() -> None:
        async with agent(folder) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert {"many_7", "sop_find", "sop_run"} <= set(names) and "many_8" not in names
            found = data(await client.call_tool("sop_find", {"text": "adds 31"}))
            assert found["scripts"][0]["script"] == "many_31" and "n: int" in found["scripts"][0]["head"]
            assert data(await client.call_tool("sop_run", {"script": "many_31", "args": {"n": 1}}))["result"] == 32
            unknown = await client.call_tool("sop_run", {"script": "note", "args": {"text": "x"}})
            assert unknown.is_error and data(unknown)["error"]["code"] == "L0101"
            refused = await client.call_tool("sop_dry_run", {"script": "note", "args": {"text": "x"}})
            assert data(refused)["error"]["hint"].endswith("on the command line: sopvm mcp --write")

    run(work)


def test_a_list_of_tools_fits_into_a_message(folder: Path) -> None:
    params = ", ".join(f"a_parameter_with_a_long_name_{i}: int? = null" for i in range(200))
    add(folder, "".join(f"script wide_{i}({params}) -> int\n  return {i}\nend\n" for i in range(12)))
    with (folder / "sop.toml").open("a") as file:
        file.write(f"[mcp]\ntools = {json.dumps([f'wide_{i}' for i in range(12)])}\n")

    async def work() -> None:
        async with agent(folder) as client:
            listed = await client.list_tools()
            assert len(listed.model_dump_json(by_alias=True, exclude_none=True).encode()) < 256 * 1024
            names = [tool.name for tool in listed.tools]
            assert {"wide_0", "sop_find", "sop_run"} <= set(names) and "wide_9" not in names
            found = data(await client.call_tool("sop_find", {"text": "wide"}))
            assert found["total"] == 12 and found["scripts"][0]["script"] == "wide_0"
            assert data(await client.call_tool("sop_run", {"script": "wide_9"}))["result"] == 9

    run(work)


@WAYS
def test_a_hidden_database_is_not_seen(folder: Path, way: Way) -> None:
    (folder / "sop.toml").write_text('[databases]\nmain = {url = "sqlite:///main.db", agents = false}\n')

    async def work() -> None:
        async with agent(folder, way=way) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
            assert "divide" in names and "audit" not in names
            assert data(await client.call_tool("sop_schema"))["databases"] == []
            for tool, given in (
                ("sop_schema", {"database": "main"}),
                ("sop_explain", {"script": "audit"}),
                ("sop_try", {"program": "script a() emit from employees end"}),
            ):
                assert (await client.call_tool(tool, given)).is_error, tool
            for callee in ("audit", "missing"):  # what is hidden is as unknown as what is not there
                program = f"script q() call {callee}() end"
                for tool, more in (("sop_check", {"script": "q"}), ("sop_try", {})):
                    error = data(await client.call_tool(tool, {"program": program, **more}))["error"]
                    assert error["code"] == "E0204" and "main" not in json.dumps(error), (tool, callee, error)

    run(work)


# ── writes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def logged(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        found: int = connection.execute("select count(*) from log").fetchone()[0]
    return found


@WAYS
def test_a_person_is_asked_with_counts_before_a_script_writes(folder: Path, way: Way) -> None:
    async def work() -> None:
        yes, no = Person(True), Person(None)
        async with agent(folder, write=True, way=way, replies=no) as client:
            tools = {tool.name: tool.annotations for tool in (await client.list_tools()).tools}
            note = tools["note"]
            assert note is not None and note.read_only_hint is False and note.destructive_hint is False
            said = data(await client.call_tool("note", {"text": "x"}))
            assert said["status"] == "declined" and logged(folder) == 0
            assert no.asked[0][0] == 'note(text="x") would insert 1 row into main.log. Run it?'
        async with agent(folder, write=True, way=way, replies=yes) as client:
            assert data(await client.call_tool("note", {"text": "x"}))["status"] == "ok"
            assert len(yes.asked) == 1 and logged(folder) == 1

    run(work)


@WAYS
def test_a_client_that_cannot_ask_needs_the_confirm_of_a_dry_run(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, write=True, way=way) as client:

            async def code(**args: Any) -> str:
                result = await client.call_tool("note", args)
                return str(data(result).get("error", {}).get("code", data(result).get("status")))

            async def confirm() -> str:
                dry = data(await client.call_tool("sop_dry_run", {"script": "note", "args": {"text": "x"}}))
                assert (dry["status"], dry["changes"][0]["rows"]) == ("dry-run", 1)
                return str(dry["confirm"])

            assert await code(text="x") == "S0125" and logged(folder) == 0
            given = await confirm()
            for wrong in ("", "1-2", "nonsense", given[:-1], f"9{given}"):
                assert await code(text="x", confirm=wrong) == "S0125"
            assert await code(text="y", confirm=given) == "S0125" and logged(folder) == 0
            assert await code(text="x", confirm=given) == "ok" and logged(folder) == 1
            assert await code(text="x", confirm=given) == "S0125" and logged(folder) == 1
            given = await confirm()
            Place(folder).compile('script note(text: text) -> int insert into log {text: "a {text}"} return 1 end')
            assert await code(text="x", confirm=given) == "S0125" and logged(folder) == 1

    run(work)


@WAYS
def test_a_dry_run_that_does_not_get_to_its_end_is_told_from_the_run(folder: Path, way: Way) -> None:
    add(
        folder,
        """
script half(k: int = 0)
  emit {k: k}
  insert into log {text: "a"}
  commit
  insert into log {text: "b"}
  assert k > 0, "k is not positive"
end
""",
    )

    def check(result: types.CallToolResult, error: str) -> None:
        said = data(result)
        assert (result.is_error, said["status"], said["error"]["code"]) == (True, "dry-run-failed", error)
        assert "nothing was written" in said["note"] and said["note"] in text(result)
        assert not {"changes", "records", "total", "result", "would", "confirm"} & said.keys()
        assert logged(folder) == 0

    async def work() -> None:
        person = Person(True)
        async with agent(folder, write=True, way=way, replies=person) as client:
            check(await client.call_tool("half"), "V0402")
            check(await client.call_tool("sop_dry_run", {"script": "half"}), "V0402")
        async with agent(folder, write=True, way=way, replies=person, answer_seconds=0.1) as client:
            running = data(await client.call_tool("note_forever"))
            assert running["status"] == "running" and "dry run" in running["note"]
            check(await client.call_tool("sop_cancel", {"run": running["run"]}), "V0301")
        assert person.asked == []

    run(work)


@WAYS
def test_a_script_that_asks_and_writes_can_be_run_with_and_without_forms(folder: Path, way: Way) -> None:
    add(
        folder,
        """
script many() -> int
  insert into log {text: "first"}
  commit
  ask "How many?" into n: int
  for each i in 1 to n do insert into log {text: "more"} end
  return n
end
""",
    )
    would = "insert 1 row into main.log, then ask a question; what it changes after the answer is not known yet"

    async def work() -> None:
        async with agent(folder, write=True, way=way) as client:
            result = await client.call_tool("sop_dry_run", {"script": "many"})
            dry = data(result)
            assert (result.is_error, dry["status"], dry["would"]) == (False, "dry-run", would)
            assert "error" not in dry and "--" not in text(result) and logged(folder) == 0
            asked = data(await client.call_tool("many", {"confirm": dry["confirm"]}))
            assert (asked["status"], asked["question"]["question"]) == ("waiting", "How many?")
            done = data(await client.call_tool("sop_answer", {"run": asked["run"], "answer": 2}))
            assert (done["status"], done["result"], logged(folder)) == ("ok", 2, 3)
        person = Person(True, 1)
        async with agent(folder, write=True, way=way, replies=person) as client:
            assert data(await client.call_tool("many"))["result"] == 1 and logged(folder) == 5
        assert [message for message, _ in person.asked] == [f"many() would {would}. Run it?", "How many?"]

    run(work)


def test_the_host_may_be_left_to_ask(folder: Path) -> None:
    with (folder / "sop.toml").open("a") as file:
        file.write("[mcp]\nconfirm = false\n")

    async def work() -> None:
        async with agent(folder, write=True) as client:
            assert data(await client.call_tool("note", {"text": "x"}))["status"] == "ok" and logged(folder) == 1

    run(work)


def test_scripts_that_change_rows_are_destructive(folder: Path) -> None:
    add(
        folder,
        """
script raise() update employees where true set salary = salary + 1 end
script empty() delete from log where true end
script refill() upsert into log {id: 1, text: "x"} on id end
script calls_empty() call empty() end
""",
    )

    async def work() -> None:
        async with agent(folder, write=True) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            for name, said in (
                ("raise", "Updates main.employees."),
                ("empty", "Deletes from main.log."),
                ("refill", "Inserts or updates main.log."),
                ("calls_empty", "Deletes from main.log."),
            ):
                hints = tools[name].annotations
                assert hints is not None and hints.destructive_hint, name
                assert said in (tools[name].description or ""), name

    run(work)


# ── questions ──────────────────────────────────────────────────────────────────────────────────────────────────


@WAYS
def test_questions_are_asked_of_the_person_also_those_with_a_default(folder: Path, way: Way) -> None:
    add(
        folder,
        """
script twice() -> int
  ask "First?" default 1 into a: int
  ask "Second?" default 1 into b: int
  return a * 10 + b
end
""",
    )

    async def work() -> None:
        person = Person(5, 7)
        async with agent(folder, way=way, replies=person) as client:
            assert data(await client.call_tool("twice"))["result"] == 57
            assert [message for message, _ in person.asked] == ["First?", "Second?"]
            assert person.asked[0][1]["properties"]["answer"]["type"] == "integer"
        wrong = Person("9", "3")
        async with agent(folder, way=way, replies=wrong) as client:
            assert data(await client.call_tool("perhaps"))["records"] == [{"n": 3}]
            assert wrong.asked[0][1]["properties"]["answer"]["enum"] == ["1", "2", "3"]
            assert "none of the choices" in wrong.asked[1][0]
        no = Person(None)
        async with agent(folder, way=way, replies=no) as client:
            assert data(await client.call_tool("perhaps"))["status"] == "cancelled"

    run(work)


@pytest.mark.parametrize("over", ["stdio", "http"])
def test_a_call_does_not_wait_longer_for_a_person_than_hosts_do(folder: Path, over: str) -> None:
    class Absent(Person):
        """Reads each form for ever the first time."""

        async def later(self, message: str, schema: dict[str, Any]) -> types.ElicitResult:
            if len(self.asked) % 2 == 0:
                self.asked.append((message, schema))
                await anyio.sleep_forever()
            return self(message, schema)

    async def work() -> None:
        absent = Absent(3)
        way = Way(over, OLD)
        async with agent(folder, write=True, way=way, replies=absent.later, answer_seconds=5) as client:
            said = data(await client.call_tool("perhaps"))
            assert said["status"] == "waiting" and "sop_wait asks again" in said["note"]
            assert data(await client.call_tool("sop_wait", {"run": said["run"]}))["records"] == [{"n": 3}]
            said = data(await client.call_tool("note", {"text": "x"}))
            assert said["status"] == "unanswered" and "nothing was run" in said["note"] and logged(folder) == 0
            assert data(await client.call_tool("note", {"text": "x"}))["status"] == "ok" and logged(folder) == 1

    run(work)


@WAYS
def test_without_forms_a_question_is_a_result_and_a_tool_answers_it(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:
            said = data(await client.call_tool("perhaps"))
            assert said["status"] == "waiting" and said["question"]["choices"] == [1, 2, 3]
            wrong = await client.call_tool("sop_answer", {"run": said["run"], "answer": "9"})
            assert wrong.is_error and data(wrong)["error"]["code"] == "V0105"
            assert data(await client.call_tool("sop_wait", {"run": said["run"]}))["status"] == "waiting"
            done = data(await client.call_tool("sop_answer", {"run": said["run"], "answer": 3}))
            assert done["status"] == "ok" and done["records"] == [{"n": 3}]
            late = await client.call_tool("sop_answer", {"run": said["run"], "answer": "3"})
            assert data(late)["error"]["code"] == "S0111"
            for script in ("perhaps", "sure"):
                said = data(await client.call_tool(script))
                listed = await client.call_tool("sop_answer", {"run": said["run"], "answer": [3]})
                assert data(listed)["error"]["code"] == "C0123"
                ended = data(await client.call_tool("sop_cancel", {"run": said["run"]}))
                assert (ended["status"], ended["error"]["code"]) == ("cancelled", "V0301")

    run(work)


@pytest.mark.parametrize("over", ["stdio", "http"])
def test_the_state_of_a_question_holds_for_its_call_alone(folder: Path, over: str) -> None:
    async def work() -> None:
        async with agent(folder, write=True, replies=Person(True), way=Way(over, NEW)) as client:
            asked = await client.session.call_tool("note", {"text": "x"}, allow_input_required=True)
            assert isinstance(asked, types.InputRequiredResult)
            state = asked.request_state
            assert state is not None and "note" not in state
            yes: types.InputResponses = {"answer": types.ElicitResult(action="accept", content={})}

            async def again(text: str, state: str) -> Any:
                return await client.session.call_tool(
                    "note", {"text": text}, input_responses=yes, request_state=state, allow_input_required=True
                )

            for given, changed in (("y", state), ("x", state[:-4] + "AAAA"), ("x", "nonsense")):
                with pytest.raises(Exception, match="requestState"):
                    await again(given, changed)
            assert logged(folder) == 0
            assert data(await again("x", state))["status"] == "ok" and logged(folder) == 1
            assert data(await again("x", state))["error"]["code"] == "S0125" and logged(folder) == 1

    run(work)


# ── long runs, and clients that go away ────────────────────────────────────────────────────────────────────────


@WAYS
def test_a_long_run_answers_running_and_can_be_waited_for_and_cancelled(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, answer_seconds=0.1, way=way) as client:
            said = data(await client.call_tool("forever"))
            assert said["status"] == "running" and "sop_wait" in said["note"]
            assert data(await client.call_tool("sop_wait", {"run": said["run"]}))["status"] == "running"
            assert data(await client.call_tool("sop_cancel", {"run": said["run"]}))["status"] == "cancelled"

    run(work)


@WAYS
def test_progress_is_told_in_records_to_who_asks_for_it(folder: Path, way: Way) -> None:
    Place(folder).compile("script slow() emit {n: 1} emit {n: 2} call forever() end")
    heard: list[tuple[float, float | None, str | None]] = []

    async def work() -> None:
        async with agent(folder, way=way) as client:
            with anyio.CancelScope() as scope:

                async def told(progress: float, total: float | None, message: str | None) -> None:
                    heard.append((progress, total, message))
                    if progress == 2:
                        scope.cancel()

                await client.call_tool("slow", progress_callback=told)
            assert scope.cancelled_caught and heard[-1] == (2, None, "2 records")

    run(work)


@WAYS
def test_a_call_that_is_given_up_is_undone(folder: Path, way: Way) -> None:
    """The next writer would find the database locked if the run were still there."""
    with (folder / "sop.toml").open("a") as file:
        file.write("[mcp]\nconfirm = false\n")

    async def work() -> None:
        async with agent(folder, write=True, answer_seconds=0.1, way=way) as client:
            assert data(await client.call_tool("note_forever"))["status"] == "running"
        assert logged(folder) == 0
        async with agent(folder, write=True, way=way) as client:
            with anyio.move_on_after(1):
                await client.call_tool("note_forever")
            assert data(await client.call_tool("note", {"text": "x"}))["result"] == 1
        assert logged(folder) == 1

    run(work)


def test_an_agent_that_is_gone_in_a_call_leaves_nothing(folder: Path) -> None:
    """Both pipes are closed while a run writes: it is undone, and the end is a quiet one."""
    with (folder / "sop.toml").open("a") as file:
        file.write("[mcp]\nconfirm = false\n")
    pipe = subprocess.PIPE
    words = command("sopvm", "mcp", "--write")
    with subprocess.Popen(words, cwd=folder, env=environment(), stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        client = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
        call = {"name": "note_forever", "arguments": {}, "_meta": {"progressToken": 1}}
        for message in (
            {"id": 1, "method": "initialize", "params": client},
            {"method": "notifications/initialized"},
            {"id": 2, "method": "tools/call", "params": call},
        ):
            process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        process.stdin.flush()
        assert [json.loads(process.stdout.readline()).get("id") for _ in range(2)] == [1, None]  # it makes progress
        process.stdout.close()
        process.stdin.close()
        said = process.stderr.read()
        assert (process.wait(), b"Traceback" in said) == (0, False)
    assert logged(folder) == 0


@WAYS
def test_a_client_is_told_when_the_scripts_change(folder: Path, way: Way) -> None:
    """Also by another process."""
    heard: list[Any] = []

    async def work() -> None:
        async with agent(folder, way=way, heard=heard) as client, AsyncExitStack() as stack:
            capabilities = client.server_capabilities
            assert way.mode == NEW or (capabilities.tools is not None and capabilities.tools.list_changed)
            assert "fresh" not in [tool.name for tool in (await client.list_tools()).tools]
            if way.mode == NEW:
                changes = await stack.enter_async_context(client.listen(tools_list_changed=True))
            await anyio.to_thread.run_sync(Place(folder).compile, "script fresh() emit {n: 1} end")
            if way.mode == NEW:
                assert isinstance(await anext(aiter(changes)), ToolsListChanged)
            else:
                while not any(isinstance(each, types.ToolListChangedNotification) for each in heard):
                    await anyio.sleep(0.01)
            assert "fresh" in [tool.name for tool in (await client.list_tools(cache_mode="refresh")).tools]

    run(work)


# ── writing scripts ────────────────────────────────────────────────────────────────────────────────────────────


@WAYS
def test_an_agent_writes_a_script_and_runs_it(folder: Path, way: Way) -> None:
    program = "script rich(floor: int)\n  @1 emit from employees where salary > floor select name\nend\n"
    rich = {"script": "rich", "program": program, "sentences": "Show the name of the employees above the floor."}

    async def work() -> None:
        async with agent(folder, way=way) as client:

            async def call(name: str, **args: Any) -> dict[str, Any]:
                return data(await client.call_tool(name, args))

            assert (await call("sop_schema"))["databases"] == ["main"]
            stores = (await call("sop_schema", database="main"))["stores"]
            assert [field["name"] for field in stores["log"]["fields"]] == ["id", "text"]
            assert "script" in (await call("sop_language"))["text"]
            wrong = await call("sop_check", script="rich", program=program.replace("salary", "salry"))
            finding = wrong["error"]["findings"][0]
            assert finding["line"] == 2 and finding["column"] > 1 and "salary" in finding["hint"]
            checked = await call("sop_check", script="rich", program=program)
            assert checked["effects"] == ["reads main.employees"] and not checked["stored"]
            assert "rich" not in [tool.name for tool in (await client.list_tools(cache_mode="refresh")).tools]
            assert (await call("sop_store", **rich))["version"] == 1
            assert (await call("rich", floor=170000))["records"] == [{"name": "Ada"}]
            assert "employees" in str((await call("sop_explain", script="rich"))["explained"])
            assert (await call("sop_error", code="E0203"))["code"] == "E0203"
            writer = "script wipe() delete from log where true end"
            refused = await call("sop_store", script="wipe", program=writer, sentences="Delete the whole log.")
            assert refused["error"]["code"] == "S0202"

    run(work)


@WAYS
def test_a_person_is_asked_before_a_writer_is_stored(folder: Path, way: Way) -> None:
    program = "script wipe() @1 delete from log where true end"
    writer = {"script": "wipe", "program": program, "sentences": "Delete the whole log."}

    async def work() -> None:
        async with agent(folder, write=True, way=way) as client:
            assert data(await client.call_tool("sop_store", writer))["error"]["code"] == "S0125"
        person = Person(None, True)
        async with agent(folder, write=True, way=way, replies=person) as client:
            assert data(await client.call_tool("sop_store", writer))["status"] == "declined"
            assert data(await client.call_tool("sop_store", writer))["stored"]
            assert person.asked[0][0] == "Store the script wipe, which can write main.log?"

    run(work)


TOP = "script top()\n  @1 emit from employees where salary > {} select name\nend\n"
ASKED = "Show the name of the employees whose salary is above 170000."


@WAYS
def test_a_program_is_compared_with_what_the_person_asked_for(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:

            async def call(name: str, number: int | str, sentences: str) -> dict[str, Any]:
                given = {"script": "top", "program": TOP.format(number), "sentences": sentences}
                return data(await client.call_tool(name, given))

            doubted = (await call("sop_check", 17000, ASKED))["findings"]
            assert doubted and doubted[0]["sentence"] == 1 and "170000" in str(doubted)
            assert (await call("sop_check", 170000, ASKED))["findings"] == []
            example = f"{ASKED}\n\nExamples:\nThe output is:\n| name |\n| Zoe |\n"
            failed = (await call("sop_store", 170000, example))["error"]
            assert failed["code"].startswith("T04") and failed["findings"][0]["line"] >= 3
            wrong = (await call("sop_check", "many", ASKED))["error"]["findings"][0]
            assert (wrong["line"], wrong["code"]) == (2, "E0203"), "its line in the program as it was given"
            assert (await call("sop_store", 170000, ASKED))["version"] == 1
        with Sandbox(folder, MAIN) as sandbox:
            kept = sandbox.library.resolve("top").provenance
            assert (kept.translator, kept.model[:3]) == ("agent", "mcp") and kept.text_hash

    run(work)


@WAYS
def test_a_program_is_tried_and_nothing_is_stored(folder: Path, way: Way) -> None:
    writer = "script two(t: text) insert into log {text: t} insert into log {text: t} emit {n: count(from log)} end"

    async def work() -> None:
        async with agent(folder, way=way) as client:
            said = data(await client.call_tool("sop_try", {"program": TOP.format(170000)}))
            assert (said["status"], said["records"]) == ("dry-run", [{"name": "Ada"}]) and "confirm" not in said
            refused = data(await client.call_tool("sop_try", {"program": writer, "args": {"t": "x"}}))
            assert refused["error"]["code"] == "S0202"
            bad = data(await client.call_tool("sop_try", {"program": "script a() emit {n: b} end"}))
            assert bad["error"]["findings"][0]["code"] == "E0201"
        async with agent(folder, way=way, write=True) as client:
            said = data(await client.call_tool("sop_try", {"program": writer, "args": {"t": "x"}}))
            assert said["records"] == [{"n": 2}] and said["changes"][0]["rows"] == 2 and logged(folder) == 0
            for args in ({}, {"t": 1}, {"t": "x", "u": 1}):
                assert (await client.call_tool("sop_try", {"program": writer, "args": args})).is_error
            assert "two" not in [tool.name for tool in (await client.list_tools()).tools]

    run(work)


def test_many_stores_are_named_and_shown_one_by_one(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "main.db")) as connection:
        fields = ", ".join(f"a_long_name_of_a_field_{number} text" for number in range(30))
        connection.executescript("".join(f"create table t{number} ({fields});" for number in range(60)))

    async def work() -> None:
        async with agent(folder) as client:
            said = data(await client.call_tool("sop_schema", {"database": "main"}))
            assert "t59" in said["stores"] and "sop_schema(database, store)" in said["note"]
            one = data(await client.call_tool("sop_schema", {"database": "main", "store": "t59"}))
            assert len(one["stores"]["t59"]["fields"]) == 30
            wrong = data(await client.call_tool("sop_schema", {"database": "main", "store": "t60"}))
            assert wrong["error"]["code"] == "E0202"

    run(work)


@WAYS
def test_an_author_is_told_the_language_examples_and_the_way_to_a_script(folder: Path, way: Way) -> None:
    async def work() -> None:
        async with agent(folder, way=way) as client:
            language = data(await client.call_tool("sop_language"))["text"]
            assert "ask the person" in language and "Translate" not in language and "emit" in language
            examples = data(await client.call_tool("sop_examples"))
            assert "boxes" in examples["stores"] and "script red_boxes()" in examples["examples"][0]["program"]
            (prompt,) = (await client.list_prompts()).prompts
            told = await client.get_prompt(prompt.name, {"request": ASKED})
            content = told.messages[0].content
            assert isinstance(content, types.TextContent) and ASKED in content.text
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert set(re.findall(r"sop_\w+", content.text)) <= tools
            for name in ("other", "write_script"):
                with pytest.raises(Exception, match=r"prompt|request"):
                    await client.get_prompt(name, {})

    run(work)
