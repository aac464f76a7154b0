"""The language's rules and a vocabulary → rules in which only names that exist can be said.

An expression's names depend on where it stands, so the rules of expressions are copied for each place: inside a query
of one store a bare name is one of that store's fields, after a join one of any store's, after `derive`, `group by` or
`select` also a column that was made. Variables, whose names are free, need a `$` there, so that no made-up name can be
taken for a field. Outside queries a bare name is a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from runtime.config import MAIN
from runtime.query.schema import Store
from sopc.english.constrain.rules import (
    CALLED,
    START,
    Expansions,
    Rules,
    Symbol,
    reachable,
    read_rules,
    read_terminals,
    used_by,
)
from sopc.english.constrain.spacing import copy_of
from sopc.english.constrain.vocabulary import (
    Vocabulary,
    alias_of,
    name_terminals,
    one_of,
    query_names,
    store_spellings,
)
from sopc.english.constrain.writes import WRITES, write_rules

_KEEPING: Final = ("where_stage", "order_stage", "limit_stage", "distinct_stage", "union_stage")
_MAKING: Final = ("derive_stage", "group_stage", "select_stage")
_ANY: Final = "any"  # the place after a join
_MADE: Final = "made"  # the place where columns have been made
_NAMED_QUERY: Final[Expansions] = [("QUERY_NAME",), ("QUERY_NAME", '"as"', "QUERY_ALIAS")]
_NAME_STEPS: Final = ("let_step", "set_step", "for_step", "ask_step", "try_step", "parameter")


def specialised(vocabulary: Vocabulary) -> tuple[Rules, dict[str, str]]:
    """Rules, without their spaces, and terminals."""
    return _Specialised(vocabulary).result()


class _Specialised:
    """Builds the rules, place by place."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.grammar = read_rules()
        self.terminals = {**read_terminals(), **name_terminals(vocabulary)}
        self.rules: Rules = {}
        self.family = _expression_rules(self.grammar)

    def result(self) -> tuple[Rules, dict[str, str]]:
        self.rules = {name: list(each) for name, each in self.grammar.items() if name not in self.family}
        self._outside_queries()
        places = [str(number) for number in range(len(self.vocabulary.stores))]
        for place, (database, store) in zip(places, self.vocabulary.stores, strict=True):
            self._store(place, database, store)
        self.rules["any_store"] = [(f"STORE_{place}",) for place in places] or [("QUERY_NAME",)]
        self._place(_ANY, [("COLUMN",), ("QUALIFIED",)])
        self._place(_MADE, [("COLUMN",), ("QUALIFIED",), ("NEW_COLUMN",)])
        self._queries(places)
        writes, terminals = write_rules(self.vocabulary)
        self.rules.update(writes)
        self.terminals.update(terminals)
        self.rules["other"] = [one for one in self.rules["other"] if one[0] not in WRITES or one[0] in writes]
        self._script()
        return reachable(self.rules), self.terminals

    def _script(self) -> None:
        """One script of the given name, or the way out; each step of it says which sentence it comes from."""
        rules = self.rules
        rules[START] = [("script",), ('"cannot"', "TEXT")]
        named = MAIN in self.vocabulary.schemas or not self.vocabulary.schemas
        only_main = not set(self.vocabulary.schemas) - {MAIN}
        rules["script"] = [
            tuple({"name": "SCRIPT", "steps": "tagged_steps"}.get(symbol, symbol) for symbol in expansion)
            for expansion in rules["script"]
            if "steps" in expansion
            and "emits" not in expansion
            and not ("uses" in expansion and only_main)
            and ("uses" in expansion or named)
        ]
        rules["tagged_steps"] = [("tagged",), ("tagged_steps", "tagged")]
        rules["uses"] = [('"uses"', "DATABASE"), ("uses", '","', "DATABASE")]
        rules["type"] = [
            *(("SCALAR_TYPE", *more) for more in ((), ('"?"',))),
            ('"decimal"', "type_sizes"),
            ('"list"', "type_item"),
        ]
        rules["name"] = rules["key"] = [("VARIABLE",)]
        rules["query_step"] = _with(rules["query_step"], "name", "QUERY_NAME")
        rules["emit_step"] = _with(rules["emit_step"], "name", "NEW_COLUMN")

    # ── expressions ──

    def _place(self, place: str, names: Expansions) -> None:
        """Copy the rules of expressions for a place inside queries.

        names: what a bare name may be there.
        """
        self._copy(place, names)
        at = partial(copy_of, place=place)
        self.rules[at("column")] = _with(self.rules[at("column")], "name", "NEW_COLUMN")
        self.rules[at("derived")] = [("NEW_COLUMN", '"="', at("expr"))]
        self.rules[at("select_stage")] = [('"select"', at("columns"))]
        self.rules[at("group_stage")] = [('"group"', '"by"', at("columns"), '"select"', at("columns"))]
        self.rules[at("join_stage")] = _with(self.rules[at("join_stage")], "source", "any_source")
        arguments, distinct, over = at("arguments"), at("distinct"), at("over")
        self.rules[distinct] = [('"distinct"', at("expr"))]
        self.rules[at("call")] += [
            ("AGGREGATE", '"("', arguments, '")"'),
            ("AGGREGATE", '"("', arguments, '")"', over),
            ("AGGREGATE", '"("', distinct, '")"'),
            ('"count"', '"("', '")"'),
            ('"count"', '"("', '")"', over),
            ("WINDOW", '"("', arguments, '")"', over),
            ("RANKING", '"("', '")"', over),
        ]

    def _copy(self, place: str, names: Expansions) -> None:
        at = partial(copy_of, place=place)
        copied = {symbol: at(symbol) for symbol in self.family}
        for name in self.family:
            self.rules[copied[name]] = [
                tuple(copied.get(symbol, symbol) for symbol in expansion) for expansion in self.grammar[name]
            ]
        self._names(at, names)
        self._one_column(at)
        self.rules[at("atom")] = [one for one in self.rules[at("atom")] if one != (at("record"),)]
        self.rules[at("arguments")] = [one for one in self.rules[at("arguments")] if '"distinct"' not in one]
        self.rules[at("call")] = [
            ("SCALAR", '"("', at("arguments"), '")"'),
            ("CLOCK", '"("', '")"'),
            ("QUERY_FUNCTION", '"("', "query", '")"'),
        ]
        self.rules[at("argument")] = [(at("expr"),)]

    def _one_column(self, at: Callable[[str], str]) -> None:
        """A query that stands for values has one column."""
        for name in ("members", "group_path"):
            self.rules[at(name)] = _with(self.rules[at(name)], "query", "one_column")

    def _names(self, at: Callable[[str], str], names: Expansions) -> None:
        """What a bare name is, in expressions and in the holes of texts, where only functions are called."""
        for rule, name in (("atom", "name"), ("hole_operand", "hole_name")):
            kept = [one for one in self.rules[at(rule)] if one != (name,)]
            self.rules[at(rule)] = [*_with(kept, name, "VARIABLE"), *names]
        self.rules[at("hole_call")] = [
            ("SCALAR", '"("', at("hole_arguments"), '")"'),
            ("CLOCK", '"("', '")"'),
        ]
        self.rules[at("hole_argument")] = [(at("hole"),)]
        self.rules[at("hole_query")] = [("QUERY_FUNCTION", '"("', '"from"', "hole_source", '")"')]

    def _outside_queries(self) -> None:
        """Expressions of steps: names are variables, and scripts can be called with their parameters by name."""
        rules = self.rules
        rules.update({name: list(self.grammar[name]) for name in self.family})
        for name in _NAME_STEPS:
            rules[name] = _with(rules[name], "name", "VARIABLE")
        self._names(_itself, [("VARIABLE",)])
        self._one_column(_itself)
        rules["arguments"] = [one for one in rules["arguments"] if '"distinct"' not in one]
        rules["argument"] = [("expr",)]
        rules["call"] = [
            ("SCALAR", '"("', "arguments", '")"'),
            ("CLOCK", '"("', '")"'),
            ("QUERY_FUNCTION", '"("', "query", '")"'),
        ]
        calls: Expansions = []
        for number, (script, parameters) in enumerate(self.vocabulary.scripts.items()):
            place = f"script{number}"
            self.terminals[f"CALLED_{number}"] = one_of([script])
            call, given = copy_of("call", place), copy_of("arguments", place)
            rules[call] = [(f"CALLED_{number}", '"("', '")"')]
            calls.append((call,))
            if parameters:
                self.terminals[f"PARAMETER_{number}"] = one_of(parameters)
                rules[call].append((f"CALLED_{number}", '"("', given, '")"'))
                pair: tuple[Symbol, ...] = (f"PARAMETER_{number}", '":"', "expr")
                rules[given] = [pair, (given, '","', *pair)]
        rules["call"] += calls
        if calls:
            rules[CALLED] = calls
        else:
            rules["other"] = [one for one in rules["other"] if one != ("call_step",)]

    # ── queries ──

    def _store(self, place: str, database: str, store: Store) -> None:
        self.terminals[f"ALIAS_{place}"] = alias_of(store.name)
        self.terminals[f"STORE_{place}"] = store_spellings(self.vocabulary, database, store)
        self.terminals[f"COLUMN_{place}"] = one_of(one.name for one in store.fields)
        self._place(place, [(f"COLUMN_{place}",), ("QUALIFIED",)])

    def _queries(self, places: list[str]) -> None:
        rules = self.rules
        stores = [one for place in places for one in _sources(f"STORE_{place}", f"ALIAS_{place}")]
        rules["any_source"] = stores + (_NAMED_QUERY if query_names(self.vocabulary) else [])
        rules["one_store"] = [('"from"', "any_source")]
        named: Expansions = [("QUERY_NAME",)] if query_names(self.vocabulary) else []
        rules["hole_source"] = [*((f"STORE_{place}",) for place in places), *named] or [("QUERY_NAME",)]
        joined: Expansions = [("any_source", copy_of("join_stage", _ANY))]
        begins: Rules = {_ANY: joined, _MADE: _NAMED_QUERY}
        for place in places:
            begins[place] = _sources(f"STORE_{place}", f"ALIAS_{place}")
        for place, begin in begins.items():
            stages, any_query = copy_of("stages", place), copy_of("any_query", place)
            rules[any_query] = [(*one, stages) for one in begin]
            if place != _ANY:
                rules[any_query] += begin
            rules[stages] = self._stages(place)
            self._one_column_query(place, begin)
        for query, what in (("query", "any_query"), ("one_column", "one_column")):
            rules[query] = [('"from"', copy_of(what, place)) for place in (*places, _ANY, _MADE)]

    def _stages(self, place: str) -> Expansions:
        """Rules of query stages. Until a stage makes columns, bare names are fields; after it, its columns too. A join
        needs a stage that makes columns, because both stores usually have a field of the same name."""
        stages, made = copy_of("stages", place), copy_of("stages", _MADE)
        joins = ("join_stage",) if place in (_ANY, _MADE) else ()
        keeping, making = (self._stages_at(each, place) for each in ((*_KEEPING, *joins), _MAKING))
        return [
            *((stage,) for stage in (making if place == _ANY else (*keeping, *making))),
            *((stage, stages) for stage in keeping),
            *((stage, made) for stage in making),
        ]

    def _one_column_query(self, place: str, begin: Expansions) -> None:
        """What follows `from` in a query of one column: stages that end with a `select` of one, or a named query."""
        whole, last, after = (copy_of(name, place) for name in ("one_column", "one_stages", "one_after"))
        made = copy_of("one_stages", _MADE)
        joins = ("join_stage",) if place in (_ANY, _MADE) else ()
        select: Expansions = [('"select"', copy_of("column", place))]
        kept: Expansions = [(stage,) for stage in self._stages_at(_KEEPING, _MADE)]
        self.rules[after] = [*kept, *((*stage, after) for stage in kept)]
        self.rules[last] = [
            *select,
            *((*one, after) for one in select),
            *((stage, last) for stage in self._stages_at((*_KEEPING, *joins), place)),
            *((stage, made) for stage in self._stages_at(("derive_stage", "group_stage"), place)),
        ]
        self.rules[whole] = [(*one, last) for one in begin]
        if place == _MADE:
            self.rules[whole] += [*begin, *((*one, after) for one in begin)]

    def _stages_at(self, stages: Iterable[str], place: str) -> list[str]:
        return [copy_of(stage, place) if stage in self.family else stage for stage in stages]


def _itself(symbol: Symbol) -> Symbol:
    return symbol


def _sources(store: Symbol, alias: Symbol) -> Expansions:
    return [(store,), (store, '"as"', alias)]


def _with(expansions: Expansions, symbol: Symbol, instead: Symbol) -> Expansions:
    return [tuple(instead if one == symbol else one for one in expansion) for expansion in expansions]


def _expression_rules(rules: Rules) -> list[str]:
    """The rules of expressions and of the stages that hold them, up to the queries inside."""
    leaves = {"atom", "hole_operand"}
    above = set(leaves)
    stop = {"query", "steps"}
    while True:
        more = {name for name, each in rules.items() if name not in stop and above & set(used_by(each))}
        if more <= above:
            break
        above |= more
    stages = {stage for stage in (*_KEEPING, *_MAKING, "join_stage") if stage in above}
    below: set[str] = set()
    queue = [*stages, "expr"]
    while queue:
        name = queue.pop()
        if name in above and name not in below:
            below.add(name)
            queue += used_by(rules[name])
    return [name for name in rules if name in below]
