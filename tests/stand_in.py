"""A stand-in for model servers: it speaks OpenAI's wire format over a real socket on this machine, and decodes its
replies under the grammar in the request, with llguidance.

A test sets what it wants to say; it says what the grammar allows of that.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from llguidance import LLMatcher, LLTokenizer

CLOSING = b'`")]} endothw1\n'  # what ends texts, brackets and blocks
PROBE = "Say hello"
CACHED = 10  # tokens of a prompt
_BYTES = LLTokenizer("byte")
_HEADER = "%llguidance {}\n"
_LONGEST = 4_000


@dataclass(frozen=True)
class Say:
    """What the stand-in wants to say: the first text that the grammar allows, else as much of the first as it does.

    finish: the reason that it gives for its end. breaks: the connection is cut after half of it.
    """

    wanted: Sequence[str]
    finish: str = "stop"
    breaks: bool = False


@dataclass(frozen=True)
class Fail:
    """A status in place of a reply. retry_after: of the header, None without it. body: of the reply, as JSON."""

    status: int
    retry_after: str | None = None
    body: Any = None


HANG = "hang"  # no reply
DROP = "drop"  # the connection is closed before a reply
Answer = str | Say | Fail | bytes


class StandIn:
    """forms: in which it takes a grammar ("responses", "llama", "vllm"). strict: it answers 400 to fields that it does
    not know, rather than paying them no heed. key: the one it accepts, None for all. requests: those that it got, in
    order, the probes apart. paths, keys: of the requests. window: the number of tokens of a prompt that it reads.
    refuses: the failure for the fields of a request, None to take it."""

    def __init__(
        self,
        *answers: Answer,
        forms: Sequence[str] = (),
        strict: bool = False,
        key: str | None = None,
        window: int | None = None,
        refuses: Callable[[dict[str, Any]], Fail | None] = lambda request: None,
    ) -> None:
        self.answers = list(answers)
        self.forms = forms
        self.window = window
        self.refuses = refuses
        self.strict = strict
        self.key = key
        self.requests: list[dict[str, Any]] = []
        self.probes: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                stand_in.take(self, request)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def sent(self) -> str:
        """All that was sent, as one text."""
        return json.dumps([*self.probes, *self.requests], ensure_ascii=False)

    def take(self, handler: BaseHTTPRequestHandler, request: dict[str, Any]) -> None:
        by_responses = handler.path.endswith("/responses")
        is_probe = PROBE in json.dumps(request)
        (self.probes if is_probe else self.requests).append(request)
        self.paths.append(handler.path)
        self.keys.append(handler.headers["authorization"])
        if self.key is not None and handler.headers["authorization"] != f"Bearer {self.key}":
            send_failure(handler, Fail(401))
        elif by_responses and "responses" not in self.forms:
            send_failure(handler, Fail(404))
        elif (failure := self.refuses(request)) is not None:
            send_failure(handler, failure)
        elif self.strict and ("grammar" in request) > ("llama" in self.forms):
            send_failure(handler, Fail(400))
        else:
            answer = "Hello, dear reader!" if is_probe else self.answers.pop(0)
            self.give(handler, request, answer, by_responses)

    def give(
        self, handler: BaseHTTPRequestHandler, request: dict[str, Any], answer: Answer, by_responses: bool
    ) -> None:
        if answer == HANG:
            self.released.wait()
        elif answer == DROP:
            handler.close_connection = True
        elif isinstance(answer, Fail):
            send_failure(handler, answer)
        elif isinstance(answer, bytes):
            send_body(handler, answer, "application/json")
        else:
            say = answer if isinstance(answer, Say) else Say([str(answer)])
            grammar = self.grammar_of(request)
            text = say.wanted[0] if grammar is None else decoded(grammar, say.wanted)
            read = tokens_of(request, self.window)
            events = list((responses_events if by_responses else chat_events)(request, text, say.finish, read))
            if request.get("stream"):
                send_events(handler, events, say.breaks)
            else:
                send_body(handler, json.dumps(whole(events)).encode(), "application/json")

    def grammar_of(self, request: dict[str, Any]) -> str | None:
        """The grammar of a request, where it comes in a form that this server takes."""
        if "llama" in self.forms and str(request.get("grammar", "")).startswith(_HEADER):
            return str(request["grammar"]).removeprefix(_HEADER)
        if "vllm" in self.forms and "structured_outputs" in request:
            return str(request["structured_outputs"]["grammar"])
        for tool in request.get("tools", ()):
            if "responses" in self.forms and tool["type"] == "custom":
                return str(tool["format"]["definition"])
        return None


def decoded(grammar: str, wanted: Sequence[str]) -> str:
    """The first wanted text that the grammar allows; else the first one as far as it goes, brought to an end."""
    start = LLMatcher(_BYTES, grammar)
    if start.is_error():
        raise ValueError(start.get_error())
    for text in wanted:
        matcher = start.deep_copy()
        if matcher.try_consume_tokens(list(text.encode())) == len(text.encode()) and matcher.is_accepting():
            return text
    said = bytearray()
    rest = wanted[0].encode()
    while len(said) < _LONGEST and not (start.is_accepting() and not rest):
        mask = start.compute_logit_bias()
        allowed = [byte for byte in range(256) if mask[byte]]
        if not allowed:
            break
        following = rest[:1] if rest and rest[0] in allowed else bytes(byte for byte in CLOSING if byte in allowed)
        rest = rest[1:] if rest and rest[0] in allowed else b""
        said.append((following or bytes(allowed))[0])
        start.consume_token(said[-1])
    return said.decode()


# ── the wire format ──────────────────────────────────────────────────────────────────────────────────────────────


def tokens_of(request: dict[str, Any], window: int | None = None) -> int:
    """The tokens of the prompt that a server reads, four letters each; cut to its window."""
    messages = request.get("messages") or [*request["input"], {"content": request["instructions"]}]
    tokens = sum(len(each["content"]) for each in messages) // 4
    return tokens if window is None else min(tokens, window)


def chat_events(request: dict[str, Any], text: str, finish: str, read: int) -> Iterator[dict[str, Any]]:
    """Chunks of a streamed chat completion: https://platform.openai.com/docs/api-reference/chat-streaming"""
    head = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": request["model"]}
    for part in parts_of(text):
        yield {
            **head,
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None}],
        }
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}
    if request.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": read, "completion_tokens": len(text) // 4, "total_tokens": read + len(text) // 4}
        yield {**head, "choices": [], "usage": {**usage, "prompt_tokens_details": {"cached_tokens": CACHED}}}


