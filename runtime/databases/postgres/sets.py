"""A connection and what a loop reads and writes → why one statement might leave other rows than the loop, or None.

A positive list, asked of the catalogue in one question: what it does not show to be harmless is refused.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from runtime.databases.postgres.plain import is_plain
from runtime.query.set_use import SetUse

# Fields that are no ints of a table of its own, may be null, or identify nothing. $2, $3: stores and fields; $4, $5:
# whether each has to be not null and unique. A `not null` that was not yet checked (18) says nothing of old rows.
_READS: Final = b"""
select u.store, u.field
from unnest($2::text[], $3::text[], $4::bool[], $5::bool[]) as u(store, field, not_null, is_unique)
where not exists (
  select from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    join pg_am as m on m.oid = c.relam join pg_attribute as a on a.attrelid = c.oid
  where n.nspname = $1 and c.relname = u.store and a.attname = u.field and a.attnum > 0 and not a.attisdropped
    and c.relkind = 'r' and m.amname = 'heap'
    and not c.relhassubclass and not c.relrowsecurity and not c.relhasrules
    and a.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) and a.attgenerated = ''
    and (not u.not_null or (a.attnotnull and not exists (
      select from pg_constraint as k
      where k.conrelid = c.oid and k.contype = 'n' and a.attnum = any(k.conkey) and not k.convalidated)))
    and (not u.is_unique or exists (
      select from pg_index as i join pg_opclass as o on o.oid = i.indclass[0]
      where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indisready and i.indimmediate
        and not i.indisexclusion and i.indpred is null and i.indexprs is null
        and i.indnkeyatts = 1 and i.indkey[0] = a.attnum and o.opcnamespace = 'pg_catalog'::regnamespace)))
"""
# Of the table that is written, the first that holds. $1 namespace, $2 table, $3 fields, $4 command.
_WRITES: Final = rb"""
with t as (
  select c.oid from pg_class as c join pg_namespace as n on n.oid = c.relnamespace join pg_am as m on m.oid = c.relam
  where n.nspname = $1 and c.relname = $2 and c.relkind = 'r' and m.amname = 'heap'
), given as (
  select a.attnum, a.atttypid from t join pg_attribute as a on a.attrelid = t.oid
  where a.attnum > 0 and a.attname = any($3::text[])
), worked(place, why, tree) as (
  select 3, 'has a check that may depend on other rows', k.conbin::text
  from t join pg_constraint as k on k.conrelid = t.oid and k.contype = 'c'
  union all
  select 7, 'has a field that is left out and whose default may depend on other rows', d.adbin::text
  from t join pg_attrdef as d on d.adrelid = t.oid
  where $4 = 'insert' and d.adnum not in (select attnum from given)
), reasons(place, why) as (
  select 1, 'is no usual table' where not exists (select from t)
  union all
  select 2, 'has a constraint that is deferrable, or of a kind that may depend on other rows'
  from t join pg_constraint as k on k.conrelid = t.oid
  where k.condeferrable or k.contype not in ('c', 'f', 'n', 'p', 'u')
  union all
  select distinct place, why from worked
  where exists (select from regexp_matches(tree, '\{([A-Z_]+)', 'g') as m
                where m[1] not in ('VAR', 'CONST', 'OPEXPR', 'BOOLEXPR', 'NULLTEST', 'SCALARARRAYOPEXPR',
                                   'ARRAYEXPR', 'ARRAY', 'RELABELTYPE', 'FUNCEXPR'))
    or exists (select from regexp_matches(tree, ':(?:opfuncid|funcid) (\d+)', 'g') as m
               left join pg_proc as p on p.oid = m[1]::oid
               where p.oid is null or p.pronamespace <> 'pg_catalog'::regnamespace
                 or (p.provolatile <> 'i' and not (place = 7 and p.oid = 'nextval(regclass)'::regprocedure)))
  union all
  select 4, 'has an index of some rows, of an expression, or by operators of its own'
  from t join pg_index as i on i.indrelid = t.oid
  where i.indexprs is not null or i.indpred is not null or i.indisexclusion or not i.indisvalid
    or exists (select from unnest(i.indclass::oid[]) as x(id) join pg_opclass as o on o.oid = x.id
               where o.opcnamespace <> 'pg_catalog'::regnamespace)
  union all
  select 5, 'has a field of a type of its own'
  from t join pg_attribute as a on a.attrelid = t.oid join pg_type as y on y.oid = a.atttypid
  where a.attnum > 0 and not a.attisdropped and (y.typnamespace <> 'pg_catalog'::regnamespace or y.typtype <> 'b')
  union all
  select 6, 'is given something else than ints'
  where exists (select from given where atttypid not in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype))
    or (select count(*) from given) <> cardinality($3::text[])
  union all
  select 8, 'has a key with a field that is set'
  from t join pg_index as i on i.indrelid = t.oid
  where $4 = 'update' and i.indisunique and i.indkey::int2[] && array(select attnum from given)
  union all
  select 8, 'has a reference with a field that is set'
  from t join pg_constraint as k on t.oid in (k.conrelid, k.confrelid)
  where $4 = 'update' and k.contype = 'f'
    and case when t.oid = k.conrelid then k.conkey else k.confkey end && array(select attnum from given)
  union all
  select 9, 'is referred to by another table'
  from t join pg_constraint as k on k.confrelid = t.oid where $4 = 'delete' and k.contype = 'f'
  union all
  select 10, 'takes numbers of a sequence that ends soon, or is of a kind of its own'  -- failed attempts use some
  from t join pg_sequence as s on s.seqrelid in (
    select d.objid from pg_depend as d
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = t.oid
    union all
    select d.refobjid from pg_depend as d join pg_attrdef as f on f.oid = d.objid and f.adrelid = t.oid
    where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass)
  where $4 = 'insert' and (s.seqcycle or s.seqincrement <> 1 or s.seqmax - coalesce(
    case when has_sequence_privilege(s.seqrelid, 'USAGE') then pg_sequence_last_value(s.seqrelid) end, s.seqmin)
    < 1000000000)
)
select why from reasons order by place limit 1
"""


def row_by_row(connection: psycopg.Connection[Any], schema: str, use: SetUse) -> str | None:
    """Raises psycopg.Error."""
    fields = [[field.store, field.name, field.not_null, field.unique] for field in use.reads]
    columns = [list(column) for column in zip(*fields, strict=True)] or [[], [], [], []]
    found = connection.execute(_READS, [schema, *columns]).fetchone()
    if found is not None:
        return f"`{found[0]}.{found[1]}` is not proven to be an int, and not null or unique where it has to be"
    if not use.command:
        return None
    if not is_plain(connection, schema, use.store, use.fields):
        return f"`{use.store}` has a trigger, rule, policy, partition, a reference to itself, or calls a function"
    found = connection.execute(_WRITES, [schema, use.store, list(use.fields), use.command]).fetchone()
    return None if found is None else f"`{use.store}` {found[0]}"
