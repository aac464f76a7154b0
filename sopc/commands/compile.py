"""`sopc compile` and `sopc check`: sources → stored scripts, and the .sop file beside an English one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from runtime.commands.app import Console
from runtime.commands.options import PATH, database_options, load_config, output_options
from runtime.errors import SopError, UsageError
from sopc import pipeline
from sopc.context import Context, open_context
from sopc.diagnostics import CompileError
from sopc.files import write_text
from sopc.pipeline import STDIN, Compiled
from sopc.source import Source

if TYPE_CHECKING:
    from sopc.english.model.records import Work

Take = Literal["text", "sop"]


class NeedsYes(SopError):
    """Nothing was stored: a person has to look first."""

    exit_code = 3


@dataclass(frozen=True)
class Settings:
    """take: which side wins when text and .sop file both changed. translator, model: as told by flag or SOP_*.
    locked: a translation is an error."""

    take: Take | None = None
    translator: str | None = None
    model: str | None = None
    locked: bool = False
    show_work: bool = False


@dataclass(frozen=True)
class Prepared:
    """A compiled source. write_to: where the new translation goes, None when there is none. work: what a model was
    asked for it. asks_for_change: whether its text, where it is English, speaks of a change to the data."""

    compiled: Compiled
    translated: bool
    write_to: Path | None = None
    work: Work | None = None
    asks_for_change: bool = True


def translation_options(function: click.decorators.FC) -> click.decorators.FC:
    """`--translator` and `--model`."""
    function = click.option(
        "--model", metavar="NAME", envvar="SOP_MODEL", help="Model that translates English (default: sop.toml)."
    )(function)
    return click.option(
        "--translator",
        type=click.Choice(["model", "local", "patterns"]),
        envvar="SOP_TRANSLATOR",
        help="What translates English (default: sop.toml, else a model where one is configured or set up here, else "
        "patterns).",
    )(function)


@click.command("compile")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--locked", is_flag=True, help="Translate nothing: exit 4 where that would be needed.")
@click.option("--take", type=click.Choice(["text", "sop"]), help="Which to believe when text and .sop both changed.")
@click.option("--show-prompt", is_flag=True, help="Print what a model would be sent, and do nothing else.")
@click.option("--show-work", is_flag=True, help="Print every request to a model and its reply, on stderr.")
@click.option("--yes", is_flag=True, help="Store a newly translated program that writes without asking.")
@translation_options
@database_options
@output_options(default=None)
@click.pass_obj
def compile_command(
    console: Console,
    files: Sequence[str],
    locked: bool,
    take: Take | None,
    show_prompt: bool,
    show_work: bool,
    yes: bool,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> None:
    """Compile English, DSL or JSON trees into the library, all files or none.

    English is translated once, to NAME.sop beside the text; review and commit both. While the text stays the same,
    the .sop file is what is compiled, edits and all. A file that others call comes before them.

    \b
      sopc compile list_vessels.txt            # English → list_vessels.sop → library
      sopc compile list_vessels.sop            # hand-written or edited DSL
      sopc compile --take sop list_vessels.txt # both changed: keep the program as it stands
      sopc compile --locked *.txt              # as in CI: what was reviewed, or exit 4
      sopc parse --json x.sop | sopc compile -
    """
    with open_context(load_config(home, databases)) as context, context.library:
        if show_prompt:
            _show_prompts(files, context, translator, model)
            return
        settings = Settings(take, translator, model, locked, show_work)
        prepared = [prepare(path, context, settings, console) for path in files]
        _check_unique(prepared)
        if not yes:
            _confirm([p for p in prepared if p.translated], console)
        modules = [module for p in prepared for module in p.compiled.modules]
        items = [item for p in prepared for item in p.compiled.items(work=p.work)]
        pipeline.generate_sql(modules, items, context)
        for each in prepared:
            if each.write_to is not None:
                write_text(each.write_to, each.compiled.source.text)
                console.note(f"wrote {each.write_to}")
        before = {name: context.library.find(name) for name in {item.name for item in items}}
        for entry in pipeline.store(items, context.library):
            state = "unchanged, " if entry == before[entry.name] else ""
            console.note(f"{entry.name}: {state}version {entry.version}")
        for caller, callee in pipeline.stale_callers(modules, context.library):
            console.note(f"warning: {caller} calls {callee} as it was before; compile {caller} again")


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@click.option("--locked", is_flag=True, help="Translate nothing: exit 4 where that would be needed.")
@translation_options
@database_options
@output_options(default=None)
@click.pass_obj
def check_command(
    console: Console,
    files: Sequence[str],
    locked: bool,
    translator: str | None,
    model: str | None,
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Report every error of every source without storing or writing anything.

    \b
      sopc check *.sop
      sopc check --errors json payroll.sop
    """
    with open_context(load_config(home, databases), read_only=True) as context, context.library:
        code = 0
        for path in files:
            try:
                prepare(path, context, Settings(None, translator, model, locked), console)
            except CompileError as error:
                console.findings(error)
                code = max(code, 1)
            except SopError as error:
                console.error(error)
                code = max(code, error.exit_code)
            else:
                console.note(f"{path}: ok")
    return code


