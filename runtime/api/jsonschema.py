"""Types and signatures of scripts → JSON Schema (2020-12) of arguments, records and results."""

from __future__ import annotations

from typing import Any, Final

from runtime.bytecode.module import Parameter, Signature
from runtime.values.conversion import from_default, json_ready
from runtime.values.types import INT_MAX, INT_MIN, Type

_SCALARS: Final[dict[str, dict[str, Any]]] = {
    "bool": {"type": "boolean"},
    "int": {"type": "integer", "format": "int64", "minimum": INT_MIN, "maximum": INT_MAX},
    "float": {"type": "number", "format": "double"},
    "text": {"type": "string"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "duration": {"type": "string", "format": "duration"},
    "null": {"type": "null"},
}


def schema_of(type_: Type) -> dict[str, Any]:
    """The JSON Schema of the type's values; {} for any."""
    schema = _schema(type_.not_null())
    if not type_.nullable or type_.name in ("any", "null"):
        return schema
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _schema(type_: Type) -> dict[str, Any]:
    name = type_.name
    if name == "decimal":
        whole_digits, digits = max(type_.precision - type_.scale, 1), max(type_.scale, 1)
        pattern = f"^-?[0-9]{{1,{whole_digits}}}(\\.[0-9]{{1,{digits}}})?$"
        return {"anyOf": [{"type": "number"}, {"type": "string", "pattern": pattern}], "description": str(type_)}
    if name == "list":
        return {"type": "array", "items": schema_of(type_.item)} if type_.item is not None else {"type": "array"}
    if name == "record":
        if type_.fields is None:
            return {"type": "object"}
        properties = {field: schema_of(field_type) for field, field_type in type_.fields}
        required = [field for field, field_type in type_.fields if not field_type.nullable]
        return {"type": "object", "properties": properties, "required": required}
    return dict(_SCALARS.get(name, {}))


def parameter_schema(parameter: Parameter) -> dict[str, Any]:
    schema = schema_of(parameter.type)
    if parameter.secret:
        schema |= {"writeOnly": True, "format": "password"} if parameter.type.name == "text" else {"writeOnly": True}
    if parameter.default is not None:
        schema["default"] = json_ready(from_default(parameter.default))
    return schema


def arguments_schema(signature: Signature) -> dict[str, Any]:
    """The JSON Schema of the object with a script's arguments."""
    return {
        "type": "object",
        "properties": {parameter.name: parameter_schema(parameter) for parameter in signature.params},
        "required": [parameter.name for parameter in signature.params if parameter.default is None],
        "additionalProperties": False,
    }


def signature_schema(signature: Signature) -> dict[str, Any]:
    """`parameters`: of the arguments; `emits`: of a record, absent if it emits none; `returns`: of the result."""
    schema = {"parameters": arguments_schema(signature), "returns": schema_of(signature.returns)}
    if signature.emits is not None:
        schema["emits"] = schema_of(signature.emits)
    return schema
