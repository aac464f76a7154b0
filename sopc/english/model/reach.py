"""A model's options → whether its server answers, or its program is there. Nothing of a prompt is sent or started."""

from __future__ import annotations

from shutil import which
from typing import Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from runtime.errors import SopError
from sopc.english.settings import ModelOptions

_SECONDS: Final = 5


def check_reach(options: ModelOptions) -> None:
    """Check that a model can be asked. The first translation shows whether its server takes the key.

    Args:
        options: How to reach the model.

    Raises:
        SopError: T0304, its server can't be reached; T0314, its program is not there.
    """
    if options.command:
        if which(options.command[0]) is None:
            message = f"{options.label} does not start: there is no such program"
            raise SopError("T0314", message, "install it, or check `command` in sop.toml")
        return
    if options.file is not None:
        return
    request = Request(f"{options.base_url.rstrip('/')}/models", headers={"Authorization": f"Bearer {options.api_key}"})
    opener = build_opener(ProxyHandler({})) if options.is_local else build_opener()
    try:
        opener.open(request, timeout=_SECONDS).close()
    except HTTPError as error:  # an answer: services differ in how they list models, and to whom
        error.close()
    except (OSError, ValueError) as error:
        reason = str(getattr(error, "reason", error)).lower()
        hint = f"check {options.address_settings}; --translator patterns needs no server"
        raise SopError("T0304", f"{options.label} can't be reached: {reason}", hint) from None
