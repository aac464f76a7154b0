"""A stored script → the help of `sopvm run NAME --help`, and its parameters for the shell's completion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from runtime.console.console import visible
from runtime.console.options import load_config
from runtime.errors import SopError

if TYPE_CHECKING:
    from runtime.bytecode.module import Module

_WORDS: Final = "sopvm.words"


class ScriptCommand(click.Command):
    """A command whose argument `name` is a script: with a name, `--help` is about that script."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_WORDS] = [word for word in args if word not in ctx.help_option_names]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        given = self.make_context(ctx.info_name, list(ctx.meta[_WORDS]), parent=ctx.parent, resilient_parsing=True)
        name = given.params.get("name")
        if not isinstance(name, str):
            super().format_help(ctx, formatter)
            return
        module = _module(name, given)
        formatter.write_usage(f"{ctx.command_path} {name}", "[PARAMETER=VALUE]..." if module.signature.params else "")
        _write_script(module, formatter)
        formatter.write_paragraph()
        formatter.write_text(f"`{ctx.command_path} --help` lists the options.")


def complete_parameter(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of a script's parameters, for the shell.

    Args:
        context: Of the command, for its --home and the script's name.
        _: The parameter of the command.
        incomplete: What was typed.

    Returns:
        `NAME=` for each parameter that was not given yet; none if there is an error, because completion can't show it.
    """
    given = {text.partition("=")[0] for text in context.params.get("args") or ()}
    try:
        params = _module(context.params["name"], context).signature.params
    except SopError:
        return []
    return [f"{each.name}=" for each in params if each.name not in given and each.name.startswith(incomplete)]


def _module(name: str, context: click.Context) -> Module:
    from runtime.embedding import Library

    with Library(load_config(context.params.get("home")), read_only=True) as library:
        return library.module(name)


def _write_script(module: Module, formatter: click.HelpFormatter) -> None:
    from runtime.runs.arguments import default_text

    signature, effects = module.signature, module.effects
    with formatter.indentation():
        for text in [module.doc] if module.doc else module.debug.sentences:
            formatter.write_paragraph()
            formatter.write_text(visible(text))
    if signature.params:
        with formatter.section("Parameters"):
            formatter.write_dl(
                [
                    (
                        each.name,
                        f"{each.type}{', a secret' if each.secret else ''}, "
                        + ("needed" if each.default is None else f"default {visible(default_text(each.default))}"),
                    )
                    for each in signature.params
                ]
            )
    does = effects.lines()
    if signature.emits is not None:
        does.append(f"emits {', '.join(f'{name}: {type_}' for name, type_ in signature.emits.fields or ())}")
    if signature.returns.name != "null":
        does.append(f"returns {signature.returns}")
    with formatter.section("What it does"):
        formatter.write_dl([(word, rest) for word, _, rest in (line.partition(" ") for line in does or ["nothing "])])
    if module.asks:
        steps = {step.path: visible(step.text) for step in module.debug.steps}
        rows = [(f"--answer {each.step}={each.type}", steps.get(each.step, "")) for each in module.asks]
        with formatter.section("Questions"):
            formatter.write_dl(rows)
