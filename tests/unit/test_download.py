"""Downloads of models, from a real HTTP server on this machine that stops, corrupts and resumes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runtime.errors import SopError
from sopc.cli import main
from sopc.english.local import files
from sopc.english.local.download import download

DATA = b"GGUF" + bytes(range(256)) * 12_000
SUM = hashlib.sha256(DATA).hexdigest()


class Hub:
    """Serves DATA. stops: after how many bytes each next reply breaks off; then whole. ranges: whether it knows them.
    asked: (path, Range header) of each request."""

    def __init__(self, *stops: int, ranges: bool = True, status: int = 0, data: bytes = DATA) -> None:
        self.stops, self.ranges, self.status, self.data = list(stops), ranges, status, data
        self.asked: list[tuple[str, str | None]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers["range"]
        self.asked.append((handler.path, wanted))
        if self.status:
            handler.send_error(self.status)
            return
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        if begin >= len(self.data):
            handler.send_response(416)
            handler.send_header("content-range", f"bytes */{len(self.data)}")
            handler.send_header("content-length", "0")
            handler.end_headers()
            return
        body = self.data[begin:]
        handler.send_response(206 if wanted and self.ranges else 200)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        stop = self.stops.pop(0) if self.stops else len(body)
        handler.wfile.write(body[:stop])
        handler.close_connection = True

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Hub]]:
    made: list[Hub] = []

    def start(*stops: int, **options: Any) -> Hub:
        made.append(Hub(*stops, **options))
        return made[-1]

    yield start
    for hub in made:
        hub.close()


def fetched(hub: Hub, path: Path, sha256: str = SUM) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    download(f"{hub.url}/m.gguf", path, sha256, lambda done, total: seen.append((done, total)))
    return seen


def refusal(hub: Hub, path: Path, sha256: str = SUM) -> SopError:
    with pytest.raises(SopError) as error:
        fetched(hub, path, sha256)
    assert not path.exists()
    return error.value


def test_a_file_arrives_whole_and_tells_how_far_it_is(serve: Callable[..., Hub], tmp_path: Path) -> None:
    path = tmp_path / "deep" / "m.gguf"
    seen = fetched(serve(), path)
    assert path.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert sorted(seen) == seen
    assert [one.name for one in path.parent.iterdir()] == ["m.gguf"]


def test_a_download_continues_where_the_connection_broke_off(serve: Callable[..., Hub], tmp_path: Path) -> None:
    hub = serve(1_000, 0, 2_000)
    fetched(hub, tmp_path / "m.gguf")
    assert (tmp_path / "m.gguf").read_bytes() == DATA
    assert [wanted for _, wanted in hub.asked] == [None, "bytes=1000-", "bytes=1000-", "bytes=3000-"]


def test_a_download_continues_in_another_process(serve: Callable[..., Hub], tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    error = refusal(serve(5_000, 0, 0, 0, 0, 0), path)
    assert error.code == "T0332"
    assert "5,000 bytes are kept" in (error.hint or "")
    hub = serve()
    fetched(hub, path)
    assert path.read_bytes() == DATA
    assert hub.asked[0][1] == "bytes=5000-"


def test_a_server_that_knows_no_ranges_starts_anew(serve: Callable[..., Hub], tmp_path: Path) -> None:
    fetched(serve(5_000, ranges=False), tmp_path / "m.gguf")
    assert (tmp_path / "m.gguf").read_bytes() == DATA


@pytest.mark.parametrize("arrived", [DATA, DATA + b"more"])
def test_a_part_that_is_whole_already_or_too_long(arrived: bytes, serve: Callable[..., Hub], tmp_path: Path) -> None:
    (tmp_path / "m.gguf.part").write_bytes(arrived)
    fetched(serve(), tmp_path / "m.gguf")
    assert (tmp_path / "m.gguf").read_bytes() == DATA


def test_a_damaged_file_is_never_used(serve: Callable[..., Hub], tmp_path: Path) -> None:
    error = refusal(serve(data=DATA[:-1] + b"?"), tmp_path / "m.gguf")
    assert error.code == "T0333"
    assert SUM in error.message
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (403, 1), (500, 5)])
def test_a_status_is_an_error(status: int, requests: int, serve: Callable[..., Hub], tmp_path: Path) -> None:
    hub = serve(status=status)
    error = refusal(hub, tmp_path / "m.gguf")
    assert (error.code, f"status {status}" in error.message, len(hub.asked)) == ("T0332", True, requests)


def test_a_hub_that_is_not_there_and_a_folder_that_can_not_be(serve: Callable[..., Hub], tmp_path: Path) -> None:
    hub = serve()
    hub.close()
    assert refusal(hub, tmp_path / "m.gguf").code == "T0332"
    (tmp_path / "file").write_text("")
    assert refusal(serve(), tmp_path / "file" / "m.gguf").code == "T0334"


def test_a_full_disk_is_reported_before_the_download(serve: Callable[..., Hub], tmp_path: Path) -> None:
    hub = serve()
    with pytest.raises(SopError, match="are needed") as error:
        download(f"{hub.url}/m.gguf", tmp_path / "m.gguf", SUM, size=1 << 60)
    assert error.value.code == "T0334"
    assert hub.asked == []


# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def sopc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """With a folder of its own for models, and a small file in place of the 0.5b model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "SOP_HOME", "SOP_TRANSLATOR", "SOP_MODEL", "SOP_MODEL_HUB"):
        monkeypatch.delenv(name, raising=False)
    known = files.KNOWN["0.5b"]._replace(size=len(DATA), sha256=SUM)
    monkeypatch.setitem(files.KNOWN, "0.5b", known)
    return lambda *args: CliRunner().invoke(main, args)


