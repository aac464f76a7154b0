"""Messages and a grammar → a reply, in each form in which servers with OpenAI's API accept a grammar.

responses: OpenAI's Responses API, with a custom tool whose input is decoded under a Lark grammar. llama: a chat
completion with llama.cpp's field `grammar`, for builds with llguidance. vllm: with the field `structured_outputs`.
none: without a grammar. Replies are streamed, so that a slow reply does not look like a dead connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from sopc.english.model_records import Decoding, Message, Reply

if TYPE_CHECKING:
    from openai import OpenAI

TOOL: Final = "write_script"
# a field of a chat completion → its names, the next to be tried where a server refuses one; "": it is left out
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "max_completion_tokens": ("max_completion_tokens", "max_tokens", ""),
    "temperature": ("temperature", ""),
    "stream_options": ("stream_options", ""),
}
_LLGUIDANCE: Final = "%llguidance {}\n"
_ABOUT: Final = "Takes the whole script. It follows the grammar of the language that the instructions describe."


class BrokenOff(Exception):
    """The stream ended before the reply was complete."""


class TooSlow(Exception):
    """The reply was not complete at the deadline."""


def send(
    client: OpenAI,
    model: str,
    decoding: Decoding,
    messages: Sequence[Message],
    grammar: str | None,
    *,
    most_tokens: int,
    seconds: float,
    fields: Mapping[str, str],
) -> Reply:
    """Send one request.

    Args:
        client: Of the server.
        model: Its name.
        decoding: The form of the request.
        messages: Of the conversation.
        grammar: In the Lark dialect of llguidance, None for a free reply.
        most_tokens: The maximum length of the reply.
        seconds: The maximum time until the end of the reply.
        fields: What a field of a chat completion is called there; "" for one that is left out.

    Raises:
        BrokenOff: The stream ended early.
        TooSlow: The reply took longer than `seconds`.
        openai.OpenAIError: As the client.
    """
    began = monotonic()
    if decoding == "responses":
        text, cut_off, usage = _responses(client, model, messages, grammar, most_tokens, began + seconds)
        counts = (
            _count(usage, "input_tokens"),
            _count(getattr(usage, "input_tokens_details", None), "cached_tokens"),
            _count(usage, "output_tokens"),
        )
    else:
        extra = _chat_fields(decoding, grammar)
        settings = _settings(most_tokens, fields)
        text, cut_off, usage = _chat(client, model, messages, extra, settings, began + seconds)
        counts = (
            _count(usage, "prompt_tokens"),
            _count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"),
            _count(usage, "completion_tokens"),
        )
    return Reply(text, *counts, seconds=round(monotonic() - began, 3), cut_off=cut_off)


def _chat_fields(decoding: Decoding, grammar: str | None) -> dict[str, Any]:
    if grammar is None or decoding == "none":
        return {}
    return {"grammar": _LLGUIDANCE + grammar} if decoding == "llama" else {"structured_outputs": {"grammar": grammar}}


def _settings(most_tokens: int, fields: Mapping[str, str]) -> dict[str, Any]:
    settings = {
        "max_completion_tokens": most_tokens,
        "temperature": 0,
        "stream_options": {"include_usage": True},
    }
    named = {fields.get(name, name): value for name, value in settings.items()}
    return {name: value for name, value in named.items() if name}


def _chat(
    client: OpenAI,
    model: str,
    messages: Sequence[Message],
    extra: dict[str, Any],
    settings: dict[str, Any],
    deadline: float,
) -> tuple[str, bool, Any]:
    create: Any = client.chat.completions.create
    events = create(model=model, messages=list(messages), stream=True, extra_body=extra, **settings)
    parts: list[str] = []
    finished, usage = None, None
    for event in _until(deadline, events):
        usage = event.usage or usage
        for choice in event.choices[:1]:
            parts.append(choice.delta.content or "")
            finished = choice.finish_reason or finished
    if finished is None:
        raise BrokenOff
    return "".join(parts), finished == "length", usage


def _responses(
    client: OpenAI, model: str, messages: Sequence[Message], grammar: str | None, most_tokens: int, deadline: float
) -> tuple[str, bool, Any]:
    instructions = "\n".join(message["content"] for message in messages if message["role"] == "system")
    request: dict[str, Any] = {
        "model": model,
        "instructions": instructions,
        "input": [message for message in messages if message["role"] != "system"],
        "max_output_tokens": most_tokens,
        "store": False,
        "stream": True,
    }
    if grammar is not None:
        form = {"type": "grammar", "syntax": "lark", "definition": grammar}
        request["tools"] = [{"type": "custom", "name": TOOL, "description": _ABOUT, "format": form}]
        request["tool_choice"] = {"type": "custom", "name": TOOL}
        request["parallel_tool_calls"] = False
    create: Any = client.responses.create
    for event in _until(deadline, create(**request)):
        if event.type in ("response.completed", "response.incomplete"):
            response = event.response
            calls = [item.input for item in response.output if item.type == "custom_tool_call"]
            return calls[0] if calls else response.output_text, event.type == "response.incomplete", response.usage
        if event.type in ("response.failed", "error"):
            raise BrokenOff
    raise BrokenOff


def _until(deadline: float, events: Iterable[Any]) -> Iterator[Any]:
    """Yields events until the deadline. Connection errors become BrokenOff, since the reply has begun."""
    from openai import APIConnectionError

    try:
        for event in events:
            if monotonic() > deadline:
                raise TooSlow
            yield event
    except Exception as error:
        in_http_library = type(error).__module__.startswith("httpx")  # the client's HTTP library, or a fork of it
        if not (in_http_library or isinstance(error, APIConnectionError)):
            raise
        raise (TooSlow if "Timeout" in type(error).__name__ else BrokenOff) from None


def _count(usage: Any, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) else 0
