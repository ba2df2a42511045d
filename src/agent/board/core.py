# The agent's core: what rawrepl puts on the board. It talks in frames (src/agent/protocol.h is the contract) and knows four
# requests: P(ing), X(load a part of the agent), B(hold back) and Q(uit). All else is in parts, loaded when they are needed.
#
# It is started from the friendly REPL, so that whatever ends it leaves the friendly REPL behind. Ctrl-C is off only inside the
# loop, and no read can block for ever: a host that is silent for IDLE ms is dead, and the loop ends.
#
# The build strips comments and narrows the indentation (scripts/embed-agent); names are kept.
def __mpremotefs__():
    from micropython import kbd_intr
    from select import poll
    from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

    medium = 30000
    # include common.py
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
    # [window (0: no credits needed), done]
    line = [240, False]

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
        size = encode(kind, size)
        if not size & 63:
            buf[size] = 0
            size += 1
        write(mem[:size])
        return size

    def ping(size):
        # The window to keep from now on: what the line has proved to hold; 0 for a line that holds back its writer.
        if size == 2:
            line[0] = unpack_from("<H", buf, 8)[0]
        return 0

    def hold(size):
        # Reads nothing for a while: what is sent meanwhile is lost, unless the line holds it back.
        sleep_ms(min(buf[8], 200))
        return 0

    def leave(size):
        line[1] = True
        return 0

    requests.update({66: hold, 81: leave})
    shared.update({"send": send, "fill": fill, "line": line, "tty": tty})
    kbd_intr(-1)
    try:
        pack_into("<HIB", buf, 8, block, free, 1 if deflate else 0)
        send(72, 7)
        until = ticks_add(ticks_ms(), 5000)
        while not line[1]:
            if not fill(0, 1, max(0, ticks_diff(until, ticks_ms())), 0):
                break
            # What begins as a frame is from our host, whatever becomes of it.
            n = 9 if buf[0] == 0xFA else 1
            good = n == 9 and fill(1, 8, 300, 0) and unpack_from("<H", buf, 6)[0] == crc32(mem[:6]) & 0xFFFF
            if good:
                size, = unpack_from("<H", buf, 4)
                end = size + 12
                window = line[0]
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
            if buf[3] == state[3] and state[4] and buf[1] != 80:
                # The answer was lost, the work is done.
                write(state[4])
                continue
            if buf[1] == 80:
                # Asked between a request and its repetition: it must not make us forget the request.
                state[0] = buf[3]
                send(65, ping(size))
                continue
            kind, size = answer(size)
            size = send(kind, size)
            state[4] = bytes(mem[:size]) if size < 64 and not state[2] else None
            until = ticks_add(ticks_ms(), 5000)
    finally:
        kbd_intr(3)
        if tty:
            tty[6][6] = 1
            tcsetattr(0, 0, tty)
        for f in shared["at_end"]:
            f()
    # What is called next: when we have returned, our memory is free.
    return shared.get("begin", requests.clear)
