"""Translation by a model, against a stand-in that speaks OpenAI's wire format over a real socket on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runtime.bytecode.module import Effects, Parameter, Signature
from runtime.config import Config
from runtime.errors import SopError, UsageError
from runtime.query.schema import Field, Schema, Store
from runtime.values.types import INT, NULL, TEXT
from sopc.checker import typed
from sopc.checker.program import check
from sopc.diagnostics import CompileError
from sopc.english.model.infer_signature import infer_signature
from sopc.english.model.known import FILE_NAME, Known, remembered
from sopc.english.model_records import Decoding
from sopc.english.sentences import read_workflow
from sopc.english.settings import NO_KEY, ModelOptions, configured_models, model_options
from sopc.english.task import Task
from sopc.english.translate import Asking, Draft, choose
from sopc.english.translate import translate as draft
from sopc.listener import ProgressListener
from sopc.source import Source
from sopc.syntax.parse import parse
from tests.sampler import NoSampler
from tests.stand_in import CACHED, DROP, HANG, Answer, Fail, Say, StandIn, tokens_of

KEY = "sk-very-secret"
ENGLISH = "Big boxes\n\nShow the boxes whose size is above 10."
GOOD = "script big_boxes()\n  @1 emit from boxes where size > 10\nend\n"
WRONG_FIELD = GOOD.replace("size", "sizes")
WORSE = GOOD.replace("size > 10", "sizes > 10 and weight > 3")
SCHEMAS = {"main": Schema({"boxes": Store("boxes", (Field("colour", TEXT), Field("size", INT)))})}

Server = Callable[..., StandIn]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def serve() -> Iterator[Server]:
    made: list[StandIn] = []

    def start(*answers: Answer, **settings: Any) -> StandIn:
        made.append(StandIn(*answers, **settings))
        return made[-1]

    yield start
    for server in made:
        server.close()


def task(english: str = ENGLISH, sampler: NoSampler | None = None) -> Task:
    signature = Signature("pack", (Parameter("size", INT),), NULL, None, ("main",))
    scripts = {"pack": (signature, Effects(writes=("main.boxes",)))}
    return Task(read_workflow(english, "file"), SCHEMAS, sampler or NoSampler(), scripts.get, lambda: list(scripts))


def judge(script: Source) -> typed.Script:
    return check(parse(script), script, SCHEMAS, lambda name: None).scripts[-1]


def translate(
    server: StandIn, home: Path = Path("nowhere"), listener: ProgressListener | None = None, **more: Any
) -> Draft:
    options = ModelOptions("stand-in", server.url, KEY, **more)
    return draft(task(), Asking(options, judge, home, listener or ProgressListener()), ENGLISH, "file")


def refusal(server: StandIn, **more: Any) -> SopError:
    with pytest.raises(SopError) as error:
        translate(server, **more)
    assert KEY not in f"{error.value} {error.value.hint} {error.value.__cause__}"
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return error.value


# ── replies ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_in_a_code_block_becomes_the_script(serve: Server) -> None:
    server = serve(f"Here it is:\n```sop\n{GOOD}```\nAnything else?")
    made = translate(server)
    assert made.sop_text.endswith(GOOD)
    assert "# translator: model stand-in at 127.0.0.1\n" in made.sop_text
    assert "# 1. Show the boxes whose size is above 10." in made.sop_text
    assert made.translator == "model stand-in at 127.0.0.1"
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert server.requests[0]["model"] == "stand-in"


def test_the_text_names_the_script_and_not_the_model(serve: Server) -> None:
    made = translate(serve(GOOD.replace("big_boxes", "something")))
    assert made.name == "big_boxes"
    assert "script big_boxes()" in made.sop_text


THOUGHT = f"<think>\nPerhaps {WRONG_FIELD}or so.\n</think>\n"
ODD_REPLIES = {
    "bare": GOOD,
    "a fence with a name": f"```sop\n{GOOD}```",
    "a fence with another name and words": f"Here:\n```C++ title=a.sop\n{GOOD}```\nAnything else?",
    "a fence without an end": f"```\n{GOOD}",
    "a fence of tildes": f"~~~\n{GOOD}~~~",
    "after prose": f"Here is the script that you asked for:\n\n{GOOD}",
    "between prose": f"The script:\n{GOOD}\nIn the end it shows the boxes. That is the end.",
    "after comments": f"# Big boxes\n\n{GOOD}",
    "after thoughts": f"{THOUGHT}{GOOD}",
    "after thoughts without a beginning": f"script it is… end\n</think>\n{GOOD}",
    "after two thoughts": f"{THOUGHT}Well.\n{THOUGHT}```\n{GOOD}```",
    "in JSON": json.dumps({"script": GOOD}),
    "in JSON after prose": f"Here is {{it}} [1]: {json.dumps({'script': GOOD})} as asked.",
    "deep in JSON": json.dumps({"answer": [{"why": "as asked", "code": f"```\n{GOOD}```"}]}),
    "in JSON in a fence": f"```json\n{json.dumps({'script': GOOD})}\n```",
    "after a draft": f"First:\n```\n{WORSE}```\nBetter:\n```\n{GOOD}```",
    "before one that is cut off": f"```\n{GOOD}```\n```\nscript big_boxes(\n```",
    "with windows' line ends": GOOD.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("reply", ODD_REPLIES.values(), ids=list(ODD_REPLIES))
def test_the_script_is_found_however_it_is_wrapped(reply: str, serve: Server) -> None:
    server = serve(reply)
    assert translate(server).sop_text.endswith(GOOD)
    assert len(server.requests) == 1


def test_of_several_scripts_the_last_that_parses_is_taken_with_a_warning(serve: Server) -> None:
    told: list[str] = []
    other = GOOD.replace("> 10", ">= 10")
    made = translate(serve(f"```\n{GOOD}```\nor\n```\n{other}```"), listener=ProgressListener(told.append), rounds=0)
    assert made.sop_text.endswith(other)
    assert "warning: the reply holds 2 scripts, and the last one is taken" in told


NO_SCRIPTS = ["Sure, I can help with that!", "", "```\n```", "SELECT * FROM boxes WHERE size > 10", "<think>hm", "{}"]


@pytest.mark.parametrize("reply", NO_SCRIPTS)
def test_a_reply_without_a_script_costs_a_round(reply: str, serve: Server) -> None:
    server = serve(reply, GOOD)
    assert translate(server).sop_text.endswith(GOOD)
    *before, said, asked = server.requests[1]["messages"]
    assert before == server.requests[0]["messages"]
    assert said["role"] == "assistant" and said["content"]
    assert asked["content"].startswith("There is no script of the language in that reply.")
    assert ("SQL" in asked["content"]) is reply.startswith("SELECT")


@pytest.mark.parametrize("reply", NO_SCRIPTS)
def test_no_script_in_any_round_is_an_error(reply: str, serve: Server) -> None:
    server = serve(reply, reply, reply)
    assert refusal(server, rounds=2).code == "T0310"
    assert len(server.requests) == 3


def test_a_reply_without_a_script_between_attempts_costs_a_round(serve: Server) -> None:
    server = serve(WRONG_FIELD, "I am not sure.", GOOD)
    assert translate(server).sop_text.endswith(GOOD)


@pytest.mark.parametrize("reply", [b"<html>", b"{}", b'{"choices": []}'])
def test_a_reply_that_is_no_completion_is_an_error(reply: bytes, serve: Server) -> None:
    assert refusal(serve(reply), decoding="none").code == "T0307"


@pytest.mark.parametrize("reply", ['cannot "which boxes are meant"', '```\ncannot "which boxes are meant"\n```'])
def test_a_model_may_say_that_it_can_not(reply: str, serve: Server) -> None:
    error = refusal(serve(reply))
    assert error.code == "T0311"
    assert error.message.endswith(": which boxes are meant")


@pytest.mark.parametrize("reply", ['cannot ""', 'cannot "?"'])
def test_a_model_that_does_not_say_why_asks_nothing(reply: str, serve: Server) -> None:
    assert refusal(serve(reply)).message.endswith(": it does not say why")


# ── failures of the server ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "T0305"), (403, "T0305"), (429, "T0306"), (500, "T0307"), (503, "T0307"), (400, "T0312"), (404, "T0312")],
)
@pytest.mark.parametrize("decoding", ["none", "responses"])
def test_a_refusal_of_the_server_is_a_clear_error(status: int, code: str, decoding: str, serve: Server) -> None:
    server = serve(Fail(status), Fail(status), forms=["responses"])
    assert refusal(server, decoding=decoding, wait=0).code == code
    assert len(server.requests) == 1 + (decoding == "responses" and code == "T0312")  # once more without a grammar


def test_a_rate_limit_is_waited_for_as_long_as_the_server_says(serve: Server) -> None:
    server = serve(Fail(429, "0"), Fail(429, "0.01"), GOOD)
    told: list[str] = []
    assert translate(server, listener=ProgressListener(told.append)).name == "big_boxes"
    assert len(server.requests) == 3
    assert told[1] == "model stand-in at 127.0.0.1 takes no more requests now: waiting 0.01 s as it says"


@pytest.mark.parametrize("failure", [Fail(503, "0"), Fail(429, "Wed, 21 Oct 2015 07:28:00 GMT")])
def test_a_busy_server_and_a_moment_are_waited_for_too(failure: Fail, serve: Server) -> None:
    server = serve(failure, GOOD)
    assert translate(server).name == "big_boxes"
    assert len(server.requests) == 2


@pytest.mark.parametrize("failure", [Fail(500), Fail(502), Say([GOOD * 20], breaks=True), DROP])
def test_a_failure_on_the_way_is_tried_again(failure: Answer, serve: Server) -> None:
    server = serve(failure, GOOD)
    told: list[str] = []
    assert translate(server, decoding="none", listener=ProgressListener(told.append)).name == "big_boxes"
    assert told == ["model stand-in at 127.0.0.1 failed: asking again in 0.5 s"]
    assert len(server.requests) == 2


def test_failures_are_tried_again_twice(serve: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sopc.english.model.ask._PAUSES", (0.01, 0.01))
    server = serve(Fail(500), DROP, Fail(503), GOOD)
    assert refusal(server, decoding="none").code == "T0307"
    assert len(server.requests) == 3


def test_a_server_that_says_to_wait_no_time_again_and_again_is_an_error(serve: Server) -> None:
    server = serve(*[Fail(429, "0")] * 100)
    assert refusal(server).code == "T0306"
    assert len(server.requests) == 11


def test_all_requests_together_wait_no_longer_than_they_may(serve: Server) -> None:
    server = serve(Fail(429, "0.2"), WRONG_FIELD, Fail(429, "0.2"), GOOD)
    assert refusal(server, wait=0.3).code == "T0306"
    assert len(server.requests) == 3


def test_a_server_that_needs_a_key_has_its_own_error(serve: Server) -> None:
    server = serve(key="another")
    assert "refused the key" in refusal(server).message
    options = ModelOptions("m", server.url, NO_KEY)
    with pytest.raises(SopError, match="wants a key, and none is set"):
        draft(task(), Asking(options, judge, Path("nowhere"), ProgressListener()), ENGLISH, "file")


@pytest.mark.parametrize("told", ["61", None, "soon", "inf", "-1", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_rate_limit_that_is_too_long_or_says_nothing_is_an_error(told: str | None, serve: Server) -> None:
    server = serve(Fail(429, told))
    error = refusal(server)
    assert error.code == "T0306"
    assert len(server.requests) == 1
    assert ("61 seconds" in (error.hint or "")) is (told == "61")


def test_a_reply_that_does_not_come_in_time_is_an_error(serve: Server) -> None:
    assert refusal(serve(HANG), timeout=0.2, decoding="none").code == "T0308"


@pytest.mark.parametrize("decoding", ["none", "responses"])
def test_a_reply_cut_off_at_its_greatest_length_is_an_error(decoding: Decoding, serve: Server) -> None:
    server = serve(Say([GOOD[:30]], "length"))
    server.forms = ["responses"] if decoding == "responses" else []
    server.grammar_of = lambda request: None  # type: ignore[method-assign]
    assert refusal(server, decoding=decoding).code == "T0309"


@pytest.mark.parametrize("decoding", ["none", "responses"])
def test_a_connection_that_breaks_is_an_error(decoding: Decoding, serve: Server) -> None:
    error = refusal(serve(Say([GOOD * 20], breaks=True), forms=["responses"]), decoding=decoding, wait=0)
    assert error.code == "T0307"
    assert "broke off" in error.message


def test_a_server_that_is_not_there_is_an_error(serve: Server) -> None:
    server = serve()
    server.close()
    assert refusal(server, timeout=5).code == "T0304"


# ── the grammar ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("forms", "decoding", "probes"),
    [(["llama"], "llama", 1), (["vllm"], "vllm", 2), (["responses"], "responses", 3), ([], "none", 3)],
)
@pytest.mark.parametrize("strict", [False, True])
def test_an_endpoint_is_probed_once(
    forms: list[str], decoding: Decoding, probes: int, strict: bool, serve: Server, tmp_path: Path
) -> None:
    server = serve(GOOD, GOOD, forms=forms, strict=strict)
    for _ in range(2):
        made = translate(server, tmp_path)
        assert made.work is not None
        assert made.work.decoding == decoding
        assert made.sop_text.endswith(GOOD)
    assert len(server.probes) == probes
    assert remembered(tmp_path) == {f"{server.url} stand-in": Known(decoding)}
    assert KEY not in (tmp_path / FILE_NAME).read_text()


@pytest.mark.parametrize("content", ["", "[]", '{"x": 3}', "{", '{"x": "llama"}'])
def test_a_damaged_memory_of_endpoints_is_probed_again(content: str, serve: Server, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    server = serve(GOOD, forms=["llama"])
    translate(server, tmp_path)
    assert len(server.probes) == 1


@pytest.mark.parametrize("form", ["llama", "vllm", "responses"])
def test_a_program_that_names_a_missing_field_can_not_be_decoded(form: str, serve: Server) -> None:
    server = serve(Say([WRONG_FIELD, GOOD]), forms=[form])
    made = translate(server)
    assert made.sop_text.endswith(GOOD)
    assert made.work is not None
    assert len(made.work.rounds) == 1


def test_under_the_grammar_a_model_still_has_a_way_out(serve: Server) -> None:
    reason = 'cannot "the boxes have no weight"'
    assert refusal(serve(Say([GOOD.replace("size", "weight"), reason]), forms=["llama"])).code == "T0311"


def test_prose_can_not_be_decoded(serve: Server) -> None:
    server = serve(Say(["Sure! Here is what I would do.", GOOD]), forms=["llama"])
    assert translate(server).sop_text.endswith(GOOD)


def test_a_grammar_that_the_server_refuses_is_left_out_with_a_note(serve: Server) -> None:
    server = serve(Fail(400), GOOD, forms=["llama"])
    told: list[str] = []
    made = translate(server, listener=ProgressListener(told.append))
    assert made.work is not None
    assert made.work.decoding == "none"
    assert "grammar" in server.requests[0]
    assert "grammar" not in server.requests[1]
    assert "refuses the grammar" in told[0]


# ── repair ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_findings_go_back_as_data_with_their_line(serve: Server) -> None:
    server = serve(WRONG_FIELD, GOOD)
    made = translate(server)
    assert made.sop_text.endswith(GOOD)
    messages = server.requests[1]["messages"]
    assert messages[:-2] == server.requests[0]["messages"]
    assert messages[-2] == {"role": "assistant", "content": WRONG_FIELD}
    finding = json.loads(messages[-1]["content"].splitlines()[1])
    assert finding["code"].startswith("E02")
    assert finding["text"] == "@1 emit from boxes where sizes > 10"
    assert (finding["line"], "size" in finding["try"]) == (2, True)


def test_repair_stops_when_a_round_does_not_improve(serve: Server) -> None:
    server = serve(WRONG_FIELD, WRONG_FIELD)
    with pytest.raises(CompileError, match="sizes"):
        translate(server)
    assert len(server.requests) == 2


def test_repair_continues_while_it_improves_and_keeps_the_best_attempt(serve: Server) -> None:
    server = serve("script a(\n", WORSE, WRONG_FIELD, WORSE)
    with pytest.raises(CompileError, match="sizes") as error:
        translate(server)
    assert len(server.requests) == 4
    assert error.value.source.text == WRONG_FIELD


WARNED = GOOD.replace("10", "12")


def test_doubts_go_back_once_as_a_question(serve: Server) -> None:
    server = serve(WARNED, GOOD)
    made = translate(server)
    assert made.sop_text.endswith(GOOD)
    first, *doubts, last = server.requests[1]["messages"][-1]["content"].splitlines()
    assert {"code": "T0601", "sentence": 1, "message": "it says 10, and no step does"} in [
        json.loads(line) for line in doubts
    ]
    assert first.startswith("The script is valid. Look again")
    assert "If it is right as it is, send it again" in last


def test_a_doubted_script_that_is_sent_again_is_taken(serve: Server) -> None:
    server = serve(WARNED, WARNED, GOOD)
    assert translate(server).sop_text.endswith(WARNED)
    assert len(server.requests) == 2


def test_errors_must_be_mended_and_what_is_then_doubted_is_asked_once(serve: Server) -> None:
    server = serve(WRONG_FIELD, WARNED, WARNED, GOOD)
    assert translate(server).sop_text.endswith(WARNED)
    asked = [request["messages"][-1]["content"].splitlines()[0] for request in server.requests[1:]]
    assert asked == ["That is wrong:", "The script is valid. Look again at these points, which may be right or wrong:"]


@pytest.mark.parametrize("second", [WARNED, WRONG_FIELD, "I can't.", Say([GOOD], finish="length"), Fail(500)])
def test_a_script_with_warnings_is_used_if_no_better_one_comes(serve: Server, second: Answer) -> None:
    server = serve(WARNED, second)
    made = translate(server, wait=0)
    assert made.sop_text.endswith(WARNED)
    assert made.work is not None
    assert len(server.requests) == 2


def test_rounds_and_tokens_are_bounded(serve: Server) -> None:
    server = serve(WRONG_FIELD)
    with pytest.raises(CompileError):
        translate(server, rounds=0)
    server = serve(WRONG_FIELD)
    with pytest.raises(CompileError):
        translate(server, tokens=100)
    assert len(server.requests) == 1


def test_the_work_holds_every_request_and_reply_with_its_tokens(serve: Server) -> None:
    shown: list[str] = []
    server = serve(WRONG_FIELD, GOOD)
    work = translate(server, listener=ProgressListener(work=shown.append)).work
    assert work is not None
    assert [list(each.request) for each in work.rounds] == [request["messages"] for request in server.requests]
    assert [each.reply.text for each in work.rounds] == [WRONG_FIELD, GOOD]
    assert work.prompt_tokens == sum(map(tokens_of, server.requests))
    assert work.rounds[0].reply.cached_tokens == CACHED
    assert work.reply_tokens == len(WRONG_FIELD) // 4 + len(GOOD) // 4
    assert WRONG_FIELD in shown[0] and "E02" in shown[0] and "Show the boxes" in shown[0]
    assert GOOD.strip() in shown[1] and "corrected" in shown[1]
    assert KEY not in "".join(shown)


ITEMS = Schema({"items": Store("items", (Field("size", INT),))})
BOTH = {**SCHEMAS, "shop": ITEMS, "old": ITEMS}


@pytest.mark.parametrize(
    ("head", "query", "uses"),
    [
        ("uses shop", "from boxes", ()),
        ("", "from boxes", ()),
        ("", "from shop.items", ("shop",)),
        ("uses old", "from items", ("old",)),
        ("uses old", "from boxes where size in (from shop.items)", ("main", "shop")),
        ("uses shop", "from things", ("shop",)),
    ],
)
def test_a_script_uses_the_databases_of_its_stores(head: str, query: str, uses: tuple[str, ...]) -> None:
    script = parse(Source("a", f"script a() {head}\n  emit {query}\nend\n")).scripts[0]
    assert infer_signature(script, replace(task(), schemas=BOTH)).uses == uses


def test_a_script_uses_the_databases_of_what_it_calls() -> None:
    script = parse(Source("a", "script a() uses shop\n  call pack(size: 3)\nend\n")).scripts[0]
    assert infer_signature(script, task()).uses == ()


@pytest.mark.parametrize(
    ("params", "steps", "kept"),
    [
        ("size: int", "emit from boxes where size > 10", ""),
        ("size: int", "emit from boxes where size > $size", "size: int"),
        ("least: int, most: int = 9", "emit from boxes where size > least", "least: int"),
        ("size: int", 'say "above {size}"', "size: int"),
        ("size: int", "update boxes where size > 3 set size = 3", ""),
        ("colour: text", "call pack(size: 3)", ""),
    ],
)
def test_a_script_has_the_parameters_that_its_steps_read(params: str, steps: str, kept: str) -> None:
    script = parse(Source("a", f"script a({params})\n  {steps}\nend\n")).scripts[0]
    wanted = parse(Source("a", f"script a({kept})\n  {steps}\nend\n")).scripts[0]
    assert infer_signature(script, task()).params == wanted.params


@pytest.mark.parametrize(("step", "returns"), [("emit from boxes", False), ("return", False), ("return 3", True)])
def test_a_script_has_a_return_type_where_a_step_returns_a_value(step: str, returns: bool) -> None:
    script = parse(Source("a", f"script a() -> int\n  if true then\n    {step}\n  end\nend\n")).scripts[0]
    assert infer_signature(script, task()).returns == (script.returns if returns else None)


def test_a_wrong_head_needs_no_repair(serve: Server) -> None:
    made = translate(serve(GOOD.replace("()", "(size: int, limit: int = 3) -> text")))
    assert made.work is not None
    assert len(made.work.rounds) == 1
    assert made.sop_text.endswith(GOOD)


def test_a_field_with_the_name_of_a_parameter_is_qualified(serve: Server) -> None:
    reply = (
        "script big_boxes(size: int = 10)\n  @1 emit from boxes where size > $size and size < 99 order by size\nend\n"
    )
    made = translate(serve(reply))
    assert made.work is not None
    assert len(made.work.rounds) == 1
    assert "where boxes.size > $size and boxes.size < 99 order by boxes.size" in made.sop_text


# ── which model ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Config:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Config(tmp_path / ".sop", tmp_path / "sop.toml")


def test_without_key_and_server_patterns_translate(config: Config) -> None:
    assert model_options(config) is None
    assert choose(None, configured_models(config)) == "patterns"


def test_with_a_key_a_model_translates(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    options = model_options(config)
    assert options is not None
    assert options.host == "api.openai.com"
    assert KEY not in repr(options)
    assert choose(None, {"model": options}) == "model"
    assert choose("patterns", {"model": options}) == "patterns"


def test_a_model_on_this_machine_translates_where_no_other_is_configured() -> None:
    here = ModelOptions("coder", "", "none", file=Path("coder.gguf"))
    there = ModelOptions("m", "http://127.0.0.1:9/v1", KEY)
    assert choose(None, {"local": here}) == "local"
    assert choose(None, {"model": there, "local": here}) == "model"
    assert choose("local", {"model": there, "local": here}) == "local"


def test_a_flag_overrides_the_settings_file(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", KEY)
    settings = {"model": "from-file", "base_url": "http://127.0.0.1:9/v1", "api_key": "${THE_KEY}"}
    configured = Config(config.home, config.file, translator=settings)
    options, flagged = model_options(configured), model_options(configured, "from-flag")
    assert options is not None and flagged is not None
    assert (options.model, options.api_key, flagged.model) == ("from-file", KEY, "from-flag")


def test_the_settings_file_bounds_what_a_model_is_asked(config: Config) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "rounds": 1, "tokens": 5, "timeout": 7, "wait": 0}
    options = model_options(Config(config.home, config.file, translator={**settings, "decoding": "vllm"}))
    assert options is not None
    assert (options.rounds, options.tokens, options.timeout, options.wait, options.decoding) == (1, 5, 7, 0, "vllm")
    with pytest.raises(UsageError, match="no decoding"):
        model_options(Config(config.home, config.file, translator={**settings, "decoding": "magic"}))


@pytest.mark.parametrize("line", ["rounds = -1", 'rounds = "3"', "rounds = true", "rounds = 1.5"])
def test_a_bound_that_is_no_number_is_an_error(line: str, tmp_path: Path) -> None:
    (tmp_path / "sop.toml").write_text(f"[translator]\n{line}\n")
    with pytest.raises(UsageError, match="whole number"):
        Config.load(cwd=tmp_path)


def test_a_server_of_ones_own_needs_a_model_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    options = model_options(config)
    with pytest.raises(UsageError) as error:
        choose(None, {"model": options})
    assert error.value.code == "T0303"
    assert choose("patterns", {"model": options}) == "patterns"


@pytest.mark.parametrize(
    ("translator", "code"), [("model", "T0301"), ("command", "T0301"), ("local", "T0301"), ("magic", "T0302")]
)
def test_a_translator_that_is_not_there_is_an_error(translator: str, code: str) -> None:
    with pytest.raises(UsageError) as error:
        choose(translator, {})
    assert error.value.code == code


def test_the_settings_that_the_page_shows_are_the_defaults(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "grammar" / "ENGLISH.md").read_text("utf-8")
    folder = config.home.parent
    (folder / "sop.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    shown = model_options(Config.load(cwd=folder))
    assert shown == model_options(config)
    assert shown is not None
    assert shown.provider == "openai"
