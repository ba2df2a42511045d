#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Many processes work on one directory at the same time: each in a folder of its own, and all on a few names that they share.
#
#   parallel.py DIR PROCESSES ROUNDS SEED
#
# What each must find is written down as it goes, and compared at once and at the end.
import hashlib
import os
import random
import sys

root, processes, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def change_own(rnd, home, files):
    name = "%d" % rnd.randrange(6)
    path = os.path.join(home, name)
    what = rnd.randrange(6)
    if what < 3 or name not in files:
        files[name] = rnd.randbytes(rnd.choice([0, 10, 700, 5000, 12000]))
        write(path, files[name])
    elif what == 3:
        more = rnd.randbytes(300)
        with open(path, "ab") as file:
            file.write(more)
        files[name] += more
    elif what == 4:
        os.rename(path, path + "x")
        files[name + "x"] = files.pop(name)
    else:
        os.unlink(path)
        del files[name]


def check_own(home, files):
    assert sorted(os.listdir(home)) == sorted(files), (home, os.listdir(home), sorted(files))
    for name, data in files.items():
        found = read(os.path.join(home, name))
        assert found == data, (home, name, len(found), len(data))


# Names that all want. Each is got by exactly one at a time; who has it writes it down in its own file of the shared log.
def share(rnd, number, round_number):
    with open(os.path.join(root, "log"), "ab", 0) as log:
        log.write(b"%03d %03d %s\n" % (number, round_number, b"x" * 40))
    for make in (lambda path: os.mkdir(path), lambda path: os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))):
        try:
            make(os.path.join(root, "shared.%d" % round_number))
            with open(os.path.join(root, "won.%d" % round_number), "ab", 0) as file:
                file.write(b"%03d\n" % number)
        except FileExistsError:
            pass
    other = os.path.join(root, "%d" % rnd.randrange(processes))
    for name in os.listdir(other):
        try:
            os.stat(os.path.join(other, name))
        except FileNotFoundError:
            pass


def work(number):
    rnd = random.Random(seed * 1000 + number)
    home, files = os.path.join(root, "%d" % number), {}
    for round_number in range(rounds):
        change_own(rnd, home, files)
        share(rnd, number, round_number)
        if rnd.random() < 0.3:
            check_own(home, files)
    check_own(home, files)
    return files


def summary(files):
    return "".join("%s %s\n" % (name, hashlib.sha256(files[name]).hexdigest()) for name in sorted(files))


def check_shared():
    lines = read(os.path.join(root, "log")).splitlines()
    expected = sorted(b"%03d %03d %s" % (p, r, b"x" * 40) for p in range(processes) for r in range(rounds))
    assert sorted(lines) == expected, "the shared log has %d lines, not %d" % (len(lines), len(expected))
    for round_number in range(rounds):
        won = read(os.path.join(root, "won.%d" % round_number))
        assert len(won.splitlines()) == 1, "round %d was won by %r" % (round_number, won)


def main():
    for number in range(processes):
        os.mkdir(os.path.join(root, "%d" % number))
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            try:
                write("expected.%d" % number, summary(work(number)).encode())
                os._exit(0)
            except BaseException as error:
                print("process %d of seed %d: %s: %s" % (number, seed, type(error).__name__, error), file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    assert not any(statuses), statuses
    check_shared()


main()
