# SPDX-License-Identifier: MIT
# share_input.py MPREMOTE-SHARE LINE: what mpremote-share does with its stdin and with Ctrl-C, for share_input.sh. The current directory has
# a directory `rw`.
import os
import signal
import subprocess
import sys
import threading
import time

share, line = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)  # where a shell has it ignored, so would the program
LIMIT = 120  # seconds, for the busiest computer


class Program:
    """One that runs on the board."""

    def __init__(self, code, *words):
        with open("program.py", "w") as file:
            file.write(code)
        command = [share, "-d", line, "-v", "rw:/rw:rw", "run", "program.py", *words]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.timer = threading.Timer(LIMIT, self.process.kill)
        self.timer.start()
        self.out = b""

    def until(self, mark):
        """Reads what it prints, up to MARK."""
        while mark not in self.out:
            got = self.process.stdout.read(1000)
            if not got:
                raise SystemExit(f"it ended without {mark!r}: {self.out!r}, {self.process.stderr.read()!r}")
            self.out += got.replace(b"\r", b"")  # MicroPython's unix port has none before the LF at times
        said, self.out = self.out.split(mark, 1)
        return said

    def type(self, keys):
        self.process.stdin.write(keys)

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self, status=0):
        out, err = self.process.communicate()
        self.timer.cancel()
        equal("status", status, self.process.returncode, self.out + out, err)
        return self.out + out.replace(b"\r", b""), err


def equal(what, expected, found, *more):
    if expected != found:
        raise SystemExit(f"{what}: expected {expected!r}, found {found!r} {more}")


print("--- input()")
program = Program('print("hello", input("your name? "))\nprint(input() + "!")\n')
program.until(b"your name? ")
program.type(b"Ann\n")
program.until(b"hello Ann\n")
program.type(b"Beryl\n")
out, err = program.end()
equal("what it printed", True, b"Beryl!\n" in out, out)
equal("stderr", b"", err)

print("--- lines that were there before the program asked for them")
program = Program("import time\nfor i in range(5): open('/rw/log', 'a').write('%s,' % input())\nprint('done')\n")
program.type(b"".join(b"line %d\n" % i for i in range(5)))
program.end()
equal("what arrived", "line 0,line 1,line 2,line 3,line 4,", open("rw/log").read())

print("--- sys.stdin beside files")
program = Program(
    """
import sys, os
print("ready")
count = int(sys.argv[1])
got = b""
content = bytes(range(256)) * 20
with open("/rw/copy", "wb") as copy:
    while len(got) < count:
        got += sys.stdin.buffer.read(1)
        copy.write(content)
        if len(got) % 16 == 0:
            os.stat("/rw/copy")
            os.listdir("/rw")
with open("/rw/typed", "wb") as f:
    f.write(got)
print("done")
""",
    "100",
)
program.until(b"ready\n")
typed = bytes(b"abcdefghijklmnopqrstuvwxyz0123456789"[i * 7 % 36] for i in range(100))
for at in range(0, len(typed), 50):
    program.type(typed[at : at + 50])
program.end()
equal("what was typed", typed, open("rw/typed", "rb").read())
equal("the file", bytes(range(256)) * 20 * 100, open("rw/copy", "rb").read())

print("--- text, and Enter")
# MicroPython on a board has LF for it in text; its unix port takes the byte as it is.
program = Program(
    "import sys\nprint('ready')\nprint(repr(sys.stdin.read(4)), repr(sys.stdin.read(3)))\nopen('/rw/x','w').close()\nprint(repr(sys.stdin.buffer.read(4)))\n"
)
program.until(b"ready\n")
program.type(b"one\n")
program.type(b"abc")
program.type(b"de\nf")
out, err = program.end()
equal("what it read", b"'one\\r' 'abc'\nb'de\\rf'\n", out, err)

print("--- Ctrl-C once")
program = Program("import time\nprint('ready')\ntry:\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')\nprint('went on')\n")
program.until(b"ready\n")
program.interrupt()
out, err = program.end()
equal("a program that catches it", (b"caught\nwent on\n", b""), (out, err))
program = Program("print('ready')\nwhile True: pass\n")
program.until(b"ready\n")
program.interrupt()
out, err = program.end(1)
equal("one that does not", True, b"KeyboardInterrupt" in err, out, err)

print("--- Ctrl-C beside files")
for round in range(4):
    program = Program(
        """
import os
print("ready")
n = 0
try:
    while True:
        with open("/rw/file", "wb") as f:
            for i in range(40):
                f.write(b"%d\\n" % i * 100)
        with open("/rw/file", "rb") as f:
            f.read()
        os.listdir("/rw")
        n += 1
        if n == 3:
            print("busy")
except KeyboardInterrupt:
    print("caught")
open("/rw/afterwards", "w").write("whole")
print(open("/rw/afterwards").read() if False else "end")
"""
    )
    program.until(b"busy\n")
    program.interrupt()
    out, err = program.end()
    equal("a program with files", (b"caught\nend\n", b""), (out, err))
    equal("what it wrote then", "whole", open("rw/afterwards").read())
    os.remove("rw/afterwards")

print("--- Ctrl-C twice")
program = Program(
    "print('ready')\nfor i in range(9):\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        print('caught')\nwhile True: pass\n"
)
program.until(b"ready\n")
while True:
    pressed = time.monotonic()
    program.interrupt()
    program.until(b"caught\n")
    if time.monotonic() - pressed < 1.7:
        break
    time.sleep(3)  # a busy computer is too late for two within two seconds: once more, when the first is long past
program.interrupt()
out, err = program.end(130)

print("--- the end of stdin")
program = Program("print(input())\nprint('end')\n")
program.type(b"last line\n")
program.process.stdin.close()
program.process.stdin = None
out, err = program.end()
equal("what it printed", True, b"last line" in out and out.endswith(b"end\n"), out, err)
