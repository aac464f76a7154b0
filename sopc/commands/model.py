"""`sopc model`: the model on this machine that translates English: pull, use, ls, show, rm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from runtime.console import PATH, Console, home_option, load_config, output_options, print_rows, progress_bar
from sopc.english import local

HUB: Final = "https://huggingface.co"


@click.group("model")
def model_command() -> None:
    """A model on this machine that translates English, with no key and no service (needs `pip install 'sopc[local]'`).

    \b
      sopc model pull                  # fetch Qwen2.5-Coder 1.5B (1.1 GB) and use it
      sopc model use coder.gguf        # or a GGUF file of your own
      sopc compile reorder.txt
    """


@model_command.command("pull")
@click.argument("name", default="1.5b", type=click.Choice(list(local.KNOWN), case_sensitive=False))
@click.option("--from", "hub", default=HUB, envvar="SOP_MODEL_HUB", metavar="URL", help="The hub, or a mirror of it.")
@click.option("--sha256", metavar="HEX", help="The expected checksum, in place of the built-in one.")
@home_option
@output_options(default=None)
@click.pass_obj
def pull(console: Console, name: str, hub: str, sha256: str | None, home: str | None) -> None:
    """Fetch a model (1.5b or 0.5b, Qwen2.5-Coder instruct) and use it. An interrupted pull continues where it stopped.

    \b
      sopc model pull
      sopc model pull 0.5b
      sopc model pull 0.5b --from https://mirror.example
    """
    config = load_config(home)
    path = local.path_of(name)
    if path.exists():
        console.note(f"{path.stem} is there already")
    else:
        console.note(f"fetching {local.url_of(name, hub)}")
        with progress_bar(path.stem) as progress:
            local.pull(name, hub, sha256, progress)
    local.use(config.home, local.checked(path))
    console.note(f"{path.stem} translates English now where no other model is configured")


@model_command.command("use")
@click.argument("file", type=PATH)
@home_option
@output_options(default=None)
@click.pass_obj
def use(console: Console, file: str, home: str | None) -> None:
    """Translate English with this model: a GGUF file, or the name of a pulled model; `-` for none.

    \b
      sopc model use coder.gguf
      sopc model use 0.5b
      sopc model use -
    """
    folder = load_config(home).home
    if file == "-":
        local.forget(folder)
        console.note("no model on this machine translates English now")
        return
    path = local.find(file)
    local.use(folder, path)
    console.note(f"{path.stem} translates English now where no other model is configured")


@model_command.command("ls")
@home_option
@output_options("table")
def ls(home: str | None, format_: str) -> None:
    """List the models that were pulled, and the one in use.

    \b
      sopc model ls -f json
    """
    used = local.used(load_config(home).home)
    paths = [*local.pulled()]
    if used is not None and used not in paths:
        paths.append(used)
    rows = [[path.stem, _megabytes(path), path == used, str(path)] for path in paths]
    print_rows(["name", "MB", "used", "file"], rows, format_)


@model_command.command("show")
@home_option
@output_options("table")
def show(home: str | None, format_: str) -> None:
    """Show what translates English here, and what was learnt about the endpoints that were used.

    \b
      sopc model show
    """
    from sopc.english import choose, configured_models, remembered

    config = load_config(home)
    models = configured_models(config)
    chosen = choose(config.setting("use"), models)
    options = models.get(chosen)
    row = [chosen, "", "", "", ""]
    if options is not None:
        known = remembered(config.home).get(options.remembered_as)
        decoding = options.decoding or (known.decoding if known else None) or ""
        fields = {**options.service.fields, **(known.fields if known else {})}
        told = [f"{name} as {other}" if other else f"no {name}" for name, other in fields.items()]
        row = [chosen, options.model, options.where, decoding, "" if options.command else ", ".join(told)]
    print_rows(["translator", "model", "where", "decoding", "fields"], [row], format_)


@model_command.command("rm")
@click.argument("name")
@home_option
@output_options(default=None)
@click.pass_obj
def rm(console: Console, name: str, home: str | None) -> None:
    """Delete a pulled model's file, also a partly downloaded one.

    \b
      sopc model rm 0.5b
    """
    console.note(f"removed {local.delete(name, load_config(home).home)}")


def _megabytes(path: Path) -> int | None:
    return round(path.stat().st_size / 1e6) if path.is_file() else None
