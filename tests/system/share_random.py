# SPDX-License-Identifier: MIT
# share_random.py BASE SEED COUNT: does COUNT random things with the files and directories in BASE, and prints what came of each. It
# runs on a board in a share, and under CPython in a plain directory: both have to print the same, and to leave the same behind.
# What one of the two buffers is not looked at by another handle: a file that is open for writing is flushed before.
import os
import sys

base, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
state = seed or 1


def dice(n):
    global state
    state ^= state << 13 & 0xFFFFFFFF
    state ^= state >> 17
    state ^= state << 5 & 0xFFFFFFFF
    return (state & 0x7FFFFFFF) % n


def some_bytes():
    n = (3, 40, 300, 3000, 9000)[dice(5)]
    n = dice(n)
    step = dice(255) + 1
    return bytes((i * step + (i >> 7)) & 255 if i % 37 else 10 for i in range(n))


NAMES = ("a", "b", "file.txt", "dir", "Ünicode", "x" * 60)
MODES = ("rb", "rb", "wb", "ab", "r+b", "w+b", "a+b", "xb")
files = []  # [file, path when it was opened, writes]
where = ""  # the current directory, below BASE


def some_path():
    path = NAMES[dice(len(NAMES))]
    while dice(3) == 0:
        path += "/" + NAMES[dice(len(NAMES))]
    kind = dice(4)
    if kind == 0:
        return base + "/" + path
    if kind == 1 and where:
        return "../" + path
    return ("./" if kind == 2 else "") + path


def absolute(path):
    if path.startswith(base):
        return path
    parts = [part for part in where.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return base + "/" + "/".join(parts)


def digest(content):
    value = 0
    for byte in content:
        value = (value * 31 + byte) & 0xFFFFFFFF
    return "%d:%08x" % (len(content), value)


def flush_all():
    for entry in files:
        if entry[2]:
            entry[0].flush()


def do_open():
    flush_all()
    path, mode = some_path(), MODES[dice(len(MODES))]
    writes = mode != "rb"
    if len(files) >= 5 or any(entry[1] == absolute(path) and (writes or entry[2]) for entry in files):
        return "not now"
    files.append([open(path, mode), absolute(path), writes, mode])
    return mode


def with_file(action):
    if not files:
        return do_open()
    return action(files[dice(len(files))])


def readable(entry):
    return "r" in entry[3] or "+" in entry[3]


def settle(entry):
    # Behind a write that is not flushed CPython goes on from where it was before it, and not from the end, as MicroPython's own
    # file systems do.
    if entry[3][0] == "a":
        entry[0].flush()


def do_read(entry):
    settle(entry)
    n = (-1, 10, 1000, 5000)[dice(4)]
    if n > 0:
        n = dice(n)
    return digest(entry[0].read(n)) if readable(entry) else "-"


def do_readinto(entry):
    settle(entry)
    if not readable(entry):
        return "-"
    piece = bytearray(dice(6000))
    n = entry[0].readinto(piece)
    return digest(piece[:n])


def do_readline(entry):
    settle(entry)
    return digest(entry[0].readline()) if readable(entry) else "-"


def do_write(entry):
    return entry[0].write(some_bytes()) if entry[2] else "-"


def do_seek(entry):
    settle(entry)
    whence = dice(3)
    if whence == 0:
        return entry[0].seek(dice(20000))
    if whence == 1:
        return entry[0].seek(dice(500), 1)
    return entry[0].seek(-dice(min(100, entry[0].seek(0, 2)) + 1), 2)


def do_tell(entry):
    settle(entry)
    return entry[0].tell()


def do_flush(entry):
    return entry[0].flush()


def do_close(entry):
    files.remove(entry)
    return entry[0].close()


def do_stat():
    flush_all()
    got = os.stat(some_path())
    return "%x %d" % (got[0] & 0xF000, got[6] if got[0] & 0x8000 else 0)


def do_list():
    return " ".join(sorted(os.listdir(some_path() if dice(2) else ".")))


def do_mkdir():
    return os.mkdir(some_path())


def do_remove():
    return os.remove(some_path())


def to_base():
    global where
    os.chdir(base)
    where = ""


def do_rmdir():
    to_base()
    return os.rmdir(some_path())


def do_rename():
    to_base()
    flush_all()
    old, new = some_path(), some_path()
    os.rename(old, new)
    old, new = absolute(old), absolute(new)
    for entry in files:  # an open file goes along with its name
        if old != new and (entry[1] + "/").startswith(new + "/"):
            entry[1] = "replaced"
        elif (entry[1] + "/").startswith(old + "/"):
            entry[1] = new + entry[1][len(old) :]


def do_chdir():
    global where
    path = some_path() if dice(3) else base
    os.chdir(path)
    where = absolute(path)[len(base) :]
    return where


def do_getcwd():
    return os.getcwd()[len(base) :]


FILE_ACTIONS = (do_read, do_readinto, do_readline, do_write, do_write, do_write, do_seek, do_seek, do_tell, do_flush, do_close)
ACTIONS = (do_open, do_open, do_stat, do_list, do_mkdir, do_remove, do_rmdir, do_rename, do_chdir, do_getcwd)

os.chdir(base)
for number in range(count):
    try:
        if dice(2):
            action = FILE_ACTIONS[dice(len(FILE_ACTIONS))]
            result = with_file(action)
        else:
            action = ACTIONS[dice(len(ACTIONS))]
            result = action()
    except OSError as e:
        result = "errno %s" % (e.errno if e.errno is not None else e.args)
    print(number, action.__name__, result)
while files:
    files.pop()[0].close()
os.chdir(base)
print("end")
