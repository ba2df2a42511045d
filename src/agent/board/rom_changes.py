# The part of the agent that changes ROM partitions; loaded behind rom.py and inflate.py, when it is first asked for.
import sys


def rom_good(result):
    # Negative numbers are errors.
    if isinstance(result, int) and result < 0:
        raise OSError(-result)
    return result


def do_rom_prepare(size):
    number, offset, length = unpack_from("<BII", buf, 8)
    rom = rom_at(number)
    if hasattr(rom, "ioctl"):
        unit = rom.ioctl(5, 0)
        for i in range(offset // unit, (offset + length + unit - 1) // unit):
            rom_good(rom.ioctl(6, i))
        # Flash takes pages: rp2 no less than one, which is 256 bytes.
        unit = 256
    elif vfs.rom_ioctl(6, number) > 0:
        unit = rom_good(vfs.rom_ioctl(3, number, offset, length))
    else:
        # Firmware that does not know the size of a block takes no offset either: it would take that for the length.
        unit = rom_good(vfs.rom_ioctl(3, number, length))
    pack_into("<I", buf, 8, unit)
    return 4


def rom_put(number, rom, offset, data):
    if not hasattr(rom, "ioctl"):
        rom_good(vfs.rom_ioctl(4, number, offset, data))
        return
    unit = rom.ioctl(5, 0)
    at = 0
    while at < len(data):
        size = min(len(data) - at, unit - offset % unit)
        # With an offset, so that nothing is erased.
        rom_good(rom.writeblocks(offset // unit, data[at : at + size], offset % unit))
        at += size
        offset += size


def do_rom_write(size):
    flags, bits, number, _, offset, length, _ = unpack_from("<BBBBIHH", buf, 8)
    rom = rom_at(number)
    if not flags & 4:
        rom_put(number, rom, offset, mem[20 : 20 + length])
        return 0
    try:
        inflate_from(flags, bits, 20, 8 + size)
        while length:
            size = min(length, len(chunk))
            at = 0
            while at < size:
                n = inflate.readinto(chunks[at:size])
                if not n:
                    raise OSError(5)
                at += n
            rom_put(number, rom, offset, chunks[:size])
            offset += size
            length -= size
    except BaseException:
        inflate_end()
        raise
    return 0


def do_rom_complete(size):
    if not hasattr(rom_at(buf[8]), "ioctl"):
        result = vfs.rom_ioctl(5, buf[8])
        # Firmware that has nothing to complete does not know of it (22).
        if result != -22:
            rom_good(result)
    return 0


def do_rom_mount(size):
    number = buf[8]
    path = str(path_at(9, size), "utf8")
    if number == 255:
        try:
            vfs.umount(path)
        except OSError as e:
            if e.args[0] != 22:
                raise
            number = 0
        buf[8] = number & 1
        return 1
    vfs.mount(vfs.VfsRom(rom_at(number)), path)
    for path in path, path + "/lib":
        if path not in sys.path:
            sys.path.append(path)
    return 0


requests.update({69: do_rom_prepare, 119: do_rom_write, 99: do_rom_complete, 109: do_rom_mount})
