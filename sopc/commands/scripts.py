"""Commands that look at stored scripts: ls, show, history, diff."""

from __future__ import annotations

import click

import runtime
from runtime import Error, Library, UsageError
from runtime.bytecode import Effects, Module
from runtime.console import complete_script, home_option, output_options, print_rows
from runtime.library import Entry


@click.command("ls")
@home_option
@output_options("table")
def ls_command(home: str | None, format_: str) -> None:
    """List the stored scripts.

    \b
      sopc ls
      sopc ls -f json
    """
    with runtime.open(home, read_only=True) as library:
        rows = [[e.name, e.version, e.when, effects_text(e.effects)] for e in library.scripts]
    print_rows(["name", "version", "when", "effects"], rows, format_)


@click.command("show")
@click.argument("name", shell_complete=complete_script)
@click.option("--work", is_flag=True, help="Print the requests to a model and its replies instead.")
@home_option
@output_options(default=None)
def show_command(name: str, work: bool, home: str | None) -> None:
    """Print a script's program (NAME, NAME@VERSION or NAME@TAG).

    \b
      sopc show list_vessels
      sopc show list_vessels@1
      sopc show --work list_vessels   # every request to a model and its reply, with tokens and seconds
    """
    with runtime.open(home, read_only=True) as library:
        click.echo(_work_text(library, name) if work else library.module(name).debug.source.rstrip("\n"))


def _work_text(library: Library, name: str) -> str:
    from sopc.english import decode_work, round_text

    entry = library.stored.resolve(name)
    kept = library.stored.work(entry)
    if kept is None:
        raise Error("L0111", f"no work of a model is kept for version {entry.version} of {entry.name}", made_by(entry))
    work = decode_work(kept)
    rounds = [round_text(number, each) for number, each in enumerate(work.rounds, 1)]
    return "\n".join([f"{work.model} at {work.host}: {work.summary}", *rounds])


@click.command("history")
@click.argument("name", shell_complete=complete_script)
@home_option
@output_options("table")
def history_command(name: str, home: str | None, format_: str) -> None:
    """List every version of a script: when and by what it was made.

    \b
      sopc history list_vessels
    """
    with runtime.open(home, read_only=True) as library:
        tags: dict[int, list[str]] = {}
        for tag, version in library.stored.tags(name).items():
            tags.setdefault(version, []).append(tag)
        rows = [[e.version, e.when, made_by(e), e.provenance.file, e.hash[:12], tags.get(e.version, [])]
                for e in library.stored.history(name)]  # fmt: skip
    print_rows(["version", "when", "by", "file", "hash", "tags"], rows, format_)


@click.command("diff")
@click.argument("old", metavar="NAME[@VERSION]", shell_complete=complete_script)
@click.argument("new", metavar="[NAME@VERSION]", shell_complete=complete_script, required=False)
@home_option
@output_options(default=None)
def diff_command(old: str, new: str | None, home: str | None) -> None:
    """Compare two versions: program, signature and effects.

    One NAME compares its newest version with the one before; one NAME@VERSION compares that version with the newest.

    \b
      sopc diff list_vessels
      sopc diff list_vessels@1
      sopc diff list_vessels@1 list_vessels@3
    """
    with runtime.open(home, read_only=True) as library:
        first = library.stored.resolve(old)
        if new is not None:
            second = library.stored.resolve(new)
        elif first.name != old:
            second = library.stored.resolve(first.name)
        elif first.version == 1:
            raise UsageError("L0102", f"{old} has only one version", "compile a changed one first")
        else:
            first, second = library.stored.resolve(f"{old}@{first.version - 1}"), first
        titles = [f"{entry.name}@{entry.version}" for entry in (first, second)]
        before, after = [described(library.module(title)) for title in titles]
    from difflib import unified_diff

    for line in unified_diff(before, after, titles[0], titles[1], lineterm=""):
        click.echo(line)


def effects_text(effects: Effects) -> str:
    """`reads fleet.vessels; writes …; asks`, or `nothing`."""
    return "; ".join(effects.lines()) or "nothing"


def made_by(entry: Entry) -> str:
    origin = entry.provenance
    text = f"{origin.translator} {origin.model}".strip() + (", edited" if origin.edited else "")
    return f"{text}, version {origin.copy_of} again" if origin.copy_of else text


def described(module: Module) -> list[str]:
    """The lines that `sopc diff` compares: the signature, then the program."""
    signature = module.signature
    lines = [f"# returns: {signature.returns}"]
    if signature.emits is not None:
        lines.append(f"# emits: {signature.emits}")
    lines.append(f"# effects: {effects_text(module.effects)}")
    return [*lines, *module.debug.source.splitlines()]
