# SPDX-License-Identifier: MIT
# Runs on the board, by share_native.sh: what programs do with files does the same on the board's own LittleFS and in a share, the current
# directory. Prints what differs, and `the same` at the end.
import os
from array import array

base = ""


def written(*arguments):
    with open(base + "x", "wb") as f:
        n = f.write(*arguments)
    with open(base + "x", "rb") as f:
        return n, f.read()


def in_text(data):
    with open(base + "x", "w") as f:
        n = f.write(data)
    with open(base + "x", "rb") as f:
        return n, f.read()


def read_into(to, *size):
    with open(base + "twenty", "rb") as f:
        return f.readinto(to, *size), to, f.tell(), f.read(2)


def opened(mode):
    with open(base + "mode", "wb") as f:
        f.write(b"text\n")
    with open(base + "mode", mode) as f:  # LittleFS does not mind reading what is open for writing only, and the other way round
        writes = "w" in mode or "a" in mode or "+" in mode
        did = f.write(b"more") if writes else f.read()
    with open(base + "mode", "rb") as f:
        return did, f.read()


def made(mode):
    f = open(base + "new", mode)
    f.close()
    os.remove(base + "new")


def tried(action, *arguments):
    try:
        return action(*arguments)
    except OSError as e:
        return e.errno
    except Exception as e:
        return type(e)


def everything():
    with open(base + "twenty", "wb") as f:
        f.write(bytes(range(20)))
    samples = array("H", [1, 2, 1000, 4])
    for data in (
        samples, memoryview(samples), memoryview(samples)[1:3], array("I", [1, 70000]), array("f", [1.5]), array("b", [-1, 2]), array("H"),
        memoryview(b"abcdef")[2:4], bytearray(b"abc"), "h\u20ac", 5, [1, 2], (1, 2), None, {}, array("H", range(5000)),
    ):
        yield "write", tried(written, data), data
        yield "write in text", tried(in_text, data), data
    for part in (
        (3,), (0,), (-1,), (100,), (2, 3), (0, 6), (2, 100), (6, 1), (100, 1), (2, -1), (-1, 2), (1, 0), (1, 2, 3), (None,), ("1",),
    ):
        yield "write a part", tried(written, b"abcdef", *part), part
        yield "write a part of samples", tried(written, samples, *part), part
    for size in ((), (3,), (0,), (100,), (-1,), (None,), (1, 2)):
        for make in (
            lambda: bytearray(6), lambda: array("H", [9] * 4), lambda: array("I", [9] * 8), lambda: memoryview(array("H", [9] * 6))[1:4],
            lambda: memoryview(bytearray(6))[2:], lambda: bytearray(30), lambda: bytearray(0), lambda: array("b", [1] * 3),
        ):
            to = make()
            yield "readinto", tried(read_into, to, *size), (to, size)
    for to in (b"123", "123", 5, None):
        yield "readinto what cannot be", tried(read_into, to), to
    for mode in (
        "r", "rb", "br", "rt", "r+", "rb+", "r+b", "w", "w+", "a", "a+", "wr", "rw", "ra", "ww", "wx", "+r", "+w", "+", "b", "t", "", "q", "rq",
        "U", "rbt", "rtb", "x",
    ):
        yield "mode", tried(opened, mode), mode
        yield "a new file's mode", tried(made, mode), mode


def shown(what):
    if isinstance(what, (tuple, list)):
        return [shown(part) for part in what]
    if isinstance(what, (memoryview, array)):
        return bytes(what)
    return what


# Side by side, so that not all of both has to be in memory.
def compare():
    global base
    count = 0
    native, share = everything(), everything()
    while True:
        try:
            base = "/"
            expected = next(native)
        except StopIteration:
            break
        base = "/rw/"
        found = next(share)
        count += 1
        if shown(expected) != shown(found):
            print(expected[0], shown(expected[2]), "on LittleFS:", shown(expected[1]), "in the share:", shown(found[1]))
    print("the same", count)


compare()
