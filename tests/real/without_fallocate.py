"""`without_fallocate.py PROGRAM [ARGUMENTS]`: runs a program as on a file system that cannot reserve room: fallocate(2) fails
with EOPNOTSUPP, by a seccomp filter. Linux only."""

import ctypes
import errno
import os
import platform
import struct
import sys

FALLOCATE = {"x86_64": 285, "aarch64": 47}[platform.machine()]
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EOPNOTSUPP
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06

steps = [(LOAD, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, FALLOCATE), (RETURN, 0, 0, FAIL), (RETURN, 0, 0, ALLOW)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
# struct sock_fprog: how many steps, and where they are.
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
for arguments in [(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)]:
    if libc.prctl(*arguments) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
os.execvp(sys.argv[1], sys.argv[1:])
