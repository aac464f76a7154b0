"""A request → the reply of a program that reads it on stdin and writes the reply on stdout, such as `llm`.

The program runs in an empty folder, since such programs read files of the working one, and in a process group of its
own, which ends with it.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from time import monotonic
from typing import Final

from runtime.errors import SopError
from sopc.english.model.reply import without_thoughts
from sopc.english.model_records import Decoding, Message, Reply, request_text
from sopc.english.settings import ModelOptions

_MAX_REPLY: Final = 1 << 20  # bytes
_MAX_SAID: Final = 4096  # bytes at the end of stderr that are looked at
_SHOWN: Final = 200
_ECHO: Final = 200  # characters of the prompt that no reply repeats
_LOOK: Final = 0.02  # seconds between two looks at whether the program has ended
_CHECK: Final = "check `command` in sop.toml"
# escape sequences (ECMA-48, and those that set a window's title), and the other control characters
_CONTROL: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|\r(?=\n)|[\x00-\x08\x0b-\x1f\x7f]"
)


@dataclass(frozen=True)
class _Ended:
    code: int
    reply: str
    said: str


class Command:
    """The program that `command` in sop.toml names, in place of a model server (`Endpoint`)."""

    def __init__(self, options: ModelOptions) -> None:
        self.options = options

    def ask(self, decoding: Decoding, messages: Sequence[Message], grammar: str | None, most_tokens: int) -> Reply:
        """Start the program with the request as `--show-prompt` prints it, without grammar and greatest length.

        Raises:
            SopError: T0308, timeout; T0314, it does not start; T0315, it failed; T0316, its reply is none.
        """
        prompt = request_text(messages) + "\n"
        began = monotonic()
        ended = self._run(prompt)
        if ended.code != 0:
            lines = ended.said.strip().splitlines() or ["it does not say why"]
            how = f"exit code {ended.code}" if ended.code > 0 else f"signal {-ended.code}"
            raise SopError("T0315", f"{self.options.label} ended with {how}: {lines[-1].strip()[:_SHOWN]}", _CHECK)
        if not ended.reply.strip():
            raise SopError("T0316", f"{self.options.label} printed nothing", _CHECK)
        if _repeats(ended.reply, prompt):
            hint = f"{_CHECK}: it is to print the answer of a model"
            raise SopError("T0316", f"{self.options.label} printed its input", hint)
        if not without_thoughts(ended.reply).strip():
            hint = "turn its thinking off, or raise its greatest length"
            raise SopError("T0316", f"{self.options.label} thought, and did not answer", hint)
        return Reply(ended.reply, seconds=round(monotonic() - began, 3))

    def _run(self, prompt: str) -> _Ended:
        command, label = self.options.command, self.options.label
        with TemporaryDirectory(prefix="sop-", ignore_cleanup_errors=True) as folder, TemporaryFile() as stdin:
            stdin.write(prompt.encode())
            stdin.seek(0)
            environment = {**os.environ, "PWD": folder, "NO_COLOR": "1"}
            try:
                process = Popen(
                    command, stdin=stdin, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment, start_new_session=True
                )
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise SopError("T0314", f"{label} does not start: {reason}", f"install it, or {_CHECK}") from None
            with process:
                try:
                    reply, said = self._output(process)
                finally:
                    with suppress(ProcessLookupError, PermissionError):  # nothing of it is left
                        os.killpg(process.pid, signal.SIGKILL)
        return _Ended(process.returncode, *(_CONTROL.sub("", part.decode(errors="replace")) for part in (reply, said)))

    def _output(self, process: Popen[bytes]) -> tuple[bytes, bytes]:
        """What the program has written until it ended. It is left unreaped, so that no other process group can have its
        number yet."""
        deadline = monotonic() + self.options.timeout
        reply, said = bytearray(), bytearray()
        ended = False
        with DefaultSelector() as selector:
            for stream, part in ((process.stdout, reply), (process.stderr, said)):
                assert stream is not None
                selector.register(stream, EVENT_READ, part)
            while not ended:
                ready = selector.select(_LOOK)
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    key.data.extend(data)
                    if not data:
                        selector.unregister(key.fileobj)
                del said[:-_MAX_SAID]
                if len(reply) > _MAX_REPLY:
                    raise SopError("T0316", f"{self.options.label} printed more than {_MAX_REPLY:,} bytes", _CHECK)
                if monotonic() > deadline:
                    message = f"{self.options.label} gave no complete reply within {self.options.timeout:g} seconds"
                    raise SopError("T0308", message, "try again, use another model, or raise `timeout` in sop.toml")
                ended = not ready and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return bytes(reply), bytes(said)


def _repeats(reply: str, prompt: str) -> bool:
    """Whether the reply holds the beginning or the end of the prompt, however the lines are broken."""
    said, asked = " ".join(reply.split()), " ".join(prompt.split())
    return asked[:_ECHO] in said or asked[-_ECHO:] in said
