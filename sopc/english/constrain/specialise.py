"""The language's rules and a vocabulary → rules in which only names that exist can be said.

An expression's names depend on where it stands, so the rules of expressions are copied for each place: inside a query
of one store a bare name is one of that store's fields, after a join one of any store's, after `derive`, `group by` or
`select` also a column that was made. Variables, whose names are free, need a `$` there, so that no made-up name can be
taken for a field. Outside queries a bare name is a variable.

For small models, which need it, the places are told apart further, at the price of a grammar of three times the size:
aggregates stand only in columns that are made, and a query that is inside no other sees the fields of its own store.
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
from sopc.english.constrain.step_intent import WRITES, narrowed
from sopc.english.constrain.vocabulary import (
    Vocabulary,
    alias_of,
    keys_of,
    name_terminals,
    one_of,
    qualified,
    query_names,
    store_spellings,
)
from sopc.english.constrain.writes import write_rules

_KEEPING: Final = ("where_stage", "order_stage", "limit_stage", "distinct_stage", "union_stage")
_MAKING: Final = ("derive_stage", "group_stage", "select_stage")
_ANY: Final = "any"  # the place after a join
_MADE: Final = "made"  # the place where columns have been made
_COLUMNS: Final = "c"  # after a place: in the columns that are made there
_INSIDE: Final = "i"  # after a store's place: in a query inside another one, which sees the fields of both
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
        self.narrow = vocabulary.intents is not None and bool(vocabulary.stores)
        self.columns = _COLUMNS if self.narrow else ""
        self.inside = _INSIDE if self.narrow else ""
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
        intents = self.vocabulary.intents
        rules = self.rules if intents is None else narrowed(self.rules, intents)
        return reachable(rules, START), self.terminals

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
        """Copy the rules of expressions for a place inside queries, and for the columns that are made there.

        names: what a bare name may be there.
        """
        columns = f"{place}{self.columns}"
        for each in dict.fromkeys((place, columns)):
            self._copy(each, names)
        plain, made = (partial(copy_of, place=each) for each in (place, columns))
        self.rules[made("column")] = _with(self.rules[made("column")], "name", "NEW_COLUMN")
        self.rules[made("derived")] = [("NEW_COLUMN", '"="', made("expr"))]
        self.rules[plain("select_stage")] = [('"select"', made("columns"))]
        self.rules[plain("group_stage")] = [('"group"', '"by"', plain("columns"), '"select"', made("columns"))]
        self.rules[plain("derive_stage")] = self.rules[made("derive_stage")]
        free = _with(self.rules[plain("join_stage")], "source", "any_source")
        self.rules[plain("join_stage")] = free if not self.narrow else self._joins(plain("expr"))
        arguments, distinct, over = plain("arguments"), plain("distinct"), plain("over")
        self.rules[distinct] = [('"distinct"', plain("expr"))]
        self.rules[made("call")] += [
            ("AGGREGATE", '"("', arguments, '")"'),
            ("AGGREGATE", '"("', arguments, '")"', over),
            ("AGGREGATE", '"("', distinct, '")"'),
            ('"count"', '"("', '")"'),
            ('"count"', '"("', '")"', over),
            ("WINDOW", '"("', arguments, '")"', over),
            ("RANKING", '"("', '")"', over),
        ]

    def _joins(self, condition: Symbol, begun: int | None = None) -> Expansions:
        """Joins by the foreign keys, which small models are held to; a store without any is joined by a condition.

        begun: the number of the store that the query begins with, None after another join.
        """
        stores = [store for _, store in self.vocabulary.stores]
        joins: Expansions = []
        for number, store in enumerate(stores):
            keys = keys_of(store, stores if begun is None else [stores[begun]])
            on = condition
            if keys:
                on = f"KEYS_{number}" if begun is None else f"KEYS_{begun}_{number}"
                self.terminals[on] = keys
            elif begun is not None and keys_of(store, stores):
                continue  # it can only be joined to another one
            joins += [(*left, '"join"', f"STORE_{number}", '"on"', on) for left in ((), ('"left"',))]
        return joins

    def _copy(self, place: str, names: Expansions) -> None:
        at = partial(copy_of, place=place)
        copied = {symbol: at(symbol) for symbol in self.family}
        for name in self.family:
            self.rules[copied[name]] = [
                tuple(copied.get(symbol, symbol) for symbol in expansion) for expansion in self.grammar[name]
            ]
        self._names(at, names)
        self._one_column(at, "one_column_inside")
        self.rules[at("atom")] = [one for one in self.rules[at("atom")] if one != (at("record"),)]
        self.rules[at("arguments")] = [one for one in self.rules[at("arguments")] if '"distinct"' not in one]
        scalar = "SCALAR_OF_ROWS" if self.narrow else "SCALAR"
        self.rules[at("call")] = [
            (scalar, '"("', at("arguments"), '")"'),
            ("CLOCK", '"("', '")"'),
            ("QUERY_FUNCTION", '"("', "query_inside", '")"'),
        ]
        self.rules[at("argument")] = [(at("expr"),)]

    def _one_column(self, at: Callable[[str], str], query: Symbol) -> None:
        """A query that stands for values has one column."""
        for name in ("members", "group_path"):
            self.rules[at(name)] = _with(self.rules[at(name)], "query", query)

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
        self._one_column(_itself, "one_column")
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
        inside = f"{place}{self.inside}"
        if inside != place:
            self.terminals[f"QUALIFIED_{place}"] = qualified([store])
            self._place(place, [(f"COLUMN_{place}",), (f"QUALIFIED_{place}",)])
        self._place(inside, [(f"COLUMN_{place}",), ("QUALIFIED",)])

    def _queries(self, places: list[str]) -> None:
        rules = self.rules
        stores = [one for place in places for one in _sources(f"STORE_{place}", f"ALIAS_{place}")]
        rules["any_source"] = stores + (_NAMED_QUERY if query_names(self.vocabulary) else [])
        rules["one_store"] = [('"from"', "any_source")]
        named: Expansions = [("QUERY_NAME",)] if query_names(self.vocabulary) else []
        rules["hole_source"] = [*((f"STORE_{place}",) for place in places), *named] or [("QUERY_NAME",)]
        joined: Expansions = [("any_source", copy_of("join_stage", _ANY))]
        if self.narrow:
            condition = copy_of("expr", _ANY)
            joined = [(f"STORE_{at}", *join) for at in places for join in self._joins(condition, int(at))]
        begins: Rules = {_ANY: joined, _MADE: _NAMED_QUERY}
        for place in places:
            begins[place] = begins[f"{place}{self.inside}"] = _sources(f"STORE_{place}", f"ALIAS_{place}")
        for place, begin in begins.items():
            stages, any_query = copy_of("stages", place), copy_of("any_query", place)
            rules[any_query] = [(*one, stages) for one in begin]
            if place != _ANY:
                rules[any_query] += begin
            rules[stages] = self._stages(place)
            self._one_column_query(place, begin)
        inside = [f"{place}{self.inside}" for place in places]
        for ending, each in (("", places), ("_inside", inside)):
            for query in ("query", "one_column"):
                what = "any_query" if query == "query" else query
                rules[query + ending] = [('"from"', copy_of(what, place)) for place in (*each, _ANY, _MADE)]

    def _stages(self, place: str) -> Expansions:
        """Those that keep the fields, and from the first that makes columns on, all of them. After a join columns have
        to be made, since two stores mostly have fields of one name."""
        stages, made = copy_of("stages", place), copy_of("stages", _MADE)
        joins = ("join_stage",) if place in (_ANY, _MADE) else ()
        keeping, making = (self._stages_at(each, place) for each in ((*_KEEPING, *joins), _MAKING))
        return [
            *((stage,) for stage in (making if place == _ANY else (*keeping, *making))),
            *((stage, stages) for stage in keeping),
            *((stage, made) for stage in making),
        ]

    def _one_column_query(self, place: str, begin: Expansions) -> None:
        """What follows `from`, to a `select` of one column; or a named query, which may have just one."""
        whole, last, after = (copy_of(name, place) for name in ("one_column", "one_stages", "one_after"))
        made, columns = copy_of("one_stages", _MADE), f"{place}{self.columns}"
        joins = ("join_stage",) if place in (_ANY, _MADE) else ()
        select: Expansions = [('"select"', copy_of("column", columns))]
        kept: Expansions = [(stage,) for stage in self._stages_at(_KEEPING, _MADE)]
        self.rules[after] = [*kept, *((*stage, after) for stage in kept)]
        self.rules[last] = [
            *select,
            *((*one, after) for one in select),
            *((stage, last) for stage in self._stages_at((*_KEEPING, *joins), place)),
            *((stage, made) for stage in self._stages_at(("derive_stage", "group_stage"), place)),
        ]
        self.rules[whole] = [(*one, last) for one in begin]
        if place == _MADE and not self.narrow:
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
