#!/usr/bin/env bash
# pygls ends a line at U+2028, U+0085 or a form feed, where the protocol of editors does not: an edit lands elsewhere.
#
# Guess: the lines of a document end at \n, \r\n and \r alone, as the protocol says; line 1 of "a\u2028b\nc" is "c".
# Behaviour: documents are split with str.splitlines, which knows eight more ends. Replacing the first letter of line 1
# changes "b", not "c", so the server's text differs from the editor's from then on.
# Why it matters to us: a program or an English text may hold such a character in a text in quotes (pasted from a PDF or
# a web page), and every finding below it stands in a wrong line.
# What to do: ask for whole documents (TextDocumentSyncKind.Full), and count lines in a text of one's own.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="pygls==2.1.1 lsprotocol==2025.0.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
from lsprotocol import types
from pygls.workspace import TextDocument

first = types.Range(start=types.Position(line=1, character=0), end=types.Position(line=1, character=1))
for end in ("\n", "\r", "\u2028", "\x85", "\f"):
    document = TextDocument("file:///a.txt", source=f"a{end}b\nc\n")
    document.apply_change(types.TextDocumentContentChangePartial(range=first, text="X"))
    print(ascii(end), ascii(document.source))
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
'\n' 'a\nX\nc\n'
'\r' 'a\rX\nc\n'
'\u2028' 'a\u2028X\nc\n'
'\x85' 'a\x85X\nc\n'
'\x0c' 'a\x0cX\nc\n'
SEEN
