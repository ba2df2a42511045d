# SPDX-License-Identifier: MIT
# share_piped.py MPREMOTE-SHARE LINE PROGRAM...: what is piped to each PROGRAM (see below) arrives whole and in order, for share_piped.sh.
# The current directory has a directory `rw`.
import json
import os
import random
import subprocess
import sys
import time

share, line, *wanted = sys.argv[1:]
LIMIT = 120  # seconds, for the busiest computer
TRIES = 6
SIZE = 1000
LINES = b"".join(b"line %d of what is piped, %s\n" % (i, b"x" * (i % 40)) for i in range(50))[:SIZE] + b"\n"
NOISE = bytes(b for b in random.Random(7).randbytes(5000) if b not in b"\3\n\r")
JSON = json.dumps([f"entry {i}" for i in range(120)]).encode()
REGARDLESS = b"mpremote-share: for 5 s nothing has shown that the program reads its stdin"

# What there is in a program before it begins: SIZE bytes are piped to it, and it leaves what it has read in rw/got.
BEGIN = """
import sys, time
read = sys.stdin.buffer.read
got = b""
def save():
    with open("/rw/got", "wb") as f:
        f.write(got)
"""

# By name: the program, what is piped to it, and what of it the program gets.
PROGRAMS = {
    "sleeps, uses a file and reads": ("""
time.sleep(2)
import other
while len(got) < SIZE:
    got += read(min(500, SIZE - len(got)))
save()
""", NOISE, NOISE),
    "reads pieces and writes each": ("""
import other
with open("/rw/got", "wb") as f:
    at = 0
    while at < SIZE:
        n = min(7 + at % 101, SIZE - at)
        f.write(read(n))
        f.flush()
        at += n
""", LINES, LINES.replace(b"\n", b"\r")),
    "works, says so, and then prints for each piece": ("""
for i in range(4):
    time.sleep(0.5)
    print("at work")
while len(got) < SIZE:
    got += read(min(50, SIZE - len(got)))
    print(".")
save()
""", LINES, LINES.replace(b"\n", b"\r")),
    "takes lines from input()": ("""
time.sleep(1)
while len(got) < SIZE:
    got += input().encode() + b"\\n"
save()
""", LINES, LINES),
    "reads without a word": ("""
import json
got = json.dumps(json.loads(read(SIZE))).encode()
save()
""", JSON, JSON),
}  # fmt: skip


def talk(data, said):
    """Runs program.py with DATA in the pipe, until it ends, or says something on stderr that is not SAID."""
    command = [share, "-d", line, "-v", "rw:/rw:rw", "run", "program.py"]
    until = time.monotonic() + LIMIT
    with open("out", "wb") as out, open("err", "wb") as err:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=err)
    process.stdin.write(data)
    process.stdin.flush()  # it stays open, as where more is to come
    while process.poll() is None and (said or not os.path.getsize("err")) and time.monotonic() < until:
        time.sleep(0.05)
    process.terminate()
    return process.wait()


def run(what, code, data, expected):
    with open("program.py", "w") as file:
        file.write(BEGIN.replace("SIZE", str(len(data))) + code.replace("SIZE", str(len(data))))
    said = expected is JSON
    for _ in range(TRIES):
        open("rw/got", "wb").close()
        begin = time.monotonic()
        status = talk(data, said)
        got, err = open("rw/got", "rb").read(), open("err", "rb").read()
        print(f"{what}: {time.monotonic() - begin:.1f} s", flush=True)
        if said or not err.startswith(REGARDLESS):
            break  # else it is the computer that has kept the program from a word for so long
    heard = err.startswith(REGARDLESS) and err.count(b"\n") == 1 if said else not err
    if status or not heard or got != expected:
        same = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
        raise SystemExit(f"{what}: status {status}, {len(got)} of {len(expected)} bytes, equal up to {same}; {err!r}")


with open("rw/other.py", "w") as file:
    file.write("x = 1\n" * 100)
for what in wanted:
    run(what, *PROGRAMS[what])
