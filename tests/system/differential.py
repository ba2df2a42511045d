#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# The same random operations on two directories, a plain one and the mount: results and errno must be the same, one by one.
#
#   differential.py PLAIN MOUNT SEED STEPS [fat]
#
# Both start empty. A difference is shown with the operations before it; the same SEED does the same again.
#
# The mount is allowed to differ from a Linux disk in this, and in nothing else:
#   - links and special files: EPERM (a board has none); here they are tried on the mount alone
#   - RENAME_EXCHANGE: EINVAL (a board cannot swap two names in one step); tried on the mount alone
#   - permissions are those of the mount (umask=): chmod succeeds and changes nothing; modes are not compared
#   - a directory's size and number of links, which every file system counts in its own way, are not compared
#   - on FAT (`fat`) letters are the same in either case, and there are names that it cannot hold. So the plain directory gets all
#     in small letters, the mount gets them mixed, and those names are left out
#   - times: what was set must be there exactly; what the clock made has only to be recent. Time of access is not compared, nor
#     any of a directory that was removed while it was open
import ctypes
import errno
import mmap
import os
import random
import stat
import sys
import time

NAMES = ["a", "b", "c d", "ü"]
ODD_NAMES = ["n" * 255, "n" * 256, "-", "\\", '"*:<>?|', "\t", b"\xff\xfe".decode("utf-8", "surrogateescape")]
FAT_NAMES = ["n" * 255, "n" * 256, "-", "~1", "+,;=[]", b"\xff\xfe".decode("utf-8", "surrogateescape")]
LENGTHS = [0, 1, 5, 100, 511, 512, 4096, 5000, 20000, 70000]
BIG = 1200000  # more than a file of the mount keeps in memory
OFFSETS = [0, 0, 1, 10, 4095, 4096, 5000, 100000]
HANDLES = 10
RECENT = 3600
RENAME_NOREPLACE, RENAME_EXCHANGE = 1, 2
AT_FDCWD = -100

libc = ctypes.CDLL(None, use_errno=True)


def renameat2(old, new, flags):
    if libc.renameat2(AT_FDCWD, os.fsencode(old), AT_FDCWD, os.fsencode(new), flags):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Side:
    def __init__(self, root):
        self.root = root
        self.files = {}

    def path(self, name):
        return os.path.join(self.root, name)

    def names(self, path):
        return sorted(os.listdir(self.path(path)))


# Small letters on a plain directory are any on this one.
class FatSide(Side):
    def __init__(self, root, seed):
        super().__init__(root)
        self.random = random.Random(seed)

    def path(self, name):
        return os.path.join(self.root, "".join(c.upper() if c.isascii() and self.random.random() < 0.2 else c for c in name))

    def names(self, path):
        return sorted(small(name) for name in os.listdir(self.path(path)))


def small(name):
    return "".join(c.lower() if c.isascii() else c for c in name)


def when(seconds):
    return "now" if abs(time.time() - seconds) < RECENT else seconds


