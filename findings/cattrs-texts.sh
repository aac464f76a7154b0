#!/usr/bin/env bash
# cattrs and dataclasses-json turn the text "false" into True, and cattrs a null into the text "None".
#
# Guess: a library that builds typed objects from JSON refuses what has another type, as msgspec does, or reads the
# text "false" as pydantic does.
# Behaviour: each calls the type: bool("false") is True, also for "0" and "no"; int(1.9) is 1, and a list of ints of the
# text "123" is [1, 2, 3]. With cattrs str(None) is the text "None"; dataclasses-json leaves the null in a field of type
# str, and makes the Decimal 1.100000000000000088817… of 1.1.
# Why it matters to us: records of HTTP bodies and forms are read so; a switch that is off comes out on.
# What to do: msgspec.convert(), or structure hooks for bool, int and str that check the type.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="cattrs==26.2.1 dataclasses-json==0.6.7 msgspec==0.23.0 pydantic==2.14.4"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import dataclasses
from decimal import Decimal

import cattrs
import dataclasses_json
import msgspec
import pydantic


@dataclasses_json.dataclass_json
@dataclasses.dataclass
class Row:
    on: bool = False
    name: str = ""
    count: int = 0
    days: list[int] = dataclasses.field(default_factory=list)


@dataclasses_json.dataclass_json
@dataclasses.dataclass
class Item:
    price: Decimal = Decimal(0)


for field, value in [("on", "false"), ("name", None), ("count", 1.9), ("days", "123")]:
    print(field, repr(value))
    for library, read in {
        "cattrs": lambda data: cattrs.structure(data, Row),
        "dataclasses-json": Row.from_dict,
        "pydantic": pydantic.TypeAdapter(Row).validate_python,
        "msgspec": lambda data: msgspec.convert(data, Row),
    }.items():
        try:
            print(f"  {library}: {getattr(read({field: value}), field)!r}")
        except Exception as error:
            print(f"  {library}: {type(error).__name__}")
print("price 1.1 with dataclasses-json:", Item.from_dict({"price": 1.1}).price)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
on 'false'
  cattrs: True
  dataclasses-json: True
  pydantic: False
  msgspec: ValidationError
name None
  cattrs: 'None'
  dataclasses-json: None
  pydantic: ValidationError
  msgspec: ValidationError
count 1.9
  cattrs: 1
  dataclasses-json: 1
  pydantic: ValidationError
  msgspec: ValidationError
days '123'
  cattrs: [1, 2, 3]
  dataclasses-json: [1, 2, 3]
  pydantic: ValidationError
  msgspec: ValidationError
price 1.1 with dataclasses-json: 1.100000000000000088817841970012523233890533447265625
SEEN
