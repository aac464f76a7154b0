"""A model's script → the same script, using just the databases of the stores and scripts that it names.

Which database a store is in is no question of meaning, and small models answer it wrongly.
"""

from __future__ import annotations

from runtime.config import MAIN
from sopc.english.task import Task
from sopc.tree import nodes
from sopc.tree.visit import walk


def with_its_databases(script: nodes.Script, task: Task) -> nodes.Script:
    """A store that several databases have counts for those that the script names itself; a script whose stores are
    all unknown stays as it is."""
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
        return script
    return script.model_copy(update={"uses": () if list(needed) == [MAIN] else tuple(needed)})
