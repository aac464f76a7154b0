"""Sentences → the kinds of step that they speak of, and a grammar's rules → the rules without the other kinds.

A small model reaches for steps that nothing asks for: it counts, says and returns where it should show. What decides
here are words, read generously: a kind is left out only where no word for it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from sopc.english.changes import asks_for_a_change
from sopc.english.constrain.rules import Expansions, Rules, used_by
from sopc.english.constrain.spacing import base_of, copy_of
from sopc.english.sentences import QUOTED, Sentence, Workflow

PARAMETERS: Final = "parameters"
Kinds = frozenset[str]  # names of the rules of steps, and "parameters"

WRITES: Final = ("insert_step", "upsert_step", "update_step", "delete_step")
_MAX_STEPS: Final = 4  # of a sentence, at the top of the script
_MAX_INSIDE: Final = 6  # in a block
_MAX_COLUMNS: Final = 12  # of a `select`
_MAX_TERMS: Final = 5  # of a condition
_HOLDS: Final = ("let_step", "query_step")  # of no use but to another step
_BLOCKS: Final = frozenset({"steps", "else_steps"})
_VARIABLES: Final = ("VARIABLE", "name", "hole_name")
_SHOWN: Final = frozenset({"emit_step", "for_step", "let_step", PARAMETERS})
_NEEDING_NO_HOLD: Final = frozenset({"emit_step", "for_step", "call_step", PARAMETERS, *WRITES})
_MAKING_VARIABLES: Final = (*_HOLDS, "ask_step", "for_step", "try_step", PARAMETERS)
_UNCLEAR: Final = frozenset({"emit_step", "say_step", "if_step", "for_step", *WRITES, *_HOLDS})

# What small models do not need, and what has a decoder follow so many ways that servers give up: base rule → what
# an alternative may not end with.
_PLAINER: Final = {
    "atom": ("list_expr",),
    "path": ("index",),
    "group_path": ("index",),
    "minus": ("minus", "operand"),
    "hole_operand": ("hole_index", "hole_query"),
    "hole_minus": ("hole_minus", "hole_operand"),
}

_ENGLISH: Final = (
    r"the|of|all|each|every|show|list|which|what|how|is|are|with|for|and|to|if|set|add|delete|find|any|as|by"
)
_FINDING: Final = r"find|look up|search|take"  # to show, where nothing comes after
_SHOWING: Final = r"^(then |and |please )*(show|list|display|which|what|who|how|give me)"
_NO_STEP: Final = r"otherwise|else|parameters?|defaults?|given|arguments?|means?|counts? as|is an?|are those|is one"
_PARAMETER: Final = re.compile(
    r"^(the|an?|\w+) [\w' ]+ (is|are) (an? )?(\w+ )?(parameters?|arguments?|inputs?)\b", re.IGNORECASE
)
_STOPPING: Final = r"stop\w*|fail\w*|abort\w*|end|refuse|reject|errors?|quit|cancel|halt|exit|give up|must|unless|only"
_WORDS: Final = {
    "emit_step": r"show\w*|list\w*|display|gives?|print|emit|output|returns?|reports?|see|get|present|export|select",
    "let_step": r"let|counts?|find|comput\w+|calculat\w+|work out|remember|sum up|take|look up|determine|keep|call it",
    "set_step": r"running|counter|so far|adds? up|accumulat\w+|tally|becomes?|while|until|as long as",
    "say_step": r"says?|tell|print|reports?|write|announce|messages?|notify|inform|warn\w*|greet|note|mention|log|text",
    "ask_step": r"ask\w*|questions?|confirm|confirmation|approv\w+|prompt|answers?|input|enter"
    r"|decides?|choose|pick|wait|person",
    "return_step": r"returns?|gives? back|hand back|results?|answers? with|come out",
    "fail_step": _STOPPING,
    "assert_step": r"must|make sure|ensure|check|assert|verify|should|expect",
    "commit_step": r"commit|save|so far|for good|keep",
    "transaction_step": r"transaction|all or nothing|at once|undo\w*|roll\w*|none of",
    "try_step": r"try|tries|fails?|errors?|wrong|can't|cannot|problem",
    "while_step": r"while|until|as long as|keep|repeat",
    "break_step": rf"leave|break|until|once|{_STOPPING}",
    "continue_step": r"skip|next|continue|leave out|ignore",
    "if_step": r"if|unless|when\w*|otherwise|else|only|in case|depending|whether|case|provided|should|as long as",
    "for_step": r"each|every|for|all|them|those|these|they|their|one by one|loop|repeat|times|any",
    "call_step": r"call|run|use|script|start|invoke",
    PARAMETERS: r"given|parameters?|arguments?|certain|specif\w+|particular|defaults?|inputs?|passed|optional|suppl\w+"
    r"|provided|desired|wanted|asked for|chosen",
}
_MAKING: Final = (
    r"add|append|allocate|appl\w+|assign|book|buy|copy|create|enrol\w*|enter|file|give|hire|import|insert|issue|log|make"
    r"|move|new|note|open|order|place|post|put|record|register|reorder|replace|report|request|reserve|restock|save"
    r"|schedule|sell|send|start|store|submit|swap|transfer|upsert|write|must|should|shall|will|is|are|be"
)
_REMOVING: Final = (
    r"delet\w+|remov\w+|eras\w+|purg\w+|discard\w*|drop\w*|wip\w+|clear|empty|prune|cancel|trim|expire|clean (?:up|out)"
    r"|undo|withdraw|reject|release|retire"
)
_NO_UPDATE: Final = r"^(?:then |and |please )*(?:create|insert|delete|remove|erase|purge)\b(?!.*\b(?:and|then)\b)"


@dataclass(frozen=True)
class StepIntent:
    """What one sentence speaks of. kinds: of step. skipped: whether it may have no step at the top of the script."""

    kinds: Kinds
    skipped: bool


def step_intents(workflow: Workflow, scripts: Iterable[str]) -> tuple[StepIntent, ...] | None:
    """What each sentence speaks of; None for a text that is not English. scripts: that can be called."""
    if not any(_has(each.text, _ENGLISH) for each in workflow.sentences):
        return None
    names = [re.escape(word) for name in scripts for word in name.split("_")]
    last = len(workflow.sentences)
    return tuple(
        StepIntent(
            _kinds_of(each, names, last=each.number == last),
            skipped=each.level > 0 or _has(each.text, _NO_STEP),
        )
        for each in workflow.sentences
    )


def _kinds_of(sentence: Sentence, names: Iterable[str], *, last: bool) -> Kinds:
    if _PARAMETER.match(sentence.text):
        return frozenset({PARAMETERS})
    return _UNCLEAR if sentence.opens else _kinds(sentence.text, names, last=last)


def _kinds(text: str, names: Iterable[str], *, last: bool) -> Kinds:
    """names: words that stand for scripts. last: whether no sentence follows."""
    if QUOTED.search(text):
        return _kinds(QUOTED.sub("", text), names, last=last) | {"say_step"}
    found = {kind for kind, words in _WORDS.items() if _has(text, words)}
    if last and _has(text, _FINDING):
        found.add("emit_step")
    if any(_has(text, name) for name in names):
        found.add("call_step")
    if asks_for_a_change(re.sub(_SHOWING, "", text, flags=re.IGNORECASE)):
        found.update(_changes(text))
    shows = re.search(_SHOWING, text, re.IGNORECASE) is not None
    if shows:
        found.add("emit_step")
    if shows and found <= _SHOWN:
        return frozenset(found & {"emit_step", PARAMETERS})
    if not found - {"for_step", "if_step", PARAMETERS}:
        found.update(_UNCLEAR)
    return frozenset(found if found <= _NEEDING_NO_HOLD else found.union(_HOLDS))


def _changes(text: str) -> Iterator[str]:
    """Steps that write, for a sentence that asks for a change."""
    if _has(text, _MAKING):
        yield from ("insert_step", "upsert_step")
    if _has(text, _REMOVING):
        yield "delete_step"
    if not re.search(_NO_UPDATE, text, re.IGNORECASE):
        yield "update_step"


def narrowed(rules: Rules, intents: Sequence[StepIntent]) -> Rules:
    """Steps and parameters that are not spoken of are left out, and names of variables where nothing makes one; the
    steps at the top come in the order of their sentences, each with those that it speaks of."""
    spoken = frozenset[str]().union(*(each.kinds for each in intents))
    result = dict(rules)
    result["script"] = [one for one in rules["script"] if "doc" not in one and _returns("returns" in one, spoken)]
    if PARAMETERS not in spoken:
        result[PARAMETERS] = [('"("', '")"')]
    if spoken.isdisjoint(_MAKING_VARIABLES):
        for name, each in rules.items():
            if base_of(name) in ("atom", "hole_operand"):
                result[name] = [one for one in each if one[-1] not in _VARIABLES]
    for name, each in rules.items():
        if base_of(name) in ("expr", "conjunction"):
            result[name] = _bounded(each)
        elif base_of(name) == "columns":
            column = each[0][0]
            result[name] = [(column, *(('","', column) * more)) for more in range(_MAX_COLUMNS)]
        elif base_of(name) in _PLAINER:
            result[name] = [one for one in result[name] if base_of(one[-1]) not in _PLAINER[base_of(name)]]
    return {**result, **_in_order(rules, intents)}


def _bounded(each: Expansions) -> Expansions:
    """Terms joined by a word, of which there may be any number → some of them: small models repeat themselves."""
    (one,), (_, word, _) = each
    return [(one, *((word, one) * more)) for more in range(_MAX_TERMS)]


def _returns(does: bool, spoken: Kinds) -> bool:
    return not does or "return_step" in spoken


def _in_order(rules: Rules, intents: Sequence[StepIntent]) -> Rules:
    """For each sentence its steps, and then those of the sentences after it. What says that something is a parameter
    has none."""
    result: Rules = {}
    family = _holding_steps(rules)
    able = [number for number, each in enumerate(intents, 1) if each.kinds != {PARAMETERS}] or [1]
    for at, number in enumerate(able):
        each, later = intents[number - 1], able[at + 1 :]
        inside = list(takewhile(lambda one: intents[one - 1].skipped, later))
        result.update(_blocks({name: rules[name] for name in family}, number, each.kinds, inside))
        tagged = (f'"@{number}"', _at("untagged", number))
        for turn in range(_MAX_STEPS):
            steps = result[_steps_of(number, turn)] = []
            if turn + 1 < _MAX_STEPS:
                steps.append((*tagged, _steps_of(number, turn + 1)))
            if all(intents[one - 1].skipped for one in later):
                steps.append(tagged)
            if later:
                following = _steps_of(later[0], 0)
                steps += [(*tagged, following), *([(following,)] if each.skipped and turn == 0 else [])]
    result["tagged_steps"] = [(_steps_of(able[0], 0),)]
    return result


def _blocks(rules: Rules, number: int, kinds: Kinds, inside: Sequence[int]) -> Rules:
    """The rules of steps and of what they hold, for one sentence.

    rules: those of _holding_steps. inside: the sentences whose steps may stand in its blocks: items of its list, and
    what says what is done otherwise.
    """
    copied = {name: _at(name, number) for name in rules}
    result: Rules = {}
    for name, each in rules.items():
        if name == "other":
            each = [one for one in each if kinds.issuperset(one)] or each  # no store can be written, no script called
        elif name == "untagged" and "if_step" not in kinds:
            each = [one for one in each if one != ("if_step",)]
        elif len(each) == 2 and each[0] == ("step",):  # any number of them
            each = [("step",) * count for count in range(1, _MAX_INSIDE + 1)]
        elif any(_BLOCKS.intersection(one) for one in each):
            each = [one for one in each if _BLOCKS.intersection(one)]  # not those without a step
        result[copied[name]] = [tuple(copied.get(symbol, symbol) for symbol in one) for one in each]
    for name, step in (("tagged", "untagged"), ("else_tagged", "other")):
        result[copied[name]] = [(f'"@{one}"', _at(step, one)) for one in (number, *inside)]
    return result


def _holding_steps(rules: Rules) -> list[str]:
    """The rules between a step and the steps in its blocks."""
    above = {"other"}
    while True:
        more = {name for name, each in rules.items() if above.intersection(used_by(each))} | above
        if more == above:
            break
        above = more
    found: dict[str, None] = {}
    waiting = ["untagged"]
    while waiting:
        name = waiting.pop()
        if name in above and name not in found:
            found[name] = None
            waiting += used_by(rules[name])
    return list(found)


def _at(name: str, sentence: int) -> str:
    return copy_of(name, f"sentence{sentence}")


def _steps_of(sentence: int, turn: int) -> str:
    return copy_of("steps", f"sentence{sentence}_{turn}")


def _has(text: str, words: str) -> bool:
    return re.search(rf"\b(?:{words})\b", text, re.IGNORECASE) is not None
