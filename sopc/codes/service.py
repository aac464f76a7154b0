"""S01: the service and its requests. S02: who may use it."""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

CODES: Final[tuple[Code, ...]] = (
    Code(
        "S0100",
        "fault of the server",
        "The service met with something that it was not written for. What the run had written since its last "
        "commit was undone; the server's log holds the details.",
        "",
        "curl http://127.0.0.1:8000/ready",
    ),
    Code(
        "S0101",
        "no such address",
        "The service has nothing at this path. /openapi.json lists what there is, and /docs shows it.",
        "curl http://127.0.0.1:8000/run/list_vessels",
        "curl http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0102",
        "method not allowed",
        "The address is there, but not for this method; the header Allow lists those it has. GET runs only "
        "scripts that change nothing.",
        "curl http://127.0.0.1:8000/play/book_repairs",
        "curl -X POST http://127.0.0.1:8000/play/book_repairs",
    ),
    Code(
        "S0103",
        "no format that is accepted",
        "The header Accept leaves out every format that the answer can have. `?format=` goes before it.",
        "curl -H 'Accept: application/xml' http://127.0.0.1:8000/play/list_vessels",
        "curl -H 'Accept: text/csv' http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0104",
        "body too large",
        "The request's body is larger than the server (--max-body) or the token allows. Data belongs in a database.",
        "curl --data-binary @orders.json …",
        "sopvm db import orders.json",
    ),
    Code(
        "S0105",
        "body of an unknown kind",
        "Arguments are JSON, and Content-Type has to say so. A program is text or JSON.",
        "curl -d '{\"tonnage\": 9}' http://127.0.0.1:8000/play/list_vessels",
        "curl -H 'Content-Type: application/json' -d '{\"tonnage\": 9}' http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0106",
        "malformed body",
        "The body is not the JSON that is expected there, or holds what no value of a script can be, such as an "
        "int past 64 bits.",
        "curl -H 'Content-Type: application/json' -d '[9]' http://127.0.0.1:8000/play/list_vessels",
        "curl -H 'Content-Type: application/json' -d '{\"tonnage\": 9}' http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0107",
        "body too slow",
        "The request's body did not come in time, and the connection was closed.",
        "",
        "curl --data-binary @args.json …",
    ),
    Code(
        "S0108",
        "malformed option",
        "Something in the query string is not what the address takes: an unknown name or value, or one given twice.",
        "curl 'http://127.0.0.1:8000/play/list_vessels?format=xml'",
        "curl 'http://127.0.0.1:8000/play/list_vessels?format=csv'",
    ),
    Code(
        "S0109",
        "too many runs",
        "As many runs are under way as the server has at once (--max-runs). Retry-After says when to try again.",
        "",
        "sopvm serve --max-runs 200",
    ),
    Code(
        "S0110",
        "unknown run",
        "The server keeps the runs it started for a while, in memory. This one is not among them, or belongs to "
        "another token.",
        "curl http://127.0.0.1:8000/runs/1",
        "curl http://127.0.0.1:8000/runs",
    ),
    Code(
        "S0111",
        "run is not waiting",
        "An answer was given to a run that asks nothing now, or asks at another step.",
        "",
        "curl http://127.0.0.1:8000/runs",
    ),
    Code(
        "S0112",
        "lines are not kept",
        "The lines of a run go to who started it. Only those of a run that was started with `Prefer: "
        "respond-async` are kept, for a while.",
        "",
        "curl -X POST -H 'Prefer: respond-async' http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0113",
        "more lines than are kept",
        "A run that nobody reads said more than is kept of one, and was ended. Read as they come, lines have no "
        "such limit.",
        "",
        "curl -N -X POST http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0114",
        "precondition failed",
        "The header If-Match names another version of the script than the one stored, or If-None-Match: * asks that "
        "there be none. Nothing was changed.",
        "curl -X PUT -H 'If-None-Match: *' …",
        "curl -X PUT -H 'If-Match: \"ETAG\"' …",
    ),
    Code(
        "S0115",
        "program of another name",
        "The address of a script says its name, and the program that was sent is not one script of that name.",
        "curl -X PUT --data-binary @list_vessels.sop http://127.0.0.1:8000/scripts/vessels",
        "curl -X PUT --data-binary @list_vessels.sop http://127.0.0.1:8000/scripts/list_vessels",
    ),
    Code(
        "S0116",
        "headers too large",
        "The headers of the request take more room than any that the service looks at would need.",
        "",
        'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/scripts',
    ),
    Code(
        "S0120",
        "service not installed",
        "`sopvm serve` needs two packages that runs do without.",
        "pip install sopc",
        "pip install 'sopc[serve]'",
    ),
    Code(
        "S0121",
        "open to others without tokens",
        "An address that other machines can reach needs at least one token, so that not everybody may run everything.",
        "sopvm serve --host 0.0.0.0",
        "sopvm token add report",
    ),
    Code(
        "S0122",
        "address can't be listened on",
        "Another program listens there already, or the address is not this machine's.",
        "sopvm serve --port 80",
        "sopvm serve --port 0",
    ),
    Code(
        "S0201",
        "token needed",
        "The request has no token that this server knows, or one that has expired or was revoked.",
        "curl http://127.0.0.1:8000/play/list_vessels",
        'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/play/list_vessels',
    ),
    Code(
        "S0202",
        "right missing",
        "The token is good, but not for this: it lacks a right, or is for other scripts. A script that writes, by "
        "itself or through one it calls, needs the right to write.",
        "sopvm token add report --rights run,read",
        "sopvm token add report --rights run,read,write",
    ),
    Code(
        "S0204",
        "too many runs of a token",
        "As many runs of this token are under way as it may have at once.",
        "",
        "sopvm token add report --max-runs 4",
    ),
    Code(
        "S0205",
        "request from another site",
        "A browser made the request for a page of another site. The service answers its own pages only.",
        "",
        "curl http://127.0.0.1:8000/play/list_vessels",
    ),
    Code(
        "S0206",
        "unknown host",
        "The header Host is not a name of this server. On loopback that keeps pages of other sites out (DNS "
        "rebinding).",
        "curl http://scripts.example:8000/live",
        "sopvm serve --allow-host scripts.example",
    ),
    Code(
        "S0207",
        "token in an address",
        "Addresses end up in logs and histories, so a token is refused there.",
        "curl 'http://127.0.0.1:8000/runs?token=…'",
        'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/runs',
    ),
    Code(
        "S0208",
        "unusable name of a token",
        "A token has a short name of letters, digits, dots and dashes, and no two have the same.",
        "sopvm token add 'my report'",
        "sopvm token add my-report",
    ),
    Code(
        "S0209",
        "tokens can't be read",
        "The file tokens.json of the home folder can't be read or written. Until it can, every request is refused.",
        "",
        "ls -l .sop/tokens.json",
    ),
)
