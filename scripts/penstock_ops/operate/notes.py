"""Why something was decided: a decision has a note, and the audit keeps it."""

from penstock_ops.operate.errors import NoNote

NOTE = 500  #: characters; the sender reads that of a refusal in rejects.csv


def noted(note: str) -> str:
    """A note in single blanks.

    Raises:
        NoNote: it says nothing, or more than it may.
    """
    note = " ".join(note.split())
    if not note or len(note) > NOTE:
        raise NoNote(f"a note must say why, in at most {NOTE} characters: the audit keeps it")
    return note
