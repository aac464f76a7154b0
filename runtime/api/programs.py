"""The text of a request → one compiled script of the name that the request gives."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.api.problems import HttpError
from runtime.library.store import Item
from sopc import pipeline
from sopc.context import Context
from sopc.pipeline import Compiled
from sopc.source import Source


@dataclass(frozen=True)
class Prepared:
    """translator: of English, None for what a person or a program wrote as it is."""

    compiled: Compiled
    items: list[Item]
    translator: str | None

    def confirm(self, yes: bool) -> None:
        """HttpError C0108 for a new translation that writes, unless somebody has looked at it."""
        script = self.compiled.modules[0]
        if self.translator is None or yes or not script.effects.writes:
            return
        message = f"{script.signature.name} is new and writes {', '.join(script.effects.writes)}, so nothing was stored"
        raise HttpError(409, "C0108", message, "look at it with ?dry_run=true, then store it with ?yes=true")


def prepare(name: str, text: str, kind: str | None, context: Context) -> Prepared:
    """Compile it; nothing is stored. kind: dsl, english or tree, None to tell by how it begins.

    Raises CompileError, HttpError S0115 when it is not the one script of this name.
    """
    from sopc.commands.prepare import tried

    translator = None
    kind = kind or pipeline.kind_of(Source(pipeline.STDIN, text))
    if kind == "english":
        from sopc.english.examples.read import read_examples

        written = Source(f"{name}.txt", text)
        read_examples(written)  # before anything is sent or translated
        draft = pipeline.draft(written, context)
        translator = draft.translator
        compiled = tried(written, Source(f"{name}.sop", draft.sop_text), context)
    else:
        source = Source(f"{name}.sop", text)
        compiled = pipeline.compile_source(pipeline.parse_tree(source) if kind == "tree" else source, context)
    names = [module.signature.name for module in compiled.modules]
    if names != [name]:
        message = f"the program is {', '.join(names) or 'empty'}, and the address says {name}"
        raise HttpError(422, "S0115", message, "one script, of the name in the address")
    return Prepared(compiled, compiled.items(pipeline.provenance_of(compiled.source)), translator)
