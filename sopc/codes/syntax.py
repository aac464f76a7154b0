"""E01xx: a text that is not the language's, and a tree that no text means."""

from __future__ import annotations

from sopc.codes import Code

CODES: tuple[Code, ...] = (
    Code(
        "E0101",
        "not understood here",
        "A word or sign stands where the language calls for something else. The hint says what can come there.",
        "script s()\n  let x = a < b < c\nend\n",
        "script s()\n  let x = a < b and b < c\nend\n",
    ),
    Code(
        "E0102",
        "a word is missing",
        "The parts of a step are held together by words such as `then`, `do`, `into` and `by`. One is missing.",
        'script s()\n  if a > 1 say "more" end\nend\n',
        'script s()\n  if a > 1 then say "more" end\nend\n',
    ),
    Code(
        "E0103",
        "`end` is missing",
        "Every script, `if`, loop, `transaction` and `try` closes with an `end` of its own. The message names the "
        "block that is still open, guessed from the indentation when several could be meant.",
        'script s()\n  if a > 1 then\n    say "more"\nend\n',
        'script s()\n  if a > 1 then\n    say "more"\n  end\nend\n',
    ),
    Code(
        "E0104",
        "misspelt keyword",
        "A word that looks like a keyword stands where that keyword would fit. Keywords are lower case.",
        "script s()\n  emit from items wher price > 5\nend\n",
        "script s()\n  emit from items where price > 5\nend\n",
    ),
    Code(
        "E0105",
        "a keyword used as a name",
        "Some keywords can't be names as they are, except after `.` and as keys of a record. Backquotes make any word "
        "a name.",
        "script s()\n  let order = 1\nend\n",
        "script s()\n  let `order` = 1\nend\n",
    ),
    Code(
        "E0106",
        "a text that is not closed",
        'A text begins and ends with `"` on one line. A quote inside it is written `\\"`, a new line `\\n`.',
        'script s()\n  say "hello\nend\n',
        'script s()\n  say "hello"\nend\n',
    ),
    Code(
        "E0107",
        "unknown escape in a text",
        'In a text a backslash begins an escape: `\\"`, `\\\\`, `\\n`, `\\t` or `\\u{e9}`. No other escape exists.',
        'script s()\n  say "50\\% off"\nend\n',
        'script s()\n  say "50% off"\nend\n',
    ),
    Code(
        "E0108",
        "a character that means nothing here",
        "The language has no use for this character outside texts, comments and backquoted names. Curly and single "
        "quotes are not quotes of the language.",
        "script s()\n  say 'hello'\nend\n",
        'script s()\n  say "hello"\nend\n',
    ),
    Code(
        "E0109",
        "a bracket that is not closed",
        "Every `(`, `[` and `{` needs its closing bracket before the step ends.",
        "script s()\n  let x = round(price * (1 + rate)\nend\n",
        "script s()\n  let x = round(price * (1 + rate))\nend\n",
    ),
    Code(
        "E0110",
        "a hole of a text",
        "`{…}` in a text is a hole that holds a name, a field, a call or arithmetic. Anything else is worked out "
        "before, with `let`. A brace itself is written `{{` or `}}`.",
        'script s()\n  say "open: {status = 1}"\nend\n',
        'script s()\n  let open = status = 1\n  say "open: {open}"\nend\n',
    ),
    Code(
        "E0111",
        "a word before a text",
        "Only `date` and `timestamp` can stand directly before a text, and make a date or a point in time of it.",
        'script s()\n  let x = day "2026-01-31"\nend\n',
        'script s()\n  let x = date "2026-01-31"\nend\n',
    ),
    Code(
        "E0112",
        "a query in a call",
        "`exists`, `count`, `first`, `one` and `list` take a query; other functions and scripts take values. And only "
        "scripts can be called as a step of their own.",
        "script s()\n  let x = total(from items)\nend\n",
        "script s()\n  let x = count(from items)\nend\n",
    ),
    Code(
        "E0113",
        "a number that can't be read",
        "Durations, sizes of types and sentence numbers are whole numbers, and no number has more than 400 digits.",
        "script s()\n  let x = 1.5 days\nend\n",
        "script s()\n  let x = 36 hours\nend\n",
    ),
    Code(
        "E0114",
        "nested too deeply",
        "Blocks in blocks and brackets in brackets are limited to about 180 levels of the tree, and so are chains of "
        "operators. A long chain of `or` is better written with `in`.",
        "script s()\n  let x = " + "-" * 200 + "y\nend\n",
        "script s()\n  let x = -y\nend\n",
    ),
    Code(
        "E0115",
        "nothing to read",
        "The text holds no script, or no query where one is asked for; comments alone are not enough.",
        "# a comment alone\n",
        "script s()\nend\n",
    ),
    Code(
        "E0116",
        "a habit from another language",
        "The text follows the rules of another language at this place. The message says how this one puts it.",
        "script s()\n  total = 5\nend\n",
        "script s()\n  let total = 5\nend\n",
    ),
    Code(
        "E0117",
        "a value or a name is missing",
        "Something must come between these two words: after `=` a value, after `let` a name.",
        'script s()\n  let x =\n  say "done"\nend\n',
        'script s()\n  let x = 1\n  say "done"\nend\n',
    ),
    Code(
        "E0118",
        "a tree that can't be written",
        "A tree read from JSON holds something that the language has no words for, such as an `else` body that begins "
        "with `if`, or a comparison in the hole of a text.",
        '{"type": "if", "branches": […], "otherwise": [{"type": "if", …}]}',
        '{"type": "if", "branches": […, …], "otherwise": […]}',
    ),
    Code(
        "E0119",
        "something too much",
        "The text could be read if this word or sign were not there.",
        "script s()\n  commit now\nend\n",
        "script s()\n  commit\nend\n",
    ),
    Code(
        "E0120",
        "`end` or `else` without a beginning",
        "An `end` closes nothing, an `else` belongs to no `if`, or a step stands after the `end` of its script. Often "
        "an earlier block was closed twice.",
        'script s()\n  say "done"\nend\nend\n',
        'script s()\n  say "done"\nend\n',
    ),
)
