# SPDX-License-Identifier: MIT
# Runs on the board, by share_threads.sh: threads, and callbacks, that use a share at once. The current directory is a writable share.
# Prints `all right` when each has got what it asked for.
import micropython
import os
import time

try:
    import _thread
except ImportError:
    _thread = None

SIZE = 30000
wrong = []
content = {}
for name in "AB":
    content[name] = "".join("%s%98d\n" % (name, i) for i in range(SIZE // 100)).encode()
    with open(name, "wb") as f:
        f.write(content[name])


# --- threads ---
def read_all(name):
    with open(name, "rb") as f:
        at = 0
        while True:
            part = f.read(257)
            if part != content[name][at : at + 257]:
                wrong.append("%s at %d" % (name, at))
            if not part:
                break
            at += len(part)
    with open(name) as f:
        for i, line in enumerate(f):
            if line != "%s%98d\n" % (name, i):
                wrong.append("line %d of %s" % (i, name))
    piece = bytearray(700)
    with open(name, "rb") as f:
        at = 0
        while True:
            n = f.readinto(piece)
            if piece[:n] != content[name][at : at + n]:
                wrong.append("%s into a buffer at %d" % (name, at))
            if not n:
                break
            at += n


def in_turn(name):  # who waits has his turn before the other goes on
    ready.append(name)
    while len(ready) < 2:
        time.sleep_ms(1)
    with open(name) as f:
        for i in range(SIZE // 100):
            if f.readline() != "%s%98d\n" % (name, i):
                wrong.append("line %d of %s" % (i, name))
            calls.append(name)


def turns():
    return sum(1 for i in range(1, len(calls)) if calls[i] != calls[i - 1])


def append(name):
    for i in range(300):
        log.write("%s %d\n" % (name, i))
        if i % 50 == 0:
            log.flush()


def names(name):
    for i in range(10):
        os.mkdir(name)
        os.rename(name, name + "2")
        if os.stat(name + "2")[0] != 0x4000 or name + "2" not in os.listdir():
            wrong.append(name)
        os.rmdir(name + "2")


ended = []


def thread(task, name):
    try:
        task(name)
    except Exception as e:
        wrong.append("%s: %s" % (task, repr(e)))
    ended.append(name)


def both(task, first, second):
    _thread.start_new_thread(thread, (task, first))
    thread(task, second)
    while len(ended) < 2:
        time.sleep_ms(1)
    ended.clear()


if _thread:
    both(read_all, "A", "B")
    for attempt in range(5):  # a busy computer may let one wait for long
        ready, calls = [], []
        both(in_turn, "A", "B")
        if turns() > len(calls) // 32:
            break
    else:
        wrong.append("%d turns in %d calls" % (turns(), len(calls)))
    with open("log", "w") as log:
        both(append, "C", "D")
    lines = open("log").read().split("\n")
    for name in "CD":
        if [line for line in lines if line[:1] == name] != ["%s %d" % (name, i) for i in range(300)]:
            wrong.append("the log of " + name)
    both(names, "E", "F")


# --- callbacks ---
# Each schedules the next: there is one wherever MicroPython looks for one. Most look at nothing, so that all places have their turn.
counts = {"called": 0, "read": 0, "refused": 0}


def callback(name):
    counts["called"] += 1
    if going:
        micropython.schedule(callback, name)
    if counts["called"] % 23:
        return
    try:
        with open(name, "rb") as f:
            if f.read(100) != b"B%98d\n" % 0:
                wrong.append("what a callback reads")
        counts["read"] += 1
    except OSError as e:
        if e.errno != 16:
            wrong.append("a callback: " + repr(e))
        counts["refused"] += 1


going = True
micropython.schedule(callback, "B")
with open("A", "rb") as f, open("copy", "wb") as copy:
    for i in range(SIZE // 100):
        part = f.read(100)
        copy.write(part)
        if part != b"A%98d\n" % i:
            wrong.append("what is read when a callback reads, at %d" % i)
going = False
with open("A", "rb") as f, open("copy", "rb") as copy:
    if f.read() != copy.read():
        wrong.append("what is written when a callback reads")
if not counts["read"] or not counts["refused"]:
    wrong.append(counts)
if wrong:
    print(wrong[:10])
else:
    print("all right", counts, _thread and turns())
