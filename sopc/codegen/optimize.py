"""Blocks in layout order → the reachable blocks, with jumps threaded, and tests inverted where that saves a jump."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from runtime.bytecode.opcodes import BY_NAME
from sopc.codegen.blocks import Block

# The inverse of each jump.
_OPPOSITE: Final = {"JUMP_UNLESS": "JUMP_IF_TRUE", "JUMP_IF_TRUE": "JUMP_UNLESS"}
# The inverse of each comparison of values that are never null: its name, and whether the operands are swapped.
_OPPOSITE_TEST: Final = {
    "TEST_EQ": ("TEST_NE", False),
    "TEST_NE": ("TEST_EQ", False),
    "TEST_LT": ("TEST_LE", True),
    "TEST_LE": ("TEST_LT", True),
}


def optimize(layout: list[Block]) -> list[Block]:
    """Optimize the blocks of one script.

    Args:
        layout: All blocks; the script begins at the first. They are changed in place.

    Returns:
        The reachable blocks, in layout order.
    """
    thread_jumps(layout)
    blocks = reachable(layout)
    turn_tests(blocks)
    return blocks


def thread_jumps(layout: list[Block]) -> None:
    """Redirect jumps to empty blocks to the destination of these, if the instruction can jump in that direction."""
    order = {block: number for number, block in enumerate(layout)}
    for number, block in enumerate(layout):
        if block.next is not None:
            block.next = _end_of_chain(block.next, order, range(len(layout)))
        for instruction in block.instructions:
            if instruction.target is not None:
                back = BY_NAME[instruction.name].flow.startswith("loop")
                within = range(number + 1) if back else range(number + 1, len(layout))
                instruction.target = _end_of_chain(instruction.target, order, within)


def _end_of_chain(block: Block, order: dict[Block, int], within: range) -> Block:
    seen = {block}
    while not block.instructions and block.next is not None and block.next not in seen:
        if order[block.next] not in within:
            break
        block = block.next
        seen.add(block)
    return block


def reachable(layout: list[Block]) -> list[Block]:
    """The reachable blocks, in layout order. A handler is reachable from any instruction of its `try` that can fail."""
    seen: set[Block] = set()
    stack = [layout[0]]
    while stack:
        block = stack.pop()
        if block in seen:
            continue
        seen.add(block)
        if block.next is not None:
            stack.append(block.next)
        for instruction in block.instructions:
            if instruction.target is not None:
                stack.append(instruction.target)
            if block.region is not None and BY_NAME[instruction.name].fails:
                stack.append(block.region.handler)
    return [block for block in layout if block in seen]


def turn_tests(blocks: list[Block]) -> None:
    """Invert the test of a block whose target is the following block, so that `next` is the following block."""
    order = {block: number for number, block in enumerate(blocks)}
    for block, following in pairwise(blocks):
        if not block.instructions or block.next is following:
            continue
        last = block.instructions[-1]
        if last.target is not following or block.next is None or order[block.next] <= order[block]:
            continue
        if last.name in _OPPOSITE:
            last.name = _OPPOSITE[last.name]
        elif last.name in _OPPOSITE_TEST and last.total:
            last.name, swap = _OPPOSITE_TEST[last.name]
            if swap:
                last.operands = (last.operands[1], last.operands[0])
        else:
            continue
        last.target, block.next = block.next, following
