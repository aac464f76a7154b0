#!/usr/bin/env bash
# json-repair makes 10 of 10:30 and 5 of "5 kg" that a model wrote without quotes, but keeps 1,200 and 1.5M as texts.
#
# Guess: what isn't JSON becomes the text that stands there, as it does with 2025-01-01, 3/4 and 1.5M, or is left out.
# Behaviour: a word that begins like a number is cut where the number ends: 10:30 is 10, 10:30:15 is 10 with a second
# key "30" of 15, `5 kg`, 5%, $5, ~5 and >5 are 5, `1 000` is 1. Nothing in the result tells them from numbers.
# Why it matters to us: it stands behind many tools that read replies of models; a wrong value passes any schema.
# What to do: constrain the reply by a grammar, or ask again; with repair_json(…, logging=True) any repair of a value is
# a reason to.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="json-repair==0.64.6"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import json_repair

for text in ["10:30", "10:30:15", "5 kg", "5%", "$5", ">5", "1 000", "2025-01-01", "3/4", "1.5M", "1,200"]:
    print(text, "->", json_repair.loads(f'{{"a": {text}}}'))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
10:30 -> {'a': 10}
10:30:15 -> {'a': 10, '30': 15}
5 kg -> {'a': 5}
5% -> {'a': 5}
$5 -> {'a': 5}
>5 -> {'a': 5}
1 000 -> {'a': 1}
2025-01-01 -> {'a': '2025-01-01'}
3/4 -> {'a': '3/4'}
1.5M -> {'a': '1.5M'}
1,200 -> {'a': '1,200'}
SEEN