def ok(result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_pull_ls_show_use_and_rm(serve: Callable[..., Hub], sopc: Callable[..., Result], tmp_path: Path) -> None:
    hub = serve(7_000)
    assert "patterns" in ok(sopc("model", "show"))
    ok(sopc("model", "pull", "0.5b", "--from", hub.url))
    assert hub.asked[0][0] == (
        "/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    )
    assert "qwen2.5-coder-0.5b-instruct-q4_k_m" in ok(sopc("model", "show"))
    assert '"used":true' in ok(sopc("model", "ls", "-f", "jsonl"))
    requests = len(hub.asked)
    assert "is there already" in sopc("model", "pull", "0.5b", "--from", hub.url).stderr
    assert len(hub.asked) == requests
    ok(sopc("model", "use", "-"))
    assert "patterns" in ok(sopc("model", "show"))
    ok(sopc("model", "use", "0.5b"))
    ok(sopc("model", "rm", "0.5b"))
    assert ok(sopc("model", "ls", "-f", "jsonl")) == ""
    assert "patterns" in ok(sopc("model", "show"))
    assert "T0331" in sopc("model", "rm", "0.5b").stderr


def test_a_file_of_ones_own(sopc: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "coder.gguf").write_bytes(DATA[:100])
    (tmp_path / "notes.gguf").write_text("no model")
    ok(sopc("model", "use", "coder.gguf"))
    assert str(tmp_path / "coder.gguf") in ok(sopc("model", "ls", "-f", "jsonl"))
    for name in ("notes.gguf", "nothing.gguf", "0.5b", "."):
        refused = sopc("model", "use", name)
        assert (refused.exit_code, "T0331" in refused.stderr) == (2, True), name
    assert "coder" in ok(sopc("model", "show"))


def test_a_pull_that_fails_uses_nothing(serve: Callable[..., Hub], sopc: Callable[..., Result], tmp_path: Path) -> None:
    hub = serve(data=DATA + b"?")
    assert "T0333" in sopc("model", "pull", "0.5b", "--from", hub.url).stderr
    other = hashlib.sha256(DATA + b"?").hexdigest()
    for hub_address in ("nonsense", "", "http://[", "ftp://é"):
        refused = sopc("model", "pull", "0.5b", "--from", hub_address)
        assert (refused.exit_code, "T0332" in refused.stderr) == (1, True), hub_address
    assert "patterns" in ok(sopc("model", "show"))
    ok(sopc("model", "pull", "0.5b", "--from", hub.url, "--sha256", other.upper()))
    assert "local" in ok(sopc("model", "show"))


def test_a_model_that_can_not_be_served_is_an_error(sopc: Callable[..., Result], tmp_path: Path) -> None:
    """llama.cpp refuses what only begins as a model."""
    pytest.importorskip("xllamacpp")
    (tmp_path / "coder.gguf").write_bytes(DATA[:10_000])
    (tmp_path / "wish.txt").write_text("Show everything.\n")
    ok(sopc("model", "use", "coder.gguf"))
    refused = sopc("compile", "wish.txt")
    assert (refused.exit_code, "T0336" in refused.stderr) == (1, True), refused.stderr
    (tmp_path / "coder.gguf").unlink()
    refused = sopc("compile", "wish.txt")
    assert (refused.exit_code, "T0331" in refused.stderr) == (2, True), refused.stderr
    assert "sopc model use - for none" in refused.stderr
