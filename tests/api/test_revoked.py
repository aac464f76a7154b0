"""Runs of a token that is revoked: they end before their next segment, wherever they go on, and say why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import make_folder
from tests.api.test_durable import Process, count_of, servers, until
from tests.commands import Place

SCRIPTS = """
script forever()
  let i = 0
  while true do
    set i = i + 1
    insert into log { text: "{i}" }
    commit
  end
end

script asks()
  ask "Which?" into which: text
  insert into log { text: which }
end
"""
SCHEMA = "create table log (id integer primary key, text text not null);"
WHY = "the token acme, which began the run, was revoked"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(make_folder(tmp_path, SCRIPTS, SCHEMA))


def header(place: Place, name: str, rights: str) -> dict[str, str]:
    token = place.ok("sopvm", "token", "add", name, "--rights", rights).text.split()[-1]
    return {"Authorization": f"Bearer {token}"}


def begin(server: Process, script: str, who: dict[str, str]) -> str:
    later = {"Prefer": "respond-async", **who}
    return str(server.client.post(f"/play/{script}", headers=later).raise_for_status().json()["id"])


def run(server: Process, id_: str, who: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get(f"/runs/{id_}", headers=who).raise_for_status().json()
    return found


def test_runs_of_a_revoked_token_end(place: Place) -> None:
    """One that goes on, and one that waits: the answer is taken, and nothing is done with it."""
    acme, boss = header(place, "acme", "run,read,write"), header(place, "boss", "run,read,write,admin")
    with servers(place.folder) as serve:
        server = serve()
        going, asking = begin(server, "forever", acme), begin(server, "asks", acme)
        until(lambda: count_of(place.folder) > 3 and run(server, asking, boss)["status"] == "waiting")
        place.ok("sopvm", "token", "rm", "acme")
        until(lambda: run(server, going, boss)["status"] == "cancelled")
        assert run(server, going, boss)["error"]["message"].startswith(WHY)
        done = count_of(place.folder)
        server.client.post(f"/runs/{asking}/answer", headers=boss, json={"value": "a"}).raise_for_status()
        until(lambda: run(server, asking, boss)["status"] == "cancelled")
        assert count_of(place.folder) == done
    place.ok("sopvm", "retry", asking)
    assert count_of(place.folder) == done + 1


def test_a_worker_does_not_go_on_with_them(place: Place) -> None:
    acme = header(place, "acme", "run,read,write")
    with servers(place.folder) as serve:
        server = serve()
        id_ = begin(server, "forever", acme)
        until(lambda: count_of(place.folder) > 3)
        server.kill()
    place.ok("sopvm", "token", "rm", "acme")
    done = count_of(place.folder)
    (said,) = map(json.loads, place.ok("sopvm", "worker", "--until-idle").stdout.splitlines())
    assert (said["run"], said["status"], said["code"]) == (id_, "cancelled", "V0301")
    assert said["message"].startswith(WHY)
    assert count_of(place.folder) == done


def test_a_server_stays_closed_after_its_last_token(place: Place) -> None:
    """Also one that starts after that; without the file, it is as before the first token."""
    header(place, "acme", "run,read")
    place.ok("sopvm", "token", "rm", "acme")
    assert place.ok("sopvm", "token", "ls", "-f", "records").lines == []
    with servers(place.folder) as serve:
        statuses = []
        for _ in range(2):
            statuses.append(serve().client.get("/scripts").status_code)
            (place.home / "tokens.json").unlink(missing_ok=True)
        assert statuses == [401, 200]
