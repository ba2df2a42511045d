# SPDX-License-Identifier: MIT
# The plug of a mounted board is pulled, ROUNDS times each, while it is listed, read and written:
#
#   replug.py MOUNT LINK CONTROL ROUNDS SEED [DONE]
#
# LINK and CONTROL are linesim's, which plugs the board in again by itself. The file DONE gets a line for each pull that was gone through;
# those that it has from before count. Every call succeeds or fails with EIO, and what succeeded is right:
# a listing is whole, what was read is what is there, what fsync and close have acknowledged is on the board, and what failed is
# the old content or the new one, whole.
import errno
import os
import random
import sys
import time

mount, link, control, rounds, seed = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
record = sys.argv[6] if len(sys.argv) > 6 else os.devnull
dice = random.Random(seed)
failures = 0


def fail(*words):
    sys.exit("replug.py, seed %d: %s" % (seed, " ".join(str(word) for word in words)))


class Plug:
    # The plug is pulled when COUNT more bytes have reached the board. What is asked for meanwhile may fail or not.
    def __init__(self, count):
        while not (before := self.look()):
            time.sleep(0.01)
        self.before = before
        with open(control, "w") as fifo:
            fifo.write("unplug %d\n" % count)

    def look(self):
        try:
            return os.lstat(link).st_ctime_ns
        except FileNotFoundError:
            return None

    def is_in(self):
        return self.look() == self.before


def pulls(phase):
    # Numbers for the pulls of the PHASE that are still to be done. Each is on record as soon as the next is asked for.
    with open(record, "a+") as done:
        done.seek(0)
        for n in range(done.read().split().count(phase), rounds):
            yield n
            done.write(phase + "\n")
            done.flush()


def attempt(call, *arguments):
    # Returns what CALL returns, or None when it failed with EIO. Any other error ends the test.
    global failures
    try:
        return call(*arguments)
    except OSError as error:
        if error.errno != errno.EIO:
            fail(call.__name__, *arguments[:1], error)
        failures += 1
        return None


def await_board(call, *arguments):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = attempt(call, *arguments)
        if answer is not None:
            return answer
        time.sleep(0.01)
    fail("the board did not come back for", call.__name__, *arguments[:1])


def content_of(size):
    if dice.random() < 0.5:
        return dice.randbytes(size)
    return b"".join(b"line %d of the file\n" % dice.randrange(1000) for _ in range(size // 17))[:size]


def read_file(path):
    with open(path, "rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        parts = []
        while part := file.read(1 << 20):
            parts.append(part)
        return b"".join(parts)


def write_file(path, content, flags=os.O_TRUNC):
    file = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o644)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    return True


def list_tree(path):
    found = {}
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir():
                found[entry.name] = list_tree(entry.path)
            else:
                found[entry.name] = entry.stat().st_size
    return found


# --- Listing ---


def lists():
    top = mount + "/tree"
    os.mkdir(top)
    for d in range(3):
        os.mkdir("%s/dir%d" % (top, d))
        for n in range(8):
            write_file("%s/dir%d/a file with a name, %d" % (top, d, n), content_of(10 * n))
    expected = list_tree(top)
    for _ in pulls("lists"):
        plug = Plug(dice.randrange(1, 200))
        while plug.is_in():
            found = attempt(list_tree, top)
            if found is not None and found != expected:
                fail("a listing is wrong:", found)
        if await_board(list_tree, top) != expected:
            fail("a listing is wrong after the board came back")


# --- Reading ---


def reads():
    path = mount + "/read"
    content = content_of(50000)
    write_file(path, content)
    file = os.open(path, os.O_RDONLY)  # over all the rounds

    def read_some():
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        at = dice.randrange(len(content))
        size = dice.randrange(1, 30000)
        part = os.pread(file, size, at)
        # Half of a read may have worked. None of it is wrong.
        if not part or content[at : at + len(part)] != part:
            fail("%d bytes at %d are wrong" % (size, at))
        return part

    for n in pulls("reads"):
        plug = Plug(dice.randrange(1, 200))
        while plug.is_in():
            attempt(read_some)
        await_board(read_some)
        if n % 10 == 0 and await_board(read_file, path) != content:
            fail("the file is wrong")
    os.close(file)


# --- Writing ---


class File:
    # A file of the board, and what it may hold.
    def __init__(self, name):
        self.path = mount + "/" + name
        self.content = content_of(1000)
        write_file(self.path, self.content)

    def settle(self, choices):
        found = await_board(read_file, self.path)
        if found not in choices:
            fail("%s: %d bytes that nobody has written" % (self.path, len(found)))
        self.content = found

    def replace(self):
        new = content_of(dice.randrange(1, 16000))
        old = self.content
        if attempt(write_file, self.path, new):
            self.content = new
        else:
            self.settle((old, new))

    def append(self):
        added = content_of(dice.randrange(1, 6000))
        old = self.content
        if len(old) > 30000:
            self.replace()
        elif attempt(write_file, self.path, added, os.O_APPEND):
            self.content = old + added
        else:
            self.settle([old + added[:n] for n in range(len(added) + 1)])

    def move(self):
        # A new file beside it takes its place, as editors and rsync do.
        new = content_of(dice.randrange(1, 8000))
        old = self.content
        if attempt(write_file, self.path + ".new", new):
            attempt(os.rename, self.path + ".new", self.path)
        self.settle((old, new))

    def hold(self):
        # Written while the board is there or not, and tried until it is acknowledged: then it is there.
        new = content_of(dice.randrange(1, 12000))
        file = await_board(os.open, self.path, os.O_WRONLY)
        os.ftruncate(file, 0)
        os.write(file, new)
        await_board(lambda: os.fsync(file) or True)
        os.close(file)
        self.content = new

    def check(self):
        found = await_board(read_file, self.path)
        if found != self.content:
            fail("%s: what was acknowledged is not there" % self.path)


def writes():
    files = [File("written%d" % n) for n in range(4)]
    for _ in pulls("writes"):
        plug = Plug(dice.randrange(1, 9000))
        while plug.is_in():
            file = dice.choice(files)
            dice.choice((file.replace, file.replace, file.append, file.move, file.hold))()
        for file in files:
            file.check()


for phase in (lists, reads, writes):
    start = time.monotonic()
    phase()
    print("%s: %.1f s, %d calls have failed so far" % (phase.__name__, time.monotonic() - start, failures))
