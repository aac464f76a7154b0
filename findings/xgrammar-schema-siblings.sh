#!/usr/bin/env bash
# xgrammar forgets the keywords that stand beside `enum`, `$ref`, `anyOf` and `pattern`.
#
# Guess: keywords of one JSON Schema hold together, as the standard says; what a library can't join it refuses.
# Behaviour: {"enum": [1, 7], "minimum": 5} allows 1; a `minimum` beside `$ref` or `anyOf` has no effect; `maxLength` has
# none beside `pattern`, nor `minLength` beside `enum`. Alone each is enforced. (It installs torch: a few minutes.)
# Why it matters to us: schemas made from types put bounds beside references all the time (pydantic does), and the decoder
# seems to honour them until the first value out of bounds.
# What to do: push the bounds into each branch, filter the enum before, and validate the reply.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="xgrammar==0.2.9"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json

from xgrammar import Grammar
from xgrammar.testing import _is_grammar_accept_string as accepts

whole = {"type": "integer"}
for schema, text in (
    ({**whole, "minimum": 5}, "3"),
    ({**whole, "minimum": 5, "enum": [1, 7]}, "1"),
    ({"$ref": "#/$defs/n", "$defs": {"n": whole}, "minimum": 5}, "3"),
    ({**whole, "minimum": 0, "anyOf": [{"maximum": 5}, {"minimum": 10}]}, "7"),
    ({"type": "string", "maxLength": 3}, '"abcdef"'),
    ({"type": "string", "maxLength": 3, "pattern": "^[a-z]+$"}, '"abcdef"'),
    ({"type": "string", "minLength": 3, "enum": ["a", "abcd"]}, '"a"'),
):
    grammar = Grammar.from_json_schema(json.dumps(schema))
    print(f"{json.dumps(schema)} allows {text}: {accepts(grammar, text)}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
{"type": "integer", "minimum": 5} allows 3: False
{"type": "integer", "minimum": 5, "enum": [1, 7]} allows 1: True
{"$ref": "#/$defs/n", "$defs": {"n": {"type": "integer"}}, "minimum": 5} allows 3: True
{"type": "integer", "minimum": 0, "anyOf": [{"maximum": 5}, {"minimum": 10}]} allows 7: True
{"type": "string", "maxLength": 3} allows "abcdef": False
{"type": "string", "maxLength": 3, "pattern": "^[a-z]+$"} allows "abcdef": True
{"type": "string", "minLength": 3, "enum": ["a", "abcd"]} allows "a": True
SEEN
