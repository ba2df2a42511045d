# The part of the agent that walks through the image in a ROM partition; loaded behind rom.py, when it is first asked for.


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


class Pieces:
    # What is sent of the image: pieces, each with the gap before it, its length, and how many bytes of its start and of its end are
    # those of the piece before, as numbers, the lowest 7 bits first. The last one can still grow.
    def __init__(self, rom, at, here, end):
        self.rom = rom
        self.out = at
        self.start = self.end = self.here = here
        self.before = here, here
        self.limit = end
        self.full = False

    def number(self, value):
        while value > 127:
            buf[self.out] = value & 127 | 128
            self.out += 1
            value >>= 7
        buf[self.out] = value
        self.out += 1

    def flush(self):
        rom = self.rom
        start, end = self.start, self.end
        if end > start:
            at, last = self.before
            gap = start - at
            most = start + min(end - start, last - at)
            while start < most and rom[start] == rom[start - gap]:
                start += 1
            gap = end - last
            most = end - (most - start)
            while end > most and rom[end - 1] == rom[end - 1 - gap]:
                end -= 1
            for n in self.start - self.here, self.end - self.start, start - self.start, self.end - end:
                self.number(n)
            mem[self.out : self.out + end - start] = rom[start:end]
            self.out += end - start
            self.before = self.start, self.end
            self.here = self.start = self.end

    def put(self, start, end):
        if start != self.end:
            self.flush()
            self.start = self.end = start
        if self.out + 20 + end - self.start > self.limit:
            self.full = True
        else:
            self.end = end


def rom_file(rom, pieces, at, end, code):
    # The records of a file: of its content only where it is, and with CODE what a .mpy begins with.
    while at < end:
        start = at
        kind, at = rom_number(rom, at, end)
        size, at = rom_number(rom, at, end) if kind > 0 else (-1, at)
        if size < 0 or size > end - at:
            pieces.put(start, at)
            break
        pieces.put(start, at + (min(size, 10) if kind == 3 else min(size, 4) if kind == 2 and code else 0))
        at += size


def rom_entry(rom, pieces, start, ends, code):
    # One record of a directory. Returns where the next one is.
    end = ends[-1]
    kind, at = rom_number(rom, start, end)
    size, at = rom_number(rom, at, end) if kind > 0 else (-1, at)
    if size < 0 or size > end - at:
        pieces.put(start, at)
        return end
    end = at + size
    if kind == 4 or kind == 5:
        size, at = rom_number(rom, at, end)
        if size < 0 or size > end - at:
            pieces.put(start, at)
            return end
        at += size
        if kind == 5:
            pieces.put(start, at)
            rom_file(rom, pieces, at, end, code and bytes(rom[at - 4 : at]) == b".mpy")
        elif len(ends) < block >> 4:  # what lies deeper is left out
            pieces.put(start, at)
            if not pieces.full:
                ends.append(end)
                return at
        return end
    pieces.put(start, at)
    return end


def do_rom_records(size):
    # A walk through the image, from where the one before has stopped. It believes no length, and ends where it makes no sense.
    number, code, at = unpack_from("<BBI", buf, 8)
    ends = [unpack_from("<I", buf, i)[0] for i in range(14, 8 + size, 4)]
    rom = memoryview(rom_at(number))
    # Room for the place to go on from in front of the pieces, some directories deeper than now.
    deepest = min(len(ends) + 5, block >> 4)
    first = 13 + 4 * deepest
    pieces = Pieces(rom, first, at, 8 + block)
    if not ends:
        size, at = rom_number(rom, 3, len(rom))
        if bytes(rom[:3]) != b"\xd2\xcd1" or size < 0 or size > len(rom) - at:
            at = min(16, len(rom))
        else:
            ends.append(at + size)
        pieces.put(0, at)
    while ends:
        if at >= ends[-1]:
            ends.pop()
            continue
        if len(ends) == deepest < block >> 4:
            break
        before = at, pieces.out, pieces.here, pieces.start, pieces.end, pieces.before
        at = rom_entry(rom, pieces, at, ends, code)
        if pieces.full:
            pieces.full = False
            if before[4] > before[3] or before[1] > first:
                at, pieces.out, pieces.here, pieces.start, pieces.end, pieces.before = before
                break
    pieces.flush()
    pack_into("<IB", buf, 8, at if ends else 0, len(ends))
    size = 13
    for end in ends:
        pack_into("<I", buf, size, end)
        size += 4
    mem[size : size + pieces.out - first] = mem[first : pieces.out]
    return size + pieces.out - first - 8


requests[107] = do_rom_records
