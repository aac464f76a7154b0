"""Arguments as a shell or JSON gives them → a value for each parameter of a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runtime.bytecode.module import Signature
from runtime.errors import RunError, UsageError
from runtime.values.constants import Const
from runtime.values.conversion import convert, from_default, from_text, to_text
from runtime.values.types import Type

_BOOLS: Final = {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}


def bind(signature: Signature, given: Mapping[str, Any]) -> list[Any]:
    """Values in the order of the parameters, defaults filled in. Texts are read by the parameter's type.

    UsageError: C0121 an argument is missing, C0122 there is no such parameter, C0123 it is not of its type.
    """
    names = [param.name for param in signature.params]
    extra = [name for name in given if name not in names]
    if extra:
        raise UsageError("C0122", f"`{signature.name}` has no parameter `{extra[0]}`", describe(signature))
    values = []
    for param in signature.params:
        if param.name in given:
            value = given[param.name]
            try:
                values.append(typed(value, param.type) if isinstance(value, str) else convert(value, param.type))
            except RunError as error:
                what = f"the value, which is a secret, is not {param.type}" if param.secret else error.message
                message = f"`{param.name}` of `{signature.name}`: {what}"
                raise UsageError("C0123", message, describe(signature)) from (None if param.secret else error)
        elif param.default is not None:
            values.append(from_default(param.default))
        else:
            raise UsageError("C0121", f"`{signature.name}` needs a value for `{param.name}`", describe(signature))
    return values


def typed(text: str, type_: Type) -> Any:
    """A value as a person types it: as in a literal, and a bool as yes, y, no or n too, in any case. RunError V0105
    when it is not of the type."""
    if type_.name == "bool":
        word = text.strip().lower()
        if word in _BOOLS:
            return _BOOLS[word]
    return from_text(text, type_)


def describe(signature: Signature) -> str:
    """The head of a script: `audit(dept: text = "Sales", floor: int)`."""
    parts = []
    for param in signature.params:
        text = f"{param.name}: {param.type}{' secret' if param.secret else ''}"
        if param.default is not None:
            text += f" = {default_text(param.default)}"
        parts.append(text)
    return f"{signature.name}({', '.join(parts)})"


def default_text(default: Const | tuple[Const, ...]) -> str:
    """The default of a parameter, a text in quotes."""
    value = from_default(default)
    return f'"{value}"' if isinstance(value, str) else to_text(value)
