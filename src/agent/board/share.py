# The part of the agent that brings directories of the host to the board (SHARE in src/agent/protocol.h) and runs a program there. It
# is loaded behind the core and begins when the core has returned, called from the friendly REPL. In its namespace are the core's buf,
# mem, block, free, crc32, line, fill, tty, and `plan`, which the host has set:
#
#   ([path of each share], NAME, [its sys.argv])     NAME: what tracebacks call the program; "": there is none, but a REPL
#
# The board asks, with Ctrl-C off, and the host answers. Nothing is asked without need: what is read goes through AHEAD, which all
# files share, and what is written waits in its file until there is enough of it.
import gc, os, sys
from io import BytesIO, IOBase
from micropython import kbd_intr
from select import poll
from struct import pack, pack_into, unpack_from
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

try:
    from vfs import mount, umount
except ImportError:
    from os import mount, umount
try:
    from deflate import DeflateIO
except ImportError:
    DeflateIO = None
try:
    from _thread import allocate_lock as lock, get_ident
except ImportError:
    get_ident = int

    class lock:
        def locked(self):
            return owner is not None

        def __enter__(self):
            pass

        def __exit__(self, *_):
            global owner
            owner = None


# Where a byte of the core came damaged, a name may be another one: known now, the core is put there again.
buf, mem, block, free, crc32, line, fill, tty
if tty:
    from termios import tcsetattr
write = sys.stdout.buffer.write
read = sys.stdin.buffer.readinto
block = len(buf) - 80
poller = poll()
poller.register(sys.stdin, 1)
one = bytearray(1)

# The window of the deflate stream. It stays all the time, so it is smaller than that of base.py.
wbits = 15 if free > 400000 else 12 if free > 100000 else 10 if free > 30000 else 0
if not DeflateIO:
    wbits = 0
inflate = source = None
source_end = 0

# What was read of a file ahead of its reader, AHEAD_WHEN: ahead[:ahead_len] is from ahead_at in the file AHEAD_OF, whose end follows if
# AHEAD_LAST.
# A line that holds back its writer brings more at once, in parts, to who reads on.
ahead = bytearray(min(block, 12288) if line[0] or free <= 120000 else min(free // 12, 49152))
aheads = memoryview(ahead)
ahead_of = None
ahead_at = ahead_len = ahead_last = ahead_when = 0
parts = 32 if len(ahead) > block else 0
# How much is written at once: less on a line that damages much. GOOD: exchanges since it did.
most = len(ahead)
good = 0
# Writes that nobody has answered yet (a run, in protocol.h): their file, how many, and how much of AHEAD their frames have; nothing
# else is in there then.
runner = None
run_count = run_len = 0

# Held by the thread OWNER while it is in a file or a share: all of them share what is here. Whether another WAITS for it.
lock = lock()
owner = None
waits = False

# The number of the last request; 64 when the deflate stream has to start anew; SURE and MAYBE and SEEN of SHARE_BYTES (-1: no answer yet);
# whether a Ctrl-C was among those bytes, or came in an answer (what it raises), and until when it waits for import.
sequence = 0
fresh = 64
typed = maybe = 0
seen = -1
interrupted = until = None
# Whether another host is there; when ours was found to be gone, None: it is there; whether it was given up.
knocked = given_up = False
gone = None
# What Ctrl-C is between two requests: -1 once all that is left is to end.
key = 3

# The files that have a handle, by it, and the one that was given out last. What import is going to ask, by path, and the file that it
# will open, from an answer that came when ANSWERED. What is opened once by a path that the host does not know. What is to be as before.
handles = [None] * 32
turn = 0
answers = {}
offered = None
answered = 0
ours = {}
mounted = []
before = restart = None
NAME = "__mpremotefs__"

# include share_ask.py
# include share_file.py
# include share_volume.py
# include share_run.py
