"""Import rules: the runtime works without the compiler, and no run loads a heavy package, not even the first."""

from __future__ import annotations

import ast
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("lark", "pydantic", "sqlglot", "openai", "sopc")
SOURCE = """
script dear(floor: int = 10) -> int
  for each item in from items where price > floor order by name do
    emit { name: item.name, price: item.price }
  end
  return count(from items)
end

script change(floor: int = 10) -> int
  query dear_ones = from items where price > floor
  for each item in from dear_ones do
    insert into items { name: "a new {item.name}", price: item.price }
  end
  insert into items from dear_ones where name like "a new %" select "again {name}" as name, price
  upsert into items { name: "saw", price: 1 } on name
  update items where price > floor and name in (from dear_ones as d select d.name) set price = price - 1
  delete from items where not exists(from dear_ones as d where d.name = items.name)
  emit from dear_ones group by price select price, count() as number
  let least = first(from items order by price)
  return (from items select sum(price))
end
"""


def imports(path: Path, *, typing: bool = False) -> Iterator[tuple[str, int, bool]]:
    """(module, line, inside a function) of every import that runs; and of those for type checkers alone, if told."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
    }
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only and not typing:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, id(node) in inside
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield node.module or "", node.lineno, id(node) in inside


def files(*patterns: str) -> list[Path]:
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


def below(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


MAY_USE_THE_COMPILER = ("runtime/commands", "runtime/console", "runtime/api", "runtime/record")
NODES = "sopc.tree.nodes"  # the one public module without `__all__`: every node of the tree is public


@cache
def public_names(module: str) -> set[str]:
    """What a module of the compiler offers to other packages: its `__all__`."""
    path = ROOT.joinpath(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    for node in tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            return set(ast.literal_eval(node.value))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)} if module == NODES else set()


def private_uses(path: Path) -> Iterator[str]:
    """What a file uses of the compiler that is not public, imports for type checkers counted: `LINE: MODULE.NAME`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules: dict[str, str] = {}  # by the name that the file calls them
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (f"{node.lineno}: {alias.name}" for alias in node.names if below(alias.name, "sopc"))
        if not isinstance(node, ast.ImportFrom) or not below(node.module or "", "sopc"):
            continue
        for alias in node.names:
            if public_names(f"{node.module}.{alias.name}"):
                modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif alias.name not in public_names(node.module or ""):
                yield f"{node.lineno}: {node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            module = modules[node.value.id]
            if module != NODES and node.attr not in public_names(module):
                yield f"{node.lineno}: {module}.{node.attr}"


def test_only_the_entry_points_use_the_compiler_and_by_its_public_names() -> None:
    wrong = []
    for path in files("runtime/**/*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(MAY_USE_THE_COMPILER):
            wrong += [f"{name}:{use}" for use in private_uses(path)]
        else:
            used = (module for module, _, _ in imports(path, typing=True))
            wrong += [f"{name}: {module}" for module in used if below(module, "sopc", "grammar")]
    assert wrong == []


def test_a_private_use_is_found(tmp_path: Path) -> None:
    file = tmp_path / "uses.py"
    file.write_text(
        "from sopc import pipeline\nfrom sopc.english.lock import split_sop\nimport sopc.tree.nodes\n"
        "from sopc.source import Source\npipeline.read\npipeline._text\n"
    )
    found = [use.partition(": ")[2] for use in private_uses(file)]
    assert found == ["sopc.english.lock.split_sop", "sopc.tree.nodes", "sopc.pipeline._text"]


# ── cycles ─────────────────────────────────────────────────────────────────────────────────────────────────────


def import_graph() -> dict[str, set[str]]:
    """Module → modules of ours that it imports, inside functions and for type checkers too."""
    paths = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in files("sopc/**/*.py", "runtime/**/*.py", "grammar/**/*.py")
    }
    graph: dict[str, set[str]] = {}
    for name, path in paths.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= inner & paths.keys() or {node.module or ""}
        graph[name] = found & paths.keys()
    return graph


def in_cycles(graph: dict[str, set[str]]) -> set[str]:
    """Modules that import each other in a circle, or stand between two circles: what is left when those that import
    nothing that is left, or that nothing left imports, are taken away."""
    left = {name: set(used) for name, used in graph.items()}
    while True:
        imported = set().union(*left.values())
        gone = {name for name, used in left.items() if not used or name not in imported}
        if not gone:
            return set(left)
        left = {name: used - gone for name, used in left.items() if name not in gone}


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = import_graph()
    assert len(graph) > 300
    assert in_cycles(graph) == set()


