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
SIZE = 1000
LINES = b"".join(b"line %d of what is piped, %s\n" % (i, b"x" * (i % 40)) for i in range(50))[:SIZE] + b"\n"
NOISE = bytes(b for b in random.Random(7).randbytes(5000) if b not in b"\3\n\r")
# A byte of them that the line damages is another one, but never a Ctrl-C or one that begins a frame.
LETTERS = bytes(b"abdefghijklmnopqrstuvwxyz0123456789"[b % 35] for b in NOISE[:SIZE])
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
    "uses files while it reads": ("""
def use_files():
    with open("/rw/random", "rb") as f:
        while f.read(1500):
            pass

for i in range(3):
    use_files()
    time.sleep(0.1)
while len(got) < SIZE:
    got += read(min(100, SIZE - len(got)))
    if len(got) % 300 == 0:
        use_files()
    print(".")
save()
""", LETTERS, LETTERS),
}  # fmt: skip


def equal(got, expected, flips):
    return len(got) == len(expected) and sum(a != b for a, b in zip(got, expected)) <= flips


def run(what, code, data, expected, flips=0, said=b""):
    """FLIPS: so many bytes may be others. SAID: what the one line on stderr begins with."""
    with open("program.py", "w") as file:
        file.write(BEGIN.replace("SIZE", str(len(data))) + code.replace("SIZE", str(len(data))))
    if os.path.exists("rw/got"):
        os.remove("rw/got")
    begin = time.monotonic()
    command = [share, "-d", line, "-v", "rw:/rw:rw", "run", "program.py"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(data)
    process.stdin.flush()  # it stays open, as where more is to come
    try:
        status = process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        status = "not ended"
    out, err = process.stdout.read(), process.stderr.read()
    got = open("rw/got", "rb").read() if os.path.exists("rw/got") else b""
    print(f"{what}: {time.monotonic() - begin:.1f} s", flush=True)
    heard = err.startswith(said) and err.count(b"\n") == 1 if said else not err
    if status or not heard or not equal(got, expected, flips):
        same = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
        raise SystemExit(f"{what}: status {status}, {len(got)} of {len(expected)} bytes, equal up to {same}; {out[-100:]!r} {err!r}")


with open("rw/other.py", "w") as file:
    file.write("x = 1\n" * 100)
with open("rw/random", "wb") as file:
    file.write(random.Random(5).randbytes(4000))
for what in wanted:
    code, data, expected = PROGRAMS[what]
    run(what, code, data, expected, 20 if data is LETTERS else 0, REGARDLESS if expected is JSON else b"")
