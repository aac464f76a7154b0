#!/usr/bin/env bash
# The MCP SDK parses text arguments as JSON, so that the text "null" is no text.
#
# Guess: a string that a client sends for a parameter of type `str | None` or `Any` reaches the tool as that string.
# Behaviour: unless the annotation is exactly `str`, strings are run through json.loads() first. "null" arrives as None,
# and for `Any` "[1, 2]" as a list; "{…}" for `str | None` is refused as not being a string. A misspelt argument is
# dropped, and the default used, with no word of it.
# Why it matters to us: a search for a person called Null, or a JSON document as a text, changes on the way to the tool.
# What to do: annotate text as plain `str` (with "" as the default), and refuse unknown names in the tool by hand.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="mcp==2.3.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import asyncio
from typing import Any

from mcp.server.mcpserver import MCPServer

server = MCPServer("finding")
seen = []


@server.tool()
def find(name: str | None = "default", anything: Any = None, plain: str = "") -> str:
    seen.append((name, anything, plain))
    return "done"


async def main():
    for arguments in (
        {"name": "Ann"}, {"name": "null"}, {"name": '{"a": 1}'}, {"anything": "[1, 2]"}, {"plain": "null"}, {"nmae": "Ann"},
    ):
        seen.clear()
        try:
            await server.call_tool("find", arguments)
        except Exception as error:
            print(arguments, "->", type(error).__name__)
        else:
            print(arguments, "->", *seen)


asyncio.run(main())
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
{'name': 'Ann'} -> ('Ann', None, '')
{'name': 'null'} -> (None, None, '')
{'name': '{"a": 1}'} -> ToolError
{'anything': '[1, 2]'} -> ('default', [1, 2], '')
{'plain': 'null'} -> ('default', None, 'null')
{'nmae': 'Ann'} -> ('default', None, '')
SEEN
