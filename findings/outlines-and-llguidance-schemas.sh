#!/usr/bin/env bash
# One JSON Schema constrains a model to different languages, and outlines-core drops keywords without a word.
#
# Guess: a library either enforces a keyword or refuses the schema, as both do for `not`; and two libraries agree on
# `pattern`.
# Behaviour of outlines-core: `minimum`, `maximum`, `multipleOf` and `uniqueItems` have no effect; `pattern` beside
# `maxLength` is dropped, so that any text of that length passes; `^a|b$` allows neither "a" nor "b" but the broken JSON
# text `"a`; a name that is `required` but not among the `properties` can't be written at all, so that only invalid
# objects are left. `pattern` without anchors means "contains" to llguidance, as the standard says, and the whole text to
# outlines-core.
# Why it matters to us: a decoder's grammar is trusted to make the reply valid; what it silently lets through, or makes
# impossible, shows up later as a wrong value.
# What to do: validate the reply as well, by a real validator, and anchor and group every pattern: `^(?:a|b)$`.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="outlines-core==0.2.14 llguidance==1.9.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json
import re

from llguidance import LLMatcher, LLTokenizer
from outlines_core.json_schema import build_regex_from_schema

tokenizer = LLTokenizer("byte")


def outlines(schema, text):
    try:
        return bool(re.fullmatch(build_regex_from_schema(json.dumps(schema)), text))
    except ValueError:
        return "refused"


def guidance(schema, text):
    matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_json_schema(json.dumps(schema)))
    if matcher.get_error():
        return "refused"
    return matcher.try_consume_tokens(list(text.encode())) == len(text) and matcher.is_accepting()


a_to_z = {"type": "string", "pattern": "^[a-z]+$"}
for schema, text in (
    ({"not": {"type": "integer"}}, '"x"'),
    ({"type": "integer", "minimum": 5, "maximum": 9}, "100"),
    ({"type": "number", "multipleOf": 0.5}, "0.7"),
    ({"type": "array", "items": {"type": "integer"}, "uniqueItems": True}, "[1,1]"),
    (a_to_z, '"123"'),
    ({**a_to_z, "maxLength": 3}, '"123"'),
    ({"type": "string", "pattern": "[a-z]+"}, '"1abc1"'),
    ({"type": "string", "pattern": "^a|b$"}, '"a"'),
    ({"type": "string", "pattern": "^a|b$"}, '"a'),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "z"]}, '{"a":1}'),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "z"]}, '{"a":1,"z":1}'),
):
    print(f"{json.dumps(schema)} allows {text}: outlines-core {outlines(schema, text)}, llguidance {guidance(schema, text)}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
{"not": {"type": "integer"}} allows "x": outlines-core refused, llguidance refused
{"type": "integer", "minimum": 5, "maximum": 9} allows 100: outlines-core True, llguidance False
{"type": "number", "multipleOf": 0.5} allows 0.7: outlines-core True, llguidance False
{"type": "array", "items": {"type": "integer"}, "uniqueItems": true} allows [1,1]: outlines-core True, llguidance refused
{"type": "string", "pattern": "^[a-z]+$"} allows "123": outlines-core False, llguidance False
{"type": "string", "pattern": "^[a-z]+$", "maxLength": 3} allows "123": outlines-core True, llguidance False
{"type": "string", "pattern": "[a-z]+"} allows "1abc1": outlines-core False, llguidance True
{"type": "string", "pattern": "^a|b$"} allows "a": outlines-core False, llguidance True
{"type": "string", "pattern": "^a|b$"} allows "a: outlines-core True, llguidance False
{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "z"]} allows {"a":1}: outlines-core True, llguidance False
{"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a", "z"]} allows {"a":1,"z":1}: outlines-core False, llguidance True
SEEN
