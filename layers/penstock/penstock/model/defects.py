"""Defects of our own, told apart from outages: the one place that says which is which.

A feed's functions (its model, rules, examination and the rest) are pure. What one of them raises, it raises again
whenever it meets the same record: to try again is in vain, and would keep the other records of the chunk. So the record
ends at once, as `dead` with the finding `<feed>.internal_error`, and can be replayed once the function is mended.

Where it fails at the bytes of a file, before there are records, the file ends at once: refused, or, where chunks of it
are on their way, with those alone.

    an outage    Transient and Unanswered, an OSError (a file of ours that cannot be read), a MemoryError: raised again
    a defect     every other Exception
    never met    KeyboardInterrupt, SystemExit, CancelledError: they are no Exception
"""

from collections.abc import Generator
from contextlib import contextmanager
from traceback import walk_tb

from penstock.model.errors import Defective, PenstockError, Permanent, Transient, Unanswered
from penstock.model.findings import Finding

INTERNAL_ERROR = "internal_error"  #: what the code of a defect's finding ends in

_OUTAGES = (Transient, Unanswered, OSError, MemoryError)


def defect(feed: str, error: Exception) -> Finding:
    """The finding of a record at which a function of its feed has raised: the exception's type, and the place in our
    own code. Its text may quote the record, and is not told.

    Raises:
        Exception: the error itself, where it is an outage.
    """
    if isinstance(error, _OUTAGES):
        raise error
    message = (
        f"Penstock failed at this record ({type(error).__name__} at {place_of(error)}), which says nothing"
        " about the record; report it, and replay the record once that is mended"
    )
    return Finding(f"{feed}.{INTERNAL_ERROR}", message)


@contextmanager
def at_a_file(feed: str) -> Generator[None]:
    """Around functions that read a file's bytes: what one of them raises that is neither a word of ours nor an outage
    ends the file.

    Raises:
        Defective: with the exception's type and place; its text may quote a record, and is not told.
    """
    try:
        yield
    except (PenstockError, *_OUTAGES):
        raise
    except Exception as error:
        message = (
            f"Penstock failed at the file ({type(error).__name__} at {place_of(error)}), which says nothing about the"
            " file; report it, and replay the file once that is mended"
        )
        raise Defective(f"{feed}.{INTERNAL_ERROR}", message) from None


def broken_off_at(byte: int, stop: Permanent) -> Finding:
    """The finding of a file that was cut as far as `byte`, and no further for what stopped it there."""
    return Finding(stop.code, f"{stop.message}; until then what it has from byte {byte:,} on is in no record")


def is_defect(code: str) -> bool:
    """Whether a finding with this code tells of a defect."""
    return code.endswith(f".{INTERNAL_ERROR}")


def place_of(error: Exception) -> str:
    """Module and line of the innermost frame that is ours, where it was raised."""
    places = [(frame.f_globals.get("__name__", ""), line) for frame, line in walk_tb(error.__traceback__)]
    ours = [f"{module}:{line}" for module, line in places if module.partition(".")[0] == "penstock"]
    return ours[-1] if ours else "an unknown place"
