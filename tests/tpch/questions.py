"""A question of TPC-H and its parameters → the standard SQL that answers it, in one engine's dialect.

The SQL stands in `reference/`, with `{name}` for a parameter as a literal, `{=name}` for its bare text within quotes,
and `{since + 3 months}` (or a date in place of the name) for a date counted from one. The scripts stand in `queries/`;
their defaults are the standard's validation values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from runtime.values.date_builtins import add_months

HERE: Final = Path(__file__).parent
TABLES: Final = ("region", "nation", "supplier", "part", "partsupp", "customer", "orders", "lineitem")
_PLACE: Final = re.compile(r"\{(=?)([\w-]+)(?: ([+-]) (\w+) (days|months))?\}")
_YEAR: Final = re.compile(r"extract\(year from (\w+)\)")


class Question(NamedTuple):
    """standard: the validation values, in the types of the script's parameters. others: some that give an answer which
    is neither empty nor null at scale 0.01, and differs from that with the standard's."""

    script: str
    standard: Mapping[str, Any]
    others: Mapping[str, Any]

    @property
    def path(self) -> Path:
        return HERE / "queries" / f"{self.script}.sop"

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def sql(self, args: Mapping[str, Any], dialect: str) -> str:
        """dialect: duckdb, postgres or sqlite (which keeps dates as text)."""
        text = (HERE / "reference" / f"{self.script}.sql").read_text(encoding="utf-8").strip()
        if dialect == "sqlite":
            text = _YEAR.sub(r"cast(strftime('%Y', \1) as integer)", text)
        return _PLACE.sub(lambda match: _filled(match, args, dialect), text)


def _filled(match: re.Match[str], args: Mapping[str, Any], dialect: str) -> str:
    bare, name, sign, count, unit = match.groups()
    value = args[name] if name in args else date.fromisoformat(name)
    if bare:
        return str(value)
    if unit:
        number = int(args.get(count, count)) * (1 if sign == "+" else -1)
        value = value + timedelta(number) if unit == "days" else add_months(value, number)
    return ", ".join(literal(item, dialect) for item in value) if isinstance(value, list) else literal(value, dialect)


def literal(value: Any, dialect: str) -> str:
    if isinstance(value, date):
        return f"'{value}'" if dialect == "sqlite" else f"date '{value}'"
    return "'{}'".format(value.replace("'", "''")) if isinstance(value, str) else str(value)


QUESTIONS: Final = (
    Question("q01_pricing_summary", {"delta": 90}, {"delta": 1000}),
    Question(
        "q02_minimum_cost_supplier",
        {"size": 15, "type": "BRASS", "region": "EUROPE"},
        {"size": 25, "type": "STEEL", "region": "ASIA"},
    ),
    Question(
        "q03_shipping_priority",
        {"segment": "BUILDING", "day": date(1995, 3, 15)},
        {"segment": "MACHINERY", "day": date(1995, 3, 1)},
    ),
    Question("q04_order_priority_checking", {"since": date(1993, 7, 1)}, {"since": date(1997, 10, 1)}),
    Question(
        "q05_local_supplier_volume",
        {"region": "ASIA", "since": date(1994, 1, 1)},
        {"region": "AMERICA", "since": date(1996, 1, 1)},
    ),
    Question(
        "q06_forecasting_revenue_change",
        {"since": date(1994, 1, 1), "discount": Decimal("0.06"), "quantity": 24},
        {"since": date(1996, 1, 1), "discount": Decimal("0.02"), "quantity": 25},
    ),
    Question(
        "q07_volume_shipping",
        {"nation1": "FRANCE", "nation2": "GERMANY"},
        {"nation1": "JAPAN", "nation2": "INDIA"},
    ),
    Question(
        "q08_national_market_share",
        {"nation": "BRAZIL", "region": "AMERICA", "type": "ECONOMY ANODIZED STEEL"},
        {"nation": "CHINA", "region": "ASIA", "type": "PROMO BRUSHED COPPER"},
    ),
    Question("q09_product_type_profit", {"colour": "green"}, {"colour": "lavender"}),
    Question("q10_returned_items", {"since": date(1993, 10, 1)}, {"since": date(1994, 12, 1)}),
    Question(
        "q11_important_stock",
        {"nation": "GERMANY", "fraction": Decimal("0.0001")},
        {"nation": "CHINA", "fraction": Decimal("0.002")},
    ),
    Question(
        "q12_shipping_modes",
        {"mode1": "MAIL", "mode2": "SHIP", "since": date(1994, 1, 1)},
        {"mode1": "RAIL", "mode2": "TRUCK", "since": date(1997, 1, 1)},
    ),
    Question(
        "q13_customer_distribution",
        {"word1": "special", "word2": "requests"},
        {"word1": "pending", "word2": "accounts"},
    ),
    Question("q14_promotion_effect", {"since": date(1995, 9, 1)}, {"since": date(1993, 1, 1)}),
    Question("q15_top_supplier", {"since": date(1996, 1, 1)}, {"since": date(1993, 10, 1)}),
    Question(
        "q16_parts_and_suppliers",
        {"brand": "Brand#45", "type": "MEDIUM POLISHED", "sizes": [49, 14, 23, 45, 19, 3, 36, 9]},
        {"brand": "Brand#13", "type": "LARGE BURNISHED", "sizes": [1, 2, 4, 8, 16, 32, 40, 50]},
    ),
    Question(
        "q17_small_quantity_orders",
        {"brand": "Brand#23", "container": "MED BOX"},
        {"brand": "Brand#55", "container": "SM PACK"},
    ),
    Question("q18_large_volume_customers", {"quantity": 300}, {"quantity": 250}),
    Question(
        "q19_discounted_revenue",
        {
            "quantity1": 1,
            "quantity2": 10,
            "quantity3": 20,
            "brand1": "Brand#12",
            "brand2": "Brand#23",
            "brand3": "Brand#34",
        },
        {
            "quantity1": 5,
            "quantity2": 15,
            "quantity3": 25,
            "brand1": "Brand#24",
            "brand2": "Brand#14",
            "brand3": "Brand#32",
        },
    ),
    Question(
        "q20_potential_part_promotion",
        {"colour": "forest", "since": date(1994, 1, 1), "nation": "CANADA"},
        {"colour": "lime", "since": date(1996, 1, 1), "nation": "KENYA"},
    ),
    Question("q21_suppliers_who_kept_orders_waiting", {"nation": "SAUDI ARABIA"}, {"nation": "FRANCE"}),
    Question(
        "q22_global_sales_opportunity",
        {"codes": ["13", "31", "23", "29", "30", "18", "17"]},
        {"codes": ["10", "11", "12", "14", "15", "16", "19"]},
    ),
)
