# SPDX-License-Identifier: MIT
# In what boards differ from the unix port, for tests. TRAITS is a list of words:
#
#   hide=NAME   firmware without the module NAME (deflate, binascii, hashlib...), or with stdin.buffer: without sys.stdin.buffer
#   blocking    sys.stdin as on bare metal: no file descriptor is behind it, and a read waits for all that was asked for (as
#               MicroPython's streams do on the unix port too, but for read1 and readinto1, which bare metal lacks)
#   virtual-root  is for board_setup.py
import builtins, io, sys

GET_FILENO = 10  # py/stream.h


class Stdin(io.IOBase):
    def __init__(self, stream):
        self.read = stream.read
        self.readinto = stream.readinto
        self.readline = stream.readline

    def ioctl(self, command, argument):  # for select.poll
        return 0 if command == GET_FILENO else -22


class Sys:
    def __getattr__(self, name):
        return getattr(sys, name)


def replace_stdin(with_buffer):
    replacement = Sys()
    replacement.stdin = Stdin(sys.stdin)
    if with_buffer:
        replacement.stdin.buffer = Stdin(sys.stdin.buffer)
    sys.modules["sys"] = replacement


def hide_modules(hidden):
    original = builtins.__import__

    def find(name, *rest):
        if name in hidden:
            raise ImportError("no module named '" + name + "'")
        return original(name, *rest)

    builtins.__import__ = find


def install(traits):
    words = traits.split(",")
    hidden = [word[5:] for word in words if word.startswith("hide=")]
    with_buffer = "stdin.buffer" not in hidden
    if "blocking" in words or not with_buffer:
        replace_stdin(with_buffer)
    if hidden:
        hide_modules(hidden)
