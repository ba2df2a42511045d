# SPDX-License-Identifier: MIT
# Runs on the board, by share_native.sh: how many bytes of its memory an open file takes, for reading and for writing. Prints both.
import gc

COUNT = 4


def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def per_file(mode):
    files = [None] * COUNT
    before = used()
    for i in range(COUNT):
        files[i] = f = open("file%d" % i, mode)
        if mode != "r":
            f.write(b"x" * 2000)
            f.write("x" * 100)
        if "+" in mode:
            f.seek(0)
        if mode == "r" or "+" in mode:
            f.readline(10)
        if mode != "r":
            f.write("x" * 100)
    after = used()
    for f in files:
        f.close()
    return (after - before) // COUNT


per_file("w")  # what is needed once
print(per_file("r"), max(per_file(mode) for mode in ("w", "r+", "w+", "a", "a+")))
