"""sopc/english/providers.toml, each row against a stand-in as strict as the service, and servers that have no row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from runtime.config import Config
from runtime.errors import SopError, UsageError
from sopc.english.model.ask import Endpoint
from sopc.english.model.known import Known, remembered
from sopc.english.model.probe import decoding_of
from sopc.english.providers import providers
from sopc.english.settings import ModelOptions, model_options
from sopc.english.translate import choose
from tests.stand_in import Fail, StandIn

KEY = "sk-of-the-service"
PROMPT = [{"role": "system", "content": "word " * 4_000}, {"role": "user", "content": "go"}]
LISTED: Final = {"model", "messages", "temperature", "max_tokens", "stream"}  # of the fields that are ever sent


def of_mistral(request: dict[str, Any]) -> Fail | None:
    """422 with all fields that its API does not list."""
    extra = [
        {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": value}
        for name, value in request.items()
        if name not in LISTED
    ]
    told = {"object": "error", "message": {"detail": extra}, "type": "invalid_request_error", "param": None}
    return Fail(422, body=told) if extra else None


def of_documented(request: dict[str, Any]) -> Fail | None:
    """Stricter than Ollama and OpenRouter, which pay no heed to a greatest length of another name."""
    return of_mistral({name: value for name, value in request.items() if name != "stream_options"})


def of_anthropic(request: dict[str, Any]) -> Fail | None:
    """It takes both names of the greatest length, and no temperature above 1; it has no grammar."""
    known = LISTED | {"stream_options", "max_completion_tokens"}
    return None if set(request) <= known and request.get("temperature", 0) <= 1 else Fail(400)


def of_gemini(request: dict[str, Any]) -> Fail | None:
    unknown = set(request) - LISTED - {"stream_options", "max_completion_tokens"}
    message = "".join(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.' for name in unknown)
    return Fail(400, body=[{"error": {"code": 400, "message": message}}]) if unknown else None


def of_openai(request: dict[str, Any]) -> Fail | None:
    """A model that reasons."""
    for name in {"temperature", "max_tokens"} & set(request):
        message = f"Unsupported parameter: '{name}' is not supported with this model."
        return Fail(400, body={"error": {"message": message, "param": name, "code": "unsupported_parameter"}})
    return None


STRICT: Final[dict[str, Callable[[dict[str, Any]], Fail | None]]] = {
    "anthropic": of_anthropic,
    "gemini": of_gemini,
    "mistral": of_mistral,
    "ollama": of_documented,
    "openai": of_openai,
    "openrouter": of_documented,
}

Server = Callable[..., StandIn]


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for row in providers().values():
        for name in filter(None, (row.key, row.address)):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture
def serve() -> Iterator[Server]:
    made: list[StandIn] = []

    def start(*answers: str | Fail, **settings: Any) -> StandIn:
        made.append(StandIn(*answers, **settings))
        return made[-1]

    yield start
    for server in made:
        server.close()


def options(tmp_path: Path, **settings: str) -> ModelOptions:
    found = model_options(Config(tmp_path, tmp_path / "sop.toml", translator={"model": "m", **settings}))
    assert found is not None
    return found


def asked(options: ModelOptions, home: Path, prompt: list[dict[str, str]] = PROMPT) -> str:
    with Endpoint(options, lambda note: None, home) as endpoint:
        return endpoint.ask(decoding_of(endpoint), prompt, None, 8_000).text


def test_every_row_is_tried() -> None:
    assert {*STRICT, "server"} == set(providers())


@pytest.mark.parametrize("name", STRICT)
def test_a_preset_sends_what_the_service_takes(
    name: str, serve: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = providers()[name]
    if row.key:
        monkeypatch.setenv(row.key, KEY)
    server = serve("done", key=KEY if row.key else None, refuses=STRICT[name])
    assert asked(options(tmp_path, provider=name, base_url=server.url), tmp_path) == "done"
    assert len(server.requests) == 1
    assert all(len(probe.get("tools", ())) == 1 for probe in server.probes)  # only OpenAI's, with its own form
    assert remembered(tmp_path) == {} if not row.forms else {f"{server.url} m": Known("none")}


@pytest.mark.parametrize("name", ["mistral", "openai"])
def test_a_field_that_a_server_refuses_is_sent_otherwise_and_this_is_remembered(
    name: str, serve: Server, tmp_path: Path
) -> None:
    server = serve("one", "two", "three", refuses=STRICT[name])
    found = options(tmp_path, base_url=server.url)
    assert asked(found, tmp_path) == "one"
    known = remembered(tmp_path)[f"{server.url} m"]
    wanted = {"mistral": {"max_completion_tokens": "max_tokens", "stream_options": ""}, "openai": {"temperature": ""}}
    assert known == Known("none", wanted[name])
    server.requests.clear()
    assert asked(found, tmp_path) == "two"
    assert len(server.requests) == 1
    assert ("max_tokens" in server.requests[0]) is (name == "mistral")
    assert asked(found, tmp_path / "elsewhere") == "three"


def test_a_field_that_is_refused_under_each_name_is_left_out(serve: Server, tmp_path: Path) -> None:
    def no_lengths(request: dict[str, Any]) -> Fail | None:
        named = [name for name in request if name.startswith("max_")]
        return Fail(400, body={"error": {"message": f"{named[0]} is not supported"}}) if named else None

    server = serve("done", refuses=no_lengths)
    assert asked(options(tmp_path, base_url=server.url), tmp_path) == "done"
    assert remembered(tmp_path)[f"{server.url} m"].fields == {"max_completion_tokens": ""}


def test_a_server_that_refuses_for_another_reason_is_not_asked_forever(serve: Server, tmp_path: Path) -> None:
    echo = {"error": {"message": "no model m for max_completion_tokens, max_tokens, temperature, stream_options"}}
    server = serve(*[Fail(400, body=echo)] * 50)
    with pytest.raises(SopError) as error:
        asked(options(tmp_path, base_url=server.url, decoding="none"), tmp_path)
    assert error.value.code == "T0312"
    assert len(server.requests) == 5
    assert remembered(tmp_path) == {}


@pytest.mark.parametrize("window", [2048, 2050, 4096])
def test_a_prompt_that_is_cut_to_the_window_is_an_error(window: int, serve: Server, tmp_path: Path) -> None:
    server = serve("done", window=window)
    with pytest.raises(SopError) as error:
        asked(options(tmp_path, provider="ollama", base_url=server.url), tmp_path)
    assert error.value.code == "T0313"
    assert f"read only {window:,} tokens of a prompt of about 5,000" in error.value.message
    assert "OLLAMA_CONTEXT_LENGTH=16384 ollama serve" in (error.value.hint or "")


@pytest.mark.parametrize("window", [3_500, 4_095, 4_999, None])
def test_a_tokenizer_with_longer_tokens_is_no_cut(window: int | None, serve: Server, tmp_path: Path) -> None:
    server = serve("done", window=window)
    assert asked(options(tmp_path, provider="ollama", base_url=server.url), tmp_path) == "done"


def test_a_service_needs_its_own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    found = options(tmp_path, provider="mistral")
    assert (found.has_key, found.base_url) == (False, "https://api.mistral.ai/v1")
    with pytest.raises(UsageError, match="needs a key") as error:
        choose("model", {"model": found})
    assert error.value.code == "T0305"
    assert "MISTRAL_API_KEY" in (error.value.hint or "")
    ollama = options(tmp_path, provider="ollama")
    assert choose(None, {"model": ollama}) == "model" and ollama.is_local


def test_a_wrong_key_is_told_as_one(serve: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", KEY)
    told = [{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]
    server = serve(Fail(400, body=told))
    with pytest.raises(SopError) as error:
        asked(options(tmp_path, provider="gemini", base_url=server.url), tmp_path)
    assert (error.value.code, error.value.hint) == ("T0305", "check GEMINI_API_KEY, or `api_key` in sop.toml")


def test_an_address_is_known_by_its_row(tmp_path: Path) -> None:
    assert options(tmp_path, base_url="https://api.mistral.ai/v1/").provider == "mistral"
    assert options(tmp_path, base_url="http://127.0.0.1:1/v1").provider == "server"
    assert options(tmp_path, provider="server", base_url="https://api.mistral.ai/v1").provider == "server"


@pytest.mark.parametrize(("name", "reason"), [("magic", "there is no provider"), ("server", "has no base_url")])
def test_a_provider_that_says_no_address_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason) as error:
        options(tmp_path, provider=name)
    assert error.value.code == "C0202"
