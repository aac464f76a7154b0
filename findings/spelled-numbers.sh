#!/usr/bin/env bash
# Libraries that read numbers in words answer with other numbers, not with an error.
#
# Guess: "two point five million" is 2500000 or is refused.
# Behaviour: word2number says 2; it says 1524 for "nineteen eighty four", 5 for "one two three", 2 for "minus two" and
# for "two and a half". number-parser makes "2 point 5000000" of the first and text2num
# "2.5 1000000", two numbers where there is one.
# Why it matters to us: amounts in English sentences are the first thing that one would hand to a library.
# What to do: read the words by a grammar that has to use each of them, and refuse the sentence otherwise.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="word2number==1.1 number-parser==0.3.2 text2num==3.1.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from number_parser import parse
from text_to_num import alpha2digit
from word2number import w2n

for text in ("two hundred and five", "two point five million", "nineteen eighty four", "one two three", "minus two", "two and a half"):
    print(f"{text}: word2number {w2n.word_to_num(text)}, number-parser {parse(text)!r}, text2num {alpha2digit(text, 'en')!r}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
two hundred and five: word2number 205, number-parser '205', text2num '205'
two point five million: word2number 2, number-parser '2 point 5000000', text2num '2.5 1000000'
nineteen eighty four: word2number 1524, number-parser '19 84', text2num '19 84'
one two three: word2number 5, number-parser '1 2 3', text2num '1 2 3'
minus two: word2number 2, number-parser 'minus 2', text2num 'minus two'
two and a half: word2number 2, number-parser '2 and a half', text2num 'two and a half'
SEEN
