"""Two translations of a text → why the old steps of a sentence that stayed may no longer be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from sopc.dsl.spell import expr
from sopc.english.unchanged.blocks import bodies, tagged, with_bodies, within
from sopc.english.unchanged.carry import IN_HEAD, LEFT_OVER, made_by
from sopc.english.unchanged.compare import Before, names, words_of
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
_DECLARES: Final = re.compile(r"\b(parameters?|arguments?|inputs?|options?|given|defaults?)\b", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"|“[^”]*”')
_Literal = nodes.IntLiteral | nodes.NumberLiteral | nodes.TextLiteral | nodes.DateLiteral | nodes.TimestampLiteral
_Test = nodes.Binary | nodes.Between | nodes.InExpr | nodes.IsNull
_TESTS: Final = ("=", "!=", "<", "<=", ">", ">=", "like", "contains", "starts with", "ends with")


class Reasons:
    """before: the text as it was, and its program. new: the script that came instead."""

    def __init__(self, before: Before, new: nodes.Script) -> None:
        self._sentences = before.sentences
        self._old = before.carried(new)
        self._new = new
        self._made = made_by(new)
        self._made_before = made_by(self._old)
        self._old_parts, self._new_parts = _by_sentence(self._old), _by_sentence(new)

    def against(self, number: int) -> str | None:
        """Why the old steps of a sentence that stayed may not stand for it any more; None where nothing speaks against
        them. number: in the new text."""
        return (
            self._takes_up(number)
            or self._changed_elsewhere()
            or self._reads_what_is_new(number)
            or self._repeats(number)
            or self._reads_what_is_gone(number)
        )

    def _takes_up(self, number: int) -> str | None:
        if not self._sentences.changed_before(number):
            return None
        found = _TAKES_UP.search(_QUOTED.sub('""', self._sentences.new[number - 1]))
        return f"“{found[1]}” takes up what changed before it" if found else None

    def _changed_elsewhere(self) -> str | None:
        """A changed sentence without steps of its own, such as “At most 10.”, is said in the steps of others."""
        for number in self._sentences.changed:
            if number not in self._new_parts and not _declares(self._sentences.new[number - 1], self._new):
                return f"sentence {number} changed, and has no step of its own"
        for number in self._sentences.gone:
            if -number not in self._old_parts and not _declares(self._sentences.old[number - 1], self._old):
                return f"what sentence {number} said before stood in no step of its own"
        return None

    def _reads_what_is_new(self, number: int) -> str | None:
        """Steps that now read what a changed sentence makes depend on it, though the sentence does not say so."""
        changed = {name: each for each in self._sentences.changed for name in self._made.get(each, ())}
        before = {param.name for param in self._old.params}
        added = {param.name for param in self._new.params} - before
        now = _reads(self._new_parts.get(number, ()), {*changed, *added})
        for name in sorted(now - _reads(self._old_parts.get(number, ()), now)):
            source = f"sentence {changed[name]} makes" if name in changed else "is a new parameter"
            return f"it reads `{name}` now, which {source}"
        return None

    def _repeats(self, number: int) -> str | None:
        """Old steps that repeat a condition, a value or a store of a sentence that is gone, and not of their own."""
        own = set(words_of(self._sentences.new[number - 1]))
        made = {name for each in self._made_before.values() for name in each}
        left = _said(self._old_parts.get(number, ())) - _said(self._new_parts.get(number, ()))
        still = {said for each in self._sentences.changed for said in _said(self._new_parts.get(each, ()))}
        words_now = {word for text in self._sentences.texts_changed for word in words_of(text)}
        for gone in self._sentences.gone:
            words = set(words_of(self._sentences.old[gone - 1]))
            repeated = _said(self._old_parts.get(-gone, ()))
            repeated |= {said for said in left if said[1] and said[1] <= words and not said[1] <= words_now}
            for code, values in sorted(repeated & left - still, key=lambda said: said[0]):
                if code not in made and not values & own:
                    return f"its old steps say `{code}`, as sentence {gone} did before"
        return None

    def _reads_what_is_gone(self, number: int) -> str | None:
        made = {name for each in self._made_before.values() for name in each}
        there = {name for each in self._made.values() for name in each}
        for each in (IN_HEAD, *self._sentences.kept.values()):
            there |= {name for name in self._made_before.get(each, ()) if not name.endswith(LEFT_OVER)}
        gone = sorted(_reads(self._old_parts.get(number, ()), made) - there)
        return f"its old steps read `{gone[0].removesuffix(LEFT_OVER)}`, which is not made any more" if gone else None


_Said = tuple[str, frozenset[str]]


def _by_sentence(script: nodes.Script) -> dict[int, list[nodes.AnyStep]]:
    """Its steps without what is in their blocks, by the number of their sentence."""
    found: dict[int, list[nodes.AnyStep]] = {}
    for step in within(tagged(script.steps)):
        if step.sentence is not None:
            found.setdefault(step.sentence, []).append(with_bodies(step, [()] * len(bodies(step))))
    return found


def _reads(steps: Sequence[nodes.AnyStep], made: set[str]) -> set[str]:
    """Which of these variables and named queries they read."""
    found = set()
    for node in walk(tuple(steps)):
        match node:
            case nodes.Name() | nodes.Assign():
                found.add(node.name)
            case nodes.From(database=None):
                found.add(node.store)
    return found & made


def _said(steps: Sequence[nodes.AnyStep]) -> set[_Said]:
    return {said for node in walk(tuple(steps)) for said in _worth_saying(node)}


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


def _declares(sentence: str, script: nodes.Script) -> bool:
    """Whether a sentence says something of a parameter, which is in the script's head."""
    return bool(_DECLARES.search(sentence)) and any(names(sentence, param.name) for param in script.params)
