"""A new script and the text's last translation → the script with the old steps of sentences that stayed put back, where
that is right and holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from runtime.errors import SopError
from sopc.english.incremental.compare import Before, script_of
from sopc.english.incremental.merge import Elsewhere, merged
from sopc.english.incremental.reasons import Reasons, unread
from sopc.tree import nodes

_MAX_TRIES: Final = 40  # each compiles a script and runs its examples

Holds = Callable[[nodes.Script], bool]


def put_back(before: Before, text: str, holds: Holds) -> tuple[nodes.Script | None, list[int]]:
    """The mended script, None where there is nothing to mend, and the numbers of the sentences whose steps are again
    what they were. What they make has its old name again, also where that is all.

    text: of the new script. holds: whether a script can be taken, and is as good as the new one. All at once where that
    holds, else one by one from the first. Raises CompileError for a new script that can't be read.
    """
    new = script_of(text)
    touched = before.touched(new)
    reasons = Reasons(before, new)
    right = [number for number in sorted(before.sentences.kept.values()) if reasons.against(number) is None]
    wanted = [number for number in touched if number in right]

    old = before.carried(new)
    idle = unread(old) | unread(new)

    def tried(back: Sequence[int]) -> nodes.Script | None:
        try:
            script = merged(old, new, back, before.sentences)
            mends = set(before.touched(script)) < set(touched) and unread(script) <= idle
            return script if mends and holds(script) else None
        except (Elsewhere, SopError):
            return None

    best = tried(right) if wanted else None
    if best is None:
        done: list[int] = []
        for number in wanted[:_MAX_TRIES]:
            script = tried([*done, number])
            if script is not None:
                best, done = script, [*done, number]
    back = [] if best is None else sorted(set(touched) - set(before.touched(best)))
    named = before.recalled(best or new)
    return (named if named != (best or new) and holds(named) else best), back
