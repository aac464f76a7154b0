"""Every script in tests/errors is refused with the findings, at the lines, that its comments say."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.error_codes import find_code
from sopc.diagnostics import CompileError
from sopc.source import Source
from tests.harness import case_id, cases, compile_text, finding_problems, make_database, read_case

scripts = pytest.mark.parametrize("path", cases("errors"), ids=case_id)


def findings(path: Path, folder: Path) -> CompileError | None:
    case = read_case(path)
    try:
        compile_text(case.text, make_database(folder / "main.db", case), path.name)
    except CompileError as error:
        return error
    return None


@scripts
def test_a_script_is_refused_as_it_says(path: Path, tmp_path: Path) -> None:
    case = read_case(path)
    assert case.all("error"), "the script expects no error"
    found = finding_problems(case, findings(path, tmp_path))
    assert not found, "\n".join(found)


@scripts
def test_a_finding_is_one_plain_sentence_with_a_caret(path: Path, tmp_path: Path) -> None:
    error = findings(path, tmp_path)
    assert error is not None
    for finding in error.diagnostics:
        message = finding.message
        assert message and not message.endswith(".") and "\n" not in message
        assert not message[0].isupper(), message
        assert " you " not in f" {message} {finding.hint or ''} "
        assert find_code(finding.code) is not None
        assert not {"$END", "Token(", "LALR", "__ANON", "Unexpected"} & set(message.split()), message
        assert finding.span is not None
        assert "^" in finding.render(Source(path.name, read_case(path).text))


@pytest.mark.parametrize("text", ["", "\n", "# only a comment", " \n\n"])
def test_a_file_without_a_script_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(CompileError) as caught:
        compile_text(text, make_database(tmp_path / "main.db"))
    assert [finding.code for finding in caught.value.diagnostics] == ["E0115"]
