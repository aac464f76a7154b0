"""Phrases for days, months, years and spans of time → date expressions, and what it means to lie before or in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from runtime.values.types import DATE, TIMESTAMP
from sopc.english.patterns import words
from sopc.english.patterns.matcher import Found, Matcher, Primitive, Reject, Row
from sopc.english.patterns.names import field_names
from sopc.english.patterns.semantics import TIMES, Condition, Context, Value, all_of, call, compare, via
from sopc.tree import nodes

TODAY = call("today")


@dataclass(frozen=True)
class Span:
    """From start to before end (None: without end), as dates; or from the moment `start` on, when exact.

    day: it is one day.
    """

    start: nodes.Expr
    end: nodes.Expr | None
    day: bool = False
    exact: bool = False


def _literal(day: date) -> nodes.DateLiteral:
    return nodes.DateLiteral(value=day.isoformat())


def one_day(day: date) -> Span:
    return Span(_literal(day), _literal(day + timedelta(days=1)), day=True)


def iso_day(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """2024-01-31, and with a time 2024-01-31T10:00."""
    if position >= len(matcher.tokens) or matcher.tokens[position].kind != "date":
        return
    written = matcher.tokens[position].value
    try:
        if len(written) > len("2024-01-31"):
            moment = written.replace(" ", "T").removesuffix("Z")
            full = moment + ":00" if moment.count(":") == 1 else moment
            yield position + 1, Span(nodes.TimestampLiteral(value=full + "Z"), None, exact=True)
        else:
            yield position + 1, one_day(date.fromisoformat(written))
    except ValueError:
        matcher.reject(position, f"{written} is no day of the calendar")


def year(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """A plain number of four digits."""
    if position < len(matcher.tokens):
        token = matcher.tokens[position]
        if token.kind == "number" and len(token.value) == 4 and token.value.isdigit() and int(token.value) >= 1000:
            yield position + 1, int(token.value)


def month_name(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    if matcher.low(position) in words.MONTHS:
        yield position + 1, words.MONTHS[matcher.low(position)]


def day_number(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    """31, and "1st"."""
    if position < len(matcher.tokens):
        digits = matcher.tokens[position].value.rstrip("sthndr")
        if digits.isdigit() and 1 <= int(digits) <= 31:
            yield position + 1, int(digits)


def unit(matcher: Matcher, position: int, context: Context) -> Iterator[Found]:
    low = matcher.low(position)
    if low in words.UNITS:
        yield position + 1, words.UNITS[low]


def _day(context: Context, day_number: int, month_name: int, year: int) -> Span:
    try:
        return one_day(date(year, month_name, day_number))
    except ValueError:
        raise Reject(f"{year}-{month_name:02}-{day_number:02} is no day of the calendar") from None


def _month(context: Context, month_name: int, year: int) -> Span:
    following = date(year + month_name // 12, month_name % 12 + 1, 1)
    return Span(_literal(date(year, month_name, 1)), _literal(following))


def _year(context: Context, year: int) -> Span:
    return Span(_literal(date(year, 1, 1)), _literal(date(year + 1, 1, 1)))


def _relative_day(offset: int) -> Any:
    def build(context: Context) -> Span:
        start = later(TODAY, offset, "day")
        return Span(start, later(TODAY, offset + 1, "day"), day=True)

    return build


def _current(shift: int) -> Any:
    def build(context: Context, unit: str) -> Span:
        if unit in ("second", "minute", "hour"):
            raise Reject()
        if unit == "day":
            return Span(later(TODAY, shift, "day"), later(TODAY, shift + 1, "day"), day=True)
        begin = call("start_of", TODAY, nodes.TextLiteral(parts=(unit,)))
        return Span(later(begin, shift, unit), later(begin, shift + 1, unit))

    return build


def _last(context: Context, unit: str, number: Value | None = None) -> Span:
    return Span(ago(whole_number(number), unit), None, exact=unit in ("second", "minute", "hour"))


def _ago(context: Context, number: Value, unit: str) -> Span:
    count = whole_number(number)
    exact = unit in ("second", "minute", "hour")
    return Span(ago(count, unit), None if exact else later(ago(count, unit), 1, "day"), day=not exact, exact=exact)


def _coming(context: Context, number: Value, unit: str) -> Span:
    """From today on, and so many units."""
    if unit in ("second", "minute", "hour"):
        raise Reject()
    count = whole_number(number)
    return Span(TODAY, later(TODAY, count + 1, "day") if unit == "day" else later(later(TODAY, count, unit), 1, "day"))


def _ahead(context: Context, number: Value, unit: str) -> Span:
    if unit in ("second", "minute", "hour"):
        raise Reject()
    start = later(TODAY, whole_number(number), unit)
    return Span(start, later(start, 1, "day"), day=True)


def _first_day(context: Context, unit: str) -> Span:
    start = _current(0)(context, unit).start
    return Span(start, later(start, 1, "day"), day=True)


def _quarter(context: Context, quarter: int, year: int) -> Span:
    first, last = _month(context, 3 * quarter - 2, year), _month(context, 3 * quarter, year)
    return Span(first.start, last.end)


def _own_day(context: Context, own_field: Value) -> Span:
    """As in "closed after its due date": another day of the same row."""
    target = context.target
    if own_field.type.name != "date" or target is None or target.node == own_field.node or own_field.hops:
        raise Reject()
    return Span(own_field.node, later(own_field.node, 1, "day"), day=True)


def _past(context: Context) -> Condition:
    target = context.target
    if target is None or target.type.name not in TIMES:
        raise Reject()
    return Condition(compare("<", target.node, call("now") if target.type.name == "timestamp" else TODAY))


def _future(context: Context) -> Condition:
    target = context.target
    if target is None or target.type.name not in TIMES:
        raise Reject()
    return Condition(compare(">", target.node, call("now") if target.type.name == "timestamp" else TODAY))


def _but_not(context: Context, span: Span, other: Condition) -> Condition:
    inside = _test("in")(context, span)
    return Condition(all_of([inside.node, nodes.Unary(op="not", arg=other.node)]), inside.mentioned)


def _given(context: Context, variable: Value) -> Span:
    if variable.type.name == "any" and not _may_be_a_day(context, variable):
        raise Reject()
    unit = variable.label[-1] if variable.label else ""
    if unit in ("week", "month", "quarter", "year") and not _is_target(context, variable):
        if unit == "year" and variable.type.name != "date":
            raise Reject()  # a number
        begin = call("start_of", variable.node, nodes.TextLiteral(parts=(unit,)))
        return Span(begin, later(begin, 1, unit))
    if variable.type.name == "timestamp":
        return Span(variable.node, None, exact=True)
    if variable.type.name not in ("date", "any"):
        raise Reject()
    return Span(variable.node, later(variable.node, 1, "day"), day=True)


def _may_be_a_day(context: Context, variable: Value) -> bool:
    """Whether a parameter of no known type is called as a time is: by a word for one, or as a field that holds one."""
    if variable.label[-1:] and variable.label[-1] in words.TIMES:
        return True
    return any(
        field.type.name in ("date", "timestamp") and words.same_words(way, variable.label)
        for source in context.world.sources
        for field in source.store.fields
        for way in field_names(source.store, field)
    )


def _is_target(context: Context, variable: Value) -> bool:
    """Whether the value under test is a field of the variable's own name, which holds what the variable does."""
    return context.target is not None and words.same_words(context.target.label, variable.label)


