#!/usr/bin/env bash
# A grammar that lark and llguidance both take describes two languages.
#
# Guess: llguidance reads "a variant of Lark's format", so what its decoder allows, lark's parser parses, and the other
# way round.
# Behaviour: a lazy terminal, as in `/".*?"/` for a text in quotes, is lazy in lark and matches up to any later quote in
# llguidance, so that a decoder may write `"a"b"`, which lark refuses. `%ignore` allows blanks around the first and
# last token in lark, and only between tokens in llguidance.
# Why it matters to us: we derive the grammar of a decoder from the one of the parser; a lazy terminal would let a model
# write programs that don't parse.
# What to do: write terminals without lazy quantifiers (`/"[^"]*"/`), and walk the decoder's grammar at random to parse
# what comes of it.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="lark==1.3.1 llguidance==1.9.1"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from lark import Lark
from lark.exceptions import UnexpectedInput
from llguidance import LLMatcher, LLTokenizer

tokenizer = LLTokenizer("byte")


def lark(grammar, text):
    try:
        Lark(grammar, parser="lalr").parse(text)
    except UnexpectedInput:
        return False
    return True


def guidance(grammar, text):
    matcher = LLMatcher(tokenizer, LLMatcher.grammar_from_lark(grammar))
    assert not matcher.get_error()
    return matcher.try_consume_tokens(list(text.encode())) == len(text) and matcher.is_accepting()


lazy = 'start: TEXT\nTEXT: /".*?"/\n'
plain = 'start: TEXT\nTEXT: /"[^"]*"/\n'
blanks = 'start: "a" "b"\n%ignore " "\n'
for name, grammar, text in (
    ("lazy", lazy, '"a"'), ("lazy", lazy, '"a"b"'), ("without lazy", plain, '"a"b"'),
    ("ignore", blanks, "a b"), ("ignore", blanks, " a b"), ("ignore", blanks, "a b "),
):
    print(f"{name} {text!r}: lark {lark(grammar, text)}, llguidance {guidance(grammar, text)}")
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
lazy '"a"': lark True, llguidance True
lazy '"a"b"': lark False, llguidance True
without lazy '"a"b"': lark False, llguidance False
ignore 'a b': lark True, llguidance True
ignore ' a b': lark True, llguidance False
ignore 'a b ': lark True, llguidance False
SEEN