def package_graph(depth: int) -> dict[str, set[str]]:
    """Package → packages of ours that it imports; a module beside the packages of that depth counts as one."""
    graph: dict[str, set[str]] = {}
    for name, used in import_graph().items():
        package = ".".join(name.split(".")[:depth])
        others = {".".join(each.split(".")[:depth]) for each in used}
        graph.setdefault(package, set()).update(others - {package})
    return graph


@pytest.mark.parametrize(("depth", "many"), [(2, 30), (3, 300)])
def test_no_packages_import_each_other_in_a_circle(depth: int, many: int) -> None:
    """Depth 2: the packages of sopc and of runtime. Depth 3: the packages within those, such as each engine."""
    graph = package_graph(depth)
    assert len(graph) > many
    assert in_cycles(graph) == set()


def test_a_circle_is_found() -> None:
    assert in_cycles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"b"}}) == {"b", "c"}


# ── commands ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_module_of_commands_is_long() -> None:
    """What a command does beyond its options belongs to a package that others can use too."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files("*/commands/*.py")}
    assert {path.name: number for path, number in lines.items() if number > 200} == {}


def is_package(name: str) -> bool:
    return below(name, "sopc", "runtime", "grammar") and ROOT.joinpath(*name.split("."), "__init__.py").is_file()


def not_offered(path: Path) -> Iterator[str]:
    """`LINE: MODULE.NAME` for what a module imports of ours that no package offers in `__all__`; modules of its own
    package are left out."""
    own = ".".join(path.relative_to(ROOT).parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole: dict[str, str] = {}  # packages that are imported as such, by the name that the file calls them
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_package(alias.name):
                    whole[alias.asname or alias.name] = alias.name
                elif below(alias.name, "sopc", "runtime", "grammar"):
                    yield f"{node.lineno}: {alias.name}"
        elif isinstance(node, ast.ImportFrom) and below(node.module or "", "sopc", "runtime", "grammar"):
            module = node.module or ""
            if below(module, own):
                continue
            for alias in node.names:
                if is_package(f"{module}.{alias.name}"):
                    whole[alias.asname or alias.name] = f"{module}.{alias.name}"
                elif not is_package(module) or alias.name not in public_names(module):
                    yield f"{node.lineno}: {module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in whole:
            package = whole[ast.unparse(node.value)]
            if node.attr not in public_names(package):
                yield f"{node.lineno}: {package}.{node.attr}"


def test_commands_import_only_what_packages_offer() -> None:
    paths = files("sopc/commands/*.py", "runtime/commands/*.py")
    found = [f"{path.relative_to(ROOT)}:{each}" for path in paths for each in not_offered(path)]
    assert len(paths) > 15
    assert found == []


def test_an_import_that_no_package_offers_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = ROOT / "sopc" / "commands" / "imagined.py"
    text = (
        "import runtime\nimport sopc.pipeline\nfrom runtime.errors import SopError\n"
        "from runtime.library import Environment, Library\nfrom sopc.english import local\n"
        "from sopc.commands.explain import explained\nruntime.open\nruntime.embedding\nlocal.pull\nlocal.files\n"
    )
    monkeypatch.setattr(Path, "read_text", lambda self, **_: text if self == file else self.read_bytes().decode())
    assert [each.partition(": ")[2] for each in not_offered(file)] == [
        "sopc.pipeline",
        "runtime.errors.SopError",
        "runtime.library.Environment",
        "runtime.embedding",
        "sopc.english.local.files",
    ]


PACKAGES = [
    path for path in files("sopc/**/__init__.py", "runtime/**/__init__.py") if "lazy(" in path.read_text("utf-8")
]


@pytest.mark.parametrize("path", PACKAGES, ids=lambda path: ".".join(path.relative_to(ROOT).parts[:-1]))
def test_a_package_offers_what_it_says(path: Path) -> None:
    """`__all__`, the names for type checkers and those for `lazy` are the same, and each is where it is said to be.

    A name that is a module's too would mean the module once that is imported.
    """
    package = ".".join(path.relative_to(ROOT).parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "typing", "runtime.lazy")
        for alias in node.names
    }
    (call,) = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy")
    assert {word.arg: ast.literal_eval(word.value) for word in call.keywords} == typed
    assert public_names(package) == set(typed)
    assert not public_names(package) & {each.stem for each in path.parent.iterdir()}
    for name in typed:
        assert getattr(import_module(package), name) is not None


def test_the_runtimes_commands_import_the_compiler_only_where_they_use_it() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for path in files("runtime/commands/*.py", "runtime/console/*.py", "runtime/cli.py")
        for module, line, in_function in imports(path)
        if below(module, "sopc") and not in_function
    ]
    assert wrong == []


def test_the_compiler_runs_programs_by_one_function_alone() -> None:
    """Examples and what a reading does on the data need a run; the rest of the machine is none of its business."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for path in files("sopc/**/*.py")
        if path.parent.name != "commands" and path.name != "cli.py"
        for module, line, _ in imports(path)
        if below(module, "runtime.vm", "runtime.runs", "runtime.output", "runtime.cli", "runtime.console")
        and module != "runtime.runs.capture"
    ]
    assert wrong == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a database and compiled scripts that nobody has run yet."""
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("create table items (name text primary key, price integer not null)")
        connection.executemany("insert into items values (?, ?)", [("bolt", 5), ("drill", 90), ("saw", 40)])
    connection.close()
    (tmp_path / "sop.toml").write_text('[databases]\nmain = "sqlite:///shop.db"\n')
    (tmp_path / "dear.sop").write_text(SOURCE)
    python(tmp_path, "from sopc.cli import main; main(['compile', 'dear.sop'])")
    return tmp_path


def python(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_compiled_script_runs_without_the_compiler(project: Path) -> None:
    blocked = (
        "import sys\n"
        "class Blocked:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {HEAVY!r}: raise ModuleNotFoundError('blocked: ' + name)\n"
        "sys.meta_path.insert(0, Blocked())\n"
        "from runtime.cli import main\n"
        "main(['run', 'dear', 'floor=20'])\n"
    )
    lines = [json.loads(line) for line in python(project, blocked).splitlines()]
    assert [line["result"]["name"] for line in lines if line["type"] == "record"] == ["drill", "saw"]
    assert lines[-1]["result"] == 3


@pytest.mark.parametrize("name", ["dear", "change"])
def test_the_first_run_after_a_compile_loads_no_heavy_package(project: Path, name: str) -> None:
    code = (
        "import sys\n"
        "from runtime.cli import main\n"
        f"try: main(['run', {name!r}, '-f', 'records'])\n"
        f"finally: print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r})))\n"
    )
    assert python(project, code).splitlines()[-1] == "[]"


@pytest.mark.parametrize("arguments", [["ls"], ["--help"]], ids=" ".join)
def test_listing_scripts_or_commands_loads_no_heavy_package(project: Path, arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from sopc.cli import main\n"
        f"try: main({arguments!r})\n"
        f"finally: print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r}) - {{'sopc'}}))\n"
    )
    assert python(project, code).splitlines()[-1] == "[]"


PLAIN = 'script plain(name: text = "you")\n  let greeting = "Hello, {name}"\n  say greeting\nend\n'


@pytest.mark.parametrize("command", ["compile", "check"])
@pytest.mark.parametrize(
    ("text", "packages"), [(PLAIN, ["lark", "pydantic"]), (SOURCE, ["lark", "pydantic", "sqlglot"])]
)
def test_compiling_a_program_loads_what_it_needs(project: Path, command: str, text: str, packages: list[str]) -> None:
    """Neither the reader of English, nor what runs scripts, nor validators of the tree; SQL only for queries."""
    (project / "fresh.sop").write_text(text)
    code = (
        "import sys\n"
        "from sopc.cli import main\n"
        f"try: main([{command!r}, 'fresh.sop'])\n"
        "finally:\n"
        "    from sopc.tree import nodes\n"
        f"    print(sorted({{name.split('.')[0] for name in sys.modules}} & set({HEAVY!r}) - {{'sopc'}}))\n"
        "    print(sorted(name for name in sys.modules if name.startswith(('sopc.english.', 'runtime.runs.'))))\n"
        "    print(nodes.File.__pydantic_complete__, nodes.Let.__pydantic_complete__)\n"
    )
    loaded, parts, validators = python(project, code).splitlines()[-3:]
    assert loaded == str(packages)
    allowed = {"sopc.english.lock", "sopc.english.magnitudes", "sopc.english.sample"}  # sample: values beside literals
    assert set(ast.literal_eval(parts)) <= allowed
    assert validators == "False False"
