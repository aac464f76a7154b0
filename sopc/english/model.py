"""A prompt → a script, by a model behind OpenAI's API: one request, one more with the findings where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from runtime.bytecode.module import Effects, Signature
from runtime.databases.schema import Schema
from runtime.errors import SopError
from sopc.diagnostics import CompileError
from sopc.english.prompt import system_prompt, user_prompt
from sopc.english.sample import Sampler
from sopc.english.sentences import Workflow
from sopc.english.settings import ModelOptions
from sopc.source import Source

if TYPE_CHECKING:
    from openai import OpenAI

MAX_TOKENS = 8_000
_FENCE = re.compile(r"```[a-z]*\n(.*?)(?:\n```|\Z)", re.DOTALL)
_CANNOT = re.compile(r'\s*cannot\s+"(.*)"\s*', re.DOTALL)
_SHOWN_REPLY = 200

Messages = list[dict[str, str]]


def prompt(
    workflow: Workflow,
    schemas: Mapping[str, Schema],
    sampler: Sampler,
    signatures: Callable[[str], tuple[Signature, Effects] | None],
    script_names: Callable[[], Iterable[str]],
    options: ModelOptions,
) -> Messages:
    """All that would be sent: the messages of the first request."""
    question = user_prompt(workflow, schemas, sampler, signatures, script_names, options.shows_values)
    return [{"role": "system", "content": system_prompt()}, {"role": "user", "content": question}]


def ask_model(
    workflow: Workflow,
    schemas: Mapping[str, Schema],
    sampler: Sampler,
    signatures: Callable[[str], tuple[Signature, Effects] | None],
    script_names: Callable[[], Iterable[str]],
    options: ModelOptions,
) -> str:
    """The script as formatted DSL, parsed and checked.

    Raises SopError T0304 (can't be reached), T0305 (key refused), T0306 (rate limit), T0307 (server failed), T0308
    (too slow), T0309 (reply cut off), T0310 (no script in the reply), T0311 (the model says why it can't), T0312
    (request refused); CompileError with the findings of the second attempt.
    """
    from openai import OpenAI

    messages = prompt(workflow, schemas, sampler, signatures, script_names, options)
    with OpenAI(api_key=options.api_key, base_url=options.base_url, timeout=options.timeout, max_retries=0) as client:
        reply = _ask(client, messages, options)
        try:
            return _checked(reply, workflow, schemas, signatures, script_names)
        except CompileError as error:
            repair = f"That has errors:\n{error.render()}\nReply with the whole script, corrected, in one code block."
        messages += [{"role": "assistant", "content": reply}, {"role": "user", "content": repair}]
        return _checked(_ask(client, messages, options), workflow, schemas, signatures, script_names)


def _ask(client: OpenAI, messages: Messages, options: ModelOptions) -> str:
    """The reply's text."""
    import openai

    where = options.label
    request: Any = messages
    try:
        answer = client.chat.completions.create(
            model=options.model, messages=request, temperature=0, max_completion_tokens=MAX_TOKENS
        )
    except openai.APITimeoutError:
        message = f"{where} gave no reply within {options.timeout:g} seconds"
        raise SopError("T0308", message, "try again, or use another model") from None
    except openai.APIConnectionError as error:
        reason = str(error.__cause__ or error).lower().rstrip(".")
        raise SopError(
            "T0304", f"{where} can't be reached: {reason}", "check OPENAI_BASE_URL and the network"
        ) from None
    except (openai.AuthenticationError, openai.PermissionDeniedError):
        raise SopError("T0305", f"{where} refused the key", "check OPENAI_API_KEY") from None
    except openai.RateLimitError as error:
        wait = error.response.headers.get("retry-after")
        hint = f"try again in {wait} seconds" if wait and wait.isdigit() else "try again later"
        raise SopError("T0306", f"{where} takes no more requests now", f"{hint}, or --translator patterns") from None
    except openai.APIStatusError as error:
        if error.status_code >= 500:
            message = f"{where} failed with status {error.status_code}"
            raise SopError("T0307", message, "try again later, or --translator patterns") from None
        message = f"{where} refused the request with status {error.status_code}"
        raise SopError("T0312", message, "check the model's name and OPENAI_BASE_URL") from None
    except (openai.APIError, ValueError):
        raise SopError("T0307", f"{where} sent no valid reply", "check OPENAI_BASE_URL") from None
    if not getattr(answer, "choices", None):
        raise SopError("T0310", f"the reply of {where} is empty", "try again, or use another model")
    choice = answer.choices[0]
    if choice.finish_reason == "length":
        message = f"the reply of {where} was cut off at {MAX_TOKENS:,} tokens"
        raise SopError("T0309", message, "split the workflow into smaller ones")
    return choice.message.content or ""


def _checked(
    reply: str,
    workflow: Workflow,
    schemas: Mapping[str, Schema],
    signatures: Callable[[str], tuple[Signature, Effects] | None],
    script_names: Callable[[], Iterable[str]],
) -> str:
    """The reply's script, formatted. Raises CompileError where it is wrong, SopError where there is none."""
    from sopc.dsl.fmt import format_file
    from sopc.dsl.parse import parse
    from sopc.tree.check import check

    source = Source(f"{workflow.name}.sop", script_text(reply))
    file = parse(source)
    named = file.model_copy(
        update={"scripts": tuple(script.model_copy(update={"name": workflow.name}) for script in file.scripts[:1])}
    )
    check(file, source, schemas, signatures, script_names)
    return format_file(named)


def script_text(reply: str) -> str:
    """The script in a reply: the longest code block, or the reply itself where it begins as a script."""
    refused = _CANNOT.fullmatch(reply)
    if refused:
        raise SopError(
            "T0311", f"the model can't translate it: {refused[1]}", "say it in other words, or in smaller steps"
        )
    blocks: list[str] = _FENCE.findall(reply)
    text = max(blocks, key=len) if blocks else reply
    if not re.match(r"\s*(#[^\n]*\n\s*)*script\b", text):
        shown = " ".join(reply.split())[:_SHOWN_REPLY]
        said = f': "{shown}"' if shown else ", but nothing at all"
        raise SopError("T0310", f"the model replied with no script{said}", "try again, or use another model")
    return text.strip() + "\n"
