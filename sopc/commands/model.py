"""`sopc model`: the model on this machine that translates English: pull, use, ls, show, rm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from runtime.console.console import Console
from runtime.console.options import PATH, home_option, load_config, output_options
from runtime.console.progress import progress_bar
from runtime.console.rows import print_rows
from runtime.errors import UsageError
from sopc.english.local import files

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
@click.argument("name", default="1.5b", type=click.Choice(list(files.KNOWN), case_sensitive=False))
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
    from sopc.english.local.download import download

    config = load_config(home)
    known = files.KNOWN[name.lower()]
    path = files.models_folder() / known.file
    if path.exists():
        console.note(f"{path.stem} is there already")
    else:
        url = f"{hub.rstrip('/')}/{known.repository}/resolve/main/{known.file}"
        console.note(f"fetching {url}")
        with progress_bar(path.stem) as progress:
            download(url, path, sha256 or known.sha256, progress, size=0 if sha256 else known.size)
    files.use(config.home, files.checked(path))
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
        files.forget(folder)
        console.note("no model on this machine translates English now")
        return
    path = files.find(file)
    files.use(folder, path)
    console.note(f"{path.stem} translates English now where no other model is configured")


@model_command.command("ls")
@home_option
@output_options("table")
def ls(home: str | None, format_: str) -> None:
    """List the models that were pulled, and the one in use.

    \b
      sopc model ls -f json
    """
    used = files.used(load_config(home).home)
    paths = [*files.pulled()]
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
    from sopc.english.model.probe import remembered
    from sopc.english.settings import local_options, model_options
    from sopc.english.translate import choose

    config = load_config(home)
    configured, local = model_options(config), local_options(config)
    chosen = choose(config.setting("use"), configured, local)
    options = {"model": configured, "local": local}.get(chosen)
    known = remembered(config.home)
    row = ["patterns", "", "", ""]
    if options is not None:
        row = [chosen, options.model, options.where, known.get(options.remembered_as, "")]
    print_rows(["translator", "model", "where", "decoding"], [row], format_)


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
    folder = load_config(home).home
    known = files.KNOWN.get(name.lower())
    stem = Path(known.file).stem if known else Path(name).stem if name.endswith(files.ENDING) else name
    path = files.models_folder() / f"{stem}{files.ENDING}"
    found = [one for one in (path, path.with_name(path.name + ".part")) if one.is_file()]
    if not found or path.parent != files.models_folder():
        raise UsageError("T0331", f"no model {name} was pulled", "sopc model ls")
    for one in found:
        one.unlink()
    if files.used(folder) == path:
        files.forget(folder)
    console.note(f"removed {stem}")


def _megabytes(path: Path) -> int | None:
    return round(path.stat().st_size / 1e6) if path.is_file() else None
