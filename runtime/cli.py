"""`sopvm`: runs compiled scripts. Command line → a command of runtime/commands, imported when it is asked for."""

from __future__ import annotations

from typing import Final

import click

from runtime.console.app import App, Lazy

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
            "run": Lazy("runtime.commands.run:run_command", "Run a script."),
            "runs": Lazy("runtime.commands.runs:runs_command", "List the runs that are kept."),
            "inspect": Lazy("runtime.commands.runs:inspect_command", "Show where a kept run is, with its variables."),
            "logs": Lazy("runtime.commands.runs:logs_command", "Print what a kept run has said."),
            "answer": Lazy("runtime.commands.runs:answer_command", "Answer a waiting run, and go on with it."),
            "resume": Lazy("runtime.commands.runs:resume_command", "Go on with a run that was interrupted."),
            "retry": Lazy("runtime.commands.runs:retry_command", "Go on with a run that failed or was cancelled."),
            "cancel": Lazy("runtime.commands.runs:cancel_command", "End a run that waits or was interrupted."),
            "push": Lazy("runtime.commands.push:push_command", "Put a script into the database that it writes."),
            "worker": Lazy("runtime.commands.worker:worker_command", "Go on with runs that no process has."),
            "schedule": Lazy("runtime.commands.schedule:schedule_group", "Run scripts at certain times."),
            "do": Lazy("runtime.commands.do:do_command", "Translate an English sentence, and run it."),
            "db": Lazy("runtime.commands.db:db_group", "Files into a database and out of it."),
            "serve": Lazy("runtime.commands.serve:serve_command", "Run the library's scripts over HTTP."),
            "mcp": Lazy("runtime.commands.mcp:mcp_command", "Offer the library's scripts to an agent."),
            "token": Lazy("runtime.commands.token:token_group", "Say who may use `sopvm serve`, and for what."),
            "record": Lazy("runtime.commands.record:record_command", "Work step by step; that becomes a script."),
        },
        help=_HELP,
    )
)
