#!/usr/bin/env bash
# Sail raises the errors of parts of a `case` that it does not take, and wraps sums while it says that ANSI mode is on.
#
# Guess: a server for Spark's clients that answers "true" for spark.sql.ansi.enabled does what Spark documents for it:
# 2147483647 + 1 is an error (ARITHMETIC_OVERFLOW), and so is a sum of bigints that leaves their range.
# Behaviour: both wrap round to negative numbers, whereas 1 / 0 and a cast of 300 to tinyint are errors. A part of
# constants alone, 1 div 0 or cast('a' as int), raises its error where `case`, `if` or `coalesce` takes another part for
# each row, even in `case when true`. With a column in it the same part is fine.
# Why it matters to us: a guard against division by zero fails where a variable becomes a constant, and an overflow is
# silent.
# What to do: add in decimal(38,0) and narrow; write nullif(…, 0) or try_cast in the part itself.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pysail==0.7.2 pyspark-client==4.2.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from pysail.spark import SparkConnectServer
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

server = SparkConnectServer("127.0.0.1", 0)
server.start(background=True)
spark = SparkSession.builder.remote("sc://{}:{}".format(*server.listening_address)).getOrCreate()
print("spark.sql.ansi.enabled", spark.conf.get("spark.sql.ansi.enabled"))
for expression in [
    "2147483647 + 1",
    "sum(9223372036854775806L + x)",
    "sum(cast(9223372036854775806L + x as decimal(38,0)))",
    "1 / 0",
    "cast(300 as tinyint)",
    "case when x > 0 then 5 else 1 div 0 end",
    "case when x > 0 then 5 else 1 div (x - x) end",
    "case when true then 5 else 1 div 0 end",
    "if(x > 0, 5, cast('a' as int))",
    "if(x > 0, 5, try_cast('a' as int))",
    "coalesce(x, 1 div 0)",
    "case when x > 0 then 5 else 1 div nullif(0, 0) end",
]:
    try:
        rows = spark.sql(f"select {expression} as v from values (1), (1) t(x)").collect()
        print(expression, "|", *(str(row.v) for row in rows))
    except PySparkException as error:
        print(expression, "|", type(error).__name__)
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
spark.sql.ansi.enabled true
2147483647 + 1 | -2147483648 -2147483648
sum(9223372036854775806L + x) | -2
sum(cast(9223372036854775806L + x as decimal(38,0))) | 18446744073709551614
1 / 0 | ArithmeticException
cast(300 as tinyint) | NumberFormatException
case when x > 0 then 5 else 1 div 0 end | ArithmeticException
case when x > 0 then 5 else 1 div (x - x) end | 5 5
case when true then 5 else 1 div 0 end | ArithmeticException
if(x > 0, 5, cast('a' as int)) | NumberFormatException
if(x > 0, 5, try_cast('a' as int)) | 5 5
coalesce(x, 1 div 0) | ArithmeticException
case when x > 0 then 5 else 1 div nullif(0, 0) end | 5 5
SEEN
