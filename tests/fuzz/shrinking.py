"""An input that breaks a law, made short."""

import re
from collections.abc import Callable

TRIES = 3000  #: shorter inputs tried at most: some seconds


def shrunk(check: Callable[[bytes], None], data: bytes) -> bytes:
    """The shortest input found that fails as this one does: pieces are left out, first large ones and then small ones,
    and bytes are made plain."""
    wanted, left = fault_of(check, data), TRIES

    def fails(shorter: bytes) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and fault_of(check, shorter) == wanted

    size = len(data)
    while size and left > 0:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if fails(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    for at in range(len(data)):
        plain = data[:at] + b"a" + data[at + 1 :]
        if data[at] not in b"a\n" and fails(plain):
            data = plain
    return data


def fault_of(check: Callable[[bytes], None], data: bytes) -> str | None:
    """What is wrong, and where it was found; None if the input keeps the law."""
    try:
        check(data)
    except Exception as fault:
        return _said(fault) if isinstance(fault, AssertionError) else _place_of(fault)
    return None


def _said(fault: AssertionError) -> str:
    """The broken law, without the numbers that are another input's."""
    return re.sub(r"\d+", "", str(fault).partition("\n")[0])


def _place_of(fault: Exception) -> str:
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{type(fault).__name__} in {trace.tb_frame.f_code.co_qualname}" if trace else ""
