"""Few-shot examples: workflows of one small shop and the scripts they become, each checked by a test against the schema
that is shown with them."""

from __future__ import annotations

from typing import Final, NamedTuple

from runtime.bytecode.module import Effects, Parameter, Signature
from runtime.query.schema import Field, ForeignKey, Schema, Store
from runtime.values.types import BOOL, DATE, DECIMAL, INT, NULL, TEXT

__all__ = ("DATABASE", "EXAMPLES", "SCHEMA", "SCRIPTS", "FewShot")


class FewShot(NamedTuple):
    """name: of the script. sentences: of the workflow. reply: its script; never the way out."""

    name: str
    sentences: tuple[str, ...]
    reply: str


DATABASE: Final = "shop"
SCHEMA: Final = Schema(
    {
        "makers": Store(
            "makers",
            (
                Field("id", INT, has_default=True),
                Field("name", TEXT),
                Field("town", TEXT),
                Field("phone", TEXT.or_null()),
            ),
            ("id",),
        ),
        "boxes": Store(
            "boxes",
            (
                Field("id", INT, has_default=True),
                Field("maker_id", INT),
                Field("colour", TEXT),
                Field("size", INT),
                Field("price", DECIMAL),
                Field("made_on", DATE),
                Field("sold", BOOL),
            ),
            ("id",),
            foreign_keys=(ForeignKey(("maker_id",), "makers", ("id",)),),
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

_PACK: Final = Signature("pack", (Parameter("maker", TEXT), Parameter("size", INT)), NULL, None, (DATABASE,))
SCRIPTS: Final = {"pack": (_PACK, Effects())}

EXAMPLES: Final = (
    FewShot(
        "red_boxes",
        ("Show all red boxes.",),
        """\
script red_boxes() uses shop
  @1 emit from boxes where colour = "red"
end
""",
    ),
    FewShot(
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
    FewShot(
        "no_phone",
        ("Which makers from Turin or Oslo have no phone?",),
        """\
script no_phone() uses shop
  @1 emit from makers where town in ("Turin", "Oslo") and phone is null
end
""",
    ),
    FewShot(
        "made_by",
        ("Show the boxes of Lindqvist that cost between 5 and 20.",),
        """\
script made_by() uses shop
  @1 emit from boxes
          where maker_id in (from makers where name = "Lindqvist" select makers.id)
            and price between 5 and 20
end
""",
    ),
    FewShot(
        "the_unsold",
        ("How many boxes have not been sold?",),
        """\
script the_unsold() uses shop
  @1 emit from boxes where not sold select count() as number
end
""",
    ),
    FewShot(
        "kinds",
        ("How many different colours are there?",),
        """\
script kinds() uses shop
  @1 emit from boxes select count(distinct colour) as number
end
""",
    ),
    FewShot(
        "takings",
        ("What is the total price of the boxes made in March 2024?",),
        """\
script takings() uses shop
  @1 emit from boxes
          where made_on >= date "2024-03-01" and made_on < date "2024-04-01"
          select sum(price) as total_price
end
""",
    ),
    FewShot(
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
    FewShot(
        "biggest",
        ("What is the biggest size per maker, biggest first?",),
        """\
script biggest() uses shop
  @1 emit from boxes
          join makers on boxes.maker_id = makers.id
          group by makers.name select makers.name, max(boxes.size) as biggest_size
          order by biggest_size desc
end
""",
    ),
    FewShot(
        "words",
        ("Show the words of each label with the colour of its box and the maker's name.",),
        """\
script words() uses shop
  @1 emit from labels
          join boxes on labels.box_id = boxes.id
          join makers on boxes.maker_id = makers.id
          select labels.words, boxes.colour, makers.name
end
""",
    ),
    FewShot(
        "never",
        ("Which makers have never made a box?",),
        """\
script never() uses shop
  @1 emit from makers where not exists(from boxes where boxes.maker_id = makers.id)
end
""",
    ),
    FewShot(
        "busy",
        ("Show the names of the makers who have at least 2 red boxes.",),
        """\
script busy() uses shop
  @1 emit from makers
          where count(from boxes where boxes.maker_id = makers.id and boxes.colour = "red") >= 2
          select name
end
""",
    ),
    FewShot(
        "sellers",
        ("Which makers have sold boxes with a price above 50?",),
        """\
script sellers() uses shop
  @1 emit from makers
          where exists(from boxes where boxes.maker_id = makers.id and sold and price > 50)
end
""",
    ),
    FewShot(
        "most_expensive",
        ("Show the most expensive box of each colour.",),
        """\
script most_expensive() uses shop
  @1 emit from boxes
          where price = (from boxes as b where b.colour = boxes.colour select max(b.price))
end
""",
    ),
    FewShot(
        "above_average",
        ("Which boxes made in the last 30 days cost more than the average?",),
        """\
script above_average() uses shop
  @1 emit from boxes
          where made_on >= today() - 30 days and price > (from boxes as b select avg(b.price))
end
""",
    ),
    FewShot(
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
    FewShot(
        "more_for_green",
        ("Raise the price of all green boxes by 5%.",),
        """\
script more_for_green() uses shop
  @1 update boxes where colour = "green" set price = price * 1.05
end
""",
    ),
    FewShot(
        "new_maker",
        ("Add a maker called Bo from Turin.", "Set the maker of box 7 to Bo.", "Delete the printed labels."),
        """\
script new_maker() uses shop
  @1 insert into makers { name: "Bo", town: "Turin" }
  @2 update boxes where id = 7 set maker_id = (from makers where name = "Bo" select makers.id)
  @3 delete from labels where printed
end
""",
    ),
    FewShot(
        "label_boxes",
        (
            "Find the boxes that have no label.",
            'For each of them, create a label with the words "new" that is not printed, and say "{colour} is new".',
            "Say how many there were.",
        ),
        """\
script label_boxes() uses shop
  @1 query chosen = from boxes where not exists(from labels where labels.box_id = boxes.id)
  @1 let many = count(from chosen)
  @2 for each box in from chosen do
       insert into labels { box_id: box.id, words: "new", printed: false }
       say "{box.colour} is new"
     end
  @3 say "There were {many} boxes."
end
""",
    ),
    FewShot(
        "pack_them",
        ("For each unsold box, call pack with its maker's name as the maker and its size.",),
        """\
script pack_them() uses shop
  @1 for each box in from boxes where not sold do
       call pack(maker: (from makers where id = $box.maker_id select name), size: box.size)
     end
end
""",
    ),
    FewShot(
        "common_colours",
        ('For each colour with more than 2 unsold boxes, say "{colour}: {how many}".',),
        """\
script common_colours() uses shop
  @1 for each row in from boxes
                     where not sold
                     group by colour select colour, count() as number
                     where number > 2 do
       say "{row.colour}: {row.number}"
     end
end
""",
    ),
    FewShot(
        "print_labels",
        (
            "Count the labels that are not printed.",
            'If there are more than 100, ask "Print {how many} labels?" and stop if the answer is no.',
            "Mark them as printed.",
        ),
        """\
script print_labels() uses shop
  @1 let many = count(from labels where not printed)
  @2 if many > 100 then
       ask "Print {many} labels?" into answer: bool
       if not answer then fail "not printed" end
     end
  @3 update labels where not printed set printed = true
end
""",
    ),
    FewShot(
        "recolour",
        (
            'Ask for the maker with "Which maker?".',
            'Ask for the colour with "What colour?".',
            "Set the colour of the boxes of that maker to it.",
            "Return how many boxes that maker has.",
        ),
        """\
script recolour() uses shop -> int
  @1 ask "Which maker?" into maker: text
  @2 ask "What colour?" into colour: text
  @3 update boxes
       where maker_id in (from makers where name = $maker select makers.id)
       set colour = $colour
  @4 return count(from boxes where maker_id in (from makers where name = $maker select makers.id))
end
""",
    ),
    FewShot(
        "check_makers",
        (
            "For each maker from Oslo, by name:",
            "Let worth be the total price of their unsold boxes.",
            'If worth is above 1,000, say "{name}: {worth}".',
            'Otherwise, mark their boxes as sold and say "{name} is done".',
        ),
        """\
script check_makers() uses shop
  @1 for each maker in from makers where town = "Oslo" order by name do
       @2 let worth = (from boxes where maker_id = $maker.id and not sold select sum(price))
       @3 if worth > 1000 then
            say "{maker.name}: {worth}"
          else
            @4 update boxes where maker_id = $maker.id set sold = true
            say "{maker.name} is done"
          end
     end
end
""",
    ),
)
