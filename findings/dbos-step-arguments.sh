#!/usr/bin/env bash
# DBOS gives a step the recorded result of another call: it compares the step's name and not what it was called with.
#
# Guess: a replayed step whose arguments differ from those recorded is an error, as one with another name is.
# Behaviour: results are found by position. A workflow that priced "a" before it failed, and that goes on (here by
# fork_workflow) after the order of its items changed, gets the price of "a" for "b" and never computes that of "b".
# Why it matters to us: it is the peer that durable runs are compared with; a loop over a set, a directory or an unordered
# query is enough for a wrong result that is marked as a success.
# What to do: sort before a loop, read the items in a step of their own, or return the argument with the result and check.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="dbos==3.4.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import logging

logging.disable(logging.CRITICAL)
from dbos import DBOS, SetWorkflowID

DBOS(config={"name": "finding", "system_database_url": "sqlite:///state.db"})
items, failing, computed = ["a", "b"], True, []


@DBOS.step()
def price(item):
    computed.append(item)
    return f"price of {item}"


@DBOS.workflow()
def prices():
    found = {}
    for item in items:
        found[item] = price(item)
        if failing:
            raise RuntimeError("the worker fails after its first step")
    return found


DBOS.launch()
try:
    with SetWorkflowID("first"):
        prices()
except RuntimeError as error:
    print(error)
items, failing = ["b", "a"], False
handle = DBOS.fork_workflow("first", 2)
print("result:", handle.get_result(), "status:", handle.get_status().status)
print("computed:", computed)
DBOS.destroy()
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
the worker fails after its first step
result: {'b': 'price of a', 'a': 'price of a'} status: SUCCESS
computed: ['a', 'a']
SEEN
