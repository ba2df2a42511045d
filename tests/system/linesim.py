# SPDX-License-Identifier: MIT
"""What the line simulator promises: linesim.py LINESIM BOARD. Started by linesim.sh, in a folder of its own."""
import contextlib
import json
import os
import random
import select
import subprocess
import sys
import termios
import time
import tty

LINESIM, BOARD = sys.argv[1:]
PROMPT = b">>> "
PATIENCE = 20  # seconds; only a failure takes so long


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain until " + what
        time.sleep(0.005)


def size_of(path):
    return os.path.getsize(path) if os.path.exists(path) else 0


class Line:
    """A simulated line with COMMAND at its end; the host's end is open."""

    def __init__(self, options, command):
        for name in ("link", "counters", "control"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        options = ["--link", "link", "--counters", "counters", "--control", "control", "--trace", "trace", *options]
        self.process = subprocess.Popen([LINESIM, *options, "--", *command], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready link\n"
        self.open()

    def open(self):
        self.fd = os.open("link", os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.fd, termios.TCSANOW)
        self.unread = b""

    def send(self, data):
        while data:
            data = data[os.write(self.fd, data) :]

    def read_some(self, end):
        ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
        assert ready, "waited in vain for more than %r" % self.unread[-200:]
        self.unread += os.read(self.fd, 65536)

    def expect(self, text):
        """Reads up to the next TEXT and returns all until its end."""
        end = time.monotonic() + PATIENCE
        while text not in self.unread:
            self.read_some(end)
        before, self.unread = self.unread.split(text, 1)
        return before + text

    def receive(self, count):
        end = time.monotonic() + PATIENCE
        while len(self.unread) < count:
            self.read_some(end)
        data, self.unread = self.unread[:count], self.unread[count:]
        return data

    def count(self, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink("counters")
        self.process.send_signal(10)
        wait_for("there are counters", lambda: os.path.exists("counters"))
        with open("counters") as file:
            return json.load(file)[name]

    def command(self, text):
        with open("control", "w") as file:
            file.write(text + "\n")

    def close(self):
        os.close(self.fd)
        self.process.terminate()
        assert self.process.wait() == 0
        with open("counters") as file:
            return json.load(file)


@contextlib.contextmanager
def line(*options, board=None):
    """A Line with a MicroPython at its prompt, or with the command BOARD."""
    made = Line(options, board or [BOARD, "flash"])
    try:
        if not board:
            made.expect(PROMPT)
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
            made.process.wait()


def arrived_at(sink, data, start):
    """The seconds from START until SINK holds DATA."""
    wait_for("all has arrived", lambda: size_of(sink) >= len(data))
    seconds = time.monotonic() - start
    with open(sink, "rb") as file:
        assert file.read() == data, "other bytes arrived"
    return seconds


def random_bytes(count):
    return bytes(byte for byte in random.Random(count).randbytes(count) if byte != 3).ljust(count, b".")


def send_to_sink(name, data):
    open("sink", "w").close()
    with line(name, "--holds", board=["sh", "-c", "printf x; exec cat >sink"]) as up:  # also when cat has to wait for its turn
        up.expect(b"x")
        start = time.monotonic()
        up.send(data)
        seconds = arrived_at("sink", data, start)
        assert up.close()["lost"] == 0
    return seconds


def receive_source(name, data):
    with open("source", "wb") as file:
        file.write(data)
    with line(name, board=["sh", "-c", "read x; cat source; exec cat"]) as down:
        start = time.monotonic()
        down.send(b"\n")
        assert down.receive(len(data)) == data
        return time.monotonic() - start


def rates():
    """A busy computer can make the line slower for a while, or its reader late so that the UART loses bytes; never faster."""
    for name, rate, count in (("--uart", 11520, 6000), ("--usb", 800000, 400000)):
        for transfer in (send_to_sink, receive_source):
            best = 0
            for _ in range(10):
                try:
                    seconds = transfer(name, random_bytes(count))
                except AssertionError as error:
                    print("%s, %s: again, since %s" % (name, transfer.__name__, error))
                    continue
                best = max(best, count / seconds)
                assert best < rate * 1.01, "%s: %.0f bytes a second" % (name, best)
                if best > rate * 0.97:
                    break
            print("%s, %s: %.0f bytes a second" % (name, transfer.__name__, best))
            assert best > rate * 0.5, "the simulator is the bottleneck"


def latency():
    for name, least in (("--uart", 2 * (1 / 11520 + 0.001)), ("--usb", 2 * (1 / 800000 + 0.00025))):
        with line(name, board=["cat"]) as echo:
            best = PATIENCE
            for count in range(4000):
                start = time.monotonic()
                echo.send(b"p")
                echo.receive(1)
                best = min(best, time.monotonic() - start)
                if count > 40 and best < least + 0.001:  # a busy computer can make it later, never sooner
                    break
            print("%s: there and back in %.2f ms" % (name, best * 1000))
            assert least <= best < least + 0.001


def fill_buffer(name, size, loses):
    """How many bytes a board has that does not read, of 1,000 that were sent."""
    open("sink", "w").close()
    data = random_bytes(1000)
    with line(name, board=["sh", "-c", "printf x; read x <gate; exec cat >sink"]) as busy:
        busy.expect(b"x")
        busy.send(data)
        wait_for("the buffer is full", lambda: busy.count("to_board") + busy.count("lost") >= (1000 if loses else size))
        held = busy.count("to_board")
        with open("gate", "w") as file:
            file.write("\n")
        arrived_at("sink", data[:held] if loses else data, 0)
        counters = busy.close()
        assert counters["to_board"] + counters["lost"] == 1000
        assert loses or counters["lost"] == 0
    return held


def full_buffer():
    """What a board that does not read receives, to the byte; one batch more where the kernel is late to show what is unread, or
    several on a busy computer: there once of six."""
    os.mkfifo("gate")
    for name, size, batch, loses in (("--uart", 260, 9, True), ("--usb", 512, 210, False)):
        for _ in range(6):
            held = fill_buffer(name, size, loses)
            print("%s: %d bytes held" % (name, held))
            assert held >= size
            if held <= size + batch:
                break
        assert held <= size + batch


def writing_board():
    """A board that writes is held back, but for what it has written before the simulator is there to stop it: some 12 KiB,
    as the terminal holds no more. So when it has written all, all but that has come. Without that it could write all of this at once,
    before anything has come."""
    script = "read x; dd if=/dev/zero bs=100 count=250 2>/dev/null; echo done >done; exec cat"
    with line("--uart", board=["sh", "-c", script]) as writer:
        writer.send(b"\n")
        while not size_of("done") and len(writer.unread) < 25000:
            writer.read_some(time.monotonic() + PATIENCE)
        wait_for("the board has written", lambda: size_of("done"))
        come = writer.count("from_board")
        print("%d of 25000 bytes have come when the board has written the last" % come)
        assert come >= 8000
        writer.receive(25000)


def damage():
    options = ("--seed", "7", "--to-board", "flip=20000,lose=20000,repeat=20000", "--to-host", "flip=20000")
    results = []
    for _ in range(2):
        open("sink", "w").close()
        with line(*options, board=["sh", "-c", "exec tee sink"]) as noisy:
            noisy.send(bytes(10000))
            wait_for("all was delivered", lambda: noisy.count("to_board") + noisy.count("to_board_dropped")
                     == 10000 + noisy.count("to_board_repeated"))
            total = noisy.count("to_board")
            wait_for("all was read", lambda: size_of("sink") == total)
            back = noisy.receive(total)
            counters = noisy.close()
        with open("sink", "rb") as file:
            there = file.read()
        assert sum(byte != 0 for byte in there) == counters["to_board_flipped"] > 0
        assert sum(a != b for a, b in zip(there, back)) == counters["from_board_flipped"] > 0
        assert counters["to_board_repeated"] > 0 and counters["to_board_dropped"] > 0
        assert counters["from_board_dropped"] == counters["from_board_repeated"] == counters["lost"] == 0
        results.append((there, back))
    assert results[0] == results[1], "the same seed did other damage"


def ctrl_c():
    with line("--usb") as board:
        for _ in range(5):
            board.send(b"while True: pass\r\n\r\n")
            board.expect(b"... \r\n")
            board.send(b"\x03\x03\x03")  # one at a busy program, whatever their number
            board.expect(b"KeyboardInterrupt")
            board.expect(PROMPT)
            board.send(b"\rprint(1 + 1)\r")
            board.expect(b"\n2\n")
            board.expect(PROMPT)
        board.send(b"12\x0334\r")  # at the prompt it is a byte, which drops the line
        board.expect(b"\n34\n")
        board.send(b"import micropython, sys\rmicropython.kbd_intr(-1); print(list(sys.stdin.buffer.read(1)))\r")
        board.expect(b"read(1)))\r\n")
        board.send(b"\x03")  # so it is where a program does not want it
        board.expect(b"[3]")
        board.expect(PROMPT)
        assert board.close()["restarts"] == 0


def ctrl_c_that_is_caught():
    program = b"n = 0\nwhile n < 10:\n try:\n  while True: pass\n except KeyboardInterrupt:\n  n += 1\n  print('caught', n)\n"
    with line() as board:
        board.send(b"\x05" + program + b"\x04")
        board.expect(b"=== \r\n")
        wait_for("it counts", lambda: board.count("to_board") == len(program) + 2)
        for n in range(1, 11):
            # The first may come before the loop has begun; and each may be merged into the one before.
            while b"caught %d\n" % n not in board.unread:
                board.send(b"\x03")
                ready, _, _ = select.select([board.fd], [], [], 0.05)
                if ready:
                    board.read_some(time.monotonic() + 1)
        board.expect(PROMPT)
        assert board.close()["restarts"] == 0


def soft_reset():
    with line("--usb") as board:
        for name, word in ((b"boot", b"'bo' 'ot'"), (b"main", b"'ma' 'in'")):
            board.send(b"f = open('%s.py', 'w'); f.write(\"print(%s)\"); f.close()\r" % (name, word))
        board.send(b"x = 1\r")
        board.expect(b"x = 1\r\n" + PROMPT)
        board.send(b"\x04")
        said = board.expect(PROMPT)
        assert b"MPY: soft reboot\r\nboot\nmain\n" in said, said
        board.send(b"print('x' in globals())\r")
        board.expect(b"False")
        board.send(b"\x01")
        board.expect(b"raw REPL; CTRL-B to exit\r\n>")
        board.send(b"\x04")
        said = board.expect(b"raw REPL; CTRL-B to exit\r\n>")
        assert b"MPY: soft reboot\r\nboot\n" in said and b"main" not in said, said
        board.send(b"print(2 * 3)\x04")
        board.expect(b"OK6\n\x04\x04>")
        board.send(b"\x02import os; os.remove('boot.py'); os.remove('main.py'); print('re' 'moved')\r")
        board.expect(b"removed")
        assert board.close()["restarts"] == 2


def power_cuts():
    with line("--usb", "--kill", "7") as board:
        board.send(b"x = 111")
        board.expect(PROMPT)  # that of the power-up
        board.send(b"\rprint('x' in globals())\r")
        board.expect(b"False")
        board.expect(PROMPT)
        reached = board.count("to_board")
        board.command("kill 3")
        board.send(b"#123")
        board.expect(PROMPT)
        assert board.count("to_board") == reached + 3
        assert board.close()["restarts"] == 2
    with line("--no-restart") as board:
        board.command("kill 4")
        board.send(b"12345678")
        wait_for("bytes vanish", lambda: board.count("lost") == 4)
        counters = board.close()
        assert (counters["to_board"], counters["restarts"]) == (4, 0), counters


def plug():
    with line("--usb", "--unplug", "5", "--replug", "50") as board:
        board.send(b"12345")
        try:
            while os.read(board.fd, 100):
                pass
        except OSError:
            pass  # as for a real port that is gone
        os.close(board.fd)
        wait_for("it is plugged in again", lambda: os.path.exists("link"))
        board.open()
        board.expect(PROMPT)
        board.send(b"print(1 + 2)\r")
        board.expect(b"3")
        assert board.close()["restarts"] == 1
    assert not os.path.islink("link")


def unplugged(board):
    board.command("unplug")
    wait_for("it is unplugged", lambda: not os.path.islink("link"))
    os.close(board.fd)


def plugged_in(board):
    board.command("replug")
    wait_for("it is plugged in again", lambda: os.path.exists("link"))
    board.open()


def swaps():
    with line("--usb", "--replug", "0", board=["sh", "-c", "echo $0; exec cat", "one"]) as board:
        board.expect(b"one")
        unplugged(board)
        board.command("swap two")
        plugged_in(board)
        board.expect(b"two")
        unplugged(board)
        plugged_in(board)
        board.expect(b"two")


def own_power():
    with line("--usb", "--replug", "0", "--powered") as board:
        board.send(b"x = 111\r")
        board.expect(b"111")
        board.expect(PROMPT)
        unplugged(board)
        plugged_in(board)
        board.send(b"print(x * 3)\r")
        board.expect(b"333")
        assert board.close()["restarts"] == 0


def failures():
    with open("broken", "wb") as file:
        file.write(bytes(8192))
    for command, text in (([BOARD, "broken"], "broken holds no file system"), (["./missing"], "cannot run ./missing")):
        ended = subprocess.run([LINESIM, "--link", "link", "--", *command], capture_output=True, text=True, timeout=PATIENCE)
        assert ended.returncode == 1 and text in ended.stderr, ended
        assert not os.path.islink("link")
    for arguments in ([], ["--link", "link"], ["--rate", "fast"], ["--to-board", "flip"], ["--to-host", "eat=5"], ["--seven-bit", "some"]):
        ended = subprocess.run([LINESIM, *arguments], capture_output=True, text=True, timeout=PATIENCE)
        assert ended.returncode == 2 and "linesim --help" in ended.stderr, (arguments, ended)


for check in (rates, latency, full_buffer, writing_board, damage, ctrl_c, ctrl_c_that_is_caught, soft_reset, power_cuts, plug, swaps, own_power, failures):
    check()
    print("%s: right" % check.__name__, flush=True)