def _in_year(op: str) -> Any:
    """A day or moment beside a parameter that is a year."""

    def build(context: Context, variable: Value) -> Condition:
        target = context.target
        if target is None or target.type.name not in ("date", "timestamp"):
            raise Reject()
        if variable.type.name not in ("any", "int") or variable.label[-1:] != ("year",):
            raise Reject()
        return Condition(compare(op, call("year", target.node), variable.node))

    return build


def whole_number(number: Value | None) -> int:
    if number is None:
        return 1
    if not isinstance(number.node, nodes.IntLiteral):
        raise Reject("a span of time needs a whole number")
    return number.node.value


def later(start: nodes.Expr, count: int, unit: str) -> nodes.Expr:
    """So many units after a date (before it when negative)."""
    if count == 0:
        return start
    if unit == "week":
        count, unit = count * 7, "day"
    if unit == "day":
        step = nodes.DurationLiteral(value=abs(count), unit="day")
        return compare("+" if count > 0 else "-", start, step)
    name = "add_months" if unit in ("month", "quarter") else "add_years"
    amount = count * 3 if unit == "quarter" else count
    return call(name, start, nodes.IntLiteral(value=amount))


def ago(count: int, unit: str) -> nodes.Expr:
    if unit in ("second", "minute", "hour"):
        return compare("-", call("now"), nodes.DurationLiteral(value=count, unit=unit))
    return later(TODAY, -count, unit)


