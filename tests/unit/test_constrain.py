"""The grammar that replies are decoded under, as llguidance reads it: the parser accepts everything it allows, and it
allows no name that does not exist."""

from __future__ import annotations

import random
import re
from itertools import product
from pathlib import Path

import pytest
from llguidance import LLMatcher, LLParserLimits, LLTokenizer, TokenizerWrapper

from runtime.query.schema import Field, Schema, Store
from runtime.values.types import DATE, INT, TEXT
from sopc.diagnostics import CompileError
from sopc.english.constrain.derive import workflow_grammar, write_grammar
from sopc.english.constrain.rules import other_than, read_rules, read_terminals
from sopc.english.constrain.vocabulary import Vocabulary, text_words
from sopc.source import Source
from sopc.syntax.format import format_file
from sopc.syntax.parse import parse

TESTS = Path(__file__).parents[1]
BYTES = LLTokenizer("byte")
CLOSING = b'`")]} endothw1\n'  # what ends texts, brackets and blocks, for walks that have to come to an end

ITEMS = Store("items", (Field("id", INT), Field("name", TEXT), Field("quantity", INT)), ("id",))
SUM = Field("sum", INT, generated=True)
REORDERS = Store(
    "reorders",
    (
        Field("id", INT, True),
        Field("item_id", INT),
        Field("on", DATE),
        Field("state", TEXT),
        Field("sum", INT, generated=True),
    ),
    ("id",),
)
PEOPLE = Store("people", (Field("id", INT), Field("first name", TEXT), Field("salary", INT)), ("id",))
OLD = Store("old", (Field("id", INT),), ("id",), read_only=True)
VOCABULARY = Vocabulary(
    "restock",
    {"shop": Schema({"items": ITEMS, "reorders": REORDERS, "old": OLD}), "hr": Schema({"people": PEOPLE})},
    {"tax": ("salary", "rate"), "tidy": ()},
    frozenset({"net"}),
    text_words(["Show the wages of everyone."]),
    3,
)


@pytest.fixture(scope="module")
def language() -> LLMatcher:
    """Of whole files as the formatter writes them, without comments."""
    return matcher(write_grammar(read_rules(), read_terminals()))


@pytest.fixture(scope="module")
def workflow() -> LLMatcher:
    return matcher(workflow_grammar(VOCABULARY))


def matcher(grammar: str) -> LLMatcher:
    assert LLMatcher.validate_grammar(grammar, BYTES) == ""
    return LLMatcher(BYTES, grammar)


def accepted(start: LLMatcher, text: str) -> str:
    """The part of a text that a decoder can say, all of it when it can also end there."""
    fresh, data = start.deep_copy(), text.encode()
    read = fresh.try_consume_tokens(list(data))
    return data[:read].decode(errors="replace") if read < len(data) or fresh.is_accepting() else text + " …"


def walk(start: LLMatcher, seed: int, free: int = 120, most: int = 3_000) -> str | None:
    """A text that is made of allowed bytes, any of them at first and then those that tend to an end; None when it
    has not ended after `most` bytes."""
    fresh, choose, text = start.deep_copy(), random.Random(seed), bytearray()
    while len(text) < most:
        if fresh.is_accepting() and (len(text) > free or choose.random() < 0.2):
            return text.decode()
        mask = fresh.compute_logit_bias()
        allowed = [byte for byte in range(256) if mask[byte]]
        if not allowed:
            assert fresh.is_accepting(), text
            return text.decode()
        if any(byte < 128 for byte in allowed) and choose.random() < 0.98:
            allowed = [byte for byte in allowed if byte < 128]
        ending = [byte for byte in CLOSING if byte in allowed]
        if len(text) > free and ending and choose.random() < 0.9:
            allowed = ending[:1] if choose.random() < 0.8 else ending
        text.append(choose.choice(allowed))
        fresh.consume_token(text[-1])
    return None


