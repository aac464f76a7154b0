"""The requests to a model and its replies for one script, as plain data that the library stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

Message = dict[str, str]
Decoding = Literal["responses", "llama", "vllm", "none"]
DECODINGS: Final[tuple[Decoding, ...]] = ("responses", "llama", "vllm", "none")


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reply of a model.

    text: the program, or whatever came instead. prompt_tokens: as counted by the server, of which cached_tokens were
    cached. seconds: from the request to the end of the reply. cut_off: the reply reached its maximum length.
    """

    text: str
    prompt_tokens: int = 0
    cached_tokens: int = 0
    reply_tokens: int = 0
    seconds: float = 0.0
    cut_off: bool = False


class Round(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request and its reply.

    findings: on the reply, as text; none for the accepted reply. put_back: the unchanged sentences whose old steps
    replaced those of the reply. sentence: its number, where the request is for one. repairs: what was mended in the
    reply by rule, of which the author is warned.
    """

    request: tuple[Message, ...]
    reply: Reply
    findings: tuple[str, ...] = ()
    put_back: tuple[int, ...] = ()
    sentence: int = 0
    repairs: tuple[str, ...] = ()


class Work(msgspec.Struct, frozen=True):
    """All requests for one script. decoding: the form of the grammar, "none" if the server enforces none. host: of the
    server."""

    model: str
    host: str
    decoding: Decoding
    rounds: tuple[Round, ...]

    @property
    def prompt_tokens(self) -> int:
        return sum(each.reply.prompt_tokens for each in self.rounds)

    @property
    def reply_tokens(self) -> int:
        return sum(each.reply.reply_tokens for each in self.rounds)

    @property
    def seconds(self) -> float:
        return sum(each.reply.seconds for each in self.rounds)

    @property
    def summary(self) -> str:
        """Such as `2 rounds, 1,204 + 96 tokens, 3.1 s, decoding llama`."""
        rounds = f"{len(self.rounds)} round{'' if len(self.rounds) == 1 else 's'}"
        tokens = f"{self.prompt_tokens:,} + {self.reply_tokens:,} tokens, " if self.prompt_tokens else ""
        return f"{rounds}, {tokens}{self.seconds:.1f} s, decoding {self.decoding}"


def request_text(messages: Sequence[Message]) -> str:
    """Return messages as `--show-prompt` prints them and a command gets them.

    Args:
        messages: Of a request.
    """
    return "\n".join(f"--- {message['role']}\n{message['content']}" for message in messages)


def round_text(number: int, each: Round) -> str:
    """Return a round as `--show-work` prints it.

    Args:
        number: Of the round, from 1.
        each: The round: a request to a model, and its reply.
    """
    parts = [f"=== round {number}: request", request_text(each.request)]
    reply = each.reply
    tokens = f"{reply.prompt_tokens:,} tokens ({reply.cached_tokens:,} cached) + {reply.reply_tokens:,}"
    parts.append(f"=== round {number}: reply, {tokens}, {reply.seconds:.1f} s\n{reply.text.rstrip()}")
    parts += [f"=== round {number}: {put_back_text(each.put_back)}"] if each.put_back else []
    parts += [f"=== round {number}: found wrong\n" + "\n".join(each.findings)] if each.findings else []
    return "\n".join(parts)


def put_back_text(sentences: Sequence[int]) -> str:
    """Such as `the old steps of sentences 1 and 3 were put back, as these did not change`."""
    numbers = [str(each) for each in sentences]
    if len(numbers) == 1:
        return f"the old steps of sentence {numbers[0]} were put back, as it did not change"
    named = f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    return f"the old steps of sentences {named} were put back, as these did not change"


encode_work: Final = msgspec.msgpack.Encoder().encode
decode_work: Final = msgspec.msgpack.Decoder(Work).decode
