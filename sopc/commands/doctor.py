"""`sopc doctor`: what of the installation and the settings works, and what to do about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from time import time

import click

from runtime import Config, Error
from runtime.console import (
    OK,
    WRONG,
    Check,
    checks_of,
    database_options,
    failed_check,
    load_config,
    output_options,
    print_rows,
)


@click.command("doctor")
@database_options
@output_options("table")
def doctor_command(home: str | None, databases: Sequence[str], format_: str) -> int:
    """Look at Python, extras, home, library, databases, translator, tokens and clock; exit with 1 if one is wrong.

    \b
      sopc doctor
      sopc doctor -f json
    """
    broken = None
    try:
        config = load_config(home, databases)
    except Error as error:
        config, broken = Config.located(home), error
    checks = list(checks_of(config, datetime.now(UTC), broken))
    if broken is None:
        checks.append(_translator(config))
    checks.append(_tokens(config))
    print_rows(Check._fields, checks, format_)
    return 1 if any(check.is_wrong for check in checks) else 0


def _translator(config: Config) -> Check:
    from sopc.english import check_reach, choose, configured_models

    try:
        models = configured_models(config)
        model = models.get(choose(config.setting("use"), models))
        if model is not None:
            check_reach(model)
    except Error as error:
        return failed_check("translator", error)
    if model is None:
        return Check("translator", OK, "patterns, which need no model", "for freer English: sopc model pull, or a key")
    return Check("translator", OK, f"{model.label} can be asked")


def _tokens(config: Config) -> Check:
    try:
        from runtime.api import Tokens
    except ImportError:
        return Check("tokens", OK, "`sopvm serve` is not installed, so there are none", "pip install 'sopc[serve]'")
    try:
        tokens = Tokens(config.home).all().values()
    except Error as error:
        return failed_check("tokens", error)
    expired = [token.name for token in tokens if token.expires and token.expires <= time()]
    if expired:
        return Check("tokens", WRONG, f"expired: {', '.join(expired)}", f"sopvm token rm {' '.join(expired)}")
    if not tokens:
        return Check("tokens", OK, "none: `sopvm serve` answers this machine only", "sopvm token add NAME")
    return Check("tokens", OK, f"{len(tokens)}: {', '.join(token.name for token in tokens)}")