def check_walks(start: LLMatcher, wanted: int) -> None:
    seed = done = 0
    while done < wanted:
        text = walk(start, seed)
        seed += 1
        assert seed < wanted * 1.2 + 10, "too many walks come to no end"
        if text is not None:
            try:
                if not text.startswith("cannot"):
                    parse(Source(f"walk {seed}", text))
            except CompileError as error:
                if error.diagnostics[0].code != "E0114":  # no grammar says how deep is too deep
                    raise
                continue
            done += 1


def test_walks_over_the_languages_grammar_are_parsed(language: LLMatcher) -> None:
    check_walks(language, 200)


def test_walks_over_a_workflows_grammar_are_parsed(workflow: LLMatcher) -> None:
    check_walks(workflow, 200)


@pytest.mark.large
def test_thousands_of_walks_are_parsed(language: LLMatcher, workflow: LLMatcher) -> None:
    check_walks(language, 2_000)
    check_walks(workflow, 2_000)


def test_every_program_of_the_tests_can_be_generated(language: LLMatcher) -> None:
    seen = 0
    for path in sorted(TESTS.rglob("*.sop")):
        if path.name == "a_hole_holds_a_query.sop":
            continue  # `read_rules` leaves queries out of holes
        try:
            text = format_file(parse(Source(path.name, path.read_text("utf-8"))))
        except CompileError:
            continue  # it is there for its syntax error
        assert accepted(language, text) == text, path
        seen += 1
    assert seen > 200


def script(*steps: str, uses: str = "shop") -> str:
    return f"script restock() uses {uses}\n" + "".join(f"  @1 {step}\n" for step in steps) + "end\n"


SAYABLE = [
    script("emit from items where quantity < 3 order by name select name"),
    script('emit from items where not exists(from reorders where item_id = items.id and state = "open")'),
    script("emit from reorders group by state select state, count() as number where number > 2 order by number desc"),
    script("emit from items as i join reorders as r on r.item_id = i.id where i.quantity > 1 select i.name, r.on"),
    script('emit from people where `first name` like "A%"', uses="hr"),
    script("query chosen = from items where quantity < 3", "emit from chosen order by quantity limit 5"),
    script("let least = 3", "emit from items where quantity < $least", 'say "{least} and {items.name}"'),
    script("insert into reorders { item_id: 3, on: today() }", 'update items where id = 3 set name = "x"'),
    script("let t = tax(salary: 3, rate: 0.5)", "call tidy()", "emit { gross: 3, net: t }", uses="hr, shop"),
    script('for each e in tidy() do say "{e.net}" end'),
    script('ask "Really?" into ok: bool', 'if not ok then fail "no" else if ok then commit end'),
    # a hole holds no query but that of a whole store: another one is given a name first, in a step or in a stage
    script("let low = count(from items where quantity < 3)", 'say "{low} of {count(from items)}"'),
    script("let last = (from items order by id desc limit 1 select name)", 'say "{last}"'),
    script(
        "emit from items derive number = count(from reorders where item_id = items.id and state is null)"
        ' select "{name}: {number}" as name'
    ),
    'cannot "which items are meant"\n',
]


@pytest.mark.parametrize("text", SAYABLE)
def test_a_program_of_known_names_can_be_generated(workflow: LLMatcher, text: str) -> None:
    assert accepted(workflow, text) == text


UNSAYABLE = [
    (script("emit from things"), "emit from "),
    (script("emit from items where weight > 3"), "where "),
    (script("emit from items where salary > 3"), "where "),
    (script("emit from items where people.quantity > 3"), "people."),
    (script("emit from items select wages"), "select "),
    (script("emit from items where quantity < least"), "< "),
    (script("emit from items join reorders on reorders.items_id = items.id"), "reorders.item"),
    (script("insert into items { id: 1, weight: 3 }"), "{ id: 1, "),
    (script("insert into reorders { sum: 3 }"), "{ "),
    (script("insert into old { id: 3 }"), "into "),
    (script("delete from old"), "from "),
    (script("update items set state = 3"), "set "),
    (script("let x = untax(salary: 3)"), "let x = u"),
    (script("let x = tax(wage: 3)"), "tax("),
    (script("emit from items where tax(salary: 3) > 3"), "where "),
    (script("let x = today(3)"), "today("),
    (script("emit from items", uses="shops"), "uses shop"),
    (script("emit from items").replace("@1", "@4"), "@"),
    (script("emit from items").replace("@1 ", ""), "shop\n  "),
    (script("emit from items").replace("restock", "other"), "script "),
    (script("let x: integer = 3"), "let x: int"),
    ("Sure! Here is the script:", ""),
    ("```\n" + script("emit from items"), ""),
]


