#!/usr/bin/env bash
# A text that one YAML library of Python writes is a number or a truth value when the other reads it.
#
# Guess: a library writes a text in quotes wherever YAML could read something else, since it is read by other programs.
# Behaviour: each quotes only what it would misread itself: PyYAML and msgspec know YAML 1.1, ruamel.yaml 1.2. The part
# numbers "08", "0o17", "1e3" of PyYAML are 8, 15 and 1000.0 to ruamel.yaml; "no" and "12:30" of ruamel.yaml are False
# and 750 to PyYAML. ruamel.yaml's float 1e-07 is a text to PyYAML, and 0755 is 493 to one and 755 to the other.
# Why it matters to us: settings and fixtures pass through both (one keeps comments, the other is fast).
# What to do: one library for writing and reading, or JSON and a parser of JSON.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pyyaml==6.0.4 ruamel.yaml==0.19.1 msgspec==0.23.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io

import msgspec
import ruamel.yaml
import yaml

ruamel_yaml = ruamel.yaml.YAML(typ="safe", pure=True)
ruamel_yaml.default_flow_style = False


def with_ruamel(value):
    out = io.StringIO()
    ruamel_yaml.dump(value, out)
    return out.getvalue()


for value in ["08", "0o17", "1e3", "no", "12:30", "yes", 1e-07]:
    for writer, text in {
        "PyYAML": yaml.safe_dump({"a": value}),
        "ruamel": with_ruamel({"a": value}),
        "msgspec": msgspec.yaml.encode({"a": value}).decode(),
    }.items():
        readers = {"PyYAML": yaml.safe_load, "ruamel": ruamel_yaml.load, "msgspec": msgspec.yaml.decode}
        for reader, read in readers.items():
            if (back := read(text)["a"]) != value:
                print(f"{value!r} written by {writer} as `{text.strip()}` is {back!r} to {reader}")
print("a: 0755 is", yaml.safe_load("a: 0755")["a"], "to PyYAML and", ruamel_yaml.load("a: 0755")["a"], "to ruamel")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
'08' written by PyYAML as `a: 08` is 8 to ruamel
'08' written by msgspec as `a: 08` is 8 to ruamel
'0o17' written by PyYAML as `a: 0o17` is 15 to ruamel
'0o17' written by msgspec as `a: 0o17` is 15 to ruamel
'1e3' written by PyYAML as `a: 1e3` is 1000.0 to ruamel
'1e3' written by msgspec as `a: 1e3` is 1000.0 to ruamel
'no' written by ruamel as `a: no` is False to PyYAML
'no' written by ruamel as `a: no` is False to msgspec
'12:30' written by ruamel as `a: 12:30` is 750 to PyYAML
'12:30' written by ruamel as `a: 12:30` is 750 to msgspec
'yes' written by ruamel as `a: yes` is True to PyYAML
'yes' written by ruamel as `a: yes` is True to msgspec
1e-07 written by ruamel as `a: 1e-07` is '1e-07' to PyYAML
1e-07 written by ruamel as `a: 1e-07` is '1e-07' to msgspec
a: 0755 is 493 to PyYAML and 755 to ruamel
SEEN
