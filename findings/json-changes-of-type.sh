#!/usr/bin/env bash
# json-merge-patch, and DeepDiff within lists, find no difference between 1 and true, or 0 and false.
#
# Guess: create_patch(a, b) makes b of a, and DeepDiff, which reports {"a": 1} to {"a": true} as a change of type,
# reports [1] to [true] too.
# Behaviour: json-merge-patch compares with Python's ==, for which 1 == True: from {"active": 0} to {"active": false}
# the patch is {}. DeepDiff matches lists so: [1, 0] and [true, false] are equal to it, and [1] and [1.0], but not
# with ignore_order=True. jmespath finds `1` and `true` different, [1] and [true] equal. jsonpatch sees each change.
# Why it matters to us: flags that SQLite gives as 0 and 1 are false and true in another engine's JSON; a corrected
# type is never sent, and a test that compares two engines' rows with DeepDiff passes.
# What to do: compare json.dumps() of both before an empty difference is believed, or use jsonpatch.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="json-merge-patch==0.3.0 deepdiff==9.1.0 jmespath==1.1.0 jsonpatch==1.48"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json

import deepdiff
import jmespath
import json_merge_patch
import jsonpatch


def changes(found):
    return "no difference" if not found else "a difference"


for old, new in [
    ({"active": 0}, {"active": False}),
    ({"flags": [1, 0]}, {"flags": [True, False]}),
    ({"rows": [[1, "a"]]}, {"rows": [[True, "a"]]}),
    ({"flags": [1]}, {"flags": [1.0]}),
    ({"active": 1}, {"active": "1"}),
]:
    print(json.dumps(old), "to", json.dumps(new))
    print("  json-merge-patch:", json.dumps(json_merge_patch.create_patch(old, new)))
    print("  deepdiff:", changes(deepdiff.DeepDiff(old, new)), end=", ")
    print("with ignore_order:", changes(deepdiff.DeepDiff(old, new, ignore_order=True)))
    print("  jsonpatch:", changes(jsonpatch.make_patch(old, new).patch))
for query in ["`1` == `true`", "[`1`] == [`true`]", "contains([`1`], `true`)"]:
    print("jmespath:", query, jmespath.search(query, {}))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
{"active": 0} to {"active": false}
  json-merge-patch: {}
  deepdiff: a difference, with ignore_order: a difference
  jsonpatch: a difference
{"flags": [1, 0]} to {"flags": [true, false]}
  json-merge-patch: {}
  deepdiff: no difference, with ignore_order: a difference
  jsonpatch: a difference
{"rows": [[1, "a"]]} to {"rows": [[true, "a"]]}
  json-merge-patch: {}
  deepdiff: no difference, with ignore_order: a difference
  jsonpatch: a difference
{"flags": [1]} to {"flags": [1.0]}
  json-merge-patch: {}
  deepdiff: no difference, with ignore_order: a difference
  jsonpatch: a difference
{"active": 1} to {"active": "1"}
  json-merge-patch: {"active": "1"}
  deepdiff: a difference, with ignore_order: a difference
  jsonpatch: a difference
jmespath: `1` == `true` False
jmespath: [`1`] == [`true`] True
jmespath: contains([`1`], `true`) True
SEEN
