# The agent's core: what rawrepl puts on the board. It talks in frames (src/agent/protocol.h is the contract) and knows four
# requests: P(ing), X(load a part of the agent), B(hold back) and Q(uit). All else is in parts, loaded when they are needed.
#
# It is started from the friendly REPL, so that whatever ends it leaves the friendly REPL behind. Ctrl-C is off only inside the
# loop, and no read can block for ever: a host that is silent for IDLE ms is dead, and the loop ends.
#
# The build strips comments and narrows the indentation (scripts/embed-agent); names are kept.
def __mpremotefs__():
    import gc, sys
    from micropython import kbd_intr
    from select import poll
    from struct import pack_into, unpack_from
    from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

    from io import BytesIO

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
    block = 4096 if free > 120000 else 1024 if free > 30000 else 512
    buf = bytearray(block + 80)
    mem = memoryview(buf)
    read = sys.stdin.buffer.readinto
    write = sys.stdout.buffer.write
    poller = poll()
    poller.register(sys.stdin, 1)
    wait = poller.poll
    # A read waits until all that was asked for has come, so single bytes are asked for that poll has seen. The terminal of
    # MicroPython's unix port can be told to give what is there.
    tty = None
    if hasattr(sys.stdin.buffer, "fileno"):
        try:
            from termios import tcgetattr, tcsetattr

            tty = tcgetattr(0)
            tty[6][6] = 0  # VMIN
            tcsetattr(0, 0, tty)
        except (ImportError, OSError):
            tty = None
    one = bytearray(1)
    credit = bytearray(b"\xfb\0\0\0")
    # [sequence number of the answer, window (0: no credits needed), done, code that is coming in, answer has several parts]
    state = [-1, 240, False, bytearray(), False]

    def fill(at, end, idle, window):
        # Fills buf[at:end]; False when the line is silent. Where WINDOW is not 0, tells the host each time that half of it is free.
        piece = window >> 1
        grant = piece
        while at < end:
            if not wait(idle):
                return False
            idle = 300
            if tty:
                at += read(mem[at : grant if window and grant < end else end])
            else:
                read(one)
                buf[at] = one[0]
                at += 1
            if window and at >= grant and at < end:
                credit[1] = buf[3]
                credit[2] = grant // piece
                credit[3] = credit[1] ^ credit[2] ^ 255
                write(credit)
                grant += piece
        return True

    def send(kind, size):
        # Sends buf[8 : 8 + size] as a frame. A reply never ends on a full USB packet of 64 bytes: it could stick there.
        pack_into("<BBBBH", buf, 0, 0xFA, kind, 0, state[0] & 255, size)
        pack_into("<H", buf, 6, crc32(mem[:6]) & 0xFFFF)
        state[4] = kind == 77 or state[4]
        size += 8
        pack_into("<I", buf, size, crc32(mem[:size]) & 0xFFFFFFFF)
        size += 4
        if not size & 63:
            buf[size] = 0
            size += 1
        write(mem[:size])
        return size

    def execute(size):
        # The payload: flags (1: deflated, 2: more follows), then Python. A part's namespace is ours, not the user's.
        code = state[3]
        code.extend(mem[9 : 8 + size])
        if not buf[8] & 2:
            state[3] = bytearray()
            if buf[8] & 1:
                code = deflate.DeflateIO(BytesIO(code), 1, 12).read()
            exec(code, shared)
            code = None
            gc.collect()
        return 0

    def ping(size):
        # The window to keep from now on: what the line has proved to hold; 0 for a line that holds back its writer.
        if size == 2:
            state[1] = unpack_from("<H", buf, 8)[0]
        return 0

    def hold(size):
        # Reads nothing for a while: what is sent meanwhile is lost, unless the line holds it back.
        sleep_ms(min(buf[8], 200))
        return 0

    def leave(size):
        state[2] = True
        return 0

    requests = {88: execute, 66: hold, 81: leave}
    shared = {"buf": buf, "mem": mem, "block": block, "send": send, "requests": requests, "free": free, "at_end": []}
    # The number of the last request, and its answer if it is short: only what changes nothing has a longer one, or several parts.
    done = -1
    last = None
    kbd_intr(-1)
    try:
        pack_into("<HIB", buf, 8, block, free, 1 if deflate else 0)
        send(72, 7)
        until = ticks_add(ticks_ms(), 5000)
        while not state[2]:
            if not fill(0, 1, max(0, ticks_diff(until, ticks_ms())), 0):
                break
            # What begins as a frame is from our host, whatever becomes of it.
            n = 9 if buf[0] == 0xFA else 1
            good = buf[0] == 0xFA and fill(1, 8, 300, 0) and unpack_from("<H", buf, 6)[0] == crc32(mem[:6]) & 0xFFFF
            if good:
                size, = unpack_from("<H", buf, 4)
                end = size + 12
                window = state[1]
                good = (
                    end <= len(buf)
                    and fill(8, end, 300, window if end > window else 0)
                    and unpack_from("<I", buf, end - 4)[0] == crc32(mem[: end - 4]) & 0xFFFFFFFF
                )
            if not good:
                # Whatever is on its way is lost: wait until the line is quiet, then ask for all of it again. What ends on
                # Ctrl-C and is no frame is not our host: the board is his.
                while wait(60) and ticks_diff(until, ticks_ms()) > 0:
                    read(one)
                    if n < 8:
                        buf[n] = one[0]
                    n += 1
                if 1 < n < 8 and buf[n - 1] == 3 or ticks_diff(until, ticks_ms()) <= 0:
                    break
                send(78, 0)
                continue
            until = ticks_add(ticks_ms(), 5000)
            if buf[3] == done and last and buf[1] != 80:
                # The answer was lost, the work is done.
                write(last)
                continue
            state[0] = buf[3]
            if buf[1] == 80:
                # Asked between a request and its repetition: it must not make us forget the request.
                send(65, ping(size))
                continue
            done = buf[3]
            kind = 65
            state[4] = False
            try:
                size = requests[buf[1]](size)
            except Exception as e:
                kind = 69
                # A ROM's file system has no functions that change it.
                number = 12 if isinstance(e, MemoryError) else 30 if isinstance(e, AttributeError) else 0
                if isinstance(e, OSError) and e.args and isinstance(e.args[0], int):
                    number = e.args[0]
                text = (repr(e) if number else "%s: %s" % (type(e).__name__, e)).encode()[:40]
                pack_into("<i", buf, 8, number)
                size = 4 + len(text)
                buf[12 : 8 + size] = text
            size = send(kind, size)
            last = bytes(mem[:size]) if size < 64 and not state[4] else None
            until = ticks_add(ticks_ms(), 5000)
    finally:
        kbd_intr(3)
        if tty:
            tty[6][6] = 1
            tcsetattr(0, 0, tty)
        for f in shared["at_end"]:
            f()
