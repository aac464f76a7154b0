"""The grammar that replies are decoded under, read by llguidance: all that it lets through, the parser reads, and what
names something that does not exist, it does not let through."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from llguidance import LLMatcher, LLTokenizer

from runtime.databases.schema import Field, Schema, Store
from runtime.types import DATE, INT, TEXT
from sopc.diagnostics import CompileError
from sopc.dsl.fmt import format_file
from sopc.dsl.parse import parse
from sopc.english.constrain.derive import language_grammar, workflow_grammar
from sopc.english.constrain.rules import other_than
from sopc.english.constrain.vocabulary import Vocabulary, text_words
from sopc.source import Source

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
    return matcher(language_grammar())


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
            done += 1
            if not text.startswith("cannot"):
                parse(Source(f"walk {seed}", text))


def test_walks_over_the_languages_grammar_are_parsed(language: LLMatcher) -> None:
    check_walks(language, 200)


def test_walks_over_a_workflows_grammar_are_parsed(workflow: LLMatcher) -> None:
    check_walks(workflow, 200)


@pytest.mark.large
def test_thousands_of_walks_are_parsed(language: LLMatcher, workflow: LLMatcher) -> None:
    check_walks(language, 2_000)
    check_walks(workflow, 2_000)


def test_every_program_of_the_tests_can_be_said_as_the_formatter_writes_it(language: LLMatcher) -> None:
    seen = 0
    for path in sorted(TESTS.rglob("*.sop")):
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
    script("emit from items as i join reorders as r on r.item_id = i.id where i.quantity > 1 select i.name, r.`on`"),
    script('emit from people where `first name` like "A%"', uses="hr"),
    script("query chosen = from items where quantity < 3", "emit from chosen order by quantity limit 5"),
    script("let least = 3", "emit from items where quantity < $least", 'say "{least} and {items.name}"'),
    script("insert into reorders { item_id: 3, on: today() }", 'update items where id = 3 set name = "x"'),
    script("let t = tax(salary: 3, rate: 0.5)", "call tidy()", "emit { gross: 3, net: t }", uses="hr, shop"),
    script('for each e in tidy() do say "{e.net}" end'),
    script('ask "Really?" into ok: bool', 'if not ok then fail "no" else if ok then commit end'),
    'cannot "which items are meant"\n',
]


@pytest.mark.parametrize("text", SAYABLE)
def test_a_program_of_names_that_exist_can_be_said(workflow: LLMatcher, text: str) -> None:
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
def test_what_does_not_exist_can_not_be_said(workflow: LLMatcher, text: str, until: str) -> None:
    right = text.index(until) + len(until)
    assert right <= len(accepted(workflow, text)) <= right + len("reorde")  # a wrong name may begin as a right one


def test_a_name_is_any_but_the_keywords() -> None:
    pattern = re.compile(other_than(["let", "like", "le", "in"]))
    for word in ("lets", "l", "li", "liked", "i", "int", "x", "_", "é", "A1"):
        assert pattern.fullmatch(word), word
    for word in ("let", "like", "le", "in", "", "1a", "a-b"):
        assert not pattern.fullmatch(word), word
