#!/usr/bin/env bash
# fastavro writes null for a misspelt field, 1 for 1.9 in a long, and 2^31 into an int of 32 bits.
#
# Guess: writer() checks a record against its schema, as Apache's avro does, or fails where the type is another.
# Behaviour: a field that the schema lacks is dropped and one that the record lacks is null if the type allows it, so
# that {"Amount": 5} writes null for "amount". A long of 1.9 is 1, a float of 1e300 is infinite. 2^31 in an int of
# 32 bits is written and read back by fastavro; avro refuses to write it.
# Why it matters to us: Avro is chosen for its schema; a wrong name in a job loses a column without a word.
# What to do: writer(…, strict=True, validator=True), which refuse each of these but the infinite float.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="fastavro==1.13.1 avro==1.12.2"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import io
import json

import avro.datafile
import avro.io
import avro.schema
import fastavro


def with_fastavro(schema, value, **options):
    out = io.BytesIO()
    try:
        fastavro.writer(out, schema, [value], **options)
    except Exception as error:
        return type(error).__name__
    return next(iter(fastavro.reader(io.BytesIO(out.getvalue()))))


def with_avro(schema, value):
    out = io.BytesIO()
    try:
        with avro.datafile.DataFileWriter(out, avro.io.DatumWriter(), avro.schema.parse(json.dumps(schema))) as writer:
            writer.append(value)
            writer.flush()
            data = out.getvalue()
    except Exception as error:
        return type(error).__name__
    return next(iter(avro.datafile.DataFileReader(io.BytesIO(data), avro.io.DatumReader())))


for kind, value in [
    (["null", "long"], {"Amount": 5}),
    ("long", {"amount": 1.9}),
    ("int", {"amount": 2**31}),
    ("float", {"amount": 1e300}),
]:
    schema = {"type": "record", "name": "row", "fields": [{"name": "amount", "type": kind}]}
    print(kind, value, "fastavro:", with_fastavro(schema, value), end=" ")
    print("strict:", with_fastavro(schema, value, strict=True, validator=True), "avro:", with_avro(schema, value))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
['null', 'long'] {'Amount': 5} fastavro: {'amount': None} strict: ValidationError avro: AvroTypeException
long {'amount': 1.9} fastavro: {'amount': 1} strict: ValidationError avro: AvroTypeException
int {'amount': 2147483648} fastavro: {'amount': 2147483648} strict: ValidationError avro: AvroTypeException
float {'amount': 1e+300} fastavro: {'amount': inf} strict: {'amount': inf} avro: OverflowError
SEEN
