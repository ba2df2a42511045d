# SPDX-License-Identifier: MIT
# share_lost.py LINE: what one finds in a terminal at a board, at its prompt, whose mpremote-share was killed. For share_lost.sh.
import os
import select
import sys
import time
import tty

fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
tty.setraw(fd)
heard = b""


def until(mark, seconds):
    """What the board says up to MARK, or None if that does not come within SECONDS."""
    global heard
    end = time.monotonic() + seconds
    while mark not in heard:
        left = end - time.monotonic()
        if left < 0 or not select.select([fd], [], [], left)[0]:
            return None
        heard += os.read(fd, 4096)
    said, heard = heard.split(mark, 1)
    return said


def run(statement, seconds=60):
    os.write(fd, statement + b"\r")
    said = until(b">>> ", seconds)
    if said is None:
        sys.exit(f"{statement!r}: no prompt, but {heard[-1000:]!r}")
    return said


def equal(what, expected, found):
    if expected != found:
        sys.exit(f"{what}: expected {expected!r}, found {found!r}")


def await_prompt():
    while b"\nready" not in run(b"print('re' + 'ady')"):
        pass  # that was a prompt that had been there before


await_prompt()
# The first request is asked again and again; what comes after it fails soon, all of what import asks, too.
equal("a file", True, b"OSError" in run(b"open('module.py')"))
run(b"import time")
for _ in range(6):  # a busy computer makes it slower for a while, and never faster
    run(b"t = time.ticks_ms()")
    equal("an import", True, b"ImportError" in run(b"import nothing_there"))
    took = int(run(b"print('ms', time.ticks_diff(time.ticks_ms(), t))").rpartition(b"ms ")[2])
    if took < 2000:
        break
equal(f"an import that took {took} ms, less than three tries", True, took < 2000)
# Import takes KeyboardInterrupt, too, for a file that is not there; so not the first Ctrl-C may do.
os.write(fd, b"exec('while 1:\\n try: import nothing_there\\n except ImportError: time.sleep_ms(20)')\r")
for _ in range(20):
    time.sleep(0.5)
    os.write(fd, b"\x03")
    if until(b"KeyboardInterrupt", 2) is not None:
        break
else:
    sys.exit(f"Ctrl-C does nothing; the board said {heard[-1000:]!r}")
await_prompt()
