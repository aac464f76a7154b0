"""The text of a request → one compiled script of the name that the request gives."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.api.problems import HttpError
from runtime.errors import SopError
from runtime.library.store import Item
from sopc import pipeline
from sopc.context import Context
from sopc.pipeline import Compiled
from sopc.source import Source

if TYPE_CHECKING:
    from sopc.english.model.records import Work
    from sopc.english.pending import Pending


@dataclass(frozen=True)
class Prepared:
    """translator: of English, None for what a person or a program wrote as it is. pending: where a translation waits
    for a yes. shown: it was there already, so an answer has shown it. work: what a model was asked for it."""

    compiled: Compiled
    items: list[Item]
    translator: str | None
    pending: Pending | None = None
    shown: bool = False
    work: Work | None = None

    def keep(self) -> None:
        """A translation as it is shown, so that a yes is one to this program, and not to another translation."""
        if self.pending is not None:
            with suppress(SopError):  # where nothing can be written, nothing can be stored either
                self.pending.keep(self.compiled.source.text, self.work)

    def forget(self) -> None:
        if self.pending is not None:
            self.pending.drop()

    def confirm(self, yes: bool) -> None:
        """HttpError C0108 for a new translation that writes, unless somebody has looked at it. What sentence patterns
        make of a text is the same each time, so a yes said beforehand is enough."""
        script = self.compiled.modules[0]
        if self.translator is None or not script.effects.writes or (yes and (self.shown or self.work is None)):
            return
        self.keep()
        message = f"{script.signature.name} is new and writes {', '.join(script.effects.writes)}, so nothing was stored"
        raise HttpError(409, "C0108", message, "look at it with ?dry_run=true, then store it with ?yes=true")


def prepare(name: str, text: str, kind: str | None, context: Context, *, yes: bool = False) -> Prepared:
    """Compile it; nothing is stored. kind: dsl, english or tree, None to tell by how it begins. yes: a translation of
    this text that was shown is taken.

    Raises CompileError, HttpError S0115 when it is not the one script of this name.
    """
    kind = kind or pipeline.kind_of(Source(pipeline.STDIN, text))
    if kind == "english":
        prepared = _translated(name, text, context, yes=yes)
    else:
        source = Source(f"{name}.sop", text)
        compiled = pipeline.compile_source(pipeline.parse_tree(source) if kind == "tree" else source, context)
        prepared = Prepared(compiled, compiled.items(), None)
    names = [module.signature.name for module in prepared.compiled.modules]
    if names != [name]:
        message = f"the program is {', '.join(names) or 'empty'}, and the address says {name}"
        raise HttpError(422, "S0115", message, "one script, of the name in the address")
    return prepared


def _translated(name: str, text: str, context: Context, *, yes: bool) -> Prepared:
    from sopc.commands.prepare import tried
    from sopc.english.examples.read import read_examples
    from sopc.english.lock import split_sop
    from sopc.english.pending import Pending
    from sopc.english.sentences import read_workflow

    written = Source(f"{name}.txt", text)
    read_examples(written)  # before anything is sent or translated
    pending = Pending(context.config.home, read_workflow(text, name).name, "")
    waiting = pending.find(text, None, None, ()) if yes else None
    if waiting is None:
        draft = pipeline.draft(written, context)
        sop, work = draft.sop_text, draft.work
    else:
        sop, work = waiting
    header, _ = split_sop(sop)
    compiled = tried(written, Source(f"{name}.sop", sop), context)
    translator = header.translator if header else None
    return Prepared(compiled, compiled.items(work=work), translator, pending, waiting is not None, work)
