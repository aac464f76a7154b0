"""`sopc`: compiles and keeps scripts. Command line → a command of sopc/commands, imported when it is asked for."""

from __future__ import annotations

from typing import Final

import click

from runtime.console.app import App, Lazy

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

_COMMANDS: Final = {
    "init": Lazy("sopc.commands.start:init_command", "Make a folder a place for workflows."),
    "compile": Lazy("sopc.commands.compile:compile_command", "Compile English, DSL or trees into the library."),
    "check": Lazy("sopc.commands.compile:check_command", "Report every error, and store nothing."),
    "model": Lazy("sopc.commands.model:model_command", "A model on this machine that translates."),
    "fmt": Lazy("sopc.commands.sources:fmt_command", "Lay out DSL files the one way."),
    "parse": Lazy("sopc.commands.sources:parse_command", "Print DSL or a tree, as DSL or as JSON."),
    "disasm": Lazy("sopc.commands.sources:disasm_command", "Print the bytecode beside lines and sentences."),
    "schema": Lazy("sopc.commands.sources:schema_command", "List what the compiler knows of a database."),
    "explain": Lazy("sopc.commands.explain:explain_command", "Say a program back in English."),
    "test": Lazy("sopc.commands.test:test_command", "Run the examples of stored scripts."),
    "ls": Lazy("sopc.commands.scripts:ls_command", "List the stored scripts."),
    "show": Lazy("sopc.commands.scripts:show_command", "Print a script's program."),
    "history": Lazy("sopc.commands.scripts:history_command", "List every version of a script."),
    "diff": Lazy("sopc.commands.scripts:diff_command", "Compare two versions."),
    "rollback": Lazy("sopc.commands.versions:rollback_command", "Make an older version the newest again."),
    "tag": Lazy("sopc.commands.versions:tag_command", "Give a version a name."),
    "rm": Lazy("sopc.commands.versions:rm_command", "Remove scripts with all their versions."),
    "export": Lazy("sopc.commands.versions:export_command", "Write scripts to one file."),
    "import": Lazy("sopc.commands.versions:import_command", "Take over exported scripts."),
    "doctor": Lazy("sopc.commands.doctor:doctor_command", "Look at what works, and say what to do about the rest."),
    "lsp": Lazy("sopc.commands.editor:lsp_command", "Serve an editor."),
    "error": Lazy("sopc.commands.start:error_command", "Explain an error code."),
}

main: Final = click.version_option(package_name="sopc", prog_name="sopc")(App("sopc", _COMMANDS, help=_HELP))
