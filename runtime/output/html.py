"""Batches of records → a table in HTML for a notebook, by the rules of the table for terminals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Final

from runtime.output.sink import Sink
from runtime.output.table import Table, cell
from runtime.values.types import Type

if TYPE_CHECKING:
    from runtime.values.batches import NamedRows

_RIGHT: Final = ' style="text-align: right"'


class _Html(Table):
    """Numbers are written and aligned as in a table for terminals; no column is cut or left out."""

    more = False  # whether there are more records than these
    begun = False  # whether records before these were read

    def _write_head(self) -> None:
        self._write_cells("th", [cell(column.name) for column in self._shown], "<table><thead>", "</thead><tbody>")

    def _write(self, texts: Sequence[str]) -> None:
        self._write_cells("td", texts)

    def _write_cells(self, tag: str, texts: Sequence[str], before: str = "", after: str = "") -> None:
        cells = "".join(
            f"<{tag}{_RIGHT if column.is_number else ''}>{escape(text)}</{tag}>"
            for text, column in zip(texts, self._shown, strict=True)
        )
        self.sink.write(f"{before}<tr>{cells}</tr>{after}\n".encode())

    def _write_foot(self) -> None:
        rows = f"{self._count:,} row{'' if self._count == 1 else 's'}"
        which = {(True, False): "the first ", (True, True): "the next ", (False, True): "the last "}
        said = [which.get((self.more, self.begun), "") + rows]
        if self._rounded:
            said.append("floats are rounded (.df() has all digits)")
        self.sink.write(f"</tbody></table><p>{'; '.join(said)}</p>\n".encode())


def to_html(
    batches: Iterable[NamedRows], columns: tuple[tuple[str, Type], ...] | None, limit: int, *, begun: bool
) -> str:
    """Show records as a table.

    Args:
        batches: Names and rows.
        columns: Names and types of the fields; None where the script does not say them.
        limit: How many records are shown; where there are more, the table says that it shows the first.
        begun: Whether records before these were read, so that the table says that it shows the next or the last.

    Returns:
        A fragment of HTML; texts are escaped. Empty where there is nothing to show.
    """
    stream = BytesIO()
    table = _Html(Sink(stream), False, None)
    table.columns = columns
    table.begun = begun
    rows = ((names, row) for names, rows in batches for row in rows)
    for names, row in islice(rows, limit):
        table.rows("", None, names, [row])
    table.more = next(rows, None) is not None
    table.end("ok", None, 0, 0)
    return stream.getvalue().decode()
