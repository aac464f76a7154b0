"""What is prepared and how: the options of a caller, the place of a program, and the prepared program itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from sopc.pipeline import Compiled
from sopc.source import Source

if TYPE_CHECKING:
    from sopc.english.model_records import Work
    from sopc.english.pending import Pending
    from sopc.listener import ProgressListener
    from sopc.sql.statement import Dialect
    from sopc.workflow.answers import Answers, AskPerson
    from sopc.workflow.readings import MayRead

__all__ = ("NOWHERE", "Options", "Place", "Prepared", "ProgramWarning", "Take", "Written")

Take = Literal["text", "sop"]


class Written(NamedTuple):
    """A program that somebody else has written for an English text.

    Attributes:
        program: in the language.
        translator: who wrote it, for the program's header.
    """

    program: str
    translator: str


@dataclass(frozen=True)
class Options:
    """How a caller wants a text prepared.

    Attributes:
        translator, model: what translates; None takes it from the settings.
        take: which side wins when both the text and its program changed.
        locked: fail instead of translating.
        yes: accept what is new: take a translation that waits for a yes as it is.
        answers: answers given beforehand.
        ask: asks a person; None if nobody can be asked.
        listener: is told of progress.
        dialect: what SQL is written in; None for that of the database.
        may_read: whether the caller may see rows of these databases, which show in what readings differ; None if of
            all.
        written: the translation, where there is one already.
    """

    translator: str | None = None
    model: str | None = None
    take: Take | None = None
    locked: bool = False
    yes: bool = False
    answers: Answers | None = None
    ask: AskPerson | None = None
    listener: ProgressListener | None = None
    dialect: Dialect | None = None
    may_read: MayRead | None = None
    written: Written | None = None


class ProgramWarning(NamedTuple):
    """A warning for the author of a program.

    Attributes:
        code: of its explanation (`sopc error CODE`).
        sentence: the number of the sentence, from 1; 0 for a text without sentences.
        message: what to look at.
        about: the sentence, or the part of the text.
    """

    code: str
    sentence: int
    message: str
    about: str

    def __str__(self) -> str:
        where = f"sentence {self.sentence}: " if self.sentence else ""
        return f"{self.code}: {where}{self.message}: “{self.about}”"


@dataclass(frozen=True)
class Place:
    """Where the program of an English text is kept.

    Attributes:
        existing: the program there with its header; None if there is none.
        path: the .sop file to write a new program to; None if it goes into the library only.
        file: the name of the text's file; "" if the text is not in a file.
        keeps: whether a translation that nobody has accepted is kept for a later yes.
    """

    existing: Source | None = None
    path: Path | None = None
    file: str = ""
    keeps: bool = True


NOWHERE = Place(keeps=False)


@dataclass(frozen=True)
class Prepared:
    """A compiled source, ready to be stored.

    Attributes:
        compiled: The program and its modules.
        warnings: what only the text or only the program names, steps that changed without need, and what the data tell.
        translator: what translated it; None if it was not English.
        translated: whether it is a new translation.
        write_to: the .sop file to write; None if there is nothing to write.
        work: the requests to a model and its replies.
        expects_change: whether the English text asks for a change to the data; True for other sources.
        shown: whether somebody has seen it, because it waited for a yes.
        changes: the differences to the last translation, as lines that begin with `-` or `+`.
        old_files: .sop files of the same text under an earlier title.
        pending: Where a translation that waits for a yes is kept; None if nowhere.
    """

    compiled: Compiled
    warnings: tuple[ProgramWarning, ...] = ()
    translator: str | None = None
    translated: bool = False
    write_to: Path | None = None
    work: Work | None = None
    expects_change: bool = True
    shown: bool = False
    changes: tuple[str, ...] = ()
    old_files: Sequence[Path] = ()
    pending: Pending | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The name of its script; of several, the last one's."""
        return self.compiled.modules[-1].signature.name

    @property
    def program(self) -> str:
        """In the language, without the .sop file's header."""
        from sopc.english.lock import split_sop

        return split_sop(self.compiled.source.text)[1].strip("\n")

    @property
    def is_sql(self) -> bool:
        """Whether it was made from a statement in SQL."""
        return (self.translator or "").startswith("sql ")

    @property
    def writes(self) -> list[str]:
        """The stores that its scripts change."""
        return self.compiled.writes

    @property
    def is_unexpected(self) -> bool:
        """Whether a model's program writes although the text asks for no change, and nobody has seen it. `--yes` alone
        does not accept such a program."""
        return bool(self.work and self.writes and not self.expects_change and not self.shown)

    def keep(self) -> None:
        """Keep a translation until it is accepted.

        Raises:
            SopError: C0109 when it can't be written.
        """
        if self.pending is not None:
            self.pending.keep(self.compiled.source.text, self.work)

    def forget(self) -> None:
        """Delete the translation that was kept for a yes."""
        if self.pending is not None:
            self.pending.drop()
