#!/usr/bin/env bash
# Importing sse-starlette changes how every uvicorn server of the process stops, for good.
#
# Guess: importing a library for event streams changes nothing until a stream is answered, and a second server in the
# same process starts as fresh as the first.
# Behaviour: the import replaces uvicorn.Server.handle_exit. After a server was told to stop, AppStatus.should_exit stays
# true for the process: streams of a later server end as soon as they begin.
# Why it matters to us: the MCP SDK imports it, so a server that only offers agents tools, a test suite or an embedded
# server inherits both.
# What to do: import it late, override handle_exit in a class of one's own, set AppStatus.should_exit to False before a
# second server.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="sse-starlette==3.7.0 starlette==1.10.0 uvicorn==0.54.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import uvicorn

own = uvicorn.Server.handle_exit
print("before:", own.__module__)
from sse_starlette.sse import AppStatus

print("after the import:", uvicorn.Server.handle_exit.__module__)
server = uvicorn.Server(uvicorn.Config(lambda *_: None))
server.handle_exit(15, None)
print("told to stop:", AppStatus.should_exit)
uvicorn.Server(uvicorn.Config(lambda *_: None))
print("at the next server:", AppStatus.should_exit)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
before: uvicorn.server
after the import: sse_starlette.sse
told to stop: True
at the next server: True
SEEN
