"""E02 to E05: what the checker finds, each with a wrong script and a right one over a small library of books.

The examples are checked against the stores `authors` (id, name, born), `books` (id, isbn, title, author_id, pages,
price, lent_on) and the view `catalogue` (title, pages); the database `archive` has `boxes` (id, label) and `books`.
"""

from __future__ import annotations

from typing import Final

from sopc.codes import Code

_NAMES: Final[tuple[Code, ...]] = (
    Code(
        "E0201",
        "unknown variable",
        "A name in a script is a parameter, or a variable that a `let`, `for each`, `ask` or `on error` of the same "
        "block, or of one around it, has set. Stores and named queries are read with `from`.",
        'script s()\n  let title = "Emma"\n  say titel\nend',
        'script s()\n  let title = "Emma"\n  say title\nend',
    ),
    Code(
        "E0202",
        "unknown store",
        "`from`, `insert`, `update` and `delete` name a store of the databases that the script uses. `sopc schema` "
        "lists the stores.",
        "script s()\n  emit from boks\nend",
        "script s()\n  emit from books\nend",
    ),
    Code(
        "E0203",
        "unknown field",
        "The rows or the record at hand have no field of that name. After a `select` or `group by` only its columns "
        "are left.",
        "script s()\n  emit from books where page > 300\nend",
        "script s()\n  emit from books where pages > 300\nend",
    ),
    Code(
        "E0204",
        "unknown function or script",
        "A call names a function of the language, a script of the same file, or a stored script. Functions are used "
        "for their value; `call` runs scripts.",
        'script s()\n  say uper("emma")\nend',
        'script s()\n  say upper("emma")\nend',
    ),
    Code(
        "E0205",
        "unknown database",
        "`uses` names databases that the configuration knows, and a store can be qualified only by one of them.",
        "script s() uses archiv\n  emit from boxes\nend",
        "script s() uses archive\n  emit from boxes\nend",
    ),
    Code(
        "E0206",
        "the name is taken",
        "A name means one thing in a block and in all blocks inside it: nothing is hidden by another thing of the same "
        "name. The same store twice in a query needs an alias.",
        "script s(n: int)\n  let n = 2\nend",
        "script s(n: int)\n  set n = 2\nend",
    ),
    Code(
        "E0207",
        "two scripts of one name",
        "A file can hold many scripts, each with a name of its own.",
        'script s()\n  say "one"\nend\n\nscript s()\n  say "two"\nend',
        'script s()\n  say "one"\nend\n\nscript s2()\n  say "two"\nend',
    ),
    Code(
        "E0208",
        "both a field and a variable",
        "In a query a bare name that could be a field or a variable is refused, so that neither is taken by accident. "
        "The store's name before it means the field, `$` before it the variable.",
        "script s(pages: int)\n  emit from books where books.pages = pages\nend",
        "script s(pages: int)\n  emit from books where books.pages = $pages\nend",
    ),
    Code(
        "E0209",
        "a field of several sources",
        "A bare name that is a field of two joined sources, or of a query and of one around it, is refused. The "
        "source's name or alias before it says which is meant.",
        "script s()\n  emit from books join authors on author_id = id select title, name\nend",
        "script s()\n  emit from books join authors on author_id = authors.id select title, name\nend",
    ),
    Code(
        "E0211",
        "used before it is set",
        "A variable can be used in the steps after the one that sets it, not before, and not in that one.",
        "script s()\n  say text(total)\n  let total = 1\nend",
        "script s()\n  let total = 1\n  say text(total)\nend",
    ),
    Code(
        "E0212",
        "a store of several databases",
        "Two of the databases that the script uses have a store of that name. The database's name before it says "
        "which is meant.",
        "script s() uses main, archive\n  emit from books select title\nend",
        "script s() uses main, archive\n  emit from archive.books select title\nend",
    ),
    Code(
        "E0213",
        "given twice",
        "A field of a record, an argument of a call, an assignment of an update or a database can be given once.",
        "script s()\n  emit { title: 1, title: 2 }\nend",
        "script s()\n  emit { title: 1, pages: 2 }\nend",
    ),
    Code(
        "E0214",
        "a script named like a function",
        "Functions and scripts are called alike, so a script can't have a function's name.",
        'script round()\n  say "x"\nend',
        'script round_all()\n  say "x"\nend',
    ),
    Code(
        "E0215",
        "unknown type",
        "The types are bool, int, float, decimal, text, date, timestamp, duration, list<…>, record and any, each with "
        "`?` after it when it may be null.",
        "script s(n: integer)\n  say text(n)\nend",
        "script s(n: int)\n  say text(n)\nend",
    ),
)

