"""Blocks in layout order → the blocks that can be reached, with jumps to jumps made direct and tests turned around
where that saves a jump."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from runtime.bytecode.opcodes import BY_NAME
from sopc.codegen.blocks import Block

# The instruction that jumps exactly when the other one does not.
_OPPOSITE: Final = {"JUMP_UNLESS": "JUMP_IF_TRUE", "JUMP_IF_TRUE": "JUMP_UNLESS"}
# The same for comparisons of values that are never null: name, and whether the operands change places.
_OPPOSITE_TEST: Final = {
    "TEST_EQ": ("TEST_NE", False),
    "TEST_NE": ("TEST_EQ", False),
    "TEST_LT": ("TEST_LE", True),
    "TEST_LE": ("TEST_LT", True),
}


def optimize(layout: list[Block]) -> list[Block]:
    """The first block is where the script begins. Blocks are changed in place."""
    thread_jumps(layout)
    blocks = reachable(layout)
    turn_tests(blocks)
    return blocks


def thread_jumps(layout: list[Block]) -> None:
    """Every jump to an empty block goes to where that leads, so far as the instruction may jump that way."""
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
    """In the layout's order. A handler is reached from what can fail in its `try`."""
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
    """A block that jumps to the block right after it, else goes on elsewhere, does it the other way round."""
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
