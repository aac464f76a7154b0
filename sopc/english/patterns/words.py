"""English words that belong to no schema: numbers, months, comparisons, and how words change their form."""

from __future__ import annotations

from functools import lru_cache

from sopc.english.lexicon import lexicon
from sopc.english.lexicon import singular as singular


def _listed(text: str) -> list[str]:
    return text.split()


_LEXICON = lexicon()

NUMBERS = {**_LEXICON.numbers, "hundred": _LEXICON.scales["hundred"]}
SCALES = _LEXICON.scales
MONTHS = {form: number for number, forms_ in enumerate(_LEXICON.months.values(), 1) for form in forms_}
UNITS = {form: unit for unit, forms_ in _LEXICON.units.items() for form in forms_ if unit != "quarter"}


def _phrases(name: str, *, denied: bool = False) -> str:
    """The forms of a sense of the lexicon, as patterns write them: without those that deny, or only those."""
    deny = {"except for", *_LEXICON.sense["deny"].forms}
    chosen = [form for form in _LEXICON.sense[name].forms if form not in deny and form.startswith("not ") == denied]
    return "|".join(chosen)


# Phrases, as patterns write them, by the comparison they mean.
COMPARISONS = {
    ">": _phrases("more"),
    "<": _phrases("fewer"),
    ">=": _phrases("at_least"),
    "<=": _phrases("at_most"),
    "=": _phrases("equal"),
    "!=": f"{_phrases('unequal')}|{_phrases('unequal', denied=True)}",
}
DENIED_COMPARISONS = {">=": _phrases("at_least", denied=True), "<=": _phrases("at_most", denied=True)}
BOUNDS = {">=": _phrases("or_more"), "<=": _phrases("or_less")}

# Adjectives that a measure tells of; the phrases, whether they mean the most of it, and the nouns for it.
_MEASURED = _listed("expensive cheap long short heavy light best_paid worst_paid best_rated worst_rated fast slow tall")


def _nouns(name: str) -> frozenset[str]:
    return frozenset(_LEXICON.sense[name].larger)


def _is_more(name: str) -> bool:
    return "+" in _LEXICON.sense[name].larger.values()


SUPERLATIVES = tuple(("|".join(_LEXICON.sense[name].superlative), _is_more(name), _nouns(name)) for name in _MEASURED)
COMPARATIVES = tuple(
    ("|".join(_LEXICON.sense[name].comparative), ">" if _is_more(name) else "<", _nouns(name)) for name in _MEASURED
)
_PRICES, _LENGTHS, _WEIGHTS, _PAYS = map(_nouns, ("expensive", "long", "heavy", "best_paid"))
SCORES = _nouns("best_rated")

# Verbs, as patterns write them, by the nouns that what they tell of is called by.
MEASURING = (
    ("cost|costs", _PRICES),
    ("weigh|weighs|weighed", _WEIGHTS),
    ("last|lasts|lasted", _LENGTHS),
    ("earn|earns|earned", _PAYS - {"fee"}),
    ("hold|holds|seat|seats", _nouns("holds")),
)

# As in "100 a night", "300 people": the words by which the field for it is called.
RATES = {
    "people": ("capacity", "seats"),
    "night": ("nightly",),
    "hour": ("hourly",),
    "day": ("daily",),
    "week": ("weekly",),
    "month": ("monthly",),
    "year": ("yearly", "annual"),
}

# "second", as in "the second highest"; any other is written "11th".
ORDINALS = {word: number for word, number in _LEXICON.ordinals.items() if number > 1}

_HIGH, _LOW = "highest|largest|biggest|greatest", "lowest|smallest"
HIGHEST, LOWEST = f"{_HIGH}|most", f"{_LOW}|least|fewest"
HIGHEST_ROWS, LOWEST_ROWS = _HIGH, _LOW  # "most products" are no products with the highest of something
NEWEST = "newest|latest|most recent"
OLDEST = "earliest"
BIRTHS = frozenset({"born", "birth", "birthday", "birthdate", "dob"})
AGES = frozenset({"age", "ages"})

# Words that a value written without quotes can't hold (it may hold "of": a place of two names).
STOP_WORDS = frozenset(_LEXICON.words.stop)

# Words that end the name of a parameter that is a day, a moment or a span of time.
TIMES = frozenset(_LEXICON.words.time_names)

# Words by which whole numbers that are years are called.
YEARS = frozenset(_LEXICON.words.year_names)

