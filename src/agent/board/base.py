# What the agent's other parts share; the core's X request loads it before them. In its namespace are buf, mem, block, send, requests.
# Each request is a function of the payload's length (the payload is buf[8:8 + size]) that returns the length of its answer's
# payload, written to the same place. src/agent/protocol.h has the formats.
import gc, os
from struct import pack_into, unpack_from

try:
    from hashlib import sha256
except ImportError:
    sha256 = None
try:
    from deflate import DeflateIO
except ImportError:
    DeflateIO = None

# Where a byte of the core came damaged, a name may be another one: known now, the core is put there again.
buf, mem, block, send, requests, at_end

# What the heap leaves for the window of the deflate stream: 15 bits cost 32 KiB.
wbits = 15 if free > 150000 else 12 if free > 100000 else 10 if free > 20000 else 0
if not DeflateIO:
    wbits = 0
chunk = bytearray(block if free > 120000 else 256)
chunks = memoryview(chunk)


def path_at(at, size):
    return bytes(mem[at : 8 + size])


def mounts():
    # "/" lists what is mounted, in bytes as asked, and then its own entries in str, which raises at a name that is not UTF-8.
    # It is read to its end: what is left open in LittleFS waits for the garbage collector, and when that comes in the middle of a
    # rename or a remove (a flash whose driver is in Python), LittleFS goes on with a pointer to what was freed, and crashes.
    every = os.ilistdir(b"/")
    while True:
        try:
            entry = next(every)
        except StopIteration:
            return
        except UnicodeError:
            continue
        if not isinstance(entry[0], str):
            yield entry
