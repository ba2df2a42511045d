# SPDX-License-Identifier: MIT
# In what boards differ from the unix port, for tests. TRAITS is a list of words:
#
#   hide=NAME   firmware without the module NAME (deflate, binascii, hashlib...), or with stdin.buffer: without sys.stdin.buffer
#   blocking    a read from sys.stdin waits until all that was asked for is there, as bare-metal ports do
import builtins, io, sys

GET_FILENO = 10  # py/stream.h


class Stdin(io.IOBase):
    def __init__(self, stream, blocking):
        self.stream = stream
        self.blocking = blocking

    def ioctl(self, command, argument):
        return 0 if command == GET_FILENO else -22

    def readinto(self, buf, size=-1):
        view = memoryview(buf)
        if size >= 0:
            view = view[:size]
        done = self.stream.readinto(view)
        while self.blocking and 0 < done < len(view):
            more = self.stream.readinto(view[done:])
            if not more:
                break
            done += more
        return done

    def read(self, size=-1):
        data = self.stream.read(size)
        while self.blocking and 0 < len(data) < size:
            more = self.stream.read(size - len(data))
            if not more:
                break
            data += more
        return data

    def readline(self, size=-1):
        return self.stream.readline(size)


class Sys:
    def __getattr__(self, name):
        return getattr(sys, name)


def replace_stdin(blocking, with_buffer):
    stdin = Stdin(sys.stdin, blocking)
    if with_buffer:
        stdin.buffer = Stdin(sys.stdin.buffer, blocking)
    replacement = Sys()
    replacement.stdin = stdin
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
    blocking = "blocking" in words
    with_buffer = "stdin.buffer" not in hidden
    if blocking or not with_buffer:
        replace_stdin(blocking, with_buffer)
    if not with_buffer:
        hidden.remove("stdin.buffer")
    if hidden:
        hide_modules(hidden)
