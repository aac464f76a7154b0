"""Translation by a model, against a stand-in that speaks OpenAI's wire format over a real socket on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from runtime.bytecode.module import Effects, Parameter, Signature
from runtime.config import Config
from runtime.databases.schema import Field, Schema, Store
from runtime.errors import SopError, UsageError
from runtime.types import DATE, INT, NULL, TEXT
from sopc.diagnostics import CompileError
from sopc.dsl.fmt import format_source
from sopc.dsl.parse import parse
from sopc.english.model import prompt
from sopc.english.prompt import EXAMPLE
from sopc.english.sample import NoSampler
from sopc.english.sentences import read_workflow
from sopc.english.settings import ModelOptions, model_options
from sopc.english.translate import Draft, choose, draft
from sopc.source import Source
from sopc.tree.check import check

KEY = "sk-very-secret"
ENGLISH = "Big boxes\n\nShow the boxes whose size is above 10."
GOOD = "script big_boxes()\n  @1 emit from boxes where size > 10\nend"
WRONG_FIELD = GOOD.replace("size", "sizes")
SCHEMAS = {"main": Schema({"boxes": Store("boxes", (Field("colour", TEXT), Field("size", INT)))})}


class StandIn:
    """A stand-in for a model server: gives the replies it was told, in order, and keeps the requests it got.

    A reply is a text (status 200), (text, finish reason), a status, or "hang" for one that never comes.
    """

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                stand_in.requests.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                stand_in.keys.append(self.headers["authorization"])
                stand_in.answer(self, stand_in.replies.pop(0))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"

    def answer(self, handler: BaseHTTPRequestHandler, reply: Any) -> None:
        if reply == "hang":
            self.released.wait()
            return
        if isinstance(reply, int):
            body: Any = {"error": {"message": f"no, and the key was {KEY}", "type": "error"}}
            self.send(handler, reply, json.dumps(body).encode())
            return
        if isinstance(reply, bytes):
            self.send(handler, 200, reply)
            return
        text, reason = reply if isinstance(reply, tuple) else (reply, "stop")
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": reason}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
        self.send(handler, 200, json.dumps(body).encode())

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("retry-after", "7")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def servers() -> Iterator[list[StandIn]]:
    made: list[StandIn] = []
    yield made
    for server in made:
        server.close()


def translate(servers: list[StandIn], *replies: Any, **options: Any) -> Draft:
    server = StandIn(*replies)
    servers.append(server)
    chosen = ModelOptions("stand-in", server.url, KEY, **options)
    return draft(ENGLISH, "file", SCHEMAS, model=chosen)


def refusal(servers: list[StandIn], *replies: Any, **options: Any) -> SopError:
    with pytest.raises(SopError) as error:
        translate(servers, *replies, **options)
    assert KEY not in f"{error.value} {error.value.hint} {error.value.__cause__}"
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return error.value


def test_a_reply_in_a_code_block_becomes_the_script(servers: list[StandIn]) -> None:
    made = translate(servers, f"Here it is:\n```sop\n{GOOD}\n```\nAnything else?")
    assert made.sop_text.endswith("script big_boxes()\n  @1 emit from boxes where size > 10\nend\n")
    assert "# translator: model stand-in at 127.0.0.1\n" in made.sop_text
    assert "# 1. Show the boxes whose size is above 10." in made.sop_text
    assert made.translator == "model stand-in at 127.0.0.1"
    assert servers[0].keys == [f"Bearer {KEY}"]
    assert servers[0].requests[0]["model"] == "stand-in"


def test_the_script_is_named_after_the_text_whatever_the_model_calls_it(servers: list[StandIn]) -> None:
    made = translate(servers, GOOD.replace("big_boxes", "something"))
    assert made.name == "big_boxes"
    assert "script big_boxes()" in made.sop_text


def test_a_wrong_script_gets_one_round_of_repair_with_its_findings(servers: list[StandIn]) -> None:
    made = translate(servers, f"```\n{WRONG_FIELD}\n```", f"```\n{GOOD}\n```")
    assert "where size > 10" in made.sop_text
    repair = servers[0].requests[1]["messages"]
    assert [message["role"] for message in repair] == ["system", "user", "assistant", "user"]
    assert "sizes" in repair[3]["content"]
    assert "error E0" in repair[3]["content"]


def test_a_script_that_is_still_wrong_after_repair_is_an_error_with_its_findings(servers: list[StandIn]) -> None:
    with pytest.raises(CompileError, match="sizes"):
        translate(servers, WRONG_FIELD, WRONG_FIELD)
    assert len(servers[0].requests) == 2


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "T0305"), (403, "T0305"), (429, "T0306"), (500, "T0307"), (503, "T0307"), (400, "T0312"), (404, "T0312")],
)
def test_a_refusal_of_the_server_is_a_clear_error(status: int, code: str, servers: list[StandIn]) -> None:
    error = refusal(servers, status)
    assert error.code == code
    assert len(servers[0].requests) == 1


def test_a_rate_limit_says_how_long_to_wait(servers: list[StandIn]) -> None:
    assert "7 seconds" in (refusal(servers, 429).hint or "")


def test_a_reply_that_does_not_come_in_time_is_an_error(servers: list[StandIn]) -> None:
    assert refusal(servers, "hang", timeout=0.2).code == "T0308"


def test_a_reply_cut_off_at_its_greatest_length_is_an_error(servers: list[StandIn]) -> None:
    assert refusal(servers, (GOOD[:30], "length")).code == "T0309"


@pytest.mark.parametrize("reply", ["Sure, I can help with that!", "", "```\n```"])
def test_prose_or_nothing_instead_of_a_script_is_an_error(reply: str, servers: list[StandIn]) -> None:
    assert refusal(servers, reply).code == "T0310"


@pytest.mark.parametrize("reply", [b"<html>", b"{}", b'{"choices": []}'])
def test_a_reply_that_is_no_completion_is_an_error(reply: bytes, servers: list[StandIn]) -> None:
    assert refusal(servers, reply).code in ("T0307", "T0310")


def test_a_model_may_say_that_it_can_not(servers: list[StandIn]) -> None:
    error = refusal(servers, 'cannot "which boxes are meant"')
    assert error.code == "T0311"
    assert "which boxes are meant" in error.message


def test_a_server_that_is_not_there_is_an_error() -> None:
    server = StandIn()
    server.close()
    with pytest.raises(SopError) as error:
        draft(ENGLISH, "file", SCHEMAS, model=ModelOptions("m", server.url, KEY, timeout=5))
    assert error.value.code == "T0304"


# ── what is sent ─────────────────────────────────────────────────────────────────────────────────────────────────


class Values(NoSampler):
    def examples(self, store: str, field: str, count: int) -> tuple[str, ...]:
        return ("crimson",) if (store, field) == ("main.boxes", "colour") else ()


def sent(base_url: str, samples: frozenset[str] = frozenset()) -> str:
    signature = Signature("pack", (Parameter("size", INT),), NULL, None, ("main",))
    effects = Effects(writes=("main.boxes",))
    messages = prompt(
        read_workflow(ENGLISH, "file"),
        SCHEMAS,
        Values(),
        {"pack": (signature, effects)}.get,
        lambda: ["pack"],
        ModelOptions("m", base_url, KEY, samples=samples),
    )
    return "\n".join(message["content"] for message in messages)


def test_the_prompt_holds_language_functions_schema_scripts_and_numbered_sentences() -> None:
    text = sent("https://example.invalid/v1")
    for part in (
        "for each x in QUERY do",
        "start_of(date, text) -> date",
        "boxes(colour: text, size: int)",
        "pack(size: int) -> null writes main.boxes",
        "1. Show the boxes whose size is above 10.",
        "name of the script: big_boxes",
    ):
        assert part in text
    assert KEY not in text


@pytest.mark.parametrize(
    ("url", "samples", "shown"),
    [
        ("http://127.0.0.1:8080/v1", frozenset(), True),
        ("http://localhost:8080/v1", frozenset(), True),
        ("http://[::1]:8080/v1", frozenset(), True),
        ("https://api.openai.com/v1", frozenset(), False),
        ("http://127.0.0.1.example.invalid/v1", frozenset(), False),
        ("http://192.168.0.7/v1", frozenset(), False),
        ("https://api.openai.com/v1", frozenset({"main"}), True),
        ("https://api.openai.com/v1", frozenset({"other"}), False),
    ],
)
def test_values_of_the_data_are_shown_to_this_machine_only(url: str, samples: frozenset[str], shown: bool) -> None:
    assert ("crimson" in sent(url, samples)) is shown


def test_the_worked_example_of_the_prompt_is_right() -> None:
    script = EXAMPLE.split("```\n")[1]
    source = Source("example", script)
    assert format_source(source) == script
    boxes = Store(
        "boxes", (Field("id", INT), Field("colour", TEXT), Field("size", INT.or_null()), Field("made_on", DATE))
    )
    labels = Store("labels", (Field("id", INT, has_default=True), Field("box_id", INT), Field("words", TEXT)))
    shop = Schema({"boxes": boxes, "labels": labels})
    checked = check(parse(source), source, {"shop": shop}, lambda name: None)
    assert [one.signature.name for one in checked.scripts] == ["label_boxes"]


# ── which model ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Config:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Config(tmp_path / ".sop", tmp_path / "sop.toml")


def test_without_key_and_server_patterns_translate(config: Config) -> None:
    assert model_options(config) is None
    assert choose(None, None) == "patterns"


def test_with_a_key_a_model_translates(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = model_options(config)
    assert options is not None
    assert options.host == "api.openai.com"
    assert KEY not in repr(options)
    assert choose(None, options) == "model"
    assert choose("patterns", options) == "patterns"


def test_a_flag_goes_before_the_settings_file(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    settings = {"model": "from-file", "base_url": "http://127.0.0.1:9/v1", "api_key": "${THE_KEY}"}
    configured = Config(config.home, config.file, translator=settings)
    options, flagged = model_options(configured), model_options(configured, "from-flag")
    assert options is not None and flagged is not None
    assert (options.model, options.api_key, flagged.model) == ("from-file", KEY, "from-flag")


def test_a_server_of_ones_own_needs_a_model_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    options = model_options(config)
    with pytest.raises(UsageError) as error:
        choose(None, options)
    assert error.value.code == "T0303"
    assert choose("patterns", options) == "patterns"


@pytest.mark.parametrize(("translator", "code"), [("model", "T0301"), ("magic", "T0302")])
def test_a_translator_that_is_not_there_is_an_error(translator: str, code: str) -> None:
    with pytest.raises(UsageError) as error:
        choose(translator, None)
    assert error.value.code == code
