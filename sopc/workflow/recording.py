"""A recorded program and the English that some of its steps were typed in → its .sop file."""

from __future__ import annotations

from sopc.source import Source

__all__ = ("recorded",)


def recorded(name: str, program: str, english: str) -> Source:
    """The source of a recording's script.

    Args:
        name: of the script.
        program: in the language, as the formatter writes it.
        english: the sentences, as paragraphs; empty where every step was typed in the language.
    """
    if english:
        from sopc.english.lock import write_sop
        from sopc.english.sentences import read_workflow

        sentences = [sentence.text for sentence in read_workflow(english, name).sentences]
        program = write_sop(program, english, "recording", sentences)
    return Source(f"{name}.sop", program)