_TYPES: Final[tuple[Code, ...]] = (
    Code(
        "E0301",
        "operands that do not go together",
        "Arithmetic works on numbers; dates and timestamps move by durations. A text becomes a number with int(…), "
        "decimal(…) or float(…).",
        'script s()\n  let n = 2 * "3"\nend',
        'script s()\n  let n = 2 * int("3")\nend',
    ),
    Code(
        "E0302",
        "a value of the wrong type",
        "A variable keeps the type of its `let`; parameters, fields and results have declared types. An int widens to "
        "float and decimal by itself; everything else is converted by a function.",
        'script s()\n  let n = 1\n  set n = "two"\nend',
        "script s()\n  let n = 1\n  set n = 2\nend",
    ),
    Code(
        "E0303",
        "a condition that is no bool",
        "Conditions are comparisons, or values of type bool. There is no rule by which a number or a text would be "
        "true.",
        "script s(n: int)\n  if n then say text(n) end\nend",
        "script s(n: int)\n  if n != 0 then say text(n) end\nend",
    ),
    Code(
        "E0304",
        "wrong number of arguments",
        "A call gives every parameter that has no default, and no more than there are.",
        "script s() -> int\n  return length()\nend",
        'script s() -> int\n  return length("emma")\nend',
    ),
    Code(
        "E0305",
        "unknown argument name",
        "Arguments of scripts can be given by their parameter's name; those of functions go by position.",
        "script half(n: int) -> int\n  return n // 2\nend\n\nscript s() -> int\n  return half(m: 4)\nend",
        "script half(n: int) -> int\n  return n // 2\nend\n\nscript s() -> int\n  return half(n: 4)\nend",
    ),
    Code(
        "E0306",
        "arguments of the wrong types",
        "The function has no form that takes values of these types.",
        "script s() -> text\n  return upper(12)\nend",
        "script s() -> text\n  return upper(text(12))\nend",
    ),
    Code(
        "E0307",
        "a number out of range",
        "An int has 64 bits, and a float goes to about 1.8e308.",
        "script s()\n  let n = 9223372036854775808\nend",
        "script s()\n  let n = 9223372036854775807\nend",
    ),
    Code(
        "E0308",
        "no such date, timestamp or duration",
        "Dates and timestamps are written in ISO 8601, and must exist.",
        'script s()\n  let d = date "2026-02-30"\nend',
        'script s()\n  let d = date "2026-02-28"\nend',
    ),
    Code(
        "E0309",
        "`+` on texts",
        "`+` adds numbers. Texts are put together inside one text, with `{…}` for the values.",
        'script s(name: text)\n  say "Hello " + name\nend',
        'script s(name: text)\n  say "Hello {name}"\nend',
    ),
    Code(
        "E0310",
        "a comparison that can't be",
        "Values are compared with others of their type, numbers with any number. Null is asked for with `is null`.",
        "script s()\n  emit from books where lent_on = null\nend",
        "script s()\n  emit from books where lent_on is null\nend",
    ),
    Code(
        "E0311",
        "nothing to go through",
        "`for each` goes through the rows of a query, a list, what a script emits, or a range such as 1 to 10; `in` "
        "looks into a list or a query.",
        "script s(n: int)\n  for each i in n do say text(i) end\nend",
        "script s(n: int)\n  for each i in 1 to n do say text(i) end\nend",
    ),
    Code(
        "E0312",
        "no fields or items",
        "`.name` reads a field of a record, and `[i]` an item of a list.",
        'script s()\n  let name = "Emma"\n  say text(name.first)\nend',
        'script s()\n  let name = { first: "Emma" }\n  say text(name.first)\nend',
    ),
    Code(
        "E0313",
        "no common type",
        "The items of a list, and the branches of a `case`, are of one type.",
        'script s()\n  let l = [1, "two"]\nend',
        "script s()\n  let l = [1, 2]\nend",
    ),
    Code(
        "E0314",
        "what is emitted has no name",
        "`emit` takes a record, a query, a call of a script that emits, or a value. A value is emitted as a record of "
        "one field: `as` names the field, else it has the name of the variable, field or function. A list has to be "
        "named, and what a script `emits` is always a record.",
        "script s()\n  emit 6 * 2\nend",
        "script s()\n  emit 6 * 2 as pages\nend",
    ),
    Code(
        "E0315",
        "a variable without a type",
        "null and `[]` do not say what a variable is going to hold, so its `let` has to.",
        "script s()\n  let best = null\nend",
        "script s()\n  let best: int? = null\nend",
    ),
    Code(
        "E0316",
        "a type that can't be",
        "A decimal has 1 to 38 digits, at most 18 of them after the point. Only list and decimal take anything after "
        "their name. Answers to questions are single values.",
        "script s(price: decimal(40,2))\n  say text(price)\nend",
        "script s(price: decimal(10,2))\n  say text(price)\nend",
    ),
    Code(
        "E0317",
        "a default that is not constant",
        "A parameter's default is a plain value or a list of such, part of the script's signature. What has to be "
        "worked out is worked out in the script.",
        "script s(day: date = today())\n  say text(day)\nend",
        "script s(day: date? = null)\n  say text(coalesce(day, today()))\nend",
    ),
    Code(
        "E0318",
        "a call that returns nothing",
        "A script returns a value only when its head says so, with `->` and a type.",
        'script note(x: text)\n  say x\nend\n\nscript s()\n  let y = note("x")\nend',
        'script note(x: text)\n  say x\nend\n\nscript s()\n  call note("x")\nend',
    ),
    Code(
        "E0319",
        "an emit that differs from what the script says it emits",
        "Where a script's head says `emits {…}`, every record that it emits has those fields, with types that fit, so "
        "that its callers know what comes.",
        "script s() emits { title: int }\n  emit { pages: 2 }\nend",
        "script s() emits { title: int }\n  emit { title: 2 }\nend",
    ),
)

