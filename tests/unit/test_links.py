"""Keys and references of stores: found where names and all values speak for them, asked or left alone elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from runtime.databases.protocol import Loadable
from runtime.databases.sqlite.database import SQLiteDatabase
from runtime.errors import UsageError
from runtime.files.links import Links, find_links, say_links, unlink
from runtime.files.load import import_file, transaction
from runtime.files.remembered import forget_store, move_remembered
from runtime.files.report import link_text, report_lines
from runtime.query.schema import noted

CUSTOMERS: Final = "cust_no,name,city\nC1,Ann,Oslo\nC2,Bo,Rome\nC3,Cy,Oslo\n"


class Case(NamedTuple):
    """Files, imported in their order → what is said of references, with a ? where it is not sure; and the keys."""

    files: Mapping[str, str]
    links: tuple[str, ...]
    keys: Mapping[str, str]


CASES: Final = {
    "same name": Case(
        {"customers": CUSTOMERS, "orders": "order_no,cust_no\n1,C1\n2,C1\n3,C3\n"},
        ("orders.cust_no → customers.cust_no",),
        {"customers": "cust_no", "orders": "order_no"},
    ),
    "the store that is referred to comes later": Case(
        {"orders": "order_no,cust_no\n1,C1\n2,C1\n3,C3\n", "customers": CUSTOMERS},
        ("orders.cust_no → customers.cust_no",),
        {"customers": "cust_no", "orders": "order_no"},
    ),
    "the store's name and its key": Case(
        {"Cities": "id,name\n1,Oslo\n2,Rome\n", "people": "id,City ID\n1,2\n2,2\n3,1\n"},
        ("people.City ID → Cities.id",),
        {"Cities": "id", "people": "id"},
    ),
    "the store's name alone": Case(
        {"boxes": "id,n\n5,1\n6,1\n", "lids": "lid_id,box\n1,5\n2,5\n"},
        ("lids.box → boxes.id",),
        {"boxes": "id", "lids": "lid_id"},
    ),
    "the one name of a store": Case(
        {"customers": "id,name\n1,Ann\n2,Bo\n", "sales": "customer,n\nAnn,1\nAnn,2\nBo,3\n"},
        ("sales.customer → customers.name",),
        {"customers": "id", "sales": ""},
    ),
    "names match and values are missing": Case(
        {"customers": CUSTOMERS, "orders": "order_no,cust_no\n1,C1\n2,C9\n"},
        ("orders.cust_no → customers.cust_no? 1 of 2 found",),
        {"customers": "cust_no", "orders": "order_no"},
    ),
    "names match and no value is found": Case(
        {"customers": CUSTOMERS, "orders": "order_no,cust_no\n1,X1\n2,X9\n"},
        (),
        {"customers": "cust_no", "orders": "order_no"},
    ),
    "codes under another name": Case(
        {"airports": "faa,name\nEWR,a\nJFK,b\nLGA,c\n", "trips": "n,dest\n1,EWR\n1,JFK\n2,LGA\n2,JFK\n"},
        ("trips.dest → airports.faa? 3 of 3 found",),
        {"airports": "", "trips": ""},
    ),
    "whole numbers under another name": Case(
        {"orders": "order_no,n\n1,4\n2,4\n3,5\n", "lines": "line_text,qty\na,1\nb,2\nc,1\n"},
        (),
        {"orders": "order_no", "lines": ""},
    ),
    "keys of the same plain name": Case(
        {"cats": "id,name\n1,x\n2,y\n", "dogs": "id,name\n1,x\n2,z\n"}, (), {"cats": "id", "dogs": "id"}
    ),
    "values that are no key, as two rows share one": Case(
        {"customers": "cust_no,name\nC1,Ann\nC1,Bo\n", "orders": "order_no,cust_no\n1,C1\n2,C1\n"},
        (),
        {"customers": "", "orders": "order_no"},
    ),
    "other types": Case(
        {"customers": CUSTOMERS, "orders": "order_no,cust_no\n1,1\n2,2\n"},
        (),
        {"customers": "cust_no", "orders": "order_no"},
    ),
    "two stores that both could be meant": Case(
        {"customers": CUSTOMERS, "clients": CUSTOMERS, "orders": "order_no,cust_no\n1,C1\n2,C2\n3,C2\n"},
        ("clients.cust_no → customers.cust_no", "orders.cust_no → customers.cust_no? 2 of 2 found"),
        {"customers": "cust_no", "clients": "cust_no", "orders": "order_no"},
    ),
}
# Of the inclusions of whole numbers in this shop, most are chance; only the two by name are meant.
SHOP: Final = {
    "customers": "customer_id,name,age\n1,Ann,30\n2,Bo,41\n3,Cy,30\n4,Di,41\n",
    "orders": "order_no,customer_id,items\n1,2,1\n2,1,3\n3,2,2\n4,3,1\n",
    "lines": "line,order_no,qty,discount\na,1,1,2\nb,1,2,1\nc,2,1,1\nd,3,4,3\ne,4,3,4\n",
    "stock": "bin,qty,reserved\nx,3,1\ny,4,2\nz,1,4\n",
}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Loadable]:
    opened = SQLiteDatabase(tmp_path / "main.db", name="main", create=True)
    yield opened
    opened.close()


def loaded(database: Loadable, folder: Path, files: Mapping[str, str], **options: Any) -> list[Links]:
    found = []
    for name, text in files.items():
        path = folder / f"{name}.csv"
        path.write_text(text, encoding="utf-8")
        found.append(import_file(database, path, **options).links)
    return found


def known(database: Loadable) -> list[str]:
    """The references that a reader of the schema is shown."""
    return [
        f"{store.name}.{key.fields[0]} → {key.other_store}.{key.other_fields[0]}"
        for store in noted(database.schema()).stores.values()
        for key in store.foreign_keys
    ]


def keys(database: Loadable) -> dict[str, str]:
    return {name: ",".join(store.primary_key) for name, store in noted(database.schema()).stores.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_is_found(database: Loadable, tmp_path: Path, case: Case) -> None:
    found = [link for links in loaded(database, tmp_path, case.files) for link in links.links]
    assert tuple(map(link_text, found)) == case.links
    assert sorted(known(database)) == sorted(link for link in case.links if "?" not in link)
    assert keys(database) == case.keys
    assert not any(store.primary_key or store.foreign_keys for store in database.schema().stores.values())


def test_whole_numbers_of_a_small_shop_match_by_name_only(database: Loadable, tmp_path: Path) -> None:
    loaded(database, tmp_path, SHOP)
    assert sorted(known(database)) == ["lines.order_no → orders.order_no", "orders.customer_id → customers.customer_id"]


def test_the_report_says_what_is_found_and_how_to_say_the_rest(database: Loadable, tmp_path: Path) -> None:
    case = CASES["names match and values are missing"]
    loaded(database, tmp_path, case.files)
    import_ = import_file(database, tmp_path / "orders.csv", store="later orders")
    lines = report_lines(import_, "orders.csv", "main.later orders")
    assert lines[1:3] == [
        "  order_no  int   key; → orders.order_no",
        "  cust_no   text  → customers.cust_no? 1 of 2 found",
    ]
    assert lines[3] == "if it is: sopvm db link 'later orders' --references cust_no=customers.cust_no"


def test_what_a_person_says_goes_before_what_is_found(database: Loadable, tmp_path: Path) -> None:
    case = CASES["same name"]
    loaded(database, tmp_path, case.files)
    with transaction(database):
        unlink(database, "orders", ["cust_no"])
    assert known(database) == []
    with transaction(database):
        assert find_links(database, "orders").links == ()
    loaded(database, tmp_path, {"orders": case.files["orders"]}, mode="replace")
    assert known(database) == []
    with transaction(database):
        unlink(database, "orders", ["order_no"])
        assert find_links(database, "orders").keys == ()
        say_links(database, "orders", ["order_no", "cust_no"], {"cust_no": "customers.cust_no"})
    loaded(database, tmp_path, {"orders": case.files["orders"]}, mode="replace")
    assert known(database) == ["orders.cust_no → customers.cust_no"]
    assert keys(database)["orders"] == "order_no,cust_no"


@pytest.mark.parametrize(
    ("key", "references", "message"),
    [
        (["cust_no"], {}, "tells no rows apart: 2 have C1"),
        (["nr"], {}, "has no field `nr`"),
        ([], {"nr": "customers.cust_no"}, "has no field `nr`"),
        ([], {"cust_no": "customers.nr"}, "no field `customers.nr`"),
        ([], {"cust_no": "cust_no"}, "no field `cust_no`"),
        ([], {"order_no": "customers.cust_no"}, "`order_no` is int and `customers.cust_no` is text"),
        ([], {"cust_no": "customers.city"}, "tells no rows apart: 2 have Oslo"),
    ],
)
def test_what_does_not_fit_is_refused(
    database: Loadable, tmp_path: Path, key: list[str], references: dict[str, str], message: str
) -> None:
    files = CASES["same name"].files
    loaded(database, tmp_path, {"customers": files["customers"]})
    with pytest.raises(UsageError, match=message):
        loaded(database, tmp_path, {"orders": files["orders"]}, key=key, references=references)
    assert set(database.schema().stores) == {"customers"}


def test_a_store_without_notes_is_replaced(database: Loadable, tmp_path: Path) -> None:
    for text in ("a,b\nx,1\nx,2\n", "a,b\ny,1\ny,2\n"):
        loaded(database, tmp_path, {"plain": text}, mode="replace")
    assert database.count_rows("plain") == 2


def test_notes_follow_their_stores(database: Loadable, tmp_path: Path) -> None:
    loaded(database, tmp_path, CASES["same name"].files)
    with transaction(database):
        database.rename_store("customers", "clients")
        move_remembered(database, "customers", "clients")
    assert known(database) == ["orders.cust_no → clients.cust_no"]
    with transaction(database):
        database.drop_store("clients")
        forget_store(database, "clients")
    assert known(database) == []
    assert not database.schema().stores["orders"].note("cust_no").other_store
