"""Translations that wait for consent, kept in the home folder, so that accepting one does not translate again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from runtime.files.atomic import make_folder, write_bytes, write_text
from runtime.library.environment import make_home
from sopc.english.lock import Answer, split_sop, text_hash

if TYPE_CHECKING:
    from sopc.english.model_records import Work

_FOLDER = "pending"


class Pending:
    """The pending translation of a text.

    home: the library's folder. name: of the script. source: the name of the text's file, since two texts can have the
    same title.
    """

    def __init__(self, home: Path, name: str, source: str) -> None:
        self._home = home
        self._path = home / _FOLDER / f"{name}.sop"
        self._work = self._path.with_suffix(".work")
        self._source = source

    def find(
        self, text: str, translator: str | None, model: str | None, answers: Sequence[Answer]
    ) -> tuple[str, Work | None] | None:
        """Find the pending translation.

        Args:
            text: The English text that it must have been made from.
            translator: The translator that must have made it, None for any.
            model: The model that must have made it, None for any.
            answers: The author's answers that it must rest on.

        Returns:
            The text of the .sop file and the model's requests; None if there is no such translation.
        """
        try:
            sop = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None
        header, _ = split_sop(sop)
        if header is None or header.text_hash != text_hash(text) or header.source != self._source:
            return None
        by, _, name = header.translator.partition(" ")
        if translator not in (None, by) or (model is not None and by == "model" and name.partition(" ")[0] != model):
            return None
        if not all(answer in header.answers for answer in answers):
            return None
        return sop, self._find_work()

    def _find_work(self) -> Work | None:
        from sopc.english.model_records import decode_work

        try:
            return decode_work(self._work.read_bytes())
        except (OSError, msgspec.DecodeError):
            return None

    def keep(self, sop: str, work: Work | None) -> None:
        """Store a translation. Raises SopError C0109 if the folder can't be written."""
        from sopc.english.model_records import encode_work

        make_home(self._home)
        make_folder(self._path.parent)
        self.drop()
        if work is not None:
            write_bytes(self._work, encode_work(work))
        write_text(self._path, sop)

    def drop(self) -> None:
        for path in (self._path, self._work):
            path.unlink(missing_ok=True)
