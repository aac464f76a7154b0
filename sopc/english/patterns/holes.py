"""Quoted text → messages and values; `{…}` in it is a hole, read as English, whether the text is said, stored or
compared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runtime.values.types import TEXT
from sopc.english.patterns.matcher import Found, Matcher, Primitive
from sopc.english.patterns.names import made_variable
from sopc.english.patterns.semantics import Context, Value, text
from sopc.english.patterns.tokens import tokenize
from sopc.tree import nodes
from sopc.tree.visit import walk

BRACES = "between { and } stands a name or an amount, `…` around a name of any characters; a plain brace is {{ or }}"

# A brace itself, a hole (backquotes and quotes in it may hold braces), or plain text.
_PIECES = re.compile(r"""\{\{|\}\}|\{(?P<hole>(?:`(?:``|[^`])*`|"[^"]*"|[^{}`"])*)\}|[^{}]+|[{}]""")


@dataclass(frozen=True)
class Written:
    """A message. lets: what has to be looked up before, for its holes."""

    text: nodes.TextLiteral
    lets: tuple[nodes.Let, ...] = ()


def written(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Quoted text whose `{…}` holes are read as English: "{how many} of them"; `{{` is a brace. What a hole has to look
    up gets a name before."""
    if position >= len(matcher.tokens) or matcher.tokens[position].kind != "text":
        return
    parts: list[str | nodes.Expr] = []
    lets: list[nodes.Let] = []
    for piece in _PIECES.finditer(matcher.tokens[position].value):
        hole, plain = piece["hole"], piece.group()
        if hole is None and plain in ("{", "}"):
            matcher.reject(position, f"a {plain} has no partner", BRACES)
            return
        if hole is None:
            parts.append(plain[0] if plain in ("{{", "}}") else plain)
            continue
        value = _in_hole(matcher, position, hole, context)
        if value is None:
            return
        if any(isinstance(part, nodes.QueryExpr) for part in walk(value.node)):
            variable = made_variable((*(value.label or ("value",)), *(["2"] if lets else [])), value.type, context)
            known = next((let.name for let in lets if let.value == value.node), None)
            if known is None:
                lets.append(nodes.Let(name=variable.name, value=value.node))
            parts.append(nodes.Name(name=known or variable.name))
            continue
        parts.append(value.node)
    yield position + 1, Written(nodes.TextLiteral(parts=tuple(_merged(parts))), tuple(lets))


def _in_hole(matcher: Matcher, position: int, hole: str, context: Context) -> Value | None:
    inner = Matcher(matcher.grammar, hole, tokenize(hole))
    values: list[Value] = [value for value in inner.whole("hole", context) if not value.hops]
    distinct = [value for at, value in enumerate(values) if value.node not in [one.node for one in values[:at]]]
    if len(distinct) != 1:
        why = "can be read in several ways" if distinct else "is not understood"
        matcher.reject(position, f'"{{{hole}}}" {why}', BRACES)
        return None
    return distinct[0]


def _merged(parts: list[str | nodes.Expr]) -> Iterator[str | nodes.Expr]:
    plain = ""
    for part in parts:
        if isinstance(part, str):
            plain += part
            continue
        if plain:
            yield plain
        plain = ""
        yield part
    if plain:
        yield plain


def worded(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Quoted text as a value. Where it is compared with a field, it also means what that holds in another spelling."""
    if position >= len(matcher.tokens) or matcher.tokens[position].kind != "text":
        return
    plain = matcher.tokens[position].value
    target = context.target
    held: tuple[str, ...] = ()
    if target is not None and target.type.name == "text" and target.field is not None and target.owner is not None:
        held = () if target.owner.emits else context.world.spelling(target.owner, target.field, plain, quoted=True)
    if held or not has_braces(plain):
        yield position + 1, Value(text(plain), TEXT, spellings=held)
        return
    for end, said in written(matcher, position, context.untargeted):
        if said.lets:
            matcher.reject(position, "what a value has to look up is worked out in a sentence before", BRACES)
        else:
            yield end, Value(said.text, TEXT)


def constant(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """Quoted text without holes."""
    if position < len(matcher.tokens) and matcher.tokens[position].kind == "text":
        plain = matcher.tokens[position].value
        if has_braces(plain):
            matcher.reject(position, "a fixed text is wanted here, so it can have no {…} in it")
        else:
            yield position + 1, plain


def has_braces(plain: str) -> bool:
    return "{" in plain or "}" in plain


PRIMITIVES: dict[str, Primitive] = {"written": written, "worded": worded, "constant": constant}