def responses_events(request: dict[str, Any], text: str, finish: str, read: int) -> Iterator[dict[str, Any]]:
    """Events of a streamed response: https://platform.openai.com/docs/api-reference/responses-streaming"""
    called = bool(request.get("tools"))
    kind = "response.custom_tool_call_input.delta" if called else "response.output_text.delta"
    for number, part in enumerate(parts_of(text)):
        yield {"type": kind, "sequence_number": number, "item_id": "i", "output_index": 1, "delta": part}
    if called:
        item: dict[str, Any] = {"type": "custom_tool_call", "id": "i", "call_id": "c", "name": "t", "input": text}
    else:
        content = [{"type": "output_text", "text": text, "annotations": []}]
        item = {"type": "message", "id": "i", "role": "assistant", "status": "completed", "content": content}
    status = "incomplete" if finish == "length" else "completed"
    response = {
        **{"id": "r", "object": "response", "created_at": 1, "model": request["model"], "status": status},
        "output": [{"type": "reasoning", "id": "q", "summary": []}, item],
        "usage": {
            **{"input_tokens": read, "output_tokens": len(text) // 4, "total_tokens": read + len(text) // 4},
            **{"input_tokens_details": {"cached_tokens": CACHED}, "output_tokens_details": {"reasoning_tokens": 0}},
        },
    }
    yield {"type": f"response.{status}", "sequence_number": 99, "response": response}


def parts_of(text: str) -> list[str]:
    return [text[place : place + 7] for place in range(0, len(text), 7)]


def whole(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The reply that is not streamed, of the same content."""
    if "response" in events[-1]:
        response: dict[str, Any] = events[-1]["response"]
        return response
    text = "".join(choice["delta"].get("content", "") for event in events for choice in event["choices"])
    reason = next(choice["finish_reason"] for event in reversed(events) for choice in event["choices"])
    message = {"role": "assistant", "content": text}
    choices = [{"index": 0, "message": message, "finish_reason": reason}]
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices}


def send_events(handler: BaseHTTPRequestHandler, events: list[dict[str, Any]], breaks: bool) -> None:
    lines = [*(f"data: {json.dumps(event)}\n\n" for event in events), "data: [DONE]\n\n"]
    body = "".join(lines).encode()
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[: len(body) // 2] if breaks else body)
    handler.close_connection = True


def send_failure(handler: BaseHTTPRequestHandler, failure: Fail) -> None:
    told = {"error": {"message": f"no; you sent {handler.headers['authorization']}", "type": "error"}}
    extra = {} if failure.retry_after is None else {"retry-after": failure.retry_after}
    send_body(handler, json.dumps(failure.body or told).encode(), "application/json", failure.status, extra)


def send_body(
    handler: BaseHTTPRequestHandler, body: bytes, kind: str, status: int = 200, extra: dict[str, str] | None = None
) -> None:
    handler.send_response(status)
    for name, value in {"content-type": kind, "content-length": str(len(body)), **(extra or {})}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)
