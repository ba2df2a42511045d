# The part of the agent that walks through the image in a ROM partition; loaded behind rom.py, when it is first asked for. Its functions
# are short: a small board compiles them one by one, in what memory there is between the others.


def rom_number(rom, at, end):
    # The number at AT, and where what follows it begins; -1: it is none (src/romfs/romfs_format.h).
    value = 0
    while at < end and not value >> 25:
        c = rom[at]
        at += 1
        value = value << 7 | c & 127
        if c < 128:
            return value, at
    return -1, at


# What is sent of the image: pieces, each with the gap before it, its length, and how many bytes of its start and of its end are those of
# the piece before, as numbers, the lowest 7 bits first. The last one can still grow. P, where that stands, is a list: where the next
# goes, the end of the last that was sent, where this one starts and ends, the same of the one before, the end of all, and whether
# it is reached.
def piece_numbers(p, numbers):
    out = p[0]
    for value in numbers:
        while value > 127:
            buf[out] = value & 127 | 128
            out += 1
            value >>= 7
        buf[out] = value
        out += 1
    p[0] = out


def piece_end(rom, p):
    _, here, start, end, last, last_end, _, _ = p
    if start == end:
        return
    most = min(end - start, last_end - last)
    head = tail = 0
    while head < most and rom[start + head] == rom[last + head]:
        head += 1
    while head + tail < most and rom[end - 1 - tail] == rom[last_end - 1 - tail]:
        tail += 1
    piece_numbers(p, (start - here, end - start, head, tail))
    size = end - tail - start - head
    mem[p[0] : p[0] + size] = rom[start + head : end - tail]
    p[:6] = p[0] + size, end, end, end, start, end


def piece_put(rom, p, start, end):
    if start != p[3]:
        piece_end(rom, p)
        p[2] = p[3] = start
    if p[0] + 20 + end - p[2] > p[6]:
        p[7] = True
    else:
        p[3] = end


def rom_record(rom, p, start, end):
    # Its kind, and where its content begins and ends; where that makes no sense, the kind 0 after what is there of it.
    kind, at = rom_number(rom, start, end)
    size, at = rom_number(rom, at, end) if kind > 0 else (-1, at)
    if size < 0 or size > end - at:
        piece_put(rom, p, start, at)
        return 0, end, end
    return kind, at, at + size


def rom_file(rom, p, at, end, code):
    # The records of a file: of its content only where it is, and with CODE what a .mpy begins with.
    while at < end:
        start = at
        kind, at, after = rom_record(rom, p, start, end)
        if kind:
            piece_put(rom, p, start, at + min(after - at, 10 if kind == 3 else 4 if kind == 2 and code else 0))
        at = after


def rom_entry(rom, p, start, ends, code):
    # One record of a directory. Returns where the next one is.
    kind, at, end = rom_record(rom, p, start, ends[-1])
    if not kind:
        return end
    if kind == 4 or kind == 5:
        size, at = rom_number(rom, at, end)
        if size < 0 or size > end - at:
            piece_put(rom, p, start, at)
            return end
        at += size
    if kind != 4 or len(ends) < block >> 4:  # what lies deeper is left out
        piece_put(rom, p, start, at)
    if kind == 5:
        rom_file(rom, p, at, end, code and bytes(rom[at - 4 : at]) == b".mpy")
    elif kind == 4 and len(ends) < block >> 4 and not p[7]:
        ends.append(end)
        return at
    return end


def rom_begin(rom, p, ends):
    # The header. Returns where the records begin.
    size, at = rom_number(rom, 3, len(rom))
    if bytes(rom[:3]) != b"\xd2\xcd1" or size < 0 or size > len(rom) - at:
        at = min(16, len(rom))
    else:
        ends.append(at + size)
    piece_put(rom, p, 0, at)
    return at


def rom_walk(rom, p, at, ends, code, deepest):
    # From AT, as far as the payload goes. Returns how far that was.
    first = p[0]
    while ends:
        if at >= ends[-1]:
            ends.pop()
            continue
        if len(ends) == deepest < block >> 4:
            break
        before = p[:]
        after = rom_entry(rom, p, at, ends, code)
        if p[7]:
            p[7] = False
            if before[3] > before[2] or before[0] > first:
                p[:] = before
                break
        at = after
    piece_end(rom, p)
    return at


def do_rom_records(size):
    # A walk through the image, from where the one before has stopped. It believes no length, and ends where it makes no sense.
    number, code, at = unpack_from("<BBI", buf, 8)
    ends = [unpack_from("<I", buf, i)[0] for i in range(14, 8 + size, 4)]
    rom = memoryview(rom_at(number))
    # Room for the place to go on from in front of the pieces, some directories deeper than now.
    deepest = min(len(ends) + 5, block >> 4)
    first = 13 + 4 * deepest
    p = [first, at, at, at, at, at, 8 + block, False]
    if not ends:
        at = rom_begin(rom, p, ends)
    at = rom_walk(rom, p, at, ends, code, deepest)
    pack_into("<IB", buf, 8, at if ends else 0, len(ends))
    size = 13
    for end in ends:
        pack_into("<I", buf, size, end)
        size += 4
    mem[size : size + p[0] - first] = mem[first : p[0]]
    return size + p[0] - first - 8


requests[107] = do_rom_records
