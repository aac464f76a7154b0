"""Every form of written values × texts in many forms × engine → the machine's value, or its error.

Each form is tried on all texts of its kind, so on those of other forms too.
"""

from __future__ import annotations

import pytest

from tests.engines import ENGINES
from tests.property import every
from tests.property.forms import WRITTEN, Form

_AMOUNTS = (
    "1234",
    "1,234",
    "1.234",
    "1,234.5",
    "1.234,50",
    "1 234,5",
    "1\u202f234.5",
    "1'234.5",
    "1’234’567",
    "12.5",
    "0,25",
)
_AROUND = (
    "-{}",
    "{}-",
    "\u2212 {}",
    "+{}",
    "({})",
    "{}%",
    "€{}",
    "{} €",
    "EUR {}",
    "{}EUR",
    "-{} kr",
    "$({})",
    "Fr. {}",
)
_ODD = (
    *(
        "US$5",
        "A$ -5",
        "€-5",
        "€ (5)",
        "5 zł",
        "MAR1",
        "XYZ 5",
        "5 USD EUR",
        "$5 USD",
        "5%%",
        "5 % ",
        "EUR5EUR",
        "eur 5",
    ),
    *(
        "1e3",
        "1E-3",
        "1,5e+2",
        "2e3-",
        "2e-3-",
        "(2e-3)",
        "2e3 €-",
        "1e99",
        "-0",
        "0",
        ".5",
        ",5",
        "5.",
        "1,2,3",
        "12,34.5",
    ),
    *("007", "1234567890123456789", "999999999999999999", "1" * 19 + ".5", "0." + "1" * 40, "5.00000000005", "1.2.3"),
    *("", " ", "\t5\n", "5\u00a0", "٣", "five", "--5", "-(5)", "(5", "5)", "1e5e5", "'5", "5;drop", ":a", "\\1"),
)
ERRORS_EACH = 5
NUMBERS = (*_AMOUNTS, *(around.format(amount) for around in _AROUND for amount in ("1.234,5", "1,234.5", "12")), *_ODD)

_DAYS = (
    *("2026-02-03", "2026/2/3", "2026.02.03", "03/02/2026", "3.2.2026", "13/02/2026", "02/13/2026", "30.02.2026"),
    *(
        "3-2-2026",
        "03/02/26",
        "3.2.69",
        "3.2.68",
        "29-02-23",
        "29-02-24",
        "29/02/1900",
        "31.04.2026",
        "1.1.0000",
        "0.1.2026",
    ),
    *(
        "3 February 2026",
        "3. März 2026",
        "3 MÄRZ 2026",
        "1st of May 2026",
        "1 de enero de 2026",
        "3-mar-26",
        "3 sept. 2026",
    ),
    *(
        "February 3, 2026",
        "Feb 3 2026",
        "2026 luty 3",
        "2026-Feb-03",
        "3 Foo 2026",
        "31 June 2026",
        "1º mars 2026",
        "3/Feb/2026",
    ),
    *(
        "03022026",
        "30022026",
        "2026:a 03'02",
        "May|3|26",
        " 03.02.2026 ",
        "\n3.2.2026\t",
        "03.02.2026.",
        "",
        "2026-02",
        "x",
    ),
)
_CLOCKS = (
    *(
        " 05:15",
        "T05:15:30Z",
        " 5:15 PM",
        " 12:00 am",
        " 12:30p.m.",
        " 0:15 PM",
        " 13:00 PM",
        ", 23:59:59.999999",
        " 24:00",
    ),
    *(
        " 24:01",
        " 05:15+02",
        " 05:15 -0330",
        "T05:15:00+05:45",
        " 05:15+24:00",
        " 05:15+23:99",
        " 05:60",
        " 05:15:60",
        " 25:00",
    ),
    *(" 05:15:30,1234567", " 05:15 UTC", " 05:15 GMT", " um 05:15", "  05:15", " 05:15 CET"),
)
_EPOCHS = (
    *(
        "0",
        "1700000000",
        "1700000000500",
        "-1",
        "1700000000.5",
        "0.0000009",
        "-0.0000009",
        "253402300799",
        "253402300800",
    ),
    *("-62135596800", "-62135596801", "99999999999999999", "253402300799999", "253402300799999999", "20260203051530"),
)
MOMENTS = (
    *_DAYS,
    *(
        day + clock
        for day in ("2026-02-03", "03/02/2026", "3 Feb 2026", "3.2.26", "31.12.9999", "1.1.0001")
        for clock in _CLOCKS
    ),
    *_EPOCHS,
)


@pytest.mark.parametrize("engine", list(ENGINES))
@pytest.mark.parametrize("kind", list(WRITTEN))
def test_an_engine_reads_a_text_by_a_form_as_the_machine_does(engine: str, kind: str) -> None:
    texts = {"number": NUMBERS, "date": _DAYS, "timestamp": MOMENTS}[kind]
    forms = [Form(kind, f'{kind}({{a}}, "{name}")', ("text",)) for name in WRITTEN[kind]]
    into = every.Compared(errors_each=ERRORS_EACH)
    with every.opened(ENGINES[engine]) as database:
        table = [(text,) for text in (*texts, None)]
        place = every.placed(ENGINES[engine], database, "written", ("text",), table)
        for form, machine in zip(forms, every.by_machine(forms, table), strict=True):
            place.compare(form, machine, into)
    assert not into.differences, "\n".join(map(str, into.differences[:40]))
