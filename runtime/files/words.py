"""Words that files write in place of values: for nothing, a row of totals; and signs before decimals."""

from __future__ import annotations

from typing import Final

_NULL_WORDS: Final = (
    "NA|N/A|n/a|na|N/a|#N/A|#NA|<NA>|n.a.|N.A.|n. a.|k.A.|k. A.|null|NULL|Null|(null)|<null>|None|none|NONE|nan|NaN|"
    "NAN|nil|NIL|\\N|-|--|---|–|—|.|..|...|…|?|??|#NULL!|(blank)|(empty)| |  "
)
# Null only where all other values of the column are read by a form that is not text.
NULL_WORDS: Final = frozenset(_NULL_WORDS.split("|"))

# Last words of the names of fields: of those that tell rows apart, and of those that say what a row is called.
KEY_TAILS: Final = frozenset({"id", "key", "code", "no", "nr", "number", "num", "uuid", "guid", "ref"})
LABELS: Final = frozenset({"name", "title", "label"})

# What stands before decimals, by the name that options give it.
DECIMAL_SIGNS: Final = {"point": ".", "comma": ","}

_TOTALS: Final = (
    "total|totals|grand total|sum|sums|overall|summe|gesamt|gesamtsumme|insgesamt|somme|total général|suma|totale|soma|"
    "totaal|razem|ogółem"
)
TOTALS: Final = frozenset(_TOTALS.split("|"))
# Of a part of the rows above; a name stands beside it, as beside `Total North` and `North Total`.
SUBTOTALS: Final = frozenset(
    ["subtotal", "sub-total", "sub total", "zwischensumme", "teilsumme", "sous-total", "subtotale", "subtotaal"]
)