@pytest.mark.parametrize(("text", "until"), UNSAYABLE)
def test_unknown_names_can_not_be_generated(workflow: LLMatcher, text: str, until: str) -> None:
    right = text.index(until) + len(until)
    assert right <= len(accepted(workflow, text)) <= right + len("reorde")  # a wrong name may begin as a right one


class Words:
    """A vocabulary such as models have: bytes, pairs of characters, and words with and without a space before."""

    eos_token_id, bos_token_id = 0, None
    special_token_ids = (0,)

    def __init__(self, text: str) -> None:
        characters = [chr(code) for code in range(32, 127)]
        words = set(re.findall(r"\w+|\n +", text)) | {"".join(pair) for pair in product(characters, repeat=2)}
        words |= {"".join(some) for some in product('( -"[$1a', repeat=4)}
        spelt = sorted({*words, *(f" {word}" for word in words)} - set(characters))
        self.tokens = [b"\xff<end>", *(bytes([byte]) for byte in range(256)), *(word.encode() for word in spelt)]
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    def __call__(self, text: str | bytes) -> list[int]:
        rest, numbers = text if isinstance(text, bytes) else text.encode(), []
        while rest:
            length = next(length for length in range(min(len(rest), 20), 0, -1) if rest[:length] in self.numbers)
            numbers.append(self.numbers[rest[:length]])
            rest = rest[length:]
        return numbers


def test_a_wide_schema_stays_far_below_what_servers_give_up_at() -> None:
    """llguidance gives up at 50,000 items a token; llama.cpp then enforces nothing and says nothing."""
    stores = [Store(f"store{n}", tuple(Field(f"field{n}_{m}", INT) for m in range(12))) for n in range(20)]
    vocabulary = Vocabulary("wide", {"main": Schema({store.name: store for store in stores})})
    text = """script wide()
  @1 emit from store3 as s join store4 on store4.field4_1 = s.field3_1
          where s.field3_2 > (3 + 4) and not exists(from store5 where field5_1 in (1, 2))
          group by s.field3_1 select s.field3_1, sum(s.field3_2) as total order by total desc
  @1 for each e in from store1 do insert into store2 { field2_1: e.field1_1 * 2 } end
end
"""
    vocabulary_of_a_model = LLTokenizer(TokenizerWrapper(Words(text)))
    limits = LLParserLimits(step_max_items=20_000)
    decoder = LLMatcher(vocabulary_of_a_model, workflow_grammar(vocabulary), log_level=0, limits=limits)
    for number in vocabulary_of_a_model.tokenize_str(text):
        decoder.compute_logit_bias()
        assert decoder.consume_token(number), decoder.get_error()
    assert decoder.is_accepting()


def test_a_name_is_any_but_the_keywords() -> None:
    pattern = re.compile(other_than(["let", "like", "le", "in"]))
    for word in ("lets", "l", "li", "liked", "i", "int", "x", "_", "é", "A1"):
        assert pattern.fullmatch(word), word
    for word in ("let", "like", "le", "in", "", "1a", "a-b"):
        assert not pattern.fullmatch(word), word


def test_after_a_join_the_columns_have_to_be_told(workflow: LLMatcher) -> None:
    join = "emit from items as i join reorders as r on r.item_id = i.id where i.quantity > 1"
    assert "\nend" not in accepted(workflow, script(join))
    assert accepted(workflow, script(f"{join} select i.name")) == script(f"{join} select i.name")
