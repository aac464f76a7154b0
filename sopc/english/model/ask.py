"""A request → its reply. Each kind of server failure has its own error; the client waits as long as the server says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import sleep, time
from typing import TYPE_CHECKING, Final

import msgspec

from runtime.errors import SopError
from sopc.english.model.known import Known, remember, remembered
from sopc.english.model.wire import NAMES, BrokenOff, TooSlow, send
from sopc.english.model_records import Decoding, Message, Reply
from sopc.english.settings import ModelOptions

if TYPE_CHECKING:
    import openai

_OTHER_WAYS: Final = "or --translator patterns"
_NO_SUCH_FORM: Final = (400, 404, 405, 415, 422, 501)  # the status codes for a request that a server does not support

_FIELD_REFUSED: Final = (400, 422)
_TOKEN: Final = 4  # letters in one, about
_LONGEST_TOKEN: Final = 6  # letters in one, on average, at the most
_WINDOW: Final = 1024  # servers cut prompts to a multiple of this many tokens, or to less than half of the prompt
_MAX_WAITS: Final = 10
_PAUSES: Final = (0.5, 2.0)  # seconds before a request that failed on the way is sent again
_FAILED: Final = "T0307"
_SHOWN: Final = 200

Note = Callable[[str], None]


class Refused(SopError):
    """The server refuses requests of this form (T0312)."""


class Endpoint:
    """A model server. Leaving the `with` block closes its connections. known: what was found out about it."""

    def __init__(self, options: ModelOptions, note: Note, home: Path) -> None:
        """note: called with messages for a person who waits. home: the folder that remembers what is known."""
        from openai import DefaultHttpxClient, OpenAI

        self.options = options
        self._home = home
        self.known = remembered(home).get(options.remembered_as, Known())
        self._fields = {**options.service.fields, **self.known.fields}
        self._note = note
        self._waits = 0
        self._waited = 0.0
        # what is shown to this machine alone must not go through a proxy, or where a redirect says
        direct = DefaultHttpxClient(trust_env=False, follow_redirects=False) if options.is_local else None
        self._client = OpenAI(
            api_key=options.api_key,
            base_url=options.base_url,
            timeout=options.timeout,
            max_retries=0,
            http_client=direct,
        )

    def __enter__(self) -> Endpoint:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def ask(self, decoding: Decoding, messages: Sequence[Message], grammar: str | None, most_tokens: int) -> Reply:
        """Send a request, and retry while the server limits requests; twice where it failed or the connection broke.

        All requests together wait at most `options.wait` seconds, and at most 10 times, since a server may say 0
        seconds each time.

        Raises:
            Refused: T0312, the server refuses requests of this form.
            SopError: T0304, not reachable; T0305, key refused; T0306, rate limit; T0307, server failed; T0308, timeout;
                T0313, the server read a part of the prompt.
        """
        retries = 0
        while True:
            wait = self._try(decoding, messages, grammar, most_tokens)
            if isinstance(wait, Reply):
                self.learn(fields=dict(self._fields.items() - self.options.service.fields.items()))
                self._check_read(messages, wait, most_tokens)
                return wait
            seconds, error = wait
            why = "takes no more requests now: waiting {} s as it says"
            if seconds is None and error.code == _FAILED and retries < len(_PAUSES):
                seconds, why = _PAUSES[retries], "failed: asking again in {} s"
                retries += 1
            if seconds is None or self._waits == _MAX_WAITS or self._waited + seconds > self.options.wait:
                raise error
            self._waits += 1
            self._waited += seconds
            self._note(f"{self.options.label} {why.format(f'{seconds:g}')}")
            sleep(seconds)

    def learn(self, **found: object) -> None:
        """Remember the `decoding` or the `fields` of the endpoint."""
        known = msgspec.structs.replace(self.known, **found)
        if known != self.known:
            self.known = known
            remember(self._home, self.options.remembered_as, known)

    def _check_read(self, messages: Sequence[Message], reply: Reply, most_tokens: int) -> None:
        """Refuse a reply to a prompt that the server cut to its window: some answer such a prompt without a word."""
        sent = sum(len(message["content"]) for message in messages)
        read = reply.prompt_tokens
        fills_window = read % _WINDOW == 0 and sent > _TOKEN * read
        if read and (fills_window or sent > _LONGEST_TOKEN * (read + reply.cached_tokens)):  # some count these apart
            message = f"{self.options.label} read only {read:,} tokens of a prompt of about {sent // _TOKEN:,}"
            wanted = 1 << (sent // 3 + most_tokens).bit_length()
            raise SopError("T0313", message, self.options.service.window.format(tokens=wanted))

    def _names_another(self, error: openai.APIStatusError) -> bool:
        """Whether the server refuses a field that can be called otherwise, or left out, as it is from now on."""
        if error.status_code in _FIELD_REFUSED:
            for name, ways in NAMES.items():
                used = self._fields.get(name, name)
                if used in ways[:-1] and re.search(rf"\b{used}\b", error.response.text):
                    self._fields[name] = ways[ways.index(used) + 1]
                    return True
        return False

    def _try(
        self, decoding: Decoding, messages: Sequence[Message], grammar: str | None, most_tokens: int
    ) -> Reply | tuple[float | None, SopError]:
        """The reply; or the seconds to wait before the next try (None if unknown), and the error if there is none."""
        import openai

        options = self.options
        where = options.label
        try:
            return send(
                self._client,
                options.model,
                decoding,
                messages,
                grammar,
                most_tokens=most_tokens,
                seconds=options.timeout,
                fields=self._fields,
            )
        except (openai.APITimeoutError, TooSlow):
            message = f"{where} gave no complete reply within {options.timeout:g} seconds"
            raise SopError("T0308", message, "try again, use another model, or raise `timeout` in sop.toml") from None
        except openai.APIConnectionError as error:
            if "Connect" not in type(error.__cause__).__name__:  # it was reached, and gave no reply
                return None, self._broke_off()
            reason = re.sub(r"^\[Errno -?\d+\] ", "", str(error.__cause__ or error)).lower().rstrip(".")
            hint = f"check the network, and {options.address_settings}"
            raise SopError("T0304", f"{where} can't be reached: {reason}", hint) from None
        except (openai.AuthenticationError, openai.PermissionDeniedError):
            raise self._key_refused() from None
        except openai.RateLimitError as error:
            seconds = _retry_after(error)
            hint = "try again later" if seconds is None else f"try again in {seconds:g} seconds"
            message = f"{where} takes no more requests now"
            return seconds, SopError("T0306", message, f"{hint}, {_OTHER_WAYS}")
        except openai.APIStatusError as error:
            if decoding != "responses" and self._names_another(error):
                return self._try(decoding, messages, grammar, most_tokens)
            if options.service.key_refused and options.service.key_refused in error.response.text:
                raise self._key_refused() from None
            if error.status_code in _NO_SUCH_FORM:
                message = f"{where} refused the request with status {error.status_code}{self._reason(error)}"
                raise Refused("T0312", message, f"check the model's name, and {options.address_settings}") from None
            message = f"{where} failed with status {error.status_code}"
            return _retry_after(error), SopError(_FAILED, message, f"try again later, {_OTHER_WAYS}")
        except BrokenOff:
            return None, self._broke_off()
        except (openai.APIError, ValueError, AttributeError, TypeError):
            raise SopError(_FAILED, f"{where} sent no valid reply", f"check {options.address_settings}") from None

    def _key_refused(self) -> SopError:
        said = "refused the key" if self.options.has_key else "wants a key, and none is set"
        return SopError("T0305", f"{self.options.label} {said}", f"check {self.options.key_settings}")

    def _broke_off(self) -> SopError:
        return SopError(
            _FAILED, f"{self.options.label} broke off before the reply was complete", f"try again, {_OTHER_WAYS}"
        )

    def _reason(self, error: openai.APIStatusError) -> str:
        """The message of a server on this machine, such as that the prompt is too long. Messages of other servers are
        not printed, since they may repeat the request."""
        said = error.body.get("message") if isinstance(error.body, dict) else None
        if self.options.file is None or not isinstance(said, str):
            return ""
        return f": {' '.join(said.split())[:_SHOWN]}"


def _retry_after(error: openai.APIStatusError) -> float | None:
    """The seconds to wait by the header Retry-After, a number or a date (RFC 9110, section 10.2.3)."""
    told = error.response.headers.get("retry-after", "")
    try:
        seconds = float(told)
    except ValueError:
        try:
            seconds = max(0.0, round(parsedate_to_datetime(told).timestamp() - time(), 1))
        except ValueError:
            return None
    return seconds if 0 <= seconds < float("inf") else None