def as_type(day: nodes.Expr, name: str) -> nodes.Expr:
    """A date where a timestamp is needed: midnight, UTC."""
    if name != "timestamp" or isinstance(day, nodes.TimestampLiteral):
        return day
    if isinstance(day, nodes.DateLiteral):
        return nodes.TimestampLiteral(value=f"{day.value}T00:00:00Z")
    if isinstance(day, nodes.Binary) and day.left == call("now"):
        return day
    return call("timestamp", day)


def _test(*ops: str) -> Any:
    """A builder of the test of the context's target against one or two spans."""

    def build(context: Context, span: Span, other: Span | None = None) -> Condition:
        target = context.target
        if target is None or target.type.name not in ("date", "timestamp"):
            raise Reject()
        return Condition(time_test(target, ops[0], span, other))

    return build


def time_test(target: Value, op: str, span: Span, other: Span | None = None) -> nodes.Expr:
    """The condition that a date or moment lies before, after, since, until or in a span, or between two."""
    kind = target.type.name
    if span.exact and kind == "date":
        raise Reject("a day is compared with a moment")
    field = target.node
    start = as_type(span.start, kind)
    end = None if span.end is None else as_type(span.end, kind)
    daily = span.day and kind == "date"
    if op == "before":
        return compare("<", field, start)
    if op == "since":
        return compare(">=", field, start)
    if op == "after":
        if daily or span.exact:
            return compare(">", field, start)
        if end is None:
            raise Reject()
        return compare(">=", field, end)
    if op == "until":
        if daily or span.exact:
            return compare("<=", field, start)
        if end is None:
            raise Reject()
        return compare("<", field, end)
    if op == "between":
        assert other is not None
        if daily and other.day:
            return nodes.Between(arg=field, low=start, high=as_type(other.start, kind))
        return all_of([time_test(target, "since", span), time_test(target, "until", other)])
    if daily or (span.exact and span.end is None and isinstance(span.start, nodes.TimestampLiteral)):
        return compare("=", field, start)
    within = [compare(">=", field, start)]
    if end is not None:
        within.append(compare("<", field, end))
    return all_of(within)


def _old(op: str) -> Any:
    def build(context: Context, number: Value, unit: str) -> Condition:
        return Condition(_aged(context, op, number, unit))

    return build


def _aged(context: Context, op: str, number: Value, unit: str) -> nodes.Expr:
    target = context.target
    if target is None or target.type.name not in ("date", "timestamp"):
        raise Reject()
    return compare(op, target.node, as_type(ago(whole_number(number), unit), target.type.name))


def _field_happened(context: Context, happened: Value, dated: Condition) -> Condition:
    return Condition(dated.node, (happened.field or "",))


def _moment(context: Context, span: Span) -> Value:
    """A single day or moment as a value."""
    if span.exact and span.end is None and isinstance(span.start, nodes.TimestampLiteral):
        return Value(span.start, TIMESTAMP)
    if not span.day or isinstance(span.start, nodes.Name):
        raise Reject()
    wanted = context.target.type.name if context.target else "date"
    if wanted not in ("date", "timestamp", "any"):
        raise Reject()
    return Value(as_type(span.start, wanted), TIMESTAMP if wanted == "timestamp" else DATE)


def _now(context: Context) -> Value:
    if context.target is not None and context.target.type.name == "date":
        raise Reject()
    return Value(call("now"), TIMESTAMP)


def through(value: Value, condition: Condition) -> Condition:
    """A condition on a field that references reach, as one on the row that they start from."""
    mentioned = (value.hops[0].key.fields[0],) if value.hops else ((value.field,) if value.field else ())
    return Condition(via(value.hops, condition.node), (*mentioned, *condition.mentioned))


