"""A model's script → the same script with the signature inferred from its steps: databases, parameters, return type.

The steps determine all of these, and small models get them wrong.
"""

from __future__ import annotations

from runtime.config import MAIN
from sopc.english.task import Task
from sopc.tree import nodes
from sopc.tree.visit import walk


def infer_signature(script: nodes.Script, task: Task) -> nodes.Script:
    """Correct the head of a script.

    Returns:
        The script with the `uses` of the stores and scripts that it names, only the parameters that a step reads, and
        a return type only if a step returns a value.
    """
    read = _read(script, task)
    returns = any(isinstance(node, nodes.Return) and node.value is not None for node in walk(script))
    head = {
        "uses": _uses(script, task),
        "params": tuple(one for one in script.params if one.name in read),
        "returns": script.returns if returns else None,
    }
    return script.model_copy(update=head)


def _read(script: nodes.Script, task: Task) -> set[str]:
    """The variables that steps read. In queries a bare name that is a field of a store in the script is the field."""
    stores = {getattr(node, "store", None) for node in walk(script)}
    found = (schema.stores[name] for schema in task.schemas.values() for name in schema.stores if name in stores)
    fields = {field.name for store in found for field in store.fields}
    in_queries = (node for node in walk(script) if isinstance(node, (nodes.Query, nodes.Update, nodes.Delete)))
    queried = {id(name) for node in in_queries for name in walk(node)}
    return {
        node.name
        for node in walk(script)
        if isinstance(node, nodes.Name) and (node.variable or id(node) not in queried or node.name not in fields)
    }


def _uses(script: nodes.Script, task: Task) -> tuple[str, ...]:
    """The databases that a script needs.

    For a store that is in several databases, those that the script names count. A script without known stores keeps
    its `uses`.
    """
    needed: dict[str, None] = {}
    scripts = task.scripts()
    for node in walk(script):
        if isinstance(node, nodes.CallExpr) and node.name in scripts:
            needed.update(dict.fromkeys(scripts[node.name][0].uses))
        store = getattr(node, "store", None)
        if not isinstance(store, str):
            continue
        database = getattr(node, "database", None)
        owners = [name for name, schema in task.schemas.items() if store in schema.stores]
        if isinstance(database, str) and database in task.schemas:
            needed[database] = None
        elif len(owners) == 1:
            needed[owners[0]] = None
        else:
            needed.update(dict.fromkeys(name for name in script.uses if name in owners))
    if not needed:
        return script.uses
    return () if list(needed) == [MAIN] else tuple(needed)
