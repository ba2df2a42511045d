# SPDX-License-Identifier: MIT
# share_prompt.py LINE STATEMENT...: types each STATEMENT at the friendly prompt of the board at LINE, and prints what it prints. Nothing
# brings the board to the prompt: it has to be there. The statement `ctrl-c` is a loop that Ctrl-C has to end.
import os
import select
import sys
import time
import tty

PROMPT = b">>> "
LOOP = "exec(\"print('loo' + 'ping')\\nwhile 1: pass\")"


class Prompt:
    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd)
        self.heard = b""
        self.until = time.monotonic() + 60
        self.type("print('re' + 'ady')", "\r")
        while b"\nready" not in self.read_until(PROMPT):
            pass

    def type(self, statement, before=""):
        os.write(self.fd, (before + statement + "\r").encode())

    def read_until(self, mark):
        while mark not in self.heard:
            left = self.until - time.monotonic()
            if left < 0 or not select.select([self.fd], [], [], left)[0]:
                sys.exit(f"no prompt, but {self.heard[-1000:]!r}")
            self.heard += os.read(self.fd, 4096)
        said, self.heard = self.heard.split(mark, 1)
        return said

    def run(self, statement):
        self.type(statement)
        return self.read_until(PROMPT).decode().partition("\r\n")[2].replace("\r\n", "\n").rstrip("\n")

    def interrupt(self):
        self.type(LOOP)
        self.read_until(b"looping")
        os.write(self.fd, b"\3")
        return "interrupted" if b"KeyboardInterrupt" in self.read_until(PROMPT) else "ended"


prompt = Prompt(sys.argv[1])
for statement in sys.argv[2:]:
    said = prompt.interrupt() if statement == "ctrl-c" else prompt.run(statement)
    if said:
        print(said)
