"""Commands that change what is stored: rollback, tag, rm; and carry it elsewhere: export, import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

import runtime
from runtime import UsageError
from runtime.console import PATH, Console, complete_script, home_option, load_config, output_options, tell_schedules_of

STDIN = "-"


@click.command("rollback")
@click.argument("name", shell_complete=complete_script)
@click.argument("version", required=False)
@home_option
@output_options(default=None)
@click.pass_obj
def rollback_command(console: Console, name: str, version: str | None, home: str | None) -> None:
    """Make an older version (default: the one before) or a tag the newest again. The history keeps every version.

    NAME@VERSION works too.

    \b
      sopc rollback list_vessels
      sopc rollback list_vessels 1
    """
    with runtime.open(home) as library:
        named = library.stored.resolve(name)
        current = library.stored.resolve(named.name)
        if named.name != name:
            if version is not None:
                raise UsageError("C0102", f"{name} and {version} both say which version", "give one of them")
            version = str(named.version)
        if version is None:
            if current.version == 1:
                raise UsageError("L0102", f"{name} has only one version", "compile another; `sopc history` lists them")
            version = str(current.version - 1)
        entry = library.stored.rollback(current.name, version)
    if entry.version == current.version:
        console.note(f"{entry.name}: version {entry.version} is that program already")
    else:
        console.note(f"{entry.name}: version {entry.version} is version {entry.provenance.copy_of} again")


@click.command("tag")
@click.argument("name", metavar="NAME[@VERSION]", shell_complete=complete_script)
@click.argument("tag")
@home_option
@output_options(default=None)
@click.pass_obj
def tag_command(console: Console, name: str, tag: str, home: str | None) -> None:
    """Tag a version: NAME@TAG then means this version.

    \b
      sopc tag list_vessels@2 prod
      sopvm run list_vessels@prod
    """
    with runtime.open(home) as library:
        entry = library.stored.resolve(name)
        library.stored.tag(entry.name, tag, entry.version)
    console.note(f"{entry.name}@{tag}: version {entry.version}")


@click.command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=complete_script)
@home_option
@output_options(default=None)
@click.pass_obj
def rm_command(console: Console, names: Sequence[str], home: str | None) -> None:
    """Remove scripts with all their versions. Refused while another script calls one of them.

    \b
      sopc rm list_vessels
    """
    with runtime.open(home) as library:
        for name, versions in library.stored.remove(names).items():
            console.note(f"{name}: removed {versions} version{'s' if versions > 1 else ''}")
    tell_schedules_of(console, load_config(home), names)


@click.command("export")
@click.argument("file", type=PATH)
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=complete_script)
@home_option
@output_options(default=None)
@click.pass_obj
def export_command(console: Console, file: str, names: Sequence[str], home: str | None) -> None:
    """Write scripts (all, or those named and the scripts they call) with their history to one file; `-` is stdout.

    \b
      sopc export scripts.sopx
      sopc export billing.sopx monthly_bill
    """
    from runtime.library import pack_bundle

    with runtime.open(home, read_only=True) as library:
        bundle = library.stored.bundle(names)
    data = pack_bundle(bundle)
    if file == STDIN:
        click.echo(data, nl=False)
    else:
        from runtime.files import write_bytes

        write_bytes(Path(file), data)
    scripts = len({entry.name for entry in bundle.entries})
    console.note(f"{scripts} script{'' if scripts == 1 else 's'} exported")


@click.command("import")
@click.argument("file", type=PATH)
@home_option
@output_options(default=None)
@click.pass_obj
def import_command(console: Console, file: str, home: str | None) -> None:
    """Import exported scripts, all or none, after checking each. `-` reads stdin.

    A new script comes with its history; for an existing script, the exported version becomes the newest.

    \b
      sopc import scripts.sopx
    """
    from runtime.library import unpack_bundle

    try:
        data = sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()
    except OSError as error:
        raise UsageError("C0104", f"{file} can't be read: {(error.strerror or str(error)).lower()}") from error
    with runtime.open(home) as library:
        added = library.stored.merge(unpack_bundle(data, file))
    for entry in added:
        console.note(f"{entry.name}: version {entry.version}")
    if not added:
        console.note("nothing new")