_QUERIES: Final[tuple[Code, ...]] = (
    Code(
        "E0401",
        "a script called in a query",
        "A query runs in the database, a script does not. What a script returns is worked out before the query; for "
        "each row of a query, a loop calls it.",
        "script minimum() -> int\n  return 100\nend\n\nscript s()\n  emit from books where pages > minimum()\nend",
        "script minimum() -> int\n  return 100\nend\n\n"
        "script s()\n  let n = minimum()\n  emit from books where pages > n\nend",
    ),
    Code(
        "E0402",
        "`from` a script",
        "`from` takes stores and named queries. What a script emits is taken by `for each`, or passed on by `emit`.",
        "script long_books()\n  emit from books where pages > 500\nend\n\nscript s()\n  emit from long_books\nend",
        "script long_books()\n  emit from books where pages > 500\nend\n\nscript s()\n  emit long_books()\nend",
    ),
    Code(
        "E0403",
        "a misplaced aggregate",
        "count, sum, avg, min and max stand in the columns of `select` and of `group by … select`. A `where` after "
        "that sees their results by name.",
        "script s()\n  emit from books group by author_id select author_id where count() > 2\nend",
        "script s()\n  emit from books group by author_id select author_id, count() as n where n > 2\nend",
    ),
    Code(
        "E0404",
        "a field with many values in a group",
        "A group is many rows, so beside aggregates only what the rows are grouped by has one value.",
        "script s()\n  emit from books group by author_id select title, count() as n\nend",
        "script s()\n  emit from books group by author_id select author_id, count() as n\nend",
    ),
    Code(
        "E0405",
        "a column without a name",
        "A field keeps its name; anything else that is selected is named with `as`.",
        "script s()\n  emit from books select title, pages * 2\nend",
        "script s()\n  emit from books select title, pages * 2 as sides\nend",
    ),
    Code(
        "E0406",
        "two columns of one name",
        "The columns of a row have different names. After a join, fields of the same name are selected apart.",
        "script s()\n  emit from books join authors on author_id = authors.id\nend",
        "script s()\n  emit from books join authors on author_id = authors.id\n"
        "       select books.id as book, authors.id as author\nend",
    ),
    Code(
        "E0407",
        "a wrong number of rows",
        "`limit` and `offset` take an int that is not negative and is the same for all rows.",
        'script s()\n  emit from books limit "10"\nend',
        "script s()\n  emit from books limit 10\nend",
    ),
    Code(
        "E0408",
        "a union of different columns",
        "Both sides of a `union` have as many columns, matched by position, of types that go together.",
        "script s()\n  emit from books select title union (from authors select name, born)\nend",
        "script s()\n  emit from books select title union (from authors select name)\nend",
    ),
    Code(
        "E0409",
        "a query over two databases",
        "A query runs in one database. Rows of two databases meet in a loop.",
        "script s() uses main, archive\n  emit from authors join boxes on boxes.id = authors.id select label\nend",
        "script s() uses main, archive\n  for each box in from boxes do\n"
        "    emit from authors where id = box.id select name\n  end\nend",
    ),
    Code(
        "E0410",
        "a sub-query of several columns",
        "A query in brackets that is used as a value, or after `in`, has one column.",
        "script s()\n  emit from books where author_id in (from authors)\nend",
        "script s()\n  emit from books where author_id in (from authors select authors.id)\nend",
    ),
    Code(
        "E0411",
        "a required field is missing",
        "A row that is inserted has a value for every field that can't be null and has no default.",
        'script s()\n  insert into books { title: "Emma", author_id: 1 }\nend',
        'script s()\n  insert into books { isbn: "978-1", title: "Emma", author_id: 1 }\nend',
    ),
    Code(
        "E0413",
        "`upsert` by fields that identify nothing",
        "`upsert … on` names a primary key or other unique fields of the store, and the record has them, so that "
        "there is one row to change at most.",
        'script s()\n  upsert into books { isbn: "978-1", title: "Emma", author_id: 1 } on title\nend',
        'script s()\n  upsert into books { isbn: "978-1", title: "Emma", author_id: 1 } on isbn\nend',
    ),
    Code(
        "E0414",
        "nothing can be written there",
        "Views, and the fields that a database works out itself, can only be read.",
        'script s()\n  delete from catalogue where title = "Emma"\nend',
        'script s()\n  delete from books where title = "Emma"\nend',
    ),
    Code(
        "E0415",
        "not possible in a query",
        "A query holds single values: no records or lists as columns, and no looking into them, but with a dot into "
        "JSON. `upsert` takes one record at a time.",
        "script s()\n  emit from books select { title: title } as book\nend",
        "script s()\n  emit from books select title\nend",
    ),
    Code(
        "E0416",
        "a misplaced window or `distinct`",
        "Window functions stand in `select` and `derive`, with `over (…)`; `distinct` goes with aggregates.",
        "script s()\n  emit from books select title, rank() as place\nend",
        "script s()\n  emit from books select title, rank() over (order by pages desc) as place\nend",
    ),
)

