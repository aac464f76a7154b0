"""An old and a new translation of a text → the sentences that stayed as they were and whose steps did not."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import ndiff
from typing import Final

from sopc.english.incremental.blocks import Body, bodies, kinds, tagged, untagged
from sopc.english.incremental.rename_variables import carried, recalled
from sopc.english.incremental.sentences import Sentences, compared
from sopc.english.lock import Answer, split_sop
from sopc.english.sentences import Sentence
from sopc.explainer.steps import steps_of
from sopc.source import Source
from sopc.syntax.parse import parse
from sopc.syntax.print_expr import expr, type_name
from sopc.tree import nodes

_DECLARES: Final = re.compile(r"\b(parameters?|arguments?|inputs?|options?|given|defaults?)\b", re.IGNORECASE)

Words = tuple[str, ...]


class Before:
    """The text before a change, and its program. sop: the old .sop file. sentences: those of the new text. answers: all
    that the author gave. Raises CompileError if the old program can't be read."""

    def __init__(self, sop: str, sentences: Sequence[Sentence], answers: Sequence[Answer] = ()) -> None:
        header, body = split_sop(sop)
        self.sentences: Sentences = compared(header.sentences if header else (), sentences)
        self.answers = [each for each in answers if header is None or each not in header.answers]
        self._script = parse(Source("program", body)).scripts[0]

    def answered(self, number: int) -> bool:
        """Whether the author has answered a question since, about a sentence or the whole text."""
        return any(each.sentence in ("", self.sentences.new[number - 1]) for each in self.answers)

    def carried(self, new: nodes.Script) -> nodes.Script:
        """The old script with the sentence numbers and variable names of the new one, to compare the two."""
        return carried(self._script, new, self.sentences)

    def recalled(self, new: nodes.Script) -> nodes.Script:
        """The new script, in which variables and parameters of unchanged sentences have their old names."""
        params = [each.name for each in self._script.params if declares(each.name, self.sentences) is not None]
        script = recalled(new, self._script, self.sentences, params)
        return script.model_copy(update={"steps": untagged(script.steps)})

    def touched(self, new: nodes.Script) -> list[int]:
        """Numbers, in the new text, of unchanged sentences whose steps or parameters mean something else now, or whose
        steps moved to the block of another unchanged sentence. Renamed variables do not count."""
        old_words, new_words = said(self.carried(new), self.sentences), said(new, self.sentences)
        kept = sorted(self.sentences.kept.values())
        return [number for number in kept if old_words.get(number) != new_words.get(number)]

    def changes(self, new: nodes.Script) -> list[str]:
        """The difference of the programs: lines with `+` are new, lines with `-` are gone."""
        lines = ndiff(_lines(self.carried(new)), _lines(new))
        return [line for line in lines if line[0] in "+-"]


def script_of(sop: str) -> nodes.Script:
    """Of a .sop file. Raises CompileError."""
    return parse(Source("program", split_sop(sop)[1])).scripts[0]


def said(script: nodes.Script, sentences: Sentences) -> dict[int, Words]:
    """What each sentence became, in words, by its number, and in which blocks of sentences that stayed."""
    kept = set(sentences.kept.values())
    found: dict[int, Words] = {}
    for param in script.params:
        number = declares(param.name, sentences)
        if number is not None:
            default = "" if param.default is None else f" = {expr(param.default)}"
            found[number] = (*found.get(number, ()), f"{param.name}: {type_name(param.type)}{default}")
    places = dict(_places(tagged(script.steps), kept))
    for line in steps_of(script):
        if line.step or line.text.startswith("Otherwise, if"):  # else it says no more than places do
            number = line.sentence or 0
            found[number] = (*found.get(number, ()), places.get(line.step, "") + line.text, *line.parts)
    return found


def declares(param: str, sentences: Sentences) -> int | None:
    """The number of the sentence that a parameter comes from: the first with all words of its name. None if that
    sentence changed, was not the first before, or if a changed sentence declares the parameter."""
    if any(speaks_of(text, param) for text in (*sentences.texts_gone, *sentences.texts_changed)):
        return None
    was, now = _first(param, sentences.old), _first(param, sentences.new)
    return now if was is not None and sentences.kept.get(was) == now else None


def _first(param: str, texts: Sequence[str]) -> int | None:
    return next((number for number, text in enumerate(texts, 1) if names(text, param)), None)


def speaks_of(text: str, param: str) -> bool:
    """Whether a sentence declares a parameter of the script's signature."""
    return bool(_DECLARES.search(text)) and names(text, param)


def names(text: str, name: str) -> bool:
    """Whether all words of a name such as `max_price` stand in a text."""
    wanted = set(words_of(name.replace("_", " ")))
    return bool(wanted) and wanted <= set(words_of(text))


def words_of(text: str) -> list[str]:
    """In lower case, without the s of a plural."""
    return [word.removesuffix("s") for word in re.findall(r"\w+(?:\.\d+)?", text.lower())]


def _places(
    steps: Body, kept: Collection[int], path: str = "", around: str = "", first: int = 1
) -> Iterator[tuple[str, str]]:
    """(path, the blocks of sentences in `kept` around it) of each step."""
    for number, step in enumerate(steps, first):
        yield f"{path}{number}", around
        inner_first = 1
        for kind, body in zip(kinds(step), bodies(step), strict=True):
            block = f"{around}{kind} of {step.sentence}: " if step.sentence in kept else around
            yield from _places(body, kept, f"{path}{number}.", block, inner_first)
            inner_first += len(body)


def _lines(script: nodes.Script) -> list[str]:
    return [" ".join([line.text, *line.parts]) for line in steps_of(script)]
