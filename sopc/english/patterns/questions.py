"""Phrases that ask a person ("ask for the size, 10 by default") → ask steps, and the variable that has the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from runtime.values.types import BOOL, DATE, TEXT, Type
from sopc.english.patterns import words
from sopc.english.patterns.holes import Written
from sopc.english.patterns.matcher import Reject, Row
from sopc.english.patterns.names import made_variable, named_type
from sopc.english.patterns.parameters import Attribute
from sopc.english.patterns.semantics import Context, Steps, Value, Variable, text
from sopc.english.patterns.tokens import name_words
from sopc.tree import nodes

STOPPED = "stopped, as the answer was no"


@dataclass(frozen=True)
class _Choices:
    values: tuple[nodes.Expr, ...]


_Option = Attribute | _Choices


def _asked(
    context: Context,
    name: tuple[str, ...] | None,
    written: Written,
    options: tuple[tuple[_Option, ...], ...],
) -> Steps:
    """The question. Its type: as said, else that of its default or choices, else that of a field of its name; a
    question without any of these is answered by yes or no."""
    default: Value | None = None
    said: Type | None = None
    choices: tuple[nodes.Expr, ...] = ()
    for option in (one for several in options for one in several):
        if isinstance(option, _Choices):
            choices = option.values
            continue
        name = option.name or name
        default = option.default or default
        said = option.type or said
    type_ = said or (default.type if default else None) or (TEXT if choices else None)
    if name is not None:
        is_day = name[-1] in ("day", "date")
        type_ = said or named_type(context, name) or type_ or (DATE if is_day else TEXT)
    if type_ is None and _is_open(written.text):
        raise Reject("yes or no is no answer to that: say what it is, as in (a date), and call it something")
    type_ = type_ or BOOL
    if default is not None and not default.fits(type_):
        raise Reject(f"the default is no {type_.name}")
    variable = replace(made_variable(name or ("answer",), type_, context), answer=type_ == BOOL)
    listed = nodes.ListExpr(items=choices) if choices else None
    step = nodes.Ask(
        question=written.text,
        choices=listed,
        default=default.node if default else None,
        name=variable.name,
        answer=nodes.TypeName(name=type_.name),
    )
    return Steps((*written.lets, step), (variable,))


def _is_open(question: nodes.TextLiteral) -> bool:
    first = next((part for part in question.parts if isinstance(part, str)), "")
    return name_words(first)[:1] in words.OPEN_QUESTIONS


def _ask(context: Context, written: Written, options: tuple[tuple[_Option, ...], ...]) -> Steps:
    return _asked(context, None, written, options)


def _ask_for(
    context: Context, name: tuple[str, ...], options: tuple[tuple[_Option, ...], ...], written: Written | None = None,
    more: tuple[tuple[_Option, ...], ...] = (),
) -> Steps:  # fmt: skip
    plain = Written(text(f"{' '.join(name).capitalize()}?"))
    return _asked(context, name, written or plain, (*options, *more))


def _ask_which(context: Context, name: tuple[str, ...], purpose: str = "") -> Steps:
    question = f"Which {' '.join(name)}{' ' + purpose if purpose else ''}?"
    return _asked(context, name, Written(text(question)), ())


def _ask_whether(context: Context, question: str) -> Steps:
    """QueryParts, and stop unless the answer is yes."""
    return _confirmed(context, question)


def _confirmed(context: Context, question: str = "Go on?") -> Steps:
    variable = replace(made_variable(("answer",), BOOL, context), answer=True)
    refused = nodes.Branch(
        condition=nodes.Unary(op="not", arg=nodes.Name(name=variable.name)), steps=(nodes.Fail(message=text(STOPPED)),)
    )
    ask = nodes.Ask(question=text(question), name=variable.name, answer=nodes.TypeName(name="bool"))
    return Steps((ask, nodes.If(branches=(refused,))), (variable,))


def _named(context: Context, name: tuple[str, ...]) -> tuple[_Option, ...]:
    return (Attribute(name=name),)


def _choices(context: Context, first: nodes.Expr, more: tuple[nodes.Expr, ...]) -> tuple[_Option, ...]:
    if not more:
        raise Reject()
    return (_Choices((first, *more)),)


def _only(context: Context, **kept: Any) -> Any:
    return next(iter(kept.values()))


def _variable(context: Context, name: tuple[str, ...]) -> Variable:
    return made_variable(name, TEXT, context)


_ASK = "ask [me|us|the user|the author|them|somebody|someone|a person]"
_OPTIONS = "{ask_option:options}*"
_ANSWER = "(it|that|this|the answer|the reply)"

ROWS = (
    Row("plain", f"{_ASK} [:] {{written}} {_OPTIONS}", _ask),
    Row("plain", f"{_ASK} whether to {{free_words:question}}", _ask_whether),
    Row("plain", f"{_ASK} for (confirmation|permission|approval)", _confirmed),
    Row(
        "plain",
        f"{_ASK} for (the|a|an) {{new_name:name}} {_OPTIONS} [(with|saying|:|by asking) {{written}} "
        "{ask_option:more}*]",
        _ask_for,
    ),
    Row("plain", f"{_ASK} (which|what) {{new_name:name}} [(it is|is meant|it should be)]", _ask_which),
    Row("plain", f"{_ASK} (which|what) {{new_name:name}} {{purpose}}", _ask_which),
    Row("purpose", "to {free_words:purpose}", lambda context, purpose: f"to {purpose.rstrip('?').lower()}"),
    Row("ask_option", r"\( {attributes} \)", _only),
    Row("ask_option", ", {attributes}", _only),
    Row("ask_option", rf"[,] [and] (call|name) {_ANSWER} [the] {{new_name:name}}", _named),
    Row("ask_option", rf"[,] [and] (remember|keep|save|store|take) {_ANSWER} as [the] {{new_name:name}}", _named),
    Row(
        "ask_option",
        "[,] (with|from|as) [the] (choices|choice|options|answers) [of] {choice:first} {more_choices:more}*",
        _choices,
    ),
    Row("choice", "{constant}", lambda context, constant: text(constant)),
    Row("choice", "{default_words:value}", lambda context, value: value.node),
    Row("choice", "{number:value}", lambda context, value: value.node),
    Row("more_choices", "(,|or|and|, or|, and) {choice}", _only),
)
