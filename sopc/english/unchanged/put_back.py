"""A new script and the text's last translation → the script with the old steps of sentences that stayed put back, where
that is right and holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from runtime.errors import SopError
from sopc.english.unchanged.compare import Before, script_of
from sopc.english.unchanged.merge import Elsewhere, merged
from sopc.english.unchanged.reasons import Reasons, unread
from sopc.tree import nodes

_MOST_TRIES: Final = 40  # each compiles a script and runs its examples

Holds = Callable[[nodes.Script], bool]


def put_back(before: Before, text: str, holds: Holds) -> tuple[nodes.Script, list[int]]:
    """The script, and the numbers of the sentences whose steps are again what they were.

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
        back: list[int] = []
        for number in wanted[:_MOST_TRIES]:
            script = tried([*back, number])
            if script is not None:
                best, back = script, [*back, number]
    if best is None:
        return new, []
    return best, sorted(set(touched) - set(before.touched(best)))
