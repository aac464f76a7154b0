"""English words that belong to no schema: numbers, months, comparisons, and how words change their form."""

from __future__ import annotations

from functools import lru_cache


def _listed(text: str) -> list[str]:
    return text.split()


NUMBERS = {
    word: number
    for number, word in enumerate(
        _listed(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen twenty"
        )
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}

SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "dozen": 12}

MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sept sep", "october oct", "november nov", "december dec",
        ),
        1,
    )
    for month in names.split()
}  # fmt: skip

UNITS = {
    form: unit for unit in ("second", "minute", "hour", "day", "week", "month", "year") for form in (unit, unit + "s")
}

# Phrases, as patterns write them, by the comparison they mean.
COMPARISONS = {
    ">": "more than|greater than|higher than|larger than|bigger than|over|above|exceeding|exceeds|exceed|>",
    "<": "less than|fewer than|lower than|smaller than|under|below|<",
    ">=": ("at least|no less than|no fewer than|greater than or equal to|more than or equal to|>="),
    "<=": ("at most|no more than|up to|less than or equal to|smaller than or equal to|<="),
    "=": "exactly|equal to|the same as|=|==",
    "!=": "other than|different from|not equal to|!=|<>",
}
DENIED_COMPARISONS = {
    ">=": "not less than|not fewer than|not below|not under",
    "<=": "not more than|not above|not over",
}
BOUNDS = {">=": "or more|or above|or higher|or over", "<=": "or less|or fewer|or below|or lower|or under"}

# Superlatives: (phrase, whether the most of it, the nouns that a field may be called by which it is measured).
_PRICES = frozenset({"price", "cost", "fee", "rate", "charge", "fare"})
_LENGTHS = frozenset({"length", "duration", "minutes", "hours", "distance", "kilometres", "kilometers", "miles", "km"})
_WEIGHTS = frozenset({"weight", "mass", "kilograms", "kilos", "grams", "kg", "pounds", "tons", "tonnes"})
_PAYS = frozenset({"salary", "wage", "pay", "income", "earnings", "fee", "rate"})
SCORES = frozenset({"score", "rating", "grade", "mark", "points", "stars"})
SUPERLATIVES = (
    ("most expensive|priciest|dearest|costliest", True, _PRICES),
    ("least expensive|cheapest", False, _PRICES),
    ("longest", True, _LENGTHS),
    ("shortest", False, _LENGTHS),
    ("heaviest", True, _WEIGHTS),
    ("lightest", False, _WEIGHTS),
    ("best paid|highest paid", True, _PAYS),
    ("worst paid|lowest paid", False, _PAYS),
    ("best rated|top rated|highest rated", True, SCORES),
    ("worst rated|lowest rated", False, SCORES),
    ("fastest", True, frozenset({"speed"})),
    ("slowest", False, frozenset({"speed"})),
    ("tallest", True, frozenset({"height"})),
)

# Comparatives: (phrase, the comparison, the nouns that a field may be called by which it is about).
COMPARATIVES = (
    ("more expensive|dearer|pricier|costlier", ">", _PRICES),
    ("cheaper|less expensive", "<", _PRICES),
    ("longer", ">", _LENGTHS),
    ("shorter", "<", _LENGTHS),
    ("heavier", ">", _WEIGHTS),
    ("lighter", "<", _WEIGHTS),
    ("better paid", ">", _PAYS),
    ("worse paid", "<", _PAYS),
)

