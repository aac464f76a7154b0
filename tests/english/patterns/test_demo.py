"""The demo's workflows, read without a model, do what they say."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import UsageError
from sopc.context import Context
from sopc.demo import WORKFLOWS, make_demo
from sopc.source import Source
from sopc.workflow import translation
from tests.sandbox import Sandbox

DATABASES = {"hr": "sqlite:///hr.db", "inventory": "sqlite:///inventory.db"}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo, its workflows compiled."""
    folder = tmp_path_factory.mktemp("demo")
    make_demo(folder)
    with Sandbox(folder, DATABASES) as made:
        for name in WORKFLOWS:
            text = (folder / f"{name}.txt").read_text(encoding="utf-8")
            with Context(made.config, made.library) as context:
                draft = translation.draft(Source(f"{name}.txt", text), context, "patterns")
            assert draft.name == name
            made.compile(draft.sop_text, f"{name}.sop")
    return folder


@pytest.fixture
def sandbox(compiled: Path, tmp_path: Path) -> Iterator[Sandbox]:
    shutil.copytree(compiled, tmp_path, dirs_exist_ok=True)
    with Sandbox(tmp_path, DATABASES) as made:
        yield made


def rows(folder: Path, database: str, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / f"{database}.db")) as connection, connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_audit_salary_takes_its_defaults_and_its_arguments(sandbox: Sandbox) -> None:
    names = [record["name"] for record in sandbox.run("audit_salary").records]
    assert names == ["Ada", "Grace", "Dennis", "Margaret"]
    assert sandbox.run("audit_salary", {"dept": "Sales", "floor": "90000"}).records == [
        {"name": "Barbara", "salary": 98000},
        {"name": "Tim", "salary": 91000},
    ]


def test_reorder_low_stock_asks_when_there_are_many(sandbox: Sandbox, tmp_path: Path) -> None:
    waiting = sandbox.run("reorder_low_stock")
    assert waiting.exit_code == 3
    (ask,) = [line for line in waiting.lines if line["type"] == "ask"]
    assert ask["result"]["question"] == "Create 7 reorder requests?"
    refused = sandbox.run("reorder_low_stock", answers={ask["step"]: "false"})
    assert refused.exit_code == 1
    assert "rejected by the user" in str(refused.lines)
    assert rows(tmp_path, "inventory", "SELECT COUNT(*) FROM reorders") == [(6,)]
    accepted = sandbox.run("reorder_low_stock", answers={ask["step"]: "true"})
    assert accepted.result == 7
    made = rows(tmp_path, "inventory", "SELECT item_id, quantity, status FROM reorders WHERE id > 6 ORDER BY item_id")
    assert made == [
        (item, 20 - have, "open") for item, have in ((1, 4), (2, 7), (5, 9), (7, 0), (8, 6), (10, 8), (12, -2))
    ]


def test_reorder_low_stock_does_not_ask_when_there_are_few(sandbox: Sandbox) -> None:
    assert sandbox.run("reorder_low_stock", {"minimum": "5"}).result == 3


def test_process_payroll_calls_two_other_scripts(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = sandbox.run("process_payroll", {"month": "2026-10-01"})
    assert ran.records[0] == {"employee_department": "Engineering", "count": 5, "total_net": 507000.0}
    paid = rows(tmp_path, "hr", "SELECT gross, tax, net FROM payments WHERE employee_id = 13")
    assert paid == [(61000, 15250, 45750)]
    assert rows(tmp_path, "hr", "SELECT COUNT(*) FROM payments") == [(13,)]


def test_department_summary_groups_and_says(sandbox: Sandbox) -> None:
    ran = sandbox.run("department_summary")
    assert [record["department"] for record in ran.records] == ["Engineering", "Finance", "Sales", "Support"]
    assert [line["result"] for line in ran.lines if line["type"] == "say"] == [
        "Some departments have no active employees"
    ]


def test_clean_up_changes_and_deletes(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.run("clean_up").exit_code == 0
    assert rows(tmp_path, "inventory", "SELECT id, status FROM reorders ORDER BY id") == [
        (1, "open"),
        (2, "expired"),
        (4, "received"),
        (5, "cancelled"),
        (6, "received"),
    ]
    assert rows(tmp_path, "inventory", "SELECT COUNT(*) FROM items WHERE name = 'candle'") == [(0,)]


def test_anomaly_report_fails_half_way_and_leaves_nothing_behind(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = sandbox.run("anomaly_report")
    assert ran.exit_code == 1
    assert {line["type"] for line in ran.lines} >= {"command", "rollback", "error"}
    assert rows(tmp_path, "inventory", "SELECT COUNT(*) FROM anomalies") == [(0,)]
    assert rows(tmp_path, "inventory", "SELECT quantity FROM items WHERE name = 'switch'") == [(-2,)]


def test_the_demo_never_replaces_a_file(tmp_path: Path) -> None:
    (tmp_path / "sop.toml").write_text("# mine\n", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        make_demo(tmp_path)
    assert error.value.code == "T0120"
    assert [path.name for path in tmp_path.iterdir()] == ["sop.toml"]