_FLOW: Final[tuple[Code, ...]] = (
    Code(
        "E0501",
        "an unreachable step",
        "Every way to this step was left before it, by `return`, `fail`, `break`, `continue` or a loop without end.",
        'script s() -> int\n  return 1\n  say "done"\nend',
        'script s() -> int\n  say "done"\n  return 1\nend',
    ),
    Code(
        "E0502",
        "an end without `return`",
        "A script that says it returns a value does so on every way through it.",
        "script s(n: int) -> int\n  if n > 0 then return n end\nend",
        "script s(n: int) -> int\n  if n > 0 then return n end\n  return 0\nend",
    ),
    Code(
        "E0503",
        "a `return` unlike the script's head",
        "`->` and a type after the parameters say that a script returns a value; every `return` then has one, and "
        "none has without it.",
        "script s()\n  return 1\nend",
        "script s() -> int\n  return 1\nend",
    ),
    Code(
        "E0504",
        "not inside a loop",
        "`break` leaves a loop and `continue` starts its next round. `return` leaves a script.",
        "script s(n: int)\n  if n = 0 then break end\n  say text(n)\nend",
        "script s(n: int)\n  if n = 0 then return end\n  say text(n)\nend",
    ),
    Code(
        "E0505",
        "a question inside a block that is undone",
        "A question ends a part of the run for good, so it can't stand in `transaction` or `try`, nor in a script that "
        "is called there.",
        'script s()\n  transaction\n    ask "Sure?" into ok: bool\n  end\nend',
        'script s()\n  ask "Sure?" into ok: bool\n  transaction\n    delete from books where pages is null\n  end\nend',
    ),
    Code(
        "E0506",
        "`commit` inside a block that is undone",
        "`commit` makes writes permanent, and `transaction` and `try` undo them after an error: one can't stand in the "
        "other.",
        "script s()\n  transaction\n    delete from books\n    commit\n  end\nend",
        "script s()\n  transaction\n    delete from books\n  end\n  commit\nend",
    ),
    Code(
        "E0507",
        "a called script that commits",
        "What a caller has written would become permanent without its doing, so a script with `commit` is run by "
        "itself only.",
        "script clear()\n  delete from books\n  commit\nend\n\nscript s()\n  call clear()\nend",
        "script clear()\n  delete from books\nend\n\nscript s()\n  call clear()\n  commit\nend",
    ),
    Code(
        "E0508",
        "a question after uncommitted writes",
        "Writes become permanent before a question is asked, so its answer could not undo them. Asking first, or a "
        "`commit` that says so, makes it plain. In a loop the next round counts too.",
        'script s()\n  delete from books\n  ask "Sure?" into ok: bool\nend',
        'script s()\n  ask "Sure?" into ok: bool\n  if ok then delete from books end\nend',
    ),
    Code(
        "E0509",
        "records that can't be taken one by one",
        "A script that emits inside `transaction` or `try` can't be stopped there between two records, as "
        "`for each … in` and `emit` do.",
        "script all_books()\n  transaction\n    emit from books\n  end\nend\n\nscript s()\n  emit all_books()\nend",
        "script all_books()\n  emit from books\nend\n\nscript s()\n  emit all_books()\nend",
    ),
    Code(
        "E0510",
        "a script that emits nothing",
        "`for each … in` takes the records that a script emits, and this one emits none. So does `emit`, where the "
        "script returns nothing either.",
        "script ten() -> int\n  return 10\nend\n\nscript s()\n  for each x in ten() do\n    emit x\n  end\nend",
        "script ten() -> int\n  return 10\nend\n\nscript s()\n  emit ten() as value\nend",
    ),
    Code(
        "E0511",
        "a database the caller does not use",
        "A script hands its databases to those it calls, so it has to use all that they use.",
        "script labels() uses archive\n  emit from boxes\nend\n\nscript s()\n  emit labels()\nend",
        "script labels() uses archive\n  emit from boxes\nend\n\nscript s() uses archive\n  emit labels()\nend",
    ),
    Code(
        "E0512",
        "writes to two databases",
        "A run writes one database at most, so that all its writes come true together or not at all; it can read "
        "others.",
        "script s() uses main, archive\n  delete from authors\n  delete from boxes\nend",
        "script s() uses main, archive\n  for each a in from authors do\n"
        "    delete from boxes where label = a.name\n  end\nend",
    ),
    Code(
        "E0513",
        "emitted type unknown in a recursion",
        "A script that takes what it emits itself, directly or through others, says what it emits with `emits {…}`.",
        "script down(n: int)\n  emit { n: n }\n  if n > 0 then emit down(n - 1) end\nend",
        "script down(n: int) emits { n: int }\n  emit { n: n }\n  if n > 0 then emit down(n - 1) end\nend",
    ),
)

_LIMITS: Final[tuple[Code, ...]] = (
    Code(
        "E0606",
        "a query of too many sources",
        "A query reads at most 300 stores, with all the queries that are named in it. Named queries that use one "
        "another several times over grow quickly.",
        "query b = from a union all from a\nquery c = from b union all from b  # … and so on, to z",
        "for each x in from a do … end",
    ),
)

CODES: Final[tuple[Code, ...]] = _NAMES + _TYPES + _QUERIES + _FLOW + _LIMITS
