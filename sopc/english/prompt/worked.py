"""Worked examples: workflows of one small shop and the scripts they become, each checked by a test against the schema
that is shown with them."""

from __future__ import annotations

from typing import Final, NamedTuple

from runtime.databases.schema import Field, ForeignKey, Schema, Store
from runtime.types import BOOL, DATE, DECIMAL, INT, TEXT


class Worked(NamedTuple):
    """name: of the script. sentences: of the workflow. reply: its script; never the way out, which small models
    would copy."""

    name: str
    sentences: tuple[str, ...]
    reply: str


DATABASE: Final = "shop"
SCHEMA: Final = Schema(
    {
        "boxes": Store(
            "boxes",
            (
                Field("id", INT),
                Field("colour", TEXT),
                Field("size", INT.or_null()),
                Field("price", DECIMAL),
                Field("made_on", DATE),
            ),
            ("id",),
        ),
        "labels": Store(
            "labels",
            (
                Field("id", INT, has_default=True),
                Field("box_id", INT),
                Field("words", TEXT),
                Field("printed", BOOL),
            ),
            ("id",),
            foreign_keys=(ForeignKey(("box_id",), "boxes", ("id",)),),
        ),
    }
)

EXAMPLES: Final = (
    Worked(
        "big_boxes",
        ("Show the colour and size of the boxes that are bigger than 10, largest first.",),
        """\
script big_boxes() uses shop
  @1 emit from boxes
          where size > 10
          order by size desc
          select colour, size
end
""",
    ),
    Worked(
        "cheapest",
        (
            "The colour is a parameter, red by default.",
            "Show the three cheapest boxes of that colour that were made this year.",
        ),
        """\
script cheapest(colour: text = "red") uses shop
  @2 emit from boxes
          where boxes.colour = $colour and made_on >= start_of(today(), "year")
          order by price
          limit 3
end
""",
    ),
    Worked(
        "colours",
        ("For each colour, show the number of boxes and their average price, only for colours with more than 3.",),
        """\
script colours() uses shop
  @1 emit from boxes
          group by colour select colour, count() as number, avg(price) as average_price
          where number > 3
end
""",
    ),
    Worked(
        "words",
        ("Show the words of each label with the colour of its box.",),
        """\
script words() uses shop
  @1 emit from labels as l join boxes as b on b.id = l.box_id select l.words, b.colour
end
""",
    ),
    Worked(
        "label_boxes",
        (
            "Find the boxes that have no label.",
            'For each of them, create a label with the words "new" that is not printed.',
            "Say how many there were.",
        ),
        """\
script label_boxes() uses shop
  @1 query chosen = from boxes where not exists(from labels where box_id = boxes.id)
  @1 let many = count(from chosen)
  @2 for each box in from chosen do
       insert into labels { box_id: box.id, words: "new", printed: false }
     end
  @3 say "There were {many} boxes."
end
""",
    ),
    Worked(
        "print_labels",
        (
            "Count the labels that are not printed.",
            "If there are more than 100, ask whether to print them all, and stop if not.",
            "Mark them as printed.",
        ),
        """\
script print_labels() uses shop
  @1 let many = count(from labels where not printed)
  @2 if many > 100 then
       ask "Print {many} labels?" into ok: bool
       if not ok then fail "not printed" end
     end
  @3 update labels where not printed set printed = true
end
""",
    ),
)
