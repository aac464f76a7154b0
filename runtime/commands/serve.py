"""`sopvm serve`: the scripts of a library over HTTP, or the answer to one request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime import UsageError
from runtime.console import PATH, database_options, drain_option, drain_seconds, load_config, output_options, utf8

if TYPE_CHECKING:
    from runtime.api import Service


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need tokens.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--root-path", metavar="PATH", default="", help="What a proxy has before every address: /sop.")
@click.option("--proxy", "proxies", metavar="ADDRESS", multiple=True,
              help="A proxy, or network of them, whose X-Forwarded-* headers are believed.")  # fmt: skip
@click.option("--allow-host", "allowed", metavar="NAME", multiple=True, help="A host name that requests may use.")
@click.option(
    "--max-runs", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Runs at the same time."
)
@click.option("--max-body", type=click.IntRange(1), metavar="BYTES", default=1_048_576, show_default=True,
              help="Largest body of a request.")  # fmt: skip
@click.option("--max-upload", type=click.IntRange(1), metavar="BYTES", default=268_435_456, show_default=True,
              help="Largest file to load into a store.")  # fmt: skip
@click.option("--max-rows", type=click.IntRange(1), metavar="N", help="Most rows that a run may emit.")
@click.option(
    "--max-seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="Most seconds that a run may take."
)
@click.option(
    "--max-minute", type=click.IntRange(1), metavar="N", help="Most requests a minute of a token, or address."
)
@click.option("--max-day", type=click.IntRange(1), metavar="N", help="Most requests a day of a token, or address.")
@click.option("--ask-seconds", type=click.FloatRange(0), metavar="N", default=300, show_default=True,
              help="Seconds that a question waits for an answer.")  # fmt: skip
@click.option("--read-seconds", type=click.FloatRange(0, min_open=True), metavar="N", default=60, show_default=True,
              help="Seconds until a run ends whose client reads nothing.")  # fmt: skip
@click.option("--workers", type=click.IntRange(0, 100), default=1, show_default=True,
              help="Kept runs without a process that it goes on with at a time; 0: none.")  # fmt: skip
@drain_option
@click.option("--audit", metavar="FILE", type=PATH, help="File for the audit of changes (default: stderr).")
@click.option("--audit-reads", is_flag=True, help="Audit runs and looks that only read, too.")
@click.option("--get", "target", metavar="PATH", help="Answer one request on stdout, without starting a server.")
@click.option("-X", "--request", "method", metavar="METHOD", help="Method of --get (default: GET, POST with -d).")
@click.option("-d", "--data", metavar="TEXT", help="Body of --get, JSON unless -H says otherwise; @FILE reads a file.")
@click.option("-H", "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of --get.")
@database_options
@output_options(default=None)
def serve_command(
    host: str,
    port: int,
    root_path: str,
    proxies: Sequence[str],
    allowed: Sequence[str],
    max_runs: int,
    max_body: int,
    max_upload: int,
    max_rows: int | None,
    max_seconds: float | None,
    max_minute: int | None,
    max_day: int | None,
    ask_seconds: float,
    read_seconds: float,
    workers: int,
    drain: str | None,
    audit: str | None,
    audit_reads: bool,
    target: str | None,
    method: str | None,
    data: str | None,
    headers: Sequence[str],
    home: str | None,
    databases: Sequence[str],
) -> int:
    """Run the library's scripts over HTTP: POST /play/NAME with JSON arguments streams JSON lines.

    \b
      sopvm serve
      sopvm serve --port 0 --db hr=sqlite:///hr.db
      sopvm serve --get '/play/audit_salary?dept=Sales'
      sopvm serve --get /play/audit_salary -d '{"dept": "Sales"}'
    """
    if find_spec("starlette") is None or (target is None and find_spec("uvicorn") is None):
        raise UsageError("S0120", "the service needs starlette and uvicorn", "pip install 'sopc[serve]'")
    if target is None and (method or data is not None or headers):
        raise UsageError("C0102", "-X, -d and -H belong to --get", "sopvm serve --get /play/NAME -d '{}'")
    from runtime.api import Settings, open_service

    config = load_config(home, databases)
    settings = Settings(
        max_runs=max_runs,
        max_body=max_body,
        max_upload=max_upload,
        max_rows=max_rows,
        max_seconds=max_seconds,
        max_minute=max_minute,
        max_day=max_day,
        proxies=tuple(proxies),
        root_path=root_path,
        ask_seconds=ask_seconds if target is None else 0,
        read_seconds=read_seconds,
        audit_reads=audit_reads,
        drain_seconds=drain_seconds(drain, config),
    )
    with open_service(config, settings, audit) as service:
        if target is not None:
            return _answer(service, target, method, data, headers)
        from runtime.api import serve

        serve(service, host, port, allowed, workers)
    return 0


def _answer(service: Service, target: str, method: str | None, data: str | None, headers: Sequence[str]) -> int:
    import asyncio

    from runtime.api import answer_once

    if not target.startswith("/"):
        raise UsageError("C0102", f"{target!r} is no path", f"--get /{target}")
    given = []
    for header in headers:
        name, colon, value = utf8(header).partition(":")
        if not (name.strip() and colon):
            raise UsageError("C0102", f"{header!r} is not a header", "-H 'Accept: text/csv'")
        given.append((name.strip(), value.strip()))
    body = b"" if data is None else _body(data)
    if data is not None and not any(name.lower() == "content-type" for name, _ in given):
        given.append(("Content-Type", "application/json"))
    asked = (method or ("GET" if data is None else "POST")).upper()
    well = asyncio.run(answer_once(service, asked, utf8(target), given, body, sys.stdout.buffer, sys.stderr.buffer))
    return 0 if well else 1


def _body(data: str) -> bytes:
    if not data.startswith("@"):
        return utf8(data).encode()
    try:
        return Path(data[1:]).read_bytes()
    except OSError as error:
        raise UsageError("C0104", f"{data[1:]} can't be read: {(error.strerror or str(error)).lower()}") from error
