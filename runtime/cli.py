"""`sopvm`: runs compiled scripts. Command line → a command of runtime/commands, imported when it is asked for."""

from __future__ import annotations

from typing import Final

import click

from runtime.commands.app import App

_HELP: Final = """Run compiled scripts over databases; what they emit comes out as JSON lines.

\b
  sopvm run audit_salary dept=Sales floor=90000 -f table
  sopvm do "show the employees in Sales whose salary is above 90000"
  sopvm db import flights.csv
  sopvm db query "from flights limit 10"
  sopvm serve

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 waiting for an answer, 130 interrupted.

Shell completion: eval "$(_SOPVM_COMPLETE=bash_source sopvm)" (or zsh_source, fish_source).
"""

main: Final = click.version_option(package_name="sopc", prog_name="sopvm")(
    App(
        "sopvm",
        {
            "run": "runtime.commands.run:run_command",
            "do": "runtime.commands.do:do_command",
            "db": "runtime.commands.db:db_group",
            "serve": "runtime.commands.serve:serve_command",
            "token": "runtime.commands.token:token_group",
            "record": "runtime.commands.record:record_command",
        },
        help=_HELP,
    )
)
