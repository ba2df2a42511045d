# The part of the agent that reads ROM partitions; loaded behind base.py, in the same namespace, when it is first asked for.
try:
    import vfs
except ImportError:
    vfs = None  # such a firmware is asked for none


def rom_at(number):
    # The partition: a memoryview, or a block device that can be read as one.
    rom = vfs.rom_ioctl(2, number)
    if isinstance(rom, int):
        raise OSError(-rom)
    return rom


def do_rom(size):
    rom = rom_at(buf[8])
    devices = hasattr(rom, "ioctl")
    if devices:
        unit = rom.ioctl(5, 0)
        size = unit * rom.ioctl(4, 0)
    else:
        unit = vfs.rom_ioctl(6, buf[8])
        size = len(rom)
    pack_into("<BII", buf, 8, 0 if devices else 1, size, max(unit, 0))
    return 9


def do_rom_read(size):
    number, offset, left = unpack_from("<BII", buf, 8)
    rom = memoryview(rom_at(number))
    left = max(0, min(left, block, len(rom) - offset))
    mem[8 : 8 + left] = rom[offset : offset + left]
    return left


def do_rom_hash(size):
    number, offset, left, step, keep = unpack_from("<BIIIB", buf, 8)
    rom = memoryview(rom_at(number))
    at = 8
    while left > 0:
        size = min(step, left)
        h = sha256()
        h.update(rom[offset : offset + size])
        mem[at : at + keep] = h.digest()[:keep]
        at += keep
        offset += size
        left -= size
    return at - 8


requests.update({105: do_rom, 111: do_rom_read, 104: do_rom_hash})
