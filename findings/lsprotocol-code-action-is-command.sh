#!/usr/bin/env bash
# lsprotocol reads a quick fix that has a command as the command alone: its kind, its diagnostics and its edit are gone.
#
# Guess: an answer to textDocument/codeAction whose item is {"title", "kind", "command": {…}} is a CodeAction; a Command
# has a text as its `command`.
# Behaviour: the item becomes a Command. The object is printed with str() and stands as the command's name; `kind` is
# dropped, and what is written back is no code action any more.
# Why it matters to us: an editor or a test built on this library shows quick fixes that do nothing, and asks the server
# to run a command whose name is a Python dict.
# What to do: give a code action an `edit` and no command, or read the raw JSON.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="lsprotocol==2025.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json

from lsprotocol import converters, types

converter = converters.get_converter()
command = {"title": "Rewrite", "command": "rewrite"}
for item in (
    {"title": "Say it so", "kind": "quickfix", "command": command},
    {"title": "Say it so", "kind": "quickfix", "edit": {"changes": {}}},
    command,
):
    message = {"jsonrpc": "2.0", "id": 1, "result": [item]}
    read = converter.structure(message, types.CodeActionResponse)
    print(type(read.result[0]).__name__, json.dumps(converter.unstructure(read)["result"][0]))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
Command {"title": "Say it so", "command": "{'title': 'Rewrite', 'command': 'rewrite'}"}
CodeAction {"title": "Say it so", "kind": "quickfix", "edit": {"changes": {}}}
Command {"title": "Rewrite", "command": "rewrite"}
SEEN
