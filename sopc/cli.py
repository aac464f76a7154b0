"""`sopc`: compiles and keeps scripts. Command line → a command of sopc/commands, imported when it is asked for."""

from __future__ import annotations

from typing import Final

import click

from runtime.commands.app import App

_HELP: Final = """Compile plain English into small, readable programs over data, and keep their versions.

\b
  sopc init --demo demo; cd demo
  sopc compile --yes *.txt             # writes a .sop file beside each text, stores them
  sopc ls                              # what `sopvm run NAME` can run
  sopc error E0203                     # explains an error

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 waiting for a person, 4 a translation is needed (--locked),
130 interrupted.

Shell completion: eval "$(_SOPC_COMPLETE=bash_source sopc)" (or zsh_source, fish_source).
"""

_MODULES: Final = {
    "start": ("init",),
    "compile": ("compile", "check"),
    "model": ("model",),
    "sources": ("fmt", "parse", "disasm", "schema"),
    "explain": ("explain",),
    "test": ("test",),
    "scripts": ("ls", "show", "history", "diff", "rollback", "tag", "rm", "export", "import"),
}
_COMMANDS: Final = {
    name: f"sopc.commands.{module}:{name}_command" for module, names in _MODULES.items() for name in names
}

main: Final = click.version_option(package_name="sopc", prog_name="sopc")(
    App("sopc", {**_COMMANDS, "error": "sopc.commands.start:error_command"}, help=_HELP)
)