# Words by which percents are called: 10 of them are a tenth.
PERCENTS = frozenset(_LEXICON.words.percents)

# Verbs of saying, which may be the names of fields too.
SAYING = frozenset(_LEXICON.words.saying)

# First words of a question that yes and no don't answer.
OPEN_QUESTIONS = frozenset((word,) for word in _LEXICON.words.open_questions)

# Words that mean rows spoken of before.
REFERRING = frozenset(_LEXICON.words.referring)

# Words that may end a field's name and are left out in English: "…_on" is a day, "…_at" a moment, "…_id" a reference.
DATE_ENDINGS = frozenset(_LEXICON.words.date_tails)
KEY_ENDINGS = frozenset(_LEXICON.words.key_tails)
FLAG_STARTS = frozenset(_LEXICON.words.flag_heads)
LABELS = frozenset(_LEXICON.words.label)
OPPOSITES = _LEXICON.words.opposites


def forms(word: str) -> frozenset[str]:
    """The word, and what it may be the plural of: "boxes" → boxes, box."""
    return frozenset({word, singular(word)})


def same(written: str, named: str) -> bool:
    """Whether two words are one word in singular or plural."""
    return bool(forms(written) & forms(named))


def same_words(written: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return len(written) == len(named) and all(map(same, written, named))


def others(value: str) -> list[str]:
    """A value of plain words as it may be stored where English has its last word in the plural: "red boxes"."""
    *before, last = value.split()
    return [" ".join((*before, form)) for form in sorted(forms(last.lower()) - {last.lower()})]


# Pasts that no rule gives.
_PASTS = {
    form: base for base, forms_ in _LEXICON.irregular.items() if base not in ("be", "have", "do") for form in forms_
}

# Those of them that only say that someone did it, never that it was done.
ACTIVE_PASTS = frozenset(_LEXICON.words.active_pasts)

# Of the deeds, who does it is not who has it then: a customer of a sale has bought, and was sold to.
_OUTWARD = frozenset(_LEXICON.words.outward)
_NOUN_ENDINGS = ("ing", "ment", "al", "y", "ance", "ation", "ion")


@lru_cache(maxsize=4096)
def verbs_of(noun: str) -> frozenset[str]:
    """What is done to what a noun in the plural tells of: "bookings" → book; "loans" → loan, lend, borrow."""
    one = singular(noun)
    found = {one, *_LEXICON.deeds.get(one, ())}
    for ending in _NOUN_ENDINGS:
        stem = one.removesuffix(ending)
        if stem != one and len(stem) > 2:
            found |= {stem, stem + "e"} | ({stem[:-1]} if stem[-1] == stem[-2] else set())
    return frozenset(found)


@lru_cache(maxsize=4096)
def verbs_of_person(noun: str) -> frozenset[str]:
    """What someone does, or what is done to someone, who is called so: "owner" → own, "author" → write."""
    one = singular(noun)
    found = {_LEXICON.roles[one]} if one in _LEXICON.roles else set()
    if one.endswith(("ee", "er", "or")) and len(one) > 4:
        found |= {one[:-2], one[:-2] + "e"}
    return frozenset(found)


def does(person: str, verb: str) -> bool:
    """Whether one who is called so could be who does it: a seller sells, and a customer buys."""
    base = _PASTS.get(verb, verb)
    outward = verbs_of_person(person) & _OUTWARD
    return base in outward if outward or base in _OUTWARD else True


def is_past(word: str) -> bool:
    return word.endswith("ed") or word in _PASTS


def is_form(written: str, verb: str) -> bool:
    """Whether a word is that verb, in any form: "bought", "buying", "buys", of buy."""
    base = _PASTS.get(written, written)
    return base == _PASTS.get(verb, verb) or base in (verb + "s", verb + "es") or verb_of(base, verb)


def verb_of(written: str, named: str) -> bool:
    """Whether `written` is `named`, or a regular form of that verb: "shipped", "created", "tried" of ship, create, try;
    "arrive", "arrived", "arriving" of arrives."""
    base = named[:-1] if named.endswith("s") and not named.endswith("ss") else named
    if written in (base, named):
        return True
    if not written.endswith(("ed", "ing")):
        return False
    stem = written[:-3] if written.endswith("ing") else written[:-2]
    if base.endswith("ed"):
        base = base[:-2]
    doubled = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
    return base in (stem, stem + "e", doubled) or stem == base[:-1] or (stem.endswith("i") and base == stem[:-1] + "y")
