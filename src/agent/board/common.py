# What the agent's two cores share, core.py and text.py: the build puts it into their functions in place of a line "# include
# common.py". It makes frames and does requests; how they come and go is the cores' own. MEDIUM, set before it, is the memory that
# blocks of 1 KiB need.
import gc, sys
from io import BytesIO
from struct import pack_into, unpack_from

try:
    import deflate
except ImportError:
    deflate = None
try:
    from binascii import crc32
except ImportError:
    # CRC-32, four bits at a time: slow, but a board without binascii.crc32 is a small one.
    table = []
    for c in range(16):
        for _ in range(4):
            c = c >> 1 ^ (0xEDB88320 if c & 1 else 0)
        table.append(c)

    def crc32(data):
        c = 0xFFFFFFFF
        for x in data:
            c ^= x
            c = c >> 4 ^ table[c & 15]
            c = c >> 4 ^ table[c & 15]
        return c ^ 0xFFFFFFFF


globals().pop("__mpremotefs__", None)
gc.collect()
free = gc.mem_free()
# The largest payload of a frame. One buffer serves both directions: a request is read before its answer is written.
block = 4096 if free > 120000 else 1024 if free > medium else 512
buf = bytearray(12400 if free > 400000 else block + 80)  # more than a block is for share.py
mem = memoryview(buf)
# [sequence number of the answer, code that is coming in, answer has several parts, number of the last request, and its answer if
# it is short: only what changes nothing has a longer one, or several parts]
state = [-1, bytearray(), False, -1, None]


def encode(kind, size):
    # Makes buf[8 : 8 + size] the payload of a frame. Returns the frame's size.
    pack_into("<BBBBH", buf, 0, 0xFA, kind, 0, state[0] & 255, size)
    pack_into("<H", buf, 6, crc32(mem[:6]) & 0xFFFF)
    state[2] = kind == 77 or state[2]
    size += 8
    pack_into("<I", buf, size, crc32(mem[:size]) & 0xFFFFFFFF)
    return size + 4


def execute(size):
    # The payload: flags (1: deflated, 2: more follows), then Python; deflated, of several parts with NUL between, which are compiled
    # one by one. Their namespace is ours, not the user's.
    code = state[1]
    code.extend(mem[9 : 8 + size])
    if not buf[8] & 2:
        # What is compiled comes to lie together then, and leaves no holes.
        gc.collect()
        state[1] = bytearray()
        parts = [code]
        if buf[8] & 1:
            code = deflate.DeflateIO(BytesIO(code), 1, 12).read()
            # For a copy of a single one there may be no memory.
            parts = code.split(b"\0") if b"\0" in code else [code]
        for code in parts:
            exec(code, shared)
        code = parts = None
        gc.collect()
    return 0


def answer(size):
    # Does the request in buf, whose payload is SIZE bytes. Returns its answer's kind and the size of its payload.
    state[0] = state[3] = buf[3]
    state[2] = False
    try:
        return 65, requests[buf[1]](size)
    except Exception as e:
        # A ROM's file system has no functions that change it.
        number = 12 if isinstance(e, MemoryError) else 30 if isinstance(e, AttributeError) else 0
        if isinstance(e, OSError) and e.args and isinstance(e.args[0], int):
            number = e.args[0]
        text = (repr(e) if number else "%s: %s" % (type(e).__name__, e)).encode()[:40]
        pack_into("<i", buf, 8, number)
        size = 4 + len(text)
        buf[12 : 8 + size] = text
        return 69, size


requests = {88: execute}
shared = {"buf": buf, "mem": mem, "block": block, "requests": requests, "free": free, "crc32": crc32, "at_end": []}
