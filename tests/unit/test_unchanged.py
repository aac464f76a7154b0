"""Unchanged sentences that a new translation translates differently, and the restoring of their old steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from sopc.english.incremental.compare import Before, script_of
from sopc.english.incremental.reasons import Reasons
from sopc.english.incremental.restore import put_back
from sopc.english.lock import Answer, write_sop
from sopc.english.sentences import Sentence
from sopc.source import Source
from sopc.syntax.format import format_script, format_source
from sopc.tree import nodes

OLD = """script s()
  @1 query found_1 = from items where size > 3
  @2 for each item in from found_1 do
    @3 say "{item.name}"
  end
  @4 emit from found_1
end
"""
SENTENCES = ["Find the items.", "For each:", "Say the name.", "Show the found items."]


def before_of(old: str, before: Sequence[str], after: Sequence[str], answers: Sequence[Answer] = ()) -> Before:
    """after: sentences, those of a list with `- ` before them."""
    texts = [text.removeprefix("- ") for text in after]
    sentences = [
        Sentence(number, text, 0, 0, level=int(whole != text), opens=text.endswith(":"))
        for number, (whole, text) in enumerate(zip(after, texts, strict=True), 1)
    ]
    return Before(write_sop(old, "old", "hand", before), sentences, answers)


def compared(new: str, sentences: list[str]) -> list[int]:
    return before_of(OLD, SENTENCES, sentences).touched(script_of(new))


@pytest.mark.parametrize(
    ("replaced", "by", "numbers"),
    [
        ("size > 3", "size > 3", []),
        ("size > 3", "size > 4", [1]),
        ("found_1", "large_ones", []),
        ("item.name", "item.size", [3]),
        ("emit from found_1", "emit from items", [4]),
        ('    @3 say "{item.name}"\n', "", [3]),
        ('@3 say "{item.name}"', '@3 say "{item.name}" @3 commit', [3]),
        ('    @3 say "{item.name}"\n  end\n', '    @2 say "x"\n  end\n  @3 say "{item.name}"\n', [2, 3]),
        ("script s()", "script s(name: text)", [3]),  # which says `name`
    ],
)
def test_the_same_sentences(replaced: str, by: str, numbers: list[int]) -> None:
    assert replaced in OLD
    assert compared(OLD.replace(replaced, by), SENTENCES) == numbers


def test_a_changed_sentence_may_say_anything() -> None:
    assert compared(OLD.replace("size > 3", "size > 4"), ["Find the large items.", *SENTENCES[1:]]) == []


def moved(text: str, by: int = 1) -> str:
    """With the numbers of sentences that many up."""
    for number in range(9, 0, -1) if by > 0 else range(1, 10):
        text = text.replace(f"@{number} ", f"@{number + by} ")
    return text


def test_sentences_that_moved_are_followed() -> None:
    new = moved(OLD.replace("found_1", "found_2")).replace("script s()", 'script s()\n  @1 say "first"')
    assert compared(new, ["Say first.", *SENTENCES]) == []
    assert compared(new.replace("size > 3", "size > 9"), ["Say first.", *SENTENCES]) == [2]


# ── put back ─────────────────────────────────────────────────────────────────────────────────────────────────────


def mended(
    old: str,
    before: Sequence[str],
    new: str,
    after: Sequence[str],
    holds: Callable[[nodes.Script], bool] = lambda script: True,
) -> tuple[str, list[int]]:
    script, numbers = put_back(before_of(old, before, after), new, holds)
    return format_script(script or script_of(new)), numbers


def same(text: str) -> str:
    return format_source(Source("s.sop", text))


def script(*steps: str, head: str = "s()") -> str:
    return same("\n".join([f"script {head}", *steps, "end"]))


def reason(old: str, before: Sequence[str], new: str, after: Sequence[str], number: int) -> str | None:
    return Reasons(before_of(old, before, after), script_of(new)).against(number)


LARGE = "Find the items larger than 4."
CHANGED = [LARGE, *SENTENCES[1:]]
RIGHT = OLD.replace("size > 3", "size > 4")


@pytest.mark.parametrize(
    ("replaced", "by", "numbers"),
    [
        ("item.name", "item.size", [3]),
        ('@3 say "{item.name}"', '@3 say "{item.name}" @3 say "again"', [3]),
        ('@3 say "{item.name}"', '@3 if item.size > 7 then say "{item.name}" end', [3]),
        ("from found_1 do", "from found_1 where size > 5 do", [2]),
        ("emit from found_1", "emit from found_1 order by name", [4]),
        ('    @3 say "{item.name}"\n', "", [3]),
        ('    @3 say "{item.name}"\n  end\n', '    @2 say "x"\n  end\n  @3 say "then"\n', [2, 3]),
        ("  @4 emit from found_1\n", "", [4]),
        ("found_1 do", "found_1 limit 7 do", [2]),
    ],
)
def test_needless_changes_are_put_back(replaced: str, by: str, numbers: list[int]) -> None:
    assert replaced in RIGHT
    assert mended(OLD, SENTENCES, RIGHT.replace(replaced, by), CHANGED) == (same(RIGHT), numbers)


def test_nothing_is_put_back_where_nothing_else_changed() -> None:
    assert mended(OLD, SENTENCES, RIGHT, CHANGED) == (same(RIGHT), [])
    assert mended(OLD, SENTENCES, RIGHT.replace("found_1", "big"), CHANGED) == (
        same(RIGHT.replace("found_1", "big")),
        [],
    )


def test_variables_are_read_under_the_names_that_they_have_in_the_end() -> None:
    """The changed sentence makes `big` now. Sentence 2 makes `item` again, which the steps of the added one read."""
    new = script(
        "@1 query big = from items where size > 4",
        "@2 for each one in from big where size > 9 do",
        '  @3 say "{one.name}" @3 commit',
        '  @4 say "{one.size}"',
        "end",
        "@5 emit from big order by size",
    )
    expected = script(
        "@1 query big = from items where size > 4",
        '@2 for each item in from big do @3 say "{item.name}" @4 say "{item.size}" end',
        "@5 emit from big",
    )
    after = [*CHANGED[:3], "Say the size.", CHANGED[3]]
    assert mended(OLD, SENTENCES, new, after) == (expected, [2, 3, 5])
    taken = expected.replace("item.", "one.").replace("each item", "each one")
    assert mended(OLD, SENTENCES, new, after, lambda each: "each item" not in format_script(each)) == (taken, [2, 3, 5])


def test_a_name_that_is_used_otherwise_now_is_not_taken_back() -> None:
    before = ["Count the items.", "Say the count."]
    old = script("@1 let n = count(from items)", "@2 say text(n)")
    added = script("@1 let n = 7", "@2 let m = count(from items)", "@3 say text(m)")
    assert mended(old, before, added, ["Let n be 7.", *before]) == (added, [])


def test_a_parameter_has_its_old_name_where_its_sentence_stayed() -> None:
    before = ["The minimum is a parameter.", "Show the items larger than the minimum."]
    old = script("@2 emit from items where size > minimum", head="s(minimum: int)")
    new = script("@2 emit from items where size > least", '@3 say "done {least}"', head="s(least: int)")
    right = script("@2 emit from items where size > minimum", '@3 say "done {minimum}"', head="s(minimum: int)")
    assert mended(old, before, new, [*before, "Say done."]) == (right, [])
    changed = ["The least is a parameter.", "Show the items larger than the least."]
    assert mended(old, before, new, [*changed, "Say done."]) == (new, [])


def test_two_loops_with_one_variable_name_are_told_apart() -> None:
    old = script(
        "@1 for each item in from items do @2 say item.name end @3 for each item in from others do @4 say item.name end"
    )
    before = ["For each item:", "say the name.", "For each of the others:", "say the name again."]
    after = [*before[:3], "say the size."]
    new = script(
        "@1 for each one in from items limit 1 do @2 say one.name end",
        "@3 for each r in from others limit 1 do @4 say r.size end",
    )
    expected = script(
        "@1 for each item in from items do @2 say item.name end",
        "@3 for each item in from others do @4 say item.size end",
    )
    assert mended(old, before, new, after) == (expected, [1, 3])


@pytest.mark.parametrize("place", [1, 2, 5])
def test_a_sentence_that_was_added(place: int) -> None:
    after = [*SENTENCES[: place - 1], "Say good morning.", *SENTENCES[place - 1 :]]
    lines = OLD.splitlines(keepends=True)
    at = {1: 1, 2: 2, 5: 6}[place]
    numbered = [moved(line, 1 if f"@{place}" <= line.strip()[:2] < "@9" else 0) for line in lines]
    right = "".join([*numbered[:at], f'@{place} say "good morning"\n', *numbered[at:]])
    new = right.replace("emit from found_1", "emit from items").replace("item.name", "item.size")
    expected = [number for number, text in enumerate(after, 1) if text in (SENTENCES[2], SENTENCES[3])]
    assert mended(OLD, SENTENCES, new, after) == (same(right), expected)


def test_a_sentence_that_was_added_in_the_block_of_another() -> None:
    after = [*SENTENCES[:3], "Say the size.", SENTENCES[3]]
    right = OLD.replace("@4", "@5").replace('{item.name}"', '{item.name}"\n    @4 say "{item.size}"')
    new = right.replace("from found_1 do", "from found_1 limit 3 do").replace("emit from found_1", "emit from items")
    assert mended(OLD, SENTENCES, new, after) == (same(right), [2, 5])


def test_a_sentence_that_was_added_in_a_block_of_one_sentence() -> None:
    old = script("@1 for each item in from items do say item.name end")
    new = script("@1 for each item in from items limit 3 do say item.size @2 say item.size end")
    right = script("@1 for each item in from items do say item.name @2 say item.size end")
    before = ["Say the name of each item."]
    assert mended(old, before, new, [*before, "Also say the size."]) == (right, [1])


def test_a_sentence_that_was_taken_away() -> None:
    after = [SENTENCES[0], *SENTENCES[1:3]]
    new = script("@1 query x = from items", '@2 for each item in from x do @3 say "{item.size}" end')
    right = script(
        "@1 query found_1 = from items where size > 3", '@2 for each item in from found_1 do @3 say "{item.name}" end'
    )
    assert mended(OLD, SENTENCES, new, after) == (right, [1, 3])


def test_a_sentence_that_was_taken_away_before_others() -> None:
    old = script('@1 say "a"', '@2 say "b"', '@3 say "c"')
    new = script('@1 say "B"', '@2 say "C"')
    assert mended(old, ["Say a.", "Say b.", "Say c."], new, ["Say b.", "Say c."]) == (
        script('@1 say "b"', '@2 say "c"'),
        [1, 2],
    )


def test_a_sentence_that_was_taken_away_from_a_block() -> None:
    old = script("@1 for each item in from items do say item.name @2 say item.size end")
    new = script("@1 for each item in from items limit 3 do say item.name end")
    right = script("@1 for each item in from items do say item.name end")
    before = ["Say the name of each item.", "Also say the size."]
    assert mended(old, before, new, before[:1]) == (right, [1])


def test_equal_sentences() -> None:
    before = ["Say hello.", "Show the items.", "Say hello."]
    old = script('@1 say "hello"', "@2 emit from items", '@3 say "Hello!"')
    new = script('@1 say "hey"', "@2 emit from items where size > 3", '@3 say "hey"')
    after = [before[0], "Show the items larger than 3.", before[2]]
    right = script('@1 say "hello"', "@2 emit from items where size > 3", '@3 say "Hello!"')
    assert mended(old, before, new, after) == (right, [1, 3])


def test_several_steps_of_a_sentence_in_several_places() -> None:
    old = script(
        "@1 let total = 0", "@2 for each item in from items do @1 set total = total + item.size end", "@1 say total"
    )
    before = ["Say the total size.", "Go through the items."]
    new = script(
        "@1 let sum = 1",
        "@2 for each item in from items where size > 3 do @1 set sum = sum + 1 end",
        "@1 say sum",
        '@1 say "done"',
    )
    right = script(
        "@1 let total = 0",
        "@2 for each item in from items where size > 3 do @1 set total = total + item.size end",
        "@1 say total",
    )
    assert mended(old, before, new, [before[0], "Go through the items larger than 3."]) == (right, [1])


def test_a_sentence_that_had_no_steps() -> None:
    before = ["This is important work.", "Say hello."]
    old = script('@2 say "hello"')
    new = script('@1 say "important"', '@2 say "bye"')
    assert mended(old, before, new, [before[0], "Say bye."]) == (script('@2 say "bye"'), [1])


def test_a_parameter_of_a_sentence_that_stayed() -> None:
    before = ["The minimum is a parameter, 10 by default.", "Show the items larger than the minimum."]
    old = script("@2 emit from items where size > minimum", head="s(minimum: int = 10)")
    new = script("@2 emit from items where size > minimum", '@3 say "done"', head="s(minimum: int = 20)")
    right = script("@2 emit from items where size > minimum", '@3 say "done"', head="s(minimum: int = 10)")
    assert mended(old, before, new, [*before, "Say done."]) == (right, [1])
    changed = ["The minimum is a parameter, 20 by default.", before[1]]
    newer = script("@2 emit from items where size >= minimum", head="s(minimum: int = 20)")
    assert mended(old, before, newer, changed) == (
        script("@2 emit from items where size > minimum", head="s(minimum: int = 20)"),
        [2],
    )


def test_a_parameter_that_a_changed_sentence_names() -> None:
    before = ["The minimum is a parameter, 10 by default.", "Show the items larger than the minimum."]
    after = [before[0], "Show the items smaller than the minimum."]
    old = script("@2 emit from items where size > minimum", head="s(minimum: int = 10)")
    new = script("@2 emit from items where size < minimum", head="s(minimum: int = 20)")
    assert mended(old, before, new, after) == (new.replace("20", "10"), [1])
    after[1] = "Show the items smaller than the minimum, which is 20 by default."
    assert mended(old, before, new, after) == (new, [])


def test_an_else_of_another_sentence() -> None:
    before = ["Count the items.", "If there are more than 3, say many.", "Otherwise, say few."]
    old = script("@1 let n = count(from items)", '@2 if n > 3 then say "many" else @3 say "few" end')
    new = script("@1 let n = count(from items)", '@2 if n > 4 then say "lots" else @3 say "very few" end')
    right = old.replace("few", "very few")
    assert mended(old, before, new, [*before[:2], "Otherwise, say very few."]) == (right, [2])
    short = script("@1 let n = count(from items)", '@2 if n > 4 then say "lots" end')
    without = script("@1 let n = count(from items)", '@2 if n > 3 then say "many" end')
    assert mended(old, before, short, before[:2]) == (without, [2])
    assert mended(without, before[:2], old.replace("many", "lots"), before) == (old, [2])


def test_steps_in_the_block_of_a_changed_sentence() -> None:
    before = ["For each item:", "Say hello."]
    after = ["For each item larger than 3:", "Say hello."]
    old = script('@1 for each item in from items do @2 say "hello" end')
    new = script('@1 for each item in from items where size > 3 do @2 say "hi" end')
    assert mended(old, before, new, after) == (new.replace("hi", "hello"), [2])
    otherwise = script('@1 if exists(from items where size > 3) then @2 say "hi" end')
    assert mended(old, before, otherwise, after) == (otherwise.replace("hi", "hello"), [2])


# ── left as the new script has it ────────────────────────────────────────────────────────────────────────────────

SHOWS = ["Show the items whose size is below 10.", "Set those to 0."]
SETS = script("@1 emit from items where size < 10", "@2 update items where size < 10 set size = 0")


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ("Set those to 0.", "“those” takes up what changed before it"),
        ("Set their size to 0.", "“their” takes up what changed before it"),
        ("Set the same to 0.", "“the same” takes up what changed before it"),
        ("Set the size to 0.", "its old steps say `10`, as sentence 1 did before"),
    ],
)
def test_a_sentence_that_follows_what_changed_keeps_the_new_steps(second: str, why: str) -> None:
    before, after = [SHOWS[0], second], [SHOWS[0].replace("10", "20"), second]
    new = SETS.replace("10", "20")
    assert mended(SETS, before, new, after) == (new, [])
    assert reason(SETS, before, new, after, 2) == why


def test_what_a_sentence_takes_up_may_change_after_it() -> None:
    before, after = [*SHOWS, "Say done."], [*SHOWS, "Say good bye."]
    old, new = SETS.replace("end", '@3 say "done" end'), SETS.replace("= 0", "= 1").replace("end", '@3 say "bye" end')
    assert mended(same(old), before, same(new), after) == (same(new.replace("= 1", "= 0")), [2])


@pytest.mark.parametrize(
    ("text", "takes_up"),
    [
        ("Show the items that are large.", False),
        ("Show that.", True),
        ("That is all.", True),
        ("Show the orders of this month.", False),
        ("Do this twice.", True),
        ('Say "it is done".', False),
        ("Show things such as bolts.", False),
        ("Otherwise, say few.", True),
        ("Show the rest.", True),
        ("Show the remaining items.", True),
        ("Show the items.", False),
    ],
)
def test_words_that_take_up_another_sentence(text: str, takes_up: bool) -> None:
    old = script('@1 say "a"', '@2 say "b"')
    new = script('@1 say "c"', '@2 say "d"')
    why = reason(old, ["Say a.", text], new, ["Say c.", text], 2)
    assert (why is not None and "takes up" in why) == takes_up


def test_a_changed_sentence_without_a_step_is_said_in_the_steps_of_others() -> None:
    before, after = ["Show the items.", "At most 10."], ["Show the items.", "At most 20."]
    old, new = script("@1 emit from items limit 10"), script("@1 emit from items limit 20")
    assert mended(old, before, new, after) == (new, [])
    assert reason(old, before, new, after, 1) == "sentence 2 changed, and has no step of its own"
    without = script("@1 emit from items")
    assert mended(old, before, without, before[:1]) == (without, [])
    why = "what sentence 2 said before stood in no step of its own"
    assert reason(old, before, without, before[:1], 1) == why


def test_a_sentence_that_now_reads_what_a_new_one_makes() -> None:
    before = ["Find the items.", "Show the items."]
    after = [before[0], "Keep only the large items.", before[1]]
    old = script("@1 query found = from items", "@2 emit from found")
    new = script("@1 query found = from items", "@2 query large = from found where size > 3", "@3 emit from large")
    assert mended(old, before, new, after) == (new, [])
    assert reason(old, before, new, after, 3) == "it reads `large` now, which sentence 2 makes"


def test_old_steps_that_read_what_is_not_made_any_more() -> None:
    before = ["Count the items.", "Say the number."]
    old = script("@1 let n = count(from items)", '@2 say "{n}"')
    new = script("@1 say text(count(from items))")
    why = "its old steps read `n`, which is not made any more"
    assert mended(old, before, new, before[1:]) == (new, [])
    assert reason(old, before, new, before[1:], 1) == why


def test_a_sentence_whose_rows_nothing_takes_up_any_more() -> None:
    before = ["Find the large items.", "Show their names."]
    old = script("@1 query found = from items where size > 3", "@2 emit from found select name")
    new = script("@1 emit from items where size > 3")
    why = "its old steps make `found`, which only sentence 2 read before"
    assert mended(old, before, new, before[:1]) == (new, [])
    assert reason(old, before, new, before[:1], 1) == why
    assert mended(new, before[:1], old, before) == (same(old), [])
    why = "sentence 2 reads `found`, which its old steps do not make"
    assert reason(new, before[:1], old, before, 1) == why


def test_a_sentence_that_is_said_in_the_steps_of_a_changed_one() -> None:
    before = ["Find the open items.", "Delete them."]
    old = script('@2 delete from items where status = "open"')
    new = script('@1 emit from items where status = "open"')
    assert mended(old, before, new, before[:1]) == (new, [])
    why = "what it says stood in the steps of sentence 2 before"
    assert reason(old, before, new, before[:1], 1) == why
    assert mended(new, before[:1], old, before) == (same(old), [])
    why = "what it says stands in the steps of sentence 2 now"
    assert reason(new, before[:1], old, before, 1) == why


def test_a_parameter_whose_sentence_was_taken_away() -> None:
    before = ["The minimum is a parameter, 10 by default.", "Show the items larger than the minimum."]
    old = script("@2 emit from items where size > minimum", head="s(minimum: int = 10)")
    new = script("@1 emit from items where size > 0")
    assert mended(old, before, new, before[1:]) == (new, [])
    assert reason(old, before, new, before[1:], 1) == "its old steps read `minimum`, a parameter of sentence 1 before"


def test_a_variable_that_is_made_for_nothing_is_not_put_back() -> None:
    """Sentence 1 makes what only sentence 2 read, whose old steps do not hold."""
    before = ["Count the items.", "Say the number.", "Say bye."]
    old = script("@1 let n = count(from items)", "@2 say text(n)", '@3 say "bye"')
    new = script("@1 say text(1)", "@2 say text(2)", '@3 say "good bye"')
    after = [*before[:2], "Say good bye."]
    assert mended(old, before, new, after, lambda each: "text(n)" not in format_script(each)) == (new, [])


def test_the_message_with_which_patterns_stop_has_the_new_number() -> None:
    before = ["If there are no items, stop."]
    stops = '@{0} if not exists(from items{1}) then fail "stopped in sentence {0}" end'
    old, right = script(stops.format(1, "")), script('@1 say "a"', stops.format(2, ""))
    assert mended(old, before, right, ["Say a.", *before]) == (right, [])
    new = script('@1 say "a"', stops.format(2, " where size > 3"))
    assert mended(old, before, new, ["Say a.", *before]) == (right, [2])


def test_numbers_that_steps_repeat_stay_as_they_were_written() -> None:
    before = ["For each item:", "Say hello.", "Say bye."]
    old = script('@1 for each item in from items do @1 say "a" @2 say "hello" say "there" end', '@3 say "bye"')
    new = script('@1 for each item in from items do say "a" @2 say "hi" end', '@3 say "good bye"')
    right = old.replace('"bye"', '"good bye"')
    assert mended(old, before, new, [*before[:2], "Say good bye."]) == (right, [1, 2])


def test_steps_that_are_another_sentence_s_now_are_not_doubled() -> None:
    before = ["Say hello.", "Say bye."]
    old, new = script('@1 say "hello"', '@2 say "bye"'), script('@1 say "good morning" say "bye"')
    assert mended(old, before, new, ["Say good morning.", before[1]]) == (new, [])


def test_what_does_not_hold_all_at_once_is_tried_one_by_one() -> None:
    before = ["Say a.", "Say b.", "Say c.", "Say d."]
    old, new = (script(*(f'@{n} say "{text}"' for n, text in enumerate(texts, 1))) for texts in ("abcd", "ABCx"))
    tried: list[str] = []

    def holds(each: nodes.Script) -> bool:
        tried.append("".join(line[-2] for line in format_script(each).splitlines()[1:-1]))
        return '"b"' not in format_script(each)

    right = script('@1 say "a"', '@2 say "B"', '@3 say "c"', '@4 say "x"')
    assert mended(old, before, new, [*before[:3], "Say x."], holds) == (right, [1, 3])
    assert tried == ["abcx", "aBCx", "abCx", "aBcx"]


@pytest.mark.parametrize(
    ("after", "inside"), [(["For each item:", "- Say hello."], True), (["For each item:", "Say hello."], False)]
)
def test_a_list_that_is_laid_out_otherwise(after: list[str], inside: bool) -> None:
    """The words of all sentences stay, and one goes into the list or out of it."""
    before = ["For each item:", "Say hello."]
    within = script('@1 for each item in from items do say item.name @2 say "hello" end')
    outside = script("@1 for each item in from items do say item.name end", '@2 say "hello"')
    old, new = (outside, within) if inside else (within, outside)
    if inside:
        assert mended(old, before, new, after) == (new, [])
        assert reason(old, before, new, after, 2) == "it stands in the list of sentence 1 now"
        assert mended(new, before, old, after) == (new, [2])
    else:
        assert mended(old, before, new, after) == (old, [2])


def test_a_sentence_that_was_taken_out_of_a_list() -> None:
    before = ["For each item:", "Say hello.", "Say bye."]
    old = script('@1 for each item in from items do @2 say "hello" @3 say "bye" end')
    new = script('@1 for each item in from items do @2 say "hello" end', '@3 say "bye"')
    after = ["For each item:", "- Say hello.", "Say bye."]
    assert mended(old, before, new, after) == (new, [])
    assert reason(old, before, new, after, 3) == "it stands outside the list of sentence 1 now"


def test_what_was_answered_since_is_not_put_back() -> None:
    before, after = ["Show the large items.", "Say a."], ["Show the large items.", "Say b."]
    old = script("@1 emit from items where size > 3", '@2 say "a"')
    new = script("@1 emit from items where size > 9", '@2 say "b"')
    for sentence, numbers in (("", []), (before[0], []), ("Say b.", [1])):
        known = before_of(old, before, after, [Answer(sentence, "how large?", "more than 9")])
        assert put_back(known, new, lambda script: True)[1] == numbers
        assert (Reasons(known, script_of(new)).against(1) == "a question was answered since") == (not numbers)
