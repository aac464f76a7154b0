#!/usr/bin/env bash
# Taking the singular of a word twice, or of a plural that was made, gives words that are none.
#
# Guess: singularize(pluralize(word)) is the word, and a word that is singular already stays as it is (inflect's
# singular_noun() says False for those).
# Behaviour: inflection makes "slouse" of "slice", "cach" of "caches", "drife" of "drives", "reserf" of "reserves" and
# "curf" of "curves"; "bonus" and "campus" lose their s. inflect takes bus, bonus and basis for plurals: "bu",
# "bonu", "basi", and turns axes and bases into axe and base.
# Why it matters to us: names of tables are matched with words of sentences through these rules; "cach" matches nothing,
# and "bases" matches the wrong table.
# What to do: compare by the set of possible singulars and plurals among names that exist, never by one made form.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT && cd "$folder"
packages="inflection==0.5.1 inflect==7.6.0"
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check $packages
echo "$packages"
venv/bin/python -W ignore - > seen 2> log <<'PY' || { cat seen log; exit 1; }
import inflect
import inflection

words = "bus bonus campus basis axis cache slice drive curve reserve order".split()
engine = inflect.engine()
for word in words:
    plural, other = inflection.pluralize(word), engine.plural_noun(word)
    print(
        f"{word}: inflection {plural} -> {inflection.singularize(plural)}, itself -> {inflection.singularize(word)};"
        f" inflect {other} -> {engine.singular_noun(other)}, itself -> {engine.singular_noun(word)}"
    )
PY
cat seen
diff - seen <<'SEEN' && echo "as seen before" || { echo "this has changed"; exit 1; }
bus: inflection buses -> bus, itself -> bus; inflect buses -> bus, itself -> bu
bonus: inflection bonus -> bonu, itself -> bonu; inflect bonuses -> bonus, itself -> bonu
campus: inflection campus -> campu, itself -> campu; inflect campuses -> campus, itself -> campu
basis: inflection bases -> basis, itself -> basis; inflect bases -> base, itself -> basi
axis: inflection axes -> axis, itself -> axis; inflect axes -> axe, itself -> axi
cache: inflection caches -> cach, itself -> cache; inflect caches -> cache, itself -> False
slice: inflection slice -> slouse, itself -> slouse; inflect slices -> slice, itself -> False
drive: inflection drives -> drife, itself -> drive; inflect drives -> drive, itself -> False
curve: inflection curves -> curf, itself -> curve; inflect curves -> curve, itself -> False
reserve: inflection reserves -> reserf, itself -> reserve; inflect reserves -> reserve, itself -> False
order: inflection orders -> order, itself -> order; inflect orders -> order, itself -> False
SEEN