PRIMITIVES: dict[str, Primitive] = {
    "iso_day": iso_day,
    "year": year,
    "month_name": month_name,
    "day_number": day_number,
    "unit": unit,
}

ROWS = (
    Row("span", "{iso_day}", lambda context, iso_day: iso_day),
    Row("span", "[the] {day_number} [of] {month_name} {year}", _day),
    Row("span", "{month_name} {day_number} [,] {year}", _day),
    Row("span", "{month_name} [of] {year}", _month),
    Row("span", "[the year] {year}", _year),
    Row("span", "today", _relative_day(0)),
    Row("span", "yesterday", _relative_day(-1)),
    Row("span", "tomorrow", _relative_day(1)),
    Row("span", "(this|the current) {unit}", _current(0)),
    Row("span", "(last|the last|the previous) {unit}", _current(-1)),
    Row("span", "(next|the next) {unit}", _current(1)),
    Row("span", "[the] (last|past) {number} {unit}", _last),
    Row("span", "the past {unit}", _last),
    Row("span", "[the] next {number} {unit}", _coming),
    Row("span", "[the] (beginning|start) of (the|this) {unit}", _first_day),
    Row("span", "[the] {quarter} (quarter of|of) {year}", _quarter),
    Row("span", "{quarter} {year}", _quarter),
    Row("quarter", "last quarter", lambda context: 4),
    *(
        Row("quarter", f"{ordinal} quarter|q{number}", lambda context, number=number: number)
        for number, ordinal in enumerate(("first", "second", "third", "fourth"), 1)
    ),
    Row("span", "in {number} {unit}", _ahead),
    Row("span", "{number} {unit} from (now|today)", _ahead),
    Row("own_day", "[the|their|its] {own_field}", _own_day),
    Row("own_day", "(it|they) (is|are|was|were) {happened:own_field}", _own_day),
    Row("dated", "(before|earlier than) {own_day:span}", _test("before")),
    Row("dated", "(after|later than) {own_day:span}", _test("after")),
    Row("dated", "in the past", _past),
    Row("dated", "in the future", _future),
    Row("dated", "[in|from|on] {span} or later", _test("since")),
    Row("dated", "[in|on] {span} or (earlier|before)", _test("until")),
    Row("dated", "[in|on|during] {span} [,] but not {dated:other}", _but_not),
    Row("span", "{number} {unit} ago", _ago),
    Row("span", "[the|that|this] {variable}", _given),
    Row("dated", "before {span}", _test("before")),
    Row("dated", "(earlier|older) than {span}", _test("before")),
    Row("dated", "after {span}", _test("after")),
    Row("dated", "(later|newer|more recent) than {span}", _test("after")),
    Row("dated", "(since|from|on or after|not before) {span} [on|onwards]", _test("since")),
    Row("dated", "(until|till|by|up to|on or before|not after) {span}", _test("until")),
    Row("dated", "[in|on|during|within|of|from|for|at] {span}", _test("in")),
    *(
        Row("dated", f"({words_}) [the|that|this] {{variable}}", _in_year(op))
        for words_, op in (
            ("in|during|within|of|from|for", "="),
            ("before", "<"),
            ("after", ">"),
            ("since", ">="),
            ("until|up to", "<="),
        )
    ),
    Row("dated", "between {span} and {span:other}", _test("between")),
    Row("dated", "from {span} (to|until|till|through) {span:other}", _test("between")),
    Row("dated", "(older than|more than|over|longer than) {number} {unit} [ago|old]", _old("<")),
    Row("dated", "(newer than|less than|within) {number} {unit} [ago|old]", _old(">")),
    Row("dated", "at least {number} {unit} (ago|old)", _old("<=")),
    Row("more_dates", "[,] (and|but) {dated:condition}", lambda context, condition: ("and", condition)),
    Row("more_dates", "[,] or {dated:condition}", lambda context, condition: ("or", condition)),
    Row("happening", "{happened} {dates:dated@happened}", _field_happened),
    Row("moment", "{span}", _moment),
    Row("moment", "(now|the current time)", _now),
)
