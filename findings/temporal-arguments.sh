#!/usr/bin/env bash
# Temporal and dramatiq give a job other arguments than it was called with, and dramatiq loses one of the keys 1 and "1".
#
# Guess: what JSON can't hold is refused, as both refuse dates and decimals, or comes back in the parameter's type.
# Behaviour: in Temporal 1.9 for a parameter of type int is 1, a bytearray comes back as a list of its numbers (bytes as
# bytes), a set as a list. {1: 2} is {"1": 2} in both unless Temporal's parameter is dict[int, …]; dramatiq makes one
# entry of {1: "a", "1": "b"}. Called in the same process, as tests do, each gets what was passed.
# Why it matters to us: a job that is right in a test misses each lookup, or works on a cut number, once it is queued.
# What to do: pass records of a type (msgspec, pydantic) as text, and convert the arguments of tests the same way.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="temporalio==1.35.0 dramatiq==2.2.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import datetime
import decimal

import dramatiq
import temporalio.converter
from dramatiq.brokers.stub import StubBroker

converter = temporalio.converter.default().payload_converter
dramatiq.set_broker(StubBroker())


@dramatiq.actor
def job(value):
    pass


def with_temporal(value, kind):
    return converter.from_payloads(converter.to_payloads([value]), [kind])[0]


def with_dramatiq(value, kind):
    return dramatiq.Message.decode(job.message(value).encode()).args[0]


for value, kind in [
    (1.9, int),
    ("5", int),
    (bytearray(b"ab"), bytearray),
    ({1: 2}, dict),
    ({1: 2}, dict[int, int]),
    ({1: "a", "1": "b"}, dict),
    ({1, 2}, list),
    (datetime.date(2025, 1, 1), datetime.date),
    (decimal.Decimal("1.10"), decimal.Decimal),
]:
    print(repr(value), getattr(kind, "__name__", kind) if "[" not in str(kind) else kind)
    for name, pass_through in {"temporal": with_temporal, "dramatiq": with_dramatiq}.items():
        try:
            print(f"  {name}: {pass_through(value, kind)!r}")
        except (TypeError, RuntimeError) as error:
            print(f"  {name}: {type(error).__name__}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
1.9 int
  temporal: 1
  dramatiq: 1.9
'5' int
  temporal: TypeError
  dramatiq: '5'
bytearray(b'ab') bytearray
  temporal: [97, 98]
  dramatiq: TypeError
{1: 2} dict
  temporal: {'1': 2}
  dramatiq: {'1': 2}
{1: 2} dict[int, int]
  temporal: {1: 2}
  dramatiq: {'1': 2}
{1: 'a', '1': 'b'} dict
  temporal: TypeError
  dramatiq: {'1': 'b'}
{1, 2} list
  temporal: [1, 2]
  dramatiq: TypeError
datetime.date(2025, 1, 1) date
  temporal: TypeError
  dramatiq: TypeError
Decimal('1.10') Decimal
  temporal: TypeError
  dramatiq: TypeError
SEEN
