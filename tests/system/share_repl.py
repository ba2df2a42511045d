# SPDX-License-Identifier: MIT
# share_repl.py MPREMOTE-SHARE LINE: the board's prompt in a terminal, for share_repl.sh. The current directory has a directory `rw`
# with a module.
import os
import pty
import select
import signal
import subprocess
import sys
import termios
import time

share, line = sys.argv[1:]


def equal(what, expected, found, *more):
    if expected != found:
        raise SystemExit(f"{what}: expected {expected!r}, found {found!r} {more}")


class Terminal:
    """mpremote-share in a terminal of its own."""

    def __init__(self, *command):
        self.master, self.slave = pty.openpty()
        self.before = self.settings()
        self.heard = b""
        self.until_time = time.monotonic() + 90
        self.process = subprocess.Popen(
            [share, "-d", line, "-v", "rw:/rw:rw", *command], stdin=self.slave, stdout=self.slave, stderr=self.slave, preexec_fn=self.lead
        )

    def lead(self):
        os.setsid()
        import fcntl

        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def settings(self):
        return termios.tcgetattr(self.slave)

    def read(self):
        left = self.until_time - time.monotonic()
        if left < 0 or not select.select([self.master], [], [], left)[0]:
            self.process.kill()
            raise SystemExit(f"it says nothing more; it said {self.heard[-1000:]!r}")
        self.heard += os.read(self.master, 4096)

    def until(self, mark):
        while mark not in self.heard:
            self.read()
        said, self.heard = self.heard.split(mark, 1)
        return said.replace(b"\r", b"")

    def type(self, keys):
        os.write(self.master, keys)

    def run(self, statement):
        """Types STATEMENT at the prompt; what it prints."""
        self.type(statement + b"\r")
        return self.until(b">>> ").partition(b"\n")[2].rstrip(b"\n")

    def end(self, status=0):
        while self.process.poll() is None:
            if select.select([self.master], [], [], 0.05)[0]:
                self.heard += os.read(self.master, 4096)
            if time.monotonic() > self.until_time:
                self.process.kill()
                raise SystemExit(f"it does not end; it said {self.heard[-1000:]!r}")
        while select.select([self.master], [], [], 0)[0]:
            self.heard += os.read(self.master, 4096)
        equal("status", status, self.process.returncode, self.heard[-2000:])
        equal("the terminal's settings afterwards", self.before, self.settings())


print("--- the prompt")
repl = Terminal("repl")
repl.until(b">>> ")
equal("the terminal is raw", 0, repl.settings()[3] & (termios.ICANON | termios.ECHO | termios.ISIG))
equal("a sum", b"3", repl.run(b"1 + 2"))
equal("where it is", b"/rw ['/rw', '/rw/lib']", repl.run(b"import os, sys; print(os.getcwd(), sys.path[:2])"))
equal("an import", b"module 1", repl.run(b"import module; print(module.WORDS)"))
repl.run(b"f = open('written', 'w'); f.write('by hand'); f.close()")
equal("what was written", "by hand", open("rw/written").read())

print("--- Ctrl-C is the board's, however often")
repl.type(b"while True: pass\r\r")
repl.until(b"\n")
for _ in range(3):
    repl.type(b"\x03")
    repl.until(b">>> ")
equal("after Ctrl-C", b"4", repl.run(b"2 + 2"))
repl.type(b"import os\rwhile True: _ = os.stat('/rw/written')\r\r")
repl.until(b"while")
time.sleep(0.2)  # some exchanges; it may as well be none
repl.type(b"\x03")
repl.until(b"KeyboardInterrupt")
repl.until(b">>> ")
equal("after Ctrl-C beside files", b"7", repl.run(b"len(open('/rw/written').read())"))

print("--- an exception, a function")
repl.type(b"1 / 0\r")
repl.until(b"ZeroDivisionError")
repl.until(b">>> ")
repl.type(b"def f(): return 42\r\r")
repl.until(b">>> ")
equal("the function", b"42", repl.run(b"f()"))

