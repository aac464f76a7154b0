"""Every name that a package offers has a docstring in Google style, which tools read."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import pytest

from tests.commands import ROOT

_SECTION: Final = re.compile(r"^(Args|Attributes|Returns|Raises|Source):$", re.M)
_ENTRY: Final = re.compile(r"^    ((?:[*\w]+(?:, )?)+):", re.M)


# what the packages that commands don't import from are entered by
ALSO: Final = (
    ("runtime.databases.protocol", "Database"),
    ("runtime.databases.protocol", "Loadable"),
    ("runtime.runs.run", "run"),
    ("runtime.vm.link", "link"),
    ("runtime.vm.machine", "Machine"),
)


def packages() -> list[str]:
    """Packages with an `__all__` of names."""
    paths = [path for name in ("sopc", "runtime") for path in sorted((ROOT / name).rglob("__init__.py"))]
    return [".".join(path.relative_to(ROOT).parts[:-1]) for path in paths if "__all__ =" in path.read_text("utf-8")]


def sections(doc: str) -> dict[str, str]:
    """Section → its text; the summary and what follows it is the section ""."""
    parts = _SECTION.split(doc)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def entries(text: str) -> set[str]:
    """The names that a section describes."""
    return {name.strip("* ") for group in _ENTRY.findall(text) for name in group.split(",")}


def faults(name: str, thing: Any) -> Iterator[str]:
    """What a docstring lacks."""
    if inspect.isclass(thing):
        yield from faults_of_class(name, thing)
    elif inspect.isfunction(thing):
        yield from faults_of_function(name, thing)


def faults_of_class(name: str, thing: type) -> Iterator[str]:
    doc = thing.__doc__
    if not doc or doc.startswith(f"{thing.__name__}("):  # what dataclass writes
        yield f"{name}: no docstring"
        return
    yield from faults_of_text(name, doc)
    found = sections(inspect.cleandoc(doc))
    said = entries(found.get("Args", "")) | entries(found.get("Attributes", ""))
    is_data = hasattr(thing, "__dataclass_fields__") or getattr(thing, "_is_protocol", False)
    init = None if is_data else vars(thing).get("__init__")
    if inspect.isfunction(init):
        wanted = set(inspect.signature(init).parameters) - {"self"}
    else:
        wanted = {each for each in vars(thing).get("__annotations__", {}) if not each.startswith("_")}
    for each in sorted(wanted - said):
        yield f"{name}: `{each}` is not described"
    for member, value in vars(thing).items():
        function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if member.startswith("_"):
            continue
        if isinstance(function, property):
            if not function.fget.__doc__ and member not in said:
                yield f"{name}.{member}: no docstring"
        elif inspect.isfunction(function) and member not in said:
            overridden = any(member in vars(base) for base in thing.__mro__[1:])
            if not overridden:
                yield from faults_of_function(f"{name}.{member}", function, method=True)


def faults_of_function(name: str, function: Any, *, method: bool = False) -> Iterator[str]:
    """Of a method with one argument or none, the summary may say all but what it raises."""
    if not function.__doc__:
        yield f"{name}: no docstring"
        return
    yield from faults_of_text(name, function.__doc__)
    inner = inspect.unwrap(function)
    found = sections(inspect.cleandoc(function.__doc__))
    said = entries(found.get("Args", ""))
    parameters = [each for each in inspect.signature(inner).parameters if each not in ("self", "cls")]
    if len(parameters) > 1 or (parameters and not method):
        yield from (f"{name}: `{each}` is not described" for each in parameters if each not in said)
    gives = inspect.signature(inner).return_annotation not in ("None", None, "Self", "NoReturn")
    if gives and not method and "Returns" not in found and not found[""].startswith("Return"):
        yield f"{name}: what it returns is not said"
    tree = ast.parse(textwrap.dedent(inspect.getsource(inner)))
    if any(isinstance(node, ast.Raise) and node.exc is not None for node in ast.walk(tree)) and "Raises" not in found:
        yield f"{name}: what it raises is not said"


def faults_of_text(name: str, doc: str) -> Iterator[str]:
    summary = inspect.cleandoc(doc).split("\n\n")[0]
    if not summary.rstrip().endswith((".", ":")):
        yield f"{name}: the summary is no sentence"


@pytest.mark.parametrize("package", packages())
def test_what_a_package_offers_is_described(package: str) -> None:
    module = import_module(package)
    found = [fault for name in module.__all__ for fault in faults(f"{package}.{name}", getattr(module, name))]
    assert found == []


@pytest.mark.parametrize(("module", "name"), ALSO)
def test_what_a_package_is_entered_by_is_described(module: str, name: str) -> None:
    assert list(faults(name, getattr(import_module(module), name))) == []


class Undescribed:
    """What it is

    Args:
        a: Something.
    """

    def __init__(self, a: int, b: int) -> None:
        self.sum = a + b

    def bare(self) -> int:
        return self.sum

    def fails(self, first: int, second: int) -> None:
        """Say nothing of its arguments and error."""
        raise ValueError(first, second)


def test_what_is_missing_is_found() -> None:
    def gives(number: int) -> int:
        """Leave out what it returns."""
        return number

    assert [*faults("it", Undescribed), *faults("gives", gives)] == [
        "it: the summary is no sentence",
        "it: `b` is not described",
        "it.bare: no docstring",
        "it.fails: `first` is not described",
        "it.fails: `second` is not described",
        "it.fails: what it raises is not said",
        "gives: `number` is not described",
        "gives: what it returns is not said",
    ]
