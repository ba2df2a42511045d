# SPDX-License-Identifier: MIT
# For MicroPython: what its own VfsRom finds in the images IMAGE..., as lines: "= IMAGE"; then for each entry, a directory before what
# is in it, "d PATH" or "f PATH SIZE SHA256", the PATHs in hexadecimal. Ends with 1 when it cannot mount one.
import binascii, hashlib, sys, vfs


def say(kind, path, rest=b""):
    sys.stdout.buffer.write(kind + b" " + binascii.hexlify(path) + rest + b"\n")


def show(rom, path):
    for name, kind, _, size in list(rom.ilistdir(path or b"/")):
        entry = path + b"/" + name if path else name
        if kind == 0x4000:
            say(b"d", entry)
            show(rom, entry)
            continue
        content = rom.open(entry.decode(), "rb").read()
        assert len(content) == size == rom.stat(entry.decode())[6]
        say(b"f", entry, b" %d %s" % (size, binascii.hexlify(hashlib.sha256(content).digest())))


for image in sys.argv[1:]:
    print("=", image)
    with open(image, "rb") as file:
        show(vfs.VfsRom(file.read()), b"")
