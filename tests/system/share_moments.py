# SPDX-License-Identifier: MIT
# share_moments.py MOMENT: runs on the board, by share_moments.sh: what a program's files lose when a Ctrl-C, a want of memory or an error
# of the host comes at one certain moment of board/share_ask.py. The current directory is a writable share. Prints `all right`.
#
# Such a moment cannot be met from outside. So one of the names that share_ask.py calls is another function for a while, which does what
# it did, and raises at the moment.
import os
import sys

agent = sys.modules["__mpremotefs__"].__globals__
CHUNK = bytes(range(256)) * 16  # so much goes at once, and as one of a run


def wrong(*words):
    print(*words)
    sys.exit(1)


def equal(what, expected, found):
    if expected != found:
        wrong(what, "is", found, "not", expected)


def content(name):
    with open(name, "rb") as f:
        return f.read()


def at(name, count, moment):
    """At the COUNTth call of the agent's NAME, MOMENT is called with what it returns, in its place: moment(call, *args)."""
    call = agent[name]
    left = [count]

    def instead(*args):
        left[0] -= 1
        if left[0]:
            return call(*args)
        agent[name] = call
        return moment(call, *args)

    agent[name] = instead


def interrupt(*_):
    raise KeyboardInterrupt


def want_memory(*_):
    raise MemoryError


def raises(error, task, *args):
    try:
        task(*args)
    except error as e:
        return e
    wrong(task, "raises no", error)


def run_begins(name):
    """An open file with a run of two writes that nobody has answered."""
    f = open(name, "wb")
    f.write(CHUNK)
    f.write(CHUNK)
    equal("the run", 2, agent["run_count"])
    return f


# --- Ctrl-C before anything is sent ---
def at_close():
    f = open("waits", "wb")
    f.write(b"few bytes")
    at("kbd_intr", 1, interrupt)
    raises(KeyboardInterrupt, f.close)
    f.close()
    equal("what waited", b"few bytes", content("waits"))


def at_close_of_a_run():
    for waits in (b"", b"few bytes"):
        f = run_begins("run")
        f.write(waits)
        at("kbd_intr", 1, interrupt)
        raises(KeyboardInterrupt, f.close)
        f.close()
        equal("the run, and what waited", True, CHUNK * 2 + waits == content("run"))


def at_close_and_never_again():  # the agent closes it at the program's end
    f = run_begins("left")
    f.write(b"few bytes")
    at("kbd_intr", 1, interrupt)
    raises(KeyboardInterrupt, f.close)


def at_flush():
    f = open("flushed", "wb")
    f.write(b"few bytes")
    at("kbd_intr", 1, interrupt)
    raises(KeyboardInterrupt, f.flush)
    equal("the size before", 0, os.stat("flushed")[6])
    f.flush()
    equal("the size behind a second flush", 9, os.stat("flushed")[6])
    f.close()


# --- no memory ---
def in_a_run():
    f = run_begins("memory")
    f.write(b"few bytes")
    at("seal", 1, want_memory)
    raises(MemoryError, f.write, CHUNK)
    equal("the run", 2, agent["run_count"])
    f.write(CHUNK)
    f.close()
    equal("a run with an interval", True, CHUNK * 2 + b"few bytes" + CHUNK == content("memory"))


def at_the_end_of_a_run():  # which another file brings
    with open("other", "wb") as other:
        other.write(b"of another")
    f = run_begins("memory")
    at("exchange", 1, want_memory)
    equal("another file", b"of another", content("other"))
    equal("what is told at close", 12, raises(OSError, f.close).errno)


def before_the_end_of_a_run():
    with open("other", "wb") as other:
        other.write(b"of another")
    f = run_begins("memory")
    at("pack", 2, want_memory)  # the first is of the other's open
    raises(MemoryError, content, "other")
    f.close()
    equal("another file", b"of another", content("other"))
    equal("a run with an end", True, CHUNK * 2 == content("memory"))


# --- an error of the host ---
def alone_and_once():
    f = open("large", "wb")
    f.seek(8 << 20)
    f.write(b"beyond the limit")
    equal("the error", 27, raises(OSError, f.flush).errno)
    f.close()


def with_a_ctrl_c():
    def interrupted(call, *args):
        size = call(*args)
        agent["buf"][9] |= 1
        return size

    f = open("large", "wb")
    f.seek(8 << 20)
    f.write(b"beyond the limit")
    at("exchange", 1, interrupted)
    raises(KeyboardInterrupt, f.flush)
    equal("what is told at close", 27, raises(OSError, f.close).errno)


# --- a gap in a run, and a Ctrl-C that comes with the word of it ---
def in_a_gap():
    told = []

    def damaged(*_):
        return agent["drain"]()

    def interrupted(call, *args):
        size = call(*args)
        told.append(agent["buf"][1])
        agent["buf"][9] |= 1
        at("hear", 1, damaged)
        return size

    f = open("gap", "wb")
    f.write(CHUNK)
    at("write", 1, lambda call, frame: len(frame))  # the line loses it
    f.write(CHUNK)
    at("hear", 1, interrupted)
    raises(KeyboardInterrupt, f.close)
    equal("the first answer", [78], told)
    equal("a run with a gap", True, CHUNK * 2 == content("gap"))


globals()[sys.argv[1]]()
print("all right")