def about(status):
    if stat.S_ISDIR(status.st_mode) and not status.st_nlink:
        return "removed directory"
    if stat.S_ISDIR(status.st_mode):
        return ("directory", when(status.st_mtime))
    kind = "file" if stat.S_ISREG(status.st_mode) else status.st_mode
    return (kind, status.st_size, (status.st_size + 511) // 512 * 512 >= status.st_size, status.st_nlink, when(status.st_mtime))


def content(path):
    with open(path, "rb") as file:
        return file.read()


def tree(root, with_content):
    found = []
    for folder, folders, files in os.walk(root):
        folders.sort(key=small)
        for name in sorted(files, key=small):
            path = os.path.join(folder, name)
            found.append((small(os.path.relpath(path, root)), about(os.stat(path)), content(path) if with_content else None))
        found.append((small(os.path.relpath(folder, root)), [small(name) for name in folders]))
    return found


def outcome(call, side):
    try:
        return ("done", call(side))
    except OSError as error:
        return ("failed", errno.errorcode.get(error.errno, error.errno))


def shorten(answer):
    text = repr(answer)
    return text if len(text) < 200 else "%s... (%d characters)" % (text[:160], len(text))


class Differs(Exception):
    pass


class Twins:
    """A plain directory and a mount to which the same things are done."""

    def __init__(self, plain, mount, seed, fat):
        self.plain, self.mount = Side(plain), FatSide(mount, seed) if fat else Side(mount)
        self.odd_names = FAT_NAMES if fat else ODD_NAMES
        self.random = random.Random(seed)
        self.log = []
        self.opened = 0

    # Does CALL to both sides. Returns what came of it on the plain one.
    def both(self, words, call):
        expected, got = outcome(call, self.plain), outcome(call, self.mount)
        self.log.append("%s: %s" % (words, shorten(expected)))
        if expected != got:
            raise Differs("the plain directory: %s\nthe mount:           %s" % (shorten(expected), shorten(got)))
        return expected

    # Does to the mount what it has to refuse with one of ERRORS.
    def refused(self, words, call, errors):
        got = outcome(call, self.mount)
        self.log.append("%s: %s" % (words, shorten(got)))
        if got[0] != "failed" or got[1] not in errors:
            raise Differs("the mount: %s, and not one of %s" % (shorten(got), errors))

    # --- what to do it to ---

    def name(self):
        return self.random.choice(NAMES if self.random.random() < 0.96 else self.odd_names)

    def there(self):
        found = []
        for folder, folders, files in os.walk(self.plain.root):
            folders.sort()
            found += sorted(os.path.join(folder, name) for name in folders + files)
        return [os.path.relpath(path, self.plain.root) for path in found]

    # Of something that is there, or any.
    def path(self):
        there = self.there() if self.random.random() < 0.35 else []
        if there:
            return self.random.choice(there)
        return "/".join(self.name() for _ in range(self.random.choice([1, 1, 2, 2, 3])))

    def bytes(self):
        length = self.random.choice(LENGTHS) if self.random.random() < 0.98 else BIG
        if self.random.random() < 0.5:
            return bytes([self.random.randrange(256)]) * length
        return self.random.randbytes(length)

    def handle(self):
        return self.random.choice(list(self.plain.files)) if self.plain.files else None

    def flags(self):
        flags = self.random.choice([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR, os.O_RDWR])
        if self.random.random() < 0.6:
            flags |= os.O_CREAT
            if self.random.random() < 0.1:
                flags |= os.O_EXCL
        if self.random.random() < 0.25 and flags & os.O_ACCMODE != os.O_RDONLY:
            flags |= os.O_TRUNC
        if self.random.random() < 0.25:
            flags |= os.O_APPEND
        return flags

    def times(self):
        return (self.random.randrange(2**31) * 10**9, self.random.randrange(2**31) * 10**9 + self.random.randrange(10**9))

    # --- what to do to a name ---

    def do_open(self):
        if len(self.plain.files) >= HANDLES:
            return
        path, flags = self.path(), self.flags()
        self.opened += 1
        number = self.opened

        def call(side):
            side.files[number] = os.open(side.path(path), flags, 0o644)

        self.both("open %r %o as %d" % (path, flags, number), call)

    def do_unlink(self):
        path = self.path()
        self.both("unlink %r" % path, lambda side: os.unlink(side.path(path)))

    def do_mkdir(self):
        path = self.path()
        self.both("mkdir %r" % path, lambda side: os.mkdir(side.path(path)))

    def do_rmdir(self):
        path = self.path()
        self.both("rmdir %r" % path, lambda side: os.rmdir(side.path(path)))

    def do_rename(self):
        old, new = self.path(), self.path()
        self.both("rename %r %r" % (old, new), lambda side: os.rename(side.path(old), side.path(new)))

    def do_rename_noreplace(self):
        old, new = self.path(), self.path()
        self.both("rename %r %r NOREPLACE" % (old, new), lambda side: renameat2(side.path(old), side.path(new), RENAME_NOREPLACE))

    def do_exchange(self):
        old, new = self.path(), self.path()
        if old == new:
            return
        expected = ["EINVAL", "ENAMETOOLONG"]
        if not os.path.exists(self.plain.path(old)) or not os.path.exists(self.plain.path(new)):
            expected = ["ENOENT", "ENOTDIR", "EINVAL", "ENAMETOOLONG"]
        self.refused("exchange %r %r" % (old, new), lambda side: renameat2(side.path(old), side.path(new), RENAME_EXCHANGE), expected)

    def do_link(self):
        old, new = self.path(), self.path()
        if not os.path.isfile(self.plain.path(old)) or os.path.lexists(self.plain.path(new)):
            return
        if not os.path.isdir(os.path.dirname(self.plain.path(new))):
            return
        errors = ["EPERM", "ENAMETOOLONG"]
        self.refused("link %r %r" % (old, new), lambda side: os.link(side.path(old), side.path(new)), errors)
        self.refused("symlink %r %r" % (old, new), lambda side: os.symlink(old, side.path(new)), errors)
        self.refused("mkfifo %r" % new, lambda side: os.mkfifo(side.path(new)), errors)

    def do_truncate(self):
        path, length = self.path(), self.random.choice(LENGTHS)
        self.both("truncate %r %d" % (path, length), lambda side: os.truncate(side.path(path), length))

    def do_stat(self):
        path = self.path()
        self.both("stat %r" % path, lambda side: about(os.stat(side.path(path))))

    def do_list(self):
        path = self.path() if self.random.random() < 0.7 else "."
        self.both("list %r" % path, lambda side: side.names(path))

    def do_walk(self):
        self.both("walk", lambda side: tree(side.root, False))

    def do_utime(self):
        path, times = self.path(), self.times()
        self.both("utime %r %r" % (path, times), lambda side: os.utime(side.path(path), ns=times))
        self.both("stat %r" % path, lambda side: os.stat(side.path(path)).st_mtime_ns)

    def do_touch(self):
        path = self.path()
        self.both("touch %r" % path, lambda side: os.utime(side.path(path)))

    def do_read_file(self):
        path = self.path()
        self.both("read file %r" % path, lambda side: content(side.path(path)))

    def do_write_file(self):
        path, text = self.path(), self.bytes()

        def call(side):
            with open(side.path(path), "wb") as file:
                file.write(text)

        self.both("write file %r of %d" % (path, len(text)), call)

    def do_append_file(self):
        path, text = self.path(), self.bytes()

        def call(side):
            with open(side.path(path), "ab") as file:
                file.write(text)

        self.both("append to file %r %d" % (path, len(text)), call)

    def do_replace_file(self):
        path, text = self.path(), self.bytes()

        def call(side):
            with open(side.path(path) + "~", "wb") as file:
                file.write(text)
                os.fsync(file.fileno())
            os.rename(side.path(path) + "~", side.path(path))

        self.both("replace file %r by %d" % (path, len(text)), call)

    def do_access(self):
        path = self.path()
        self.both("access %r" % path, lambda side: [os.access(side.path(path), how) for how in (os.F_OK, os.R_OK, os.W_OK)])

    def do_chmod(self):
        path = self.path()
        mode = 0o755 if os.path.isdir(self.plain.path(path)) else 0o644
        self.both("chmod %r" % path, lambda side: os.chmod(side.path(path), mode))

    def do_statfs(self):
        path = self.path()
        self.both("statfs %r" % path, lambda side: os.statvfs(side.path(path)).f_namemax)

    # --- what to do to an open file ---

    def do_close(self, number):
        self.both("close %d" % number, lambda side: os.close(side.files.pop(number)))

    def do_dup(self, number):
        if len(self.plain.files) >= HANDLES:
            return
        self.opened += 1
        copy = self.opened
        self.both("dup %d as %d" % (number, copy), lambda side: side.files.update({copy: os.dup(side.files[number])}))

    def do_write(self, number):
        text = self.bytes()
        self.both("write %d %d" % (number, len(text)), lambda side: os.write(side.files[number], text))

    def do_read(self, number):
        length = self.random.choice(LENGTHS)
        self.both("read %d %d" % (number, length), lambda side: os.read(side.files[number], length))

    def do_pwrite(self, number):
        text, offset = self.bytes(), self.random.choice(OFFSETS)
        self.both("pwrite %d %d at %d" % (number, len(text), offset), lambda side: os.pwrite(side.files[number], text, offset))

    def do_pread(self, number):
        length, offset = self.random.choice(LENGTHS), self.random.choice(OFFSETS)
        self.both("pread %d %d at %d" % (number, length, offset), lambda side: os.pread(side.files[number], length, offset))

    def do_seek(self, number):
        offset, whence = self.random.choice(OFFSETS), self.random.choice([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END])
        if stat.S_ISREG(os.fstat(self.plain.files[number]).st_mode):
            self.both("seek %d %d %d" % (number, offset, whence), lambda side: os.lseek(side.files[number], offset, whence))

    def do_ftruncate(self, number):
        length = self.random.choice(LENGTHS)
        self.both("ftruncate %d %d" % (number, length), lambda side: os.ftruncate(side.files[number], length))

    def do_fsync(self, number):
        self.both("fsync %d" % number, lambda side: os.fsync(side.files[number]))

    def do_fstat(self, number):
        self.both("fstat %d" % number, lambda side: about(os.fstat(side.files[number])))

    def do_futime(self, number):
        now = os.fstat(self.plain.files[number])
        if stat.S_ISDIR(now.st_mode) and not now.st_nlink:
            return
        times = self.times()
        self.both("futime %d" % number, lambda side: os.utime(side.files[number], ns=times))
        self.both("fstat %d" % number, lambda side: os.fstat(side.files[number]).st_mtime_ns)

    def do_map(self, number):
        length = os.fstat(self.plain.files[number]).st_size
        if not stat.S_ISREG(os.fstat(self.plain.files[number]).st_mode) or not length:
            return

        def call(side):
            with mmap.mmap(side.files[number], length, mmap.MAP_SHARED, mmap.PROT_READ) as pages:
                return pages[:]

        self.both("map %d" % number, call)

    def do_map_write(self, number):
        length = os.fstat(self.plain.files[number]).st_size
        if not stat.S_ISREG(os.fstat(self.plain.files[number]).st_mode) or length < 31:
            return
        offset, text = self.random.randrange(length - 30), self.random.randbytes(30)

        def call(side):
            with mmap.mmap(side.files[number], length, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE) as pages:
                pages[offset : offset + 30] = text

        self.both("write to the map of %d" % number, call)

    # --- all of it ---

    NAMED = {
        "open": 12, "unlink": 5, "mkdir": 5, "rmdir": 3, "rename": 7, "rename_noreplace": 3, "exchange": 1, "link": 1,
        "truncate": 3, "stat": 5, "list": 4, "walk": 1, "utime": 2, "touch": 1, "read_file": 4, "write_file": 4,
        "append_file": 3, "replace_file": 2, "access": 1, "chmod": 1, "statfs": 1,
    }  # fmt: skip
    OPENED = {
        "close": 8, "dup": 1, "write": 8, "read": 6, "pwrite": 7, "pread": 6, "seek": 2, "ftruncate": 3, "fsync": 3, "fstat": 4,
        "futime": 2, "map": 2, "map_write": 2,
    }  # fmt: skip

    def step(self):
        weights = {**self.NAMED, **(self.OPENED if self.plain.files else {})}
        name = self.random.choices(list(weights), weights.values())[0]
        do = getattr(self, "do_" + name)
        if name in self.OPENED:
            do(self.handle())
        else:
            do()

    def run(self, steps):
        for _ in range(steps):
            self.step()
        self.both("walk", lambda side: tree(side.root, False))
        for number in list(self.plain.files):
            self.do_close(number)
        self.both("everything", lambda side: tree(side.root, True))


def main(plain, mount, seed, steps, kind=""):
    if os.stat(plain).st_dev == os.stat(mount).st_dev or os.listdir(plain) or os.listdir(mount):
        print("%s and %s must be empty, and on two file systems" % (plain, mount))
        return 2
    twins = Twins(plain, mount, int(seed), kind == "fat")
    try:
        twins.run(int(steps))
    except Differs as difference:
        print("seed %s, %d operations; the last ones:" % (seed, len(twins.log)))
        print("\n".join("  " + line for line in twins.log[-50:]))
        print(difference)
        print("again: differential.py PLAIN MOUNT %s %s %s" % (seed, steps, kind))
        return 1
    print("seed %s: %d operations, no difference" % (seed, len(twins.log)))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