# Verbs, as patterns write them, by the nouns that what they tell of is called by.
MEASURING = (
    ("cost|costs", _PRICES),
    ("weigh|weighs|weighed", _WEIGHTS),
    ("last|lasts|lasted", _LENGTHS),
    ("earn|earns|earned", _PAYS - {"fee"}),
    ("hold|holds|seat|seats", frozenset({"capacity", "seats"})),
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
ORDINALS = {
    word: number for number, word in enumerate(_listed("second third fourth fifth sixth seventh eighth ninth tenth"), 2)
}

_HIGH, _LOW = "highest|largest|biggest|greatest", "lowest|smallest"
HIGHEST, LOWEST = f"{_HIGH}|most", f"{_LOW}|least|fewest"
HIGHEST_ROWS, LOWEST_ROWS = _HIGH, _LOW  # "most products" are no products with the highest of something
NEWEST = "newest|latest|most recent"
OLDEST = "earliest"
BIRTHS = frozenset({"born", "birth", "birthday", "birthdate", "dob"})
AGES = frozenset({"age", "ages"})

# Words that a value written without quotes can't hold (it may hold "of": a place of two names).
STOP_WORDS = frozenset(
    _listed(
        "a an the and or but not no with without who whose which that where when if is are was were be been has have "
        "had to for from in on at by per each every all any than then them those these they it its their there of as "
        "into show list find create insert add set update delete remove say ask stop fail return call count let "
        "whether first last top sorted ordered before after since until between above below over under more less "
        "fewer least most how many what"
    )
)

# Words that end the name of a parameter that is a day, a moment or a span of time.
TIMES = frozenset(_listed("date day month quarter week year time moment start end beginning since until from"))

# Words by which whole numbers that are years are called.
YEARS = frozenset(_listed("year published released built founded established born opened"))

# Words by which percents are called: 10 of them are a tenth.
PERCENTS = frozenset(_listed("percent percents percentage percentages pct"))

# Verbs of saying, which may be the names of fields too.
SAYING = frozenset(_listed("say print write tell report announce note"))

# First words of a question that yes and no don't answer.
OPEN_QUESTIONS = frozenset((word,) for word in _listed("which what who whom whose when where why how"))

# Words that mean rows spoken of before.
REFERRING = frozenset(_listed("their them those these they its his her"))

# Words that may end a field's name and are left out in English: "…_on" is a day, "…_at" a moment, "…_id" a reference.
DATE_ENDINGS = frozenset({"on", "at", "date", "time", "day"})
KEY_ENDINGS = frozenset({"id", "key", "code", "no", "nr", "number", "ref", "fk"})
FLAG_STARTS = frozenset({"is", "has", "was", "are"})
LABELS = frozenset({"name", "title", "label"})


@lru_cache(maxsize=4096)
def forms(word: str) -> frozenset[str]:
    """The word and what it may be the plural or the past of: "boxes" → boxes, box."""
    found = {word}
    if word.endswith("ies") and len(word) > 4:
        found.add(word[:-3] + "y")
    elif word.endswith(("ses", "xes", "zes", "ches", "shes")):
        found |= {word[:-2], word[:-1]}
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2:
        found.add(word[:-1])
    return frozenset(found)


def same(written: str, named: str) -> bool:
    """Whether two words are one word in singular or plural."""
    return bool(forms(written) & forms(named))


def same_words(written: tuple[str, ...], named: tuple[str, ...]) -> bool:
    return len(written) == len(named) and all(map(same, written, named))


def others(value: str) -> list[str]:
    """A value of plain words as it may be stored where English has its last word in the plural: "red boxes"."""
    *before, last = value.split()
    return [" ".join((*before, form)) for form in sorted(forms(last.lower()) - {last.lower()})]


def singular(word: str) -> str:
    """What one of them is called: "boxes" → box, "noses" → nose, "buses" → bus."""
    if (word.endswith("ses") and not word.endswith(("sses", "uses"))) or word.endswith(("ouses", "auses")):
        return word[:-1]
    return min(forms(word), key=len)


# Pasts that no rule gives.
_PASTS = {
    "bought": "buy", "sold": "sell", "lent": "lend", "took": "take", "taken": "take", "gave": "give", "given": "give",
    "taught": "teach", "wrote": "write", "written": "write", "paid": "pay", "made": "make", "held": "hold",
    "won": "win", "sent": "send", "drove": "drive", "driven": "drive", "flew": "fly", "flown": "fly", "led": "lead",
    "got": "get", "rode": "ride", "ridden": "ride", "saw": "see", "seen": "see", "met": "meet", "built": "build",
}  # fmt: skip

# Those of them that only say that someone did it, never that it was done.
ACTIVE_PASTS = frozenset(_listed("took gave wrote drove flew rode saw"))

# What is done to a thing, by the noun for it, where no rule gives the verb.
_DEEDS = {
    "sale": "sell buy purchase", "purchase": "buy", "order": "buy", "loan": "lend borrow", "booking": "reserve",
    "reservation": "reserve book", "enrolment": "enroll take attend", "enrollment": "enrol take attend",
    "hire": "rent", "rental": "hire", "subscription": "subscribe", "registration": "register", "lease": "rent",
    "appearance": "perform play", "performance": "play", "show": "play perform", "gift": "give", "flight": "fly",
    "invitation": "invite", "inspection": "inspect check", "prescription": "prescribe", "dose": "give take",
    "donation": "donate give", "participation": "participate", "decision": "decide", "repair": "fix mend",
    "task": "work", "assignment": "work", "shift": "work",
}  # fmt: skip
# Of these, who does it is not who has it then: a customer of a sale has bought, and was sold to.
_OUTWARD = frozenset(_listed("sell lend give teach prescribe invite deliver ship serve"))
_NOUN_ENDINGS = ("ing", "ment", "al", "y", "ance", "ation", "ion")


@lru_cache(maxsize=4096)
def verbs_of(noun: str) -> frozenset[str]:
    """What is done to what a noun in the plural tells of: "bookings" → book; "loans" → loan, lend, borrow."""
    one = singular(noun)
    found = {one, *_DEEDS.get(one, "").split()}
    for ending in _NOUN_ENDINGS:
        stem = one.removesuffix(ending)
        if stem != one and len(stem) > 2:
            found |= {stem, stem + "e"} | ({stem[:-1]} if stem[-1] == stem[-2] else set())
    return frozenset(found)


_PEOPLE = {"author": "write", "teacher": "give", "lecturer": "give"}


@lru_cache(maxsize=4096)
def verbs_of_person(noun: str) -> frozenset[str]:
    """What someone does, or what is done to someone, who is called so: "owner" → own, "author" → write."""
    one = singular(noun)
    found = {_PEOPLE[one]} if one in _PEOPLE else set()
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
    return (
        base in (stem, stem + "e", stem[:-1]) or stem == base[:-1] or (stem.endswith("i") and base == stem[:-1] + "y")
    )
