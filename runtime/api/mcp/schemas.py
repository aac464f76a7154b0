"""A signature → the JSON Schema of a tool's arguments, in the part of JSON Schema that all hosts take.

Seen to make a host refuse a tool, or all tools of a server: a list of types, bounds beyond 2^53, an array without
`items`, property names outside [A-Za-z0-9_.-]. The arguments are checked by `bind` anyway.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from hashlib import sha256
from typing import Any, Final

from runtime.api.jsonschema import schema_of
from runtime.api.mcp.values import plain
from runtime.bytecode.module import Parameter, Signature
from runtime.values.conversion import from_default, to_text
from runtime.vm.output import Question

NAME_LENGTH: Final = 48  # hosts add a prefix, and stop at 60 to 64
_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{NAME_LENGTH}}}")
_KEPT_FORMATS: Final = ("date", "date-time")
_DROPPED: Final = ("minimum", "maximum", "additionalProperties")


def made_names(names: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """Made name → name: the name itself where it may be one of a tool or property, else one made from it.

    Args:
        names: Of scripts or parameters.
        taken: Names that mean something else.
    """
    return {_made(name, taken): name for name in names}


def _made(name: str, taken: Collection[str]) -> str:
    if _NAME.fullmatch(name) and name not in taken:
        return name
    digest = sha256(name.encode()).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9_-]+', '_', name)[: NAME_LENGTH - 9]}_{digest}"


def arguments_schema(signature: Signature, taken: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON Schema of a script's arguments, and the parameter of each property.

    Args:
        signature: Of the script.
        taken: Properties that mean something else.
    """
    made = made_names((param.name for param in signature.params), taken)
    params = {param.name: param for param in signature.params}
    properties = {property_: _parameter(params[name], property_) for property_, name in made.items()}
    required = [property_ for property_, name in made.items() if params[name].default is None]
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": required} if required else schema, made


def _parameter(parameter: Parameter, property_: str) -> dict[str, Any]:
    schema = portable(schema_of(parameter.type))
    said = [str(parameter.type)]
    if property_ != parameter.name:
        schema["title"] = parameter.name
    if parameter.secret:
        said.append("secret")
    if parameter.default is not None:
        value = from_default(parameter.default)
        default = plain(value)
        if isinstance(default, str) and parameter.type.name in ("int", "decimal", "float"):
            said.append(f"default {to_text(value)}")  # as a number, readers would round it
        else:
            schema["default"] = default
    schema["description"] = ", ".join(said)
    return schema


def portable(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema in the part of JSON Schema that all hosts take."""
    kept = {name: value for name, value in schema.items() if name not in _DROPPED}
    if kept.get("format") not in _KEPT_FORMATS:
        kept.pop("format", None)
    types = kept.get("type")
    if isinstance(types, list):
        return {"anyOf": [portable({**kept, "type": each}) if each != "null" else {"type": each} for each in types]}
    if types == "array":
        kept["items"] = portable(kept.get("items", {}))
    if "anyOf" in kept:
        kept["anyOf"] = [portable(each) for each in kept["anyOf"]]
    if "properties" in kept:
        kept["properties"] = {name: portable(each) for name, each in kept["properties"].items()}
    return kept


def answer_schema(question: Question) -> dict[str, Any]:
    """The JSON Schema of the form that asks a question. Forms hold only texts, numbers, bools and choices."""
    type_ = question.type.not_null()
    answer: dict[str, Any] = {"type": "string", "title": "Answer", "description": str(question.type)}
    if question.choices is not None:
        answer["enum"] = [to_text(choice) for choice in question.choices]
    elif type_.name in ("bool", "int"):
        answer["type"] = "boolean" if type_.name == "bool" else "integer"
    elif type_.name in ("date", "timestamp"):
        answer["format"] = "date" if type_.name == "date" else "date-time"
    if question.has_default and question.default is not None:
        default = plain(question.default) if answer["type"] != "string" else to_text(question.default)
        if type(default) is {"boolean": bool, "integer": int, "string": str}[answer["type"]]:
            answer["default"] = default
    return {"type": "object", "properties": {"answer": answer}, "required": ["answer"]}