def prepare(path: str, context: Context, settings: Settings, console: Console) -> Prepared:
    """Read a source of any kind and compile it; nothing is written or stored."""
    source = pipeline.read(path)
    kind = pipeline.kind_of(source)
    if kind == "dsl":
        return Prepared(_with_its_examples(source, context), translated=False)
    if kind == "tree":
        return Prepared(pipeline.compile_source(pipeline.parse_tree(source), context), translated=False)
    return _prepare_english(source, context, settings, console)


def _with_its_examples(program: Source, context: Context) -> Compiled:
    """A DSL source, compiled; with the examples of the text that it was made of, where that is beside it."""
    from sopc.english.lock import split_sop

    header, _ = split_sop(program.text)
    if header is not None and header.source and program.name != STDIN:
        text = Path(program.name).with_name(header.source)
        if text.is_file():
            return tried(pipeline.read(str(text)), program, context)
    return pipeline.compile_source(program, context)


def _prepare_english(source: Source, context: Context, settings: Settings, console: Console) -> Prepared:
    from sopc.english.changes import speaks_of_a_change
    from sopc.english.examples.read import read_examples
    from sopc.english.lock import check_source, decide, keep_sop, locked, split_sop, stamp
    from sopc.english.model.repair import Watch
    from sopc.english.sentences import read_workflow

    workflow = read_workflow(source.text, pipeline.stem(source))
    beside = None if source.name == STDIN else Path(source.name).with_name(f"{workflow.name}.sop")
    asked_for = settings.take != "text"  # else it is replaced, whatever it holds
    existing = pipeline.read(str(beside)) if asked_for and beside is not None and beside.exists() else None
    sentences = [sentence.text for sentence in workflow.sentences]
    header = split_sop(existing.text)[0] if existing else None
    if beside is not None:
        check_source(header, Path(source.name), beside)
    file = "" if beside is None else Path(source.name).name
    if existing and decide(source.text, sentences, existing.text, settings.take) == "sop":
        kept = existing
        if settings.take == "sop":
            kept = Source(existing.name, keep_sop(existing.text, source.text, sentences))
        if header is None or header.source != file:
            kept = Source(existing.name, stamp(kept.text, file, header.answers if header else ()))
        write_to = beside if kept.text != existing.text else None
        return Prepared(tried(source, kept, context), translated=False, write_to=write_to)
    if settings.locked:
        raise locked(source.name, f"{workflow.name}.sop", exists=existing is not None)
    read_examples(source)  # before anything is sent or translated
    watch = Watch(console.note, console.note) if settings.show_work else Watch(console.note)
    draft = pipeline.draft(source, context, settings.translator, settings.model, watch)
    console.unreadable(context.failures)
    summary = f" ({draft.work.summary})" if draft.work else ""
    console.note(f"{source.name}: translated by {draft.translator}{summary}")
    made = Source(str(beside) if beside else STDIN, stamp(draft.sop_text, file))
    changes = speaks_of_a_change(workflow)
    return Prepared(tried(source, made, context), True, beside, draft.work, changes)


def tried(text: Source, program: Source, context: Context) -> Compiled:
    """The program of a text, compiled, with its examples in it. Raises CompileError T0402, T0403 where one does not
    hold."""
    compiled = pipeline.compile_source(program, context)
    findings = pipeline.run_examples(text, compiled, context)
    if findings:
        raise CompileError(text, findings)
    return pipeline.keep_examples(text, compiled)


def _check_unique(prepared: Sequence[Prepared]) -> None:
    """UsageError C0112 when two of the sources define one script: the second would silently replace the first."""
    defined: dict[str, str] = {}
    for each in prepared:
        source = each.compiled.source.name
        for module in each.compiled.modules:
            name = module.signature.name
            if name in defined:
                message = f"{defined[name]} and {source} both define the script `{name}`"
                if defined[name] == source:
                    message = f"two texts define the script `{name}`, so both would be kept in {source}"
                raise UsageError("C0112", message, "a script's name is its text's title: give one of them another")
            defined[name] = source


def _show_prompts(files: Sequence[str], context: Context, translator: str | None, model: str | None) -> None:
    for path in files:
        for message in pipeline.prompt(pipeline.read(path), context, translator, model):
            click.echo(f"--- {message['role']}\n{message['content']}")


def _confirm(new: Sequence[Prepared], console: Console) -> None:
    """Ask on a terminal before a new translation that writes is stored; elsewhere refuse."""
    for each in new:
        compiled = each.compiled
        writes = sorted({store for module in compiled.modules for store in module.effects.writes})
        if not writes:
            continue
        name = compiled.modules[-1].signature.name
        stores = ", ".join(writes) + ("" if each.asks_for_change else ", though nothing in its text speaks of a change")
        console.note(compiled.source.text)
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            hint = "read the program above, then compile again with --yes"
            raise NeedsYes("C0108", f"{name} is new and writes {stores}; nothing was stored", hint)
        if not click.confirm(f"{name} writes {stores}. Store it?", err=True):
            raise NeedsYes(
                "C0108", f"{name} was not accepted, so nothing was stored", "edit the text, or the .sop file"
            )
