# SPDX-License-Identifier: MIT
# without_openat2.py ERRNO PROGRAM [ARG]...: runs PROGRAM where openat2 fails with ERRNO: 38 (ENOSYS) on a kernel before Linux 5.6, 1 (EPERM)
# in a container whose rules do not know it. See seccomp(2).
import ctypes
import os
import sys

OPENAT2 = 437  # on every architecture
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
FAIL, ALLOW = 0x00050000, 0x7FFF0000  # linux/seccomp.h
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38


class Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("if_so", ctypes.c_ubyte), ("if_not", ctypes.c_ubyte), ("k", ctypes.c_uint32)]


class Filter(ctypes.Structure):
    _fields_ = [("count", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]


steps = (Step * 4)(
    Step(LOAD, 0, 0, 0), Step(IF_EQUAL, 0, 1, OPENAT2), Step(RETURN, 0, 0, FAIL | int(sys.argv[1])), Step(RETURN, 0, 0, ALLOW)
)
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(PR_SET_SECCOMP, 2, ctypes.byref(Filter(4, steps)), 0, 0):
    sys.exit("seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
