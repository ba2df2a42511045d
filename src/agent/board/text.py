# The agent's core for a board, or a line, that cannot do binary. rawrepl puts it there; then each request is a call of its own in
# the raw REPL, __mpremotefs__("BASE64 OF A FRAME"), which prints the answer's frames in base64, each on a line of its own. The
# requests are those of core.py; between two of them the board waits in its raw REPL.
#
# Ctrl-C is off while a request is done: a host that hears nothing can ask for the prompt by it and harms nothing.
def __mpremotefs__():
    import sys

    # A share whose host has gone is taken away (share.py): each import would ask that host for files.
    sys.modules.get("__mpremotefs__", int)(0)
    # A call is compiled, which takes a few times its size.
    medium = 60000
    # include common.py
    try:
        from binascii import a2b_base64, b2a_base64
    except ImportError:
        digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

        def b2a_base64(data):
            out = bytearray()
            for at in range(0, len(data), 3):
                three = bytes(data[at : at + 3])
                n = len(three)
                three += b"\0\0"
                out.append(digits[three[0] >> 2])
                out.append(digits[(three[0] & 3) << 4 | three[1] >> 4])
                out.append(digits[(three[1] & 15) << 2 | three[2] >> 6] if n > 1 else 61)
                out.append(digits[three[2] & 63] if n > 2 else 61)
            return bytes(out) + b"\n"

        def a2b_base64(text):
            out = bytearray()
            have = bits = 0
            for c in text.encode():
                c = digits.find(bytes([c]))
                if c < 0:
                    break
                have = (have << 6 | c) & 0xFFF
                bits += 6
                if bits > 7:
                    bits -= 8
                    out.append(have >> bits & 255)
            return out

    try:
        from micropython import kbd_intr
    except ImportError:
        # Nor does Ctrl-C stop anything there.
        def kbd_intr(c):
            pass

    def put(frame):
        # In pieces of whole groups of three, so that they are one text.
        for at in range(0, len(frame), 192):
            sys.stdout.write(b2a_base64(frame[at : at + 192])[:-1].decode())
        sys.stdout.write("\n")

    def send(kind, size):
        size = encode(kind, size)
        put(mem[:size])
        return size

    def take(text):
        # Whether TEXT is a good frame, which is in buf then.
        try:
            frame = a2b_base64(text)
        except ValueError:
            return False
        end = len(frame)
        if not 12 <= end <= len(buf):
            return False
        buf[:end] = frame
        return (
            buf[0] == 0xFA
            and unpack_from("<H", buf, 4)[0] + 12 == end
            and unpack_from("<I", buf, end - 4)[0] == crc32(mem[: end - 4]) & 0xFFFFFFFF
        )

    def do(text):
        if not take(text):
            send(78, 0)
        elif buf[3] == state[3] and state[4]:
            # The answer was lost, the work is done.
            put(state[4])
        else:
            state[4] = None
            kbd_intr(-1)
            try:
                # A Ctrl-C that came before is an exception by the end of this, and nothing is done.
                for _ in (0, 1):
                    pass
                size = encode(*answer(unpack_from("<H", buf, 4)[0]))
                state[4] = bytes(mem[:size]) if size < 64 and not state[2] else None
            finally:
                kbd_intr(3)
            put(mem[:size])

    def leave(size):
        globals().pop("__mpremotefs__", None)
        for f in shared["at_end"]:
            f()
        return 0

    requests[81] = leave
    shared["send"] = send
    pack_into("<HIB", buf, 8, block, free, 1 if deflate else 0)
    send(72, 7)
    return do


__mpremotefs__ = __mpremotefs__()