print("--- Ctrl-B, also behind Ctrl-A, shows what a board says when it has started, and leaves all as it is")
repl.run(b"import module; module.MARK = 5; kept = open('/rw/written')")
for keys in b"\x02", b"\x01\x02", b"\x02":
    repl.type(keys)
    repl.until(b'Type "help()"')
    repl.until(b">>> ")
    equal("what was there", b"5 by hand /rw", repl.run(b"kept.seek(0); print(module.MARK, kept.read(), os.getcwd())").rpartition(b"\n")[2])

print("--- a reset by its button, which looks the same: the shares are there again")
repl.run(b"gone = 1")
with open("line.control", "w") as control:
    control.write("kill 1\n")
repl.type(b"\r")
repl.until(b'Type "help()"')
repl.until(b">>> ")
equal("where it is", b"/rw", repl.run(b"import os; print(os.getcwd())"))
equal("what was defined", True, b"NameError" in repl.run(b"gone"))

print("--- Ctrl-D: a soft reset, after which the shares are there again")
for turn in range(2):
    repl.run(b"gone = 1")
    repl.type(b"\x04")
    repl.until(b"soft reboot")
    while True:  # the prompt is there before the shares are, or after
        repl.until(b">>> ")
        if b"/rw" in repl.run(b"import os; print(os.getcwd())"):
            break
    equal("what was defined", True, b"NameError" in repl.run(b"gone"))
    open("rw/module.py", "w").write(f"WORDS = 'module {turn + 2}'\n")
    equal("a module that has changed", b"module %d" % (turn + 2), repl.run(b"import module; print(module.WORDS)"))

print("--- Ctrl-] leaves")
repl.type(b"\x1d")
repl.end()

print("--- a program in a terminal: input, and Ctrl-C")
program = Terminal("exec", "print(input('? ') + '!')\nwhile True: pass")
program.until(b"? ")
program.type(b"hello\r")
program.until(b"hello!")
program.type(b"\x03")
program.end(1)
equal("the traceback", True, b"KeyboardInterrupt" in program.heard, program.heard)

print("--- a signal in the middle")
for number in (signal.SIGTERM, signal.SIGHUP):
    repl = Terminal("repl")
    repl.until(b">>> ")
    equal("a sum", b"3", repl.run(b"1 + 2"))
    repl.process.send_signal(number)
    while repl.process.poll() is None and time.monotonic() < repl.until_time:
        time.sleep(0.02)
    equal("it has ended", False, repl.process.poll() is None)
    equal("the terminal's settings after a signal", repl.before, repl.settings())

print("--- stopped and continued")
repl = Terminal("repl")
repl.until(b">>> ")
raw = repl.settings()
repl.process.send_signal(signal.SIGTSTP)
while b"stopped" not in subprocess.run(["ps", "-o", "state=", "-p", str(repl.process.pid)], capture_output=True).stdout.replace(b"T", b"stopped"):
    if time.monotonic() > repl.until_time:
        raise SystemExit("SIGTSTP does not stop it")
    time.sleep(0.02)
equal("the terminal's settings while it is stopped", repl.before, repl.settings())
repl.process.send_signal(signal.SIGCONT)
while repl.settings() != raw:
    if time.monotonic() > repl.until_time:
        raise SystemExit("the terminal is not raw again")
    time.sleep(0.02)
repl.type(b"\r")
repl.until(b">>> ")
equal("a sum afterwards", b"9", repl.run(b"4 + 5"))
repl.type(b"\x1d")
repl.end()

print("--- its terminal goes, and takes no signal with it")
for typed in b"", b"print(1)\r", b"while True: pass\r\r":
    master, slave = pty.openpty()
    with open("said", "wb") as said:
        process = subprocess.Popen([share, "-d", line, "repl"], stdin=slave, stdout=said, stderr=said, start_new_session=True)
    until = time.monotonic() + 90
    while b">>> " not in open("said", "rb").read() and time.monotonic() < until:
        time.sleep(0.02)
    os.write(master, typed)
    while typed and b"\n" not in open("said", "rb").read().partition(b">>> ")[2] and time.monotonic() < until:
        time.sleep(0.02)
    os.close(slave)
    os.close(master)
    try:
        equal("status", 0, process.wait(max(0, until - time.monotonic())), open("said", "rb").read())
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit(f"it does not end without its terminal; it said {open('said', 'rb').read()!r}")
