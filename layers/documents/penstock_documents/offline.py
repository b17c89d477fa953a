"""Takes the network from this process and from all that it starts, for good: the kernel refuses every socket.

By a filter of system calls (seccomp(2), classic BPF as bpf(4) numbers it), which needs no privilege. It holds what a
document might move a library to do; it is no jail for a process that somebody else has taken over.
"""

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Sequence
from typing import NamedTuple

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, RET|K
_NUMBER, _MACHINE = 0, 4  # where `struct seccomp_data` has the call's number, and the machine that it is made for
_ALLOWED, _REFUSED = 0x7FFF0000, 0x00050000 | errno.EACCES  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2  # prctl(2)

_OTHER_NUMBERS = 0x40000000  #: from here on x86-64 numbers the same calls anew (x32)
_RING = 425  #: io_uring_setup, on every machine: a ring opens sockets, too


class _Machine(NamedTuple):
    """What the kernel calls a machine (AUDIT_ARCH_…), and its number of socket(2)."""

    name: int
    socket: int


_MACHINES = {"x86_64": _Machine(0xC000003E, 41), "aarch64": _Machine(0xC00000B7, 198)}


class _Instruction(ctypes.Structure):
    """`struct sock_filter`."""

    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def go_offline() -> None:
    """From here on socket(2) fails with EACCES. Only Linux on x86-64 and arm64, as Lambda has them, can do that;
    elsewhere nothing changes.

    Raises:
        OSError: the kernel takes no filter.
    """
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return
    instructions = (_Instruction * 8)(*_instructions(machine))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_NO_NEW_PRIVILEGES, 1, 0, 0, 0),
        (_SECCOMP, _FILTER, ctypes.byref(_Program(len(instructions), instructions)), 0, 0),
    ):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), f"no filter of system calls: {os.strerror(ctypes.get_errno())}")


def _instructions(machine: _Machine) -> Sequence[tuple[int, int, int, int]]:
    """(code, instructions to skip if so, and if not, operand); the last one refuses."""
    return (
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 0, 5, machine.name),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 3, 0, _OTHER_NUMBERS),
        (_EQUAL, 2, 0, machine.socket),
        (_EQUAL, 1, 0, _RING),
        (_RETURN, 0, 0, _ALLOWED),
        (_RETURN, 0, 0, _REFUSED),
    )
