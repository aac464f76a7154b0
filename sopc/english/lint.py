"""Sentences and their program → warnings where they differ.

A valid program can do something else than its text asks for, and an author who reads no code can't notice. So the
fields, numbers and quoted words of each sentence must be in its steps, and the values that steps compare or write must
be in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from runtime.query.schema import Schema, Store
from sopc.english.changes import asks_for_a_change
from sopc.english.incremental.blocks import bodies
from sopc.english.patterns.tokens import name_words, tokenize
from sopc.english.patterns.words import NUMBERS, ORDINALS, SCALES, same, same_words
from sopc.english.prompt.links import stands
from sopc.english.sentences import Sentence, Workflow
from sopc.syntax import print_expr
from sopc.tree import nodes
from sopc.tree.visit import walk

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|“([^”]*)”')
_BACKQUOTED: Final = re.compile(r"`[^`]*`")  # a name, whatever it holds
_HOLE: Final = re.compile(r"\{[^{}]*\}|[{}]")
_NUMBER: Final = re.compile(r"(?<![\w.,:/$€£-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w:/]|[-.,]\d)")
_COLUMNS: Final = re.compile(r"(?:then )?(?:show|list|give|print)\b(?: me)?(.*?)\b(?:of|for|from)\b", re.IGNORECASE)
_FINDING: Final = re.compile(r"(?:find|take|get|look|consider|select)\b", re.IGNORECASE)  # for the sentences after it
_ASKING: Final = re.compile(r"\b(?:ask|whether|confirm|question)", re.IGNORECASE)
_IF: Final = re.compile(r"(?:^|[;,]\s*|\band )(?:if|unless|otherwise)\b|\bstop if\b", re.IGNORECASE)
_ORDER: Final = re.compile(
    r"\b(?:\w+est|most|least|best|worst|latest|last|high|low|large|small|big|cheap|old|new|a to z)\b[\w ]* first\b"
    r"|\b(?:sorted|ordered|ascending|descending|alphabetical\w*|in order of)\b",
    re.IGNORECASE,
)
_ALL: Final = re.compile(r"\b(?:all|every|each|everyone|everything|everybody|whole|entire|any)\b", re.IGNORECASE)
_DECIDING: Final = (nodes.If, nodes.Try, nodes.While, nodes.Assert, nodes.Break, nodes.Continue)
_SPELT: Final = {
    **NUMBERS,
    **SCALES,
    **ORDINALS,
    **dict.fromkeys(("twice", "double", "both", "pair", "half"), 2),
    "triple": 3,
}
_NOTHING: Final = re.compile(
    r"\b(?:no|none|zero|nothing|nobody|not|never|without|empty|free|any|left|missing|lacks?|out of|positive|negative"
    r"|un\w+)\b|n't\b"
)
_SINGLE: Final = re.compile(r"\b(?:a|an|each|every|once|single|only|several|many|just|first|most|\w+est)\b")
_PLACES: Final = (nodes.Name, nodes.FieldAccess)
_CHOOSING: Final = (nodes.Select, nodes.GroupBy)


@dataclass(frozen=True)
class LintWarning:
    """A difference between text and program. sentence: its number. message: what the steps leave out or make up."""

    sentence: int
    message: str


def lint(workflow: Workflow, script: nodes.Script, schemas: Mapping[str, Schema]) -> list[LintWarning]:
    """Compare a program with its text.

    Args:
        workflow: The sentences.
        script: The program; its steps carry the numbers of their sentences.
        schemas: By `uses` name.

    Returns:
        The warnings, in the order of the sentences.
    """
    parts: dict[int, _Part] = {}
    _read(script.steps, 0, parts, _Part())
    everything = "\n".join(each.text for each in workflow.sentences)
    stores = {name: store for schema in schemas.values() for name, store in schema.stores.items()}
    found: list[LintWarning] = []
    for sentence in workflow.sentences:
        part = parts.get(sentence.number)
        if part is None:
            if any(parts) and not (
                sentence.opens or _FINDING.match(sentence.text) or _is_of_a_parameter(sentence, script)
            ):
                found.append(LintWarning(sentence.number, "nothing comes of it"))
            continue
        left_out = (
            *_fields(sentence, part, stores),
            *_numbers(sentence, script),
            *_quotes(sentence, script),
            *_kinds(sentence, part),
            *_untied(part, stores),
        )
        found += [LintWarning(sentence.number, message) for message in (*left_out, *_made_up(part, everything))]
    return found


def _is_of_a_parameter(sentence: Sentence, script: nodes.Script) -> bool:
    return any(" ".join(name_words(one.name)) in sentence.text.lower() for one in script.params)


@dataclass
class _Part:
    """What the steps of one sentence hold. words: of names, and of texts. shows_all: whether records are shown whole.
    decides: whether a step depends on a condition. sorts: whether records are put in order. writes: whether data are
    changed. whole: stores of which every row is. rows: conditions of queries, with the store whose rows they choose.
    values: what is compared or written."""

    words: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    shows_all: bool = False
    decides: bool = False
    sorts: bool = False
    writes: bool = False
    whole: set[str] = field(default_factory=set)
    rows: list[tuple[nodes.Node, str]] = field(default_factory=list)
    values: list[nodes.Node] = field(default_factory=list)


def _read(steps: tuple[nodes.AnyStep, ...], around: int, parts: dict[int, _Part], above: _Part) -> None:
    """around, above: the sentence of the block that the steps are in, and what its head holds."""
    for step in steps:
        number = step.sentence or around
        part = parts.setdefault(number, _Part())
        if number != around:
            part.words |= above.words
            part.decides |= above.decides  # as an `else` of it
        _note(_held(step), part)
        part.decides |= isinstance(step, _DECIDING)
        if isinstance(step, nodes.Insert | nodes.Update | nodes.Delete):
            part.writes = above.writes = True
        for body in bodies(step):
            _read(body, number, parts, part)


def _held(step: nodes.AnyStep) -> list[nodes.Node]:
    """What a step holds itself, without the blocks inside it."""
    match step:
        case nodes.If():
            return [branch.condition for branch in step.branches]
        case nodes.Try():
            return []
        case nodes.ForEach() | nodes.While() | nodes.Transaction():
            return [value for name, value in step if name != "steps" and isinstance(value, nodes.Node)]
    return [step]


def _note(head: list[nodes.Node], part: _Part) -> None:
    for node in walk(tuple(head)):
        store = getattr(node, "store", None)
        if isinstance(store, str):
            part.stores.add(store)
        match node:
            case nodes.Name() | nodes.FieldAccess() | nodes.RecordField() | nodes.Assignment():
                part.words |= {*name_words(node.name)}
            case nodes.NamedColumn(name=str(made)) | nodes.Argument(name=str(made)):
                part.words |= {*name_words(made)}
            case nodes.Let() | nodes.Ask() | nodes.CallExpr():
                part.words |= {*name_words(node.name)}
            case nodes.TextLiteral():
                part.words |= {word for one in node.parts if isinstance(one, str) for word in name_words(one)}
            case nodes.Update(where=None, store=store) | nodes.Delete(where=None, store=store):
                part.whole.add(store)
            case nodes.OrderBy() | nodes.WindowSpec():
                part.sorts = True
            case nodes.CaseExpr():
                part.decides = True
            case nodes.Query(stages=(nodes.From(store=store), *more)):
                part.rows += [(one.condition, store) for one in more if isinstance(one, nodes.Where)]
            case nodes.Emit(query=nodes.Query() as query):
                part.shows_all = part.shows_all or not any(isinstance(one, _CHOOSING) for one in query.stages)
        part.values += _written(node)


def _written(node: nodes.Node) -> Iterator[nodes.Node]:
    """What a field is compared with or set to."""
    match node:
        case nodes.Binary(op="=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="):
            if isinstance(node.left, _PLACES) or isinstance(node.right, _PLACES):
                yield from (node.left, node.right)
        case nodes.Between():
            yield from (node.low, node.high)
        case nodes.InExpr():
            yield from node.items
        case nodes.RecordField() | nodes.Assignment():
            yield node.value


# ── what is left out ──


def _fields(sentence: Sentence, part: _Part, stores: Mapping[str, Store]) -> Iterator[str]:
    """Fields that the sentence names and its steps do not, nor show with all others."""
    text = _plain(sentence.text)
    written = tuple(token.low for token in tokenize(text) if token.kind == "word")
    of_stores = [name_words(name) for name in stores]
    asked = _COLUMNS.match(text)
    for name in sorted({one.name for store in stores.values() for one in store.fields}):
        words = name_words(name)
        if name in part.words or all(any(same(word, used) for used in part.words) for word in words):
            continue
        if any(same_words(words, store) for store in of_stores) or not stands(written, words):
            continue
        shown = part.shows_all and any(
            one.name == name for store in part.stores if store in stores for one in stores[store].fields
        )
        if not shown or (asked and stands(tuple(name_words(asked[1])), words)):
            places = [
                f"{print_expr.name(one.name)}.{print_expr.name(name)}" for one in stores.values() if one.field(name)
            ][:3]
            yield f"it names {' or '.join(places)}, and its steps do not"


def _numbers(sentence: Sentence, script: nodes.Script) -> Iterator[str]:
    there = _figures(script)
    for match in _NUMBER.finditer(_plain(sentence.text)):
        value = Decimal(match[0].replace(",", ""))
        if not _alike(value) & there:
            yield f"it says {match[0]}, and no step does"


def _alike(value: Decimal) -> set[Decimal]:
    """As what a number may stand in a step: as a share, as the months of years."""
    return {value, value / 100, 1 + value / 100, 1 - value / 100, value * 12}


def _figures(script: nodes.Script) -> set[Decimal]:
    """All numbers of a script, also those inside of texts and dates, where a span may end at the next one."""
    found: set[Decimal] = set()
    for node in walk(script):
        match node:
            case nodes.IntLiteral() | nodes.NumberLiteral():
                found.add(abs(Decimal(node.value)))
            case nodes.DateLiteral() | nodes.TimestampLiteral() | nodes.DurationLiteral():
                ends = {Decimal(one) for one in re.findall(r"\d+", str(node.value))}
                found |= ends | {end - 1 for end in ends}
            case nodes.TextLiteral():
                found |= {Decimal(one) for one in re.findall(r"\d+", _blank(node))}
    return found


def _quotes(sentence: Sentence, script: nodes.Script) -> Iterator[str]:
    texts = {_blank(node) for node in walk(script) if isinstance(node, nodes.TextLiteral)}
    for match in _QUOTED.finditer(_BACKQUOTED.sub(" ", sentence.text)):
        quoted = re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2]
        if not any(_HOLE.sub("", quoted).lower() in text for text in texts):
            yield f'it says "{quoted}", and no step does'


def _blank(text: nodes.TextLiteral) -> str:
    """Without its holes, and what looks like one."""
    return _HOLE.sub("", "".join(one for one in text.parts if isinstance(one, str))).lower()


def _plain(text: str) -> str:
    """A sentence without what it quotes."""
    return _QUOTED.sub('""', _BACKQUOTED.sub(" ", text))


def _kinds(sentence: Sentence, part: _Part) -> Iterator[str]:
    text = _plain(sentence.text)
    if _IF.search(text) and not part.decides:
        yield "it names a condition, and no step of it depends on one"
    if _ORDER.search(text) and not part.sorts:
        yield "it names an order, and no step of it sorts"
    if asks_for_a_change(text) and not part.writes and not _ASKING.search(text):
        yield "it asks for a change, and no step of it makes one"
    if part.whole and not _ALL.search(text):
        yield f"it does not say all, and its steps change every row of {', '.join(sorted(part.whole))}"


def _untied(part: _Part, stores: Mapping[str, Store]) -> Iterator[str]:
    """Whether rows of another store exist is asked for each row, so the question has to be about the row."""
    for node, outer in part.rows:
        for inside in walk(node):
            if isinstance(inside, nodes.QueryExpr) and inside.kind in ("exists", "count"):
                first = inside.query.stages[0]
                if isinstance(first, nodes.From) and first.store in stores and not _reaches(inside, first, stores):
                    yield f"it asks for each row of {outer} the same of {first.store}"


def _reaches(inside: nodes.QueryExpr, first: nodes.From, stores: Mapping[str, Store]) -> bool:
    """Whether an inner query names more than its own fields."""
    own = {first.store, first.alias}
    for node in walk(inside):
        match node:
            case nodes.FieldAccess(base=nodes.Name(name=source)) if source not in own:
                return True
            case nodes.Name(name=name) if name not in own and stores[first.store].field(name) is None:
                return True
            case nodes.Join() | nodes.Name(variable=True):
                return True
    return False


# ── what is made up ──


def _made_up(part: _Part, everything: str) -> Iterator[str]:
    """everything: all sentences."""
    low = re.sub(r"\\(.)", r"\1", everything).lower()
    for value in part.values:
        match value:
            case nodes.TextLiteral(parts=(str(text),)) if text and text.lower() not in low:
                yield f'its steps say "{text}", and no sentence does'
            case nodes.IntLiteral() if not _says(low, value.value):
                yield f"its steps say {value.value}, and no sentence does"


def _says(low: str, number: int) -> bool:
    written = {Decimal(token.value) for token in tokenize(low) if token.kind == "number" and token.value.isdigit()}
    written |= {Decimal(one.replace(",", "")) for one in re.findall(r"\d+(?:,\d{3})*", low)}
    if (number == 0 and _NOTHING.search(low)) or (number == 1 and _SINGLE.search(low)):
        return True
    return number in written | {_SPELT.get(word) for word in re.findall("[a-z]+", low)}
