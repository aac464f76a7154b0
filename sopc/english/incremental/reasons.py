"""Two translations of a text → why the old steps of a sentence that stayed may no longer be right."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from typing import Final

from sopc.english.incremental.blocks import around, bodies, tagged, with_bodies, within
from sopc.english.incremental.compare import Before, speaks_of, words_of
from sopc.english.incremental.rename_variables import IN_HEAD, LEFT_OVER, made_by
from sopc.english.sentences import QUOTED
from sopc.syntax.print_expr import expr
from sopc.tree import nodes
from sopc.tree.visit import walk

# Words that take up what another sentence said. `that` before a verb belongs to a clause of the same sentence.
_TAKES_UP: Final = re.compile(
    r"\b(those|these|them|they|it|its|their|theirs|such(?! as\b)|otherwise|else|the rest|the same|the others?"
    r"|the remaining|the former|the latter|the (?:first|last|second) (?:one|ones)"
    r"|this(?! (?:day|week|month|quarter|year|morning|workflow|script)\b)"
    r"|^that|that(?! (?:are|is|was|were|has|have|had|do|does|did|can|could|will|would|must|should|may|might|need)\b)"
    r")\b",
    re.IGNORECASE,
)
_Literal = nodes.IntLiteral | nodes.NumberLiteral | nodes.TextLiteral | nodes.DateLiteral | nodes.TimestampLiteral
_TESTS: Final = ("=", "!=", "<", "<=", ">", ">=", "like", "contains", "starts with", "ends with")


class Reasons:
    """before: the text as it was, and its program. new: the script that came instead."""

    def __init__(self, before: Before, new: nodes.Script) -> None:
        self._before = before
        self._sentences = before.sentences
        self._old = _Parts(before.carried(new))
        self._new = _Parts(new)
        self._known: dict[int, str | None] = {}

    def against(self, number: int) -> str | None:
        """Why the old steps of a sentence that stayed may not stand for it any more; None where nothing speaks against
        them. number: in the new text."""
        if not self._known:
            for each in sorted(self._sentences.kept.values(), reverse=True):  # one may depend on those after it
                self._known[each] = self._found(each)
        return self._known[number]

    def _found(self, number: int) -> str | None:
        return (
            self._said_by_the_author(number)
            or self._takes_up(number)
            or self._changed_elsewhere
            or self._reads_what_is_new(number)
            or self._repeats(number)
            or self._reads_what_is_gone(number)
            or self._makes_nothing_read(number)
            or self._said_elsewhere(number)
        )

    def _said_by_the_author(self, number: int) -> str | None:
        """An answer, or a list that is laid out otherwise, changes what a sentence means without changing its words."""
        if self._before.answered(number):
            return "a question was answered since"
        for each in {*self._old.around[number], *self._new.around[number]} & self._openers:
            inside = each in self._sentences.lists.get(number, ())
            was, now = each in self._old.around[number], each in self._new.around[number]
            if was != inside and now == inside:
                return f"it stands {'in' if inside else 'outside'} the list of sentence {each} now"
        return None

    @cached_property
    def _openers(self) -> set[int]:
        return {each for around in self._sentences.lists.values() for each in around}

    def _takes_up(self, number: int) -> str | None:
        if not self._sentences.changed_before(number):
            return None
        found = _TAKES_UP.search(QUOTED.sub('""', self._sentences.new[number - 1]))
        return f"“{found[1]}” takes up what changed before it" if found else None

    @cached_property
    def _changed_elsewhere(self) -> str | None:
        """A changed sentence without steps of its own, such as “At most 10.”, is said in the steps of others."""
        for number in self._sentences.changed:
            if number not in self._new.steps and not self._new.declared_in(self._sentences.new[number - 1]):
                return f"sentence {number} changed, and has no step of its own"
        for number in self._sentences.gone:
            if -number not in self._old.steps and not self._old.declared_in(self._sentences.old[number - 1]):
                return f"what sentence {number} said before stood in no step of its own"
        return None

    def _reads_what_is_new(self, number: int) -> str | None:
        """Steps that now read what a changed sentence makes depend on it, though the sentence does not say so."""
        for name in sorted(self._new.reads[number] - self._old.reads[number]):
            if name in self._made_by_changed:
                return f"it reads `{name}` now, which sentence {self._made_by_changed[name]} makes"
            if name in self._new.params and name not in self._old.params:
                return f"it reads `{name}` now, which is a new parameter"
        return None

    @cached_property
    def _made_by_changed(self) -> dict[str, int]:
        return {name: each for each in self._sentences.changed for name in self._new.made.get(each, ())}

    def _repeats(self, number: int) -> str | None:
        """Old steps that repeat a condition, a value or a store of a sentence that is gone, and not of their own."""
        own = set(words_of(self._sentences.new[number - 1]))
        left = self._old.says[number] - self._new.says[number] - self._said_still
        left = {said for said in left if not said[1] & own and said[0] not in self._old.all_made}
        for gone in self._sentences.gone if left else ():
            words = self._words_gone[gone] - self._words_now
            for said in sorted(left, key=lambda said: said[0]):
                if said in self._old.says[-gone] or (said[1] and said[1] <= self._words_gone[gone] and said[1] & words):
                    return f"its old steps say `{said[0]}`, as sentence {gone} did before"
        return None

    @cached_property
    def _said_still(self) -> set[_Said]:
        return {said for each in self._sentences.changed for said in self._new.says[each]}

    @cached_property
    def _words_now(self) -> set[str]:
        return {word for text in self._sentences.texts_changed for word in words_of(text)}

    @cached_property
    def _words_gone(self) -> dict[int, set[str]]:
        return {each: set(words_of(self._sentences.old[each - 1])) for each in self._sentences.gone}

    def _reads_what_is_gone(self, number: int) -> str | None:
        read = self._old.reads[number]
        for name in sorted(read & self._old.all_made - self._there):
            return f"its old steps read `{name.removesuffix(LEFT_OVER)}`, which is not made any more"
        for param in sorted(read & self._old.params - self._new.params):
            for each in self._sentences.gone:
                if speaks_of(self._sentences.old[each - 1], param):
                    return f"its old steps read `{param}`, a parameter of sentence {each} before"
        return None

    @cached_property
    def _there(self) -> set[str]:
        """What a program can read that has the old steps of sentences that stayed."""
        kept = [name for each in (IN_HEAD, *self._sentences.kept.values()) for name in self._old.made.get(each, ())]
        return self._new.all_made | {name for name in kept if not name.endswith(LEFT_OVER)}

    def _makes_nothing_read(self, number: int) -> str | None:
        """What a sentence makes, and whether it shows or keeps it, depends on what the others do with that."""
        old, new = set(self._old.made.get(number, ())), set(self._new.made.get(number, ()))
        if old == new:
            return None
        for each in self._sentences.changed:
            for name in sorted(self._new.reads[each] & (new - old)):
                return f"sentence {each} reads `{name}`, which its old steps do not make"
        return self._reads_no_more(number, old)

    def _reads_no_more(self, number: int, made: set[str]) -> str | None:
        for each in self._sentences.gone if made else ():
            for name in sorted(self._old.reads[-each] & made):
                if not any(name in read for read in self._reads_from(number)):
                    return f"its old steps make `{name}`, which only sentence {each} read before"
        return None

    def _reads_from(self, number: int) -> Iterator[set[str]]:
        """What is read in the end by a sentence that stayed and those after it, and by those that changed."""
        yield from (self._new.reads[each] for each in self._sentences.changed)
        yield self._old.reads[number]
        for each in self._sentences.kept.values():
            if each > number:
                yield (self._old if self._known[each] is None else self._new).reads[each]

    def _said_elsewhere(self, number: int) -> str | None:
        """A sentence that has no steps may be said in those of one that changed: “Find the open orders. Close them.”"""
        text = self._sentences.new[number - 1]
        if number not in self._old.steps:
            for each in self._sentences.gone:
                if _for_another(self._old.says[-each], text, self._sentences.old[each - 1]):
                    return f"what it says stood in the steps of sentence {each} before"
        if number not in self._new.steps:
            for each in self._sentences.changed:
                if _for_another(self._new.says[each], text, self._sentences.new[each - 1]):
                    return f"what it says stands in the steps of sentence {each} now"
        return None


class _Parts:
    """A script by its sentences. steps: without what is in their blocks. made: variables and named queries; those of
    the head at 0. reads: variables, queries and fields that are named. says: what a sentence could say in words.
    around: the sentences in whose blocks its steps stand."""

    def __init__(self, script: nodes.Script) -> None:
        self.steps: dict[int, list[nodes.AnyStep]] = {}
        self.made = made_by(script)
        self.all_made = {name for names in self.made.values() for name in names}
        self.params = set(self.made[IN_HEAD])
        self.reads: defaultdict[int, set[str]] = defaultdict(set)
        self.says: defaultdict[int, set[_Said]] = defaultdict(set)
        self.around = around(tagged(script.steps))
        for step in within(tagged(script.steps)):
            if step.sentence is not None:
                part = with_bodies(step, [()] * len(bodies(step)))
                self.steps.setdefault(step.sentence, []).append(part)
                self.reads[step.sentence] |= set(_reads(part))
                self.says[step.sentence] |= {said for node in walk(part) for said in _worth_saying(node)}

    def declared_in(self, sentence: str) -> bool:
        return any(speaks_of(sentence, param) for param in self.params)


_Said = tuple[str, frozenset[str]]


def _reads(node: nodes.Node) -> Iterator[str]:
    for each in walk(node):
        match each:
            case nodes.Name() | nodes.Assign():
                yield each.name
            case nodes.From(database=None):
                yield each.store


def _worth_saying(node: nodes.Node) -> Iterator[_Said]:
    """A condition, a value or a store, as code, and the words by which a sentence would say it."""
    match node:
        case nodes.Binary() | nodes.Between() | nodes.InExpr() | nodes.IsNull():
            if not isinstance(node, nodes.Binary) or node.op in _TESTS:
                values = {word for each in walk(node) if isinstance(each, _Literal) for word in _value(each)}
                fields = {word for each in walk(node) for word in _field(each)}
                yield expr(node), frozenset(values or fields)
        case nodes.From() | nodes.Join() | nodes.Insert() | nodes.Update() | nodes.Delete():
            store = node.source.store if isinstance(node, nodes.Join) else node.store
            yield store, frozenset(words_of(store.replace("_", " ")))
        case _ if isinstance(node, _Literal):
            yield expr(node), frozenset(_value(node))


def _value(node: nodes.Node) -> list[str]:
    value = expr(node)  # type: ignore[arg-type]
    return words_of(value)


def _field(node: nodes.Node) -> list[str]:
    return words_of(node.name.replace("_", " ")) if isinstance(node, nodes.Name | nodes.FieldAccess) else []


def _for_another(said: set[_Said], text: str, own: str) -> bool:
    """Whether something is said by words of a sentence, and not of the one whose steps say it."""
    words, known = set(words_of(text)), set(words_of(own))
    return any(values and values <= words and not values & known for _, values in said)


def unread(script: nodes.Script) -> set[str]:
    """The variables and named queries that nothing reads."""
    made = {name for number, names in made_by(script).items() if number != IN_HEAD for name in names}
    return made - {name for step in script.steps for name in _reads(step)}
