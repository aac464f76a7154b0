"""The use cases around a program, without console and HTTP: prepare a program, ask what its text leaves open, store it.

`prepare` turns a text, a program or a tree into a `Prepared`. `store` puts it into the library if the given consents
allow that. The commands, the recordings, the service and its page only show the outcome and pass on consents, so every
entry gives the same warnings, questions and refusals.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.lazy import lazy

if TYPE_CHECKING:
    from sopc.context import Context, open_context
    from sopc.diagnostics import CompileError
    from sopc.english.lock import Answer
    from sopc.english.questions import Question
    from sopc.listener import ProgressListener
    from sopc.pipeline import compile_query, kind_of, parse, parse_tree, provenance_of, read, usable_schemas
    from sopc.source import STDIN, Source
    from sopc.sql.statement import Dialect
    from sopc.workflow.answers import Answers, AskPerson, NeedsAnswer
    from sopc.workflow.examples import try_kept, with_hints
    from sopc.workflow.prepared import NOWHERE, Options, Prepared, Take, Written
    from sopc.workflow.sources import prepare, prepare_file, prompt_for, stored_place
    from sopc.workflow.stored import Consents, NeedsYes, check_unique, store

__all__ = (
    "NOWHERE",
    "STDIN",
    "Answer",
    "Answers",
    "AskPerson",
    "CompileError",
    "Consents",
    "Context",
    "Dialect",
    "NeedsAnswer",
    "NeedsYes",
    "Options",
    "Prepared",
    "ProgressListener",
    "Question",
    "Source",
    "Take",
    "Written",
    "check_unique",
    "compile_query",
    "kind_of",
    "open_context",
    "parse",
    "parse_tree",
    "prepare",
    "prepare_file",
    "prompt_for",
    "provenance_of",
    "read",
    "store",
    "stored_place",
    "try_kept",
    "usable_schemas",
    "with_hints",
)
__getattr__ = lazy(
    __name__,
    NOWHERE="sopc.workflow.prepared",
    STDIN="sopc.source",
    Answer="sopc.english.lock",
    Answers="sopc.workflow.answers",
    AskPerson="sopc.workflow.answers",
    CompileError="sopc.diagnostics",
    Consents="sopc.workflow.stored",
    Context="sopc.context",
    Dialect="sopc.sql.statement",
    NeedsAnswer="sopc.workflow.answers",
    NeedsYes="sopc.workflow.stored",
    Options="sopc.workflow.prepared",
    Prepared="sopc.workflow.prepared",
    ProgressListener="sopc.listener",
    Question="sopc.english.questions",
    Source="sopc.source",
    Take="sopc.workflow.prepared",
    Written="sopc.workflow.prepared",
    check_unique="sopc.workflow.stored",
    compile_query="sopc.pipeline",
    kind_of="sopc.pipeline",
    open_context="sopc.context",
    parse="sopc.pipeline",
    parse_tree="sopc.pipeline",
    prepare="sopc.workflow.sources",
    prepare_file="sopc.workflow.sources",
    prompt_for="sopc.workflow.sources",
    provenance_of="sopc.pipeline",
    read="sopc.pipeline",
    store="sopc.workflow.stored",
    stored_place="sopc.workflow.sources",
    try_kept="sopc.workflow.examples",
    usable_schemas="sopc.pipeline",
    with_hints="sopc.workflow.examples",
)
