# SPDX-License-Identifier: MIT
# Runs on the board, by share_files.sh: what files in a shared directory do. The current directory is a writable share, empty but for
# what share_files.sh has put there; at /ro is one that is not writable. Prints `all right` when all is so.
import os

# As MicroPython numbers them; its errno module has not all of them.
ENOENT, EBADF, EEXIST, ENOTDIR, EISDIR, EINVAL, EFBIG, EROFS, ENAMETOOLONG, ENOTEMPTY = 2, 9, 17, 20, 21, 22, 27, 30, 36, 39

lines = 0


def equal(what, expected, found):
    global lines
    lines += 1
    if expected != found:
        print(what, "expected", expected, "found", found)


def fails(code, call, *arguments):
    global lines
    lines += 1
    try:
        got = call(*arguments)
    except OSError as e:
        if e.errno != code:
            print(call, arguments, "expected", code, "found", e)
    except Exception as e:
        print(call, arguments, "expected", code, "found", repr(e))
    else:
        print(call, arguments, "expected", code, "found", got)


def content(name):
    with open(name, "rb") as f:
        return f.read()


def put(name, what):
    with open(name, "wb") as f:
        return f.write(what)


big = bytes((i * 7 + (i >> 8) * 13) & 255 for i in range(20000))

# --- writing and reading ---
equal("write tells", 20000, put("big", big))
equal("what was written", big, content("big"))
with open("big", "rb") as f:
    equal("read(10)", big[:10], f.read(10))
    equal("tell", 10, f.tell())
    equal("seek", 19990, f.seek(-10, 2))
    equal("read at the end", big[-10:], f.read(100))
    equal("read behind the end", b"", f.read(1))
    equal("seek back", 5000, f.seek(5000))
    equal("seek onward", 5100, f.seek(100, 1))
    piece = bytearray(9000)
    equal("readinto fills", 9000, f.readinto(piece))
    equal("what readinto read", big[5100:14100], bytes(piece))
    equal("readinto at the end", 5900, f.readinto(piece))
    equal("readinto behind the end", 0, f.readinto(piece))
    equal("seek far behind", 100000, f.seek(100000))
    equal("read there", b"", f.read())
    equal("seek as far as a file can reach", 0xFFFFFFFE, f.seek(0xFFFFFFFE))
    equal("read there, too", b"", f.read())
    fails(EINVAL, f.seek, 0xFFFFFFFF)
    fails(EINVAL, f.seek, 1 << 32)
    fails(EINVAL, f.seek, -1)
    f.seek(0)
    equal("read()", big, f.read())
    f.seek(3)
    equal("read(0)", b"", f.read(0))
    equal("a memoryview's part", 4, f.readinto(memoryview(piece)[1:5]))
    equal("what was read into it", big[3:7], bytes(piece[1:5]))
fails(EBADF, open("big", "rb").write, b"x")
fails(EBADF, open("other", "wb").read, 1)

# --- long ones, in pieces: the board does not wait for an answer to each write, and reads on in several frames ---
pieces = (4096, 1280, 3000, 9000, 1, 4096, 4096, 4096, 20000, 700)
with open("long", "wb") as f:
    for n in pieces:
        f.write(big[:n])
    equal("tell behind long writes", sum(pieces), f.tell())
long = b"".join(big[:n] for n in pieces)
equal("size of a long one", len(long), os.stat("long")[6])
with open("long", "r+b") as f:
    equal("a long one", long, f.read())
    f.seek(10000)
    equal("in the middle", long[10000:40000], f.read(30000))
    f.seek(0)
    for i in range(6):
        f.write(big[i : i + 3000])
        equal("read behind a long write", long[i * 6000 + 3000 : i * 6000 + 6000], f.read(3000))
mixed = b"".join(big[i : i + 3000] + long[i * 6000 + 3000 : i * 6000 + 6000] for i in range(6))
equal("written between reads", mixed, content("long")[:36000])
with open("long", "ab") as f, open("other", "wb") as g:
    for i in range(4):
        f.write(big[:2000])
        g.write(big[:3000])
    equal("tell behind long appends", len(long) + 8000, f.tell())
    equal("both are written", (len(long) + 8000, 12000), (os.stat("long")[6], os.stat("other")[6]))
equal("appended", big[:2000] * 4, content("long")[-8000:])
equal("the other", big[:3000] * 4, content("other"))
os.remove("long")
long = mixed = None

# --- modes ---
put("m", b"0123456789")
with open("m", "r+b") as f:
    f.seek(3)
    f.write(b"abc")
    equal("read behind a write", b"6789", f.read())
    f.write(b"!")
    f.seek(0)
    equal("r+", b"012abc6789!", f.read())
with open("m", "ab") as f:
    equal("tell when appending", 11, f.seek(0, 2))
    f.write(b"x")
    f.seek(0)
    f.write(b"y")
equal("a", b"012abc6789!xy", content("m"))
with open("m", "a+b") as f:
    f.write(b"z")
    f.seek(0)
    equal("a+", b"012abc6789!xyz", f.read())
    f.seek(0)
    f.read(5)
    f.write(b"..")  # at the end, where the file then is
    equal("read behind an append", b"", f.readline())
equal("a+ wrote", b"012abc6789!xyz..", content("m"))
with open("m", "w+b") as f:
    equal("w+ empties", 0, os.stat("m")[6])
    f.write(b"new")
    f.seek(1)
    equal("w+", b"ew", f.read())
equal("w+ wrote", b"new", content("m"))
with open("x", "xb") as f:
    f.write(b"exclusive")
fails(EEXIST, open, "x", "xb")
fails(ENOENT, open, "nothing", "r+b")
equal("no file by that", False, "nothing" in os.listdir())

# --- text ---
text = "Grüße\nзима\n日本語 😀\r\nno end"
with open("text", "w") as f:
    equal("write of text tells bytes, as MicroPython does", len(text.encode()), f.write(text))
equal("text in bytes", text.encode(), content("text"))
with open("text") as f:
    equal("readline", "Grüße\n", f.readline())
    equal("read(3) counts characters", "зим", f.read(3))
    equal("the rest of the line", "а\n", f.readline())
    equal("readlines", ["日本語 😀\r\n", "no end"], f.readlines())
    equal("readline at the end", "", f.readline())
with open("text", "rt", encoding="utf-8") as f:
    equal("lines", 4, sum(1 for _ in f))
with open("text") as f:
    equal("read()", text, f.read())
put("lines", b"".join(b"%d\n" % i for i in range(3000)))
with open("lines", "rb") as f:
    equal("lines of bytes", 3000, sum(1 for i, line in enumerate(f) if line == b"%d\n" % i))
with open("lines") as f:
    equal("lines of text", 3000, sum(1 for i, line in enumerate(f) if line == "%d\n" % i))
with open("lines", "a") as f:
    print("printed", 1, file=f)
equal("print to a file", b"2999\nprinted 1\n", content("lines")[-15:])

# --- what was read, or looked at, before it changed ---
put("both", big[:2000])
with open("both", "rb") as f, open("both", "r+b") as g:
    equal("read ahead of a writer", big[:4], f.read(4))
    g.seek(4)
    g.write(b"abcd")
    g.flush()
    equal("read behind another's write", b"abcd" + big[8:2000], f.read())
put("newer", b"67")
fails(ENOENT, os.stat, "late")  # as import does: what it asks next is known in advance
put("late.py", b"12345")
equal("a file that was not there", 5, os.stat("late.py")[6])
fails(ENOENT, os.stat, "late")
os.rename("newer", "late.py")
equal("a file that was replaced", (2, b"67"), (os.stat("late.py")[6], content("late.py")))
fails(ENOENT, os.stat, "late")
os.remove("late.py")
fails(ENOENT, open, "late.py")
os.remove("both")

# --- several at once, flush ---
files = [open("several%d" % i, "w+b") for i in range(20)]
for turn in range(5):
    for i, f in enumerate(files):
        f.write(bytes([65 + i]) * (turn * 100 + i))
for i, f in enumerate(files):
    f.flush()
    equal("size after flush", 1000 + 5 * i, os.stat("several%d" % i)[6])
for i, f in enumerate(files):
    f.seek(500)
    equal("each has its own", bytes([65 + i]) * 300, f.read(300))
    f.close()
files = []
f = open("flushed", "wb")
f.write(b"seen")
f.flush()
equal("another sees what was flushed", b"seen", content("flushed"))
f.close()
f.close()  # again is nothing
for call in (lambda: f.read(1), lambda: f.write(b""), lambda: f.seek(0)):
    try:
        call()
        print("a closed file still works")
    except (OSError, ValueError):
        lines += 1
for i in range(100):  # files that are forgotten
    open("big", "rb").read(1)
equal("after 100 forgotten files", big[:5], open("big", "rb").read(5))

# --- directories ---
os.mkdir("dir")
fails(EEXIST, os.mkdir, "dir")
fails(ENOENT, os.mkdir, "no/where")
fails(ENOTDIR, os.mkdir, "m/dir")
os.mkdir("dir/sub")
put("dir/sub/deep", b"deep")
equal("a relative path", b"deep", content("dir/../dir/./sub/deep"))
os.chdir("dir/sub")
equal("getcwd", "/rw/dir/sub", os.getcwd())
equal("from there", b"deep", content("deep"))
equal("upward", b"new", content("../../m"))
os.chdir("..")
equal("getcwd after ..", "/rw/dir", os.getcwd())
equal("listdir", ["sub"], os.listdir())
fails(ENOENT, os.chdir, "nowhere")
os.chdir("/rw")
equal("ilistdir", [("deep", 0x8000, 4)], [(e[0], e[1], e[3]) for e in os.ilistdir("dir/sub")])
equal("the kind of a directory", 0x4000, os.stat("dir")[0] & 0xF000)
equal("the kind of a file", (0x8000, 4), (os.stat("dir/sub/deep")[0] & 0xF000, os.stat("dir/sub/deep")[6]))
fails(ENOTEMPTY, os.rmdir, "dir")
fails(ENOTDIR, os.rmdir, "m")
fails(EISDIR, os.remove, "dir")
fails(ENOENT, os.remove, "nothing")
fails(ENOENT, os.stat, "nothing")
fails(ENOTDIR, os.stat, "m/below")
fails(ENOENT, os.rename, "nothing", "x")
fails(EISDIR, open, "dir", "rb")
fails(EISDIR, open, "dir", "wb")
fails(ENOENT, os.listdir, "nothing")
fails(ENOTDIR, os.listdir, "m")
os.rename("dir/sub/deep", "moved")
os.rename("moved", "m")
equal("renamed over another", b"deep", content("m"))
os.rename("dir/sub", "dir2")
os.rmdir("dir2")
os.rmdir("dir")
os.remove("m")
equal("all gone", [], [n for n in os.listdir() if n in ("m", "dir", "dir2", "moved")])
os.mkdir("many")
for i in range(300):
    put("many/a name of some length %03d" % i, b"")
equal("a long listing", ["a name of some length %03d" % i for i in range(300)], sorted(os.listdir("many")))
for name in os.ilistdir("many"):  # removed while it is listed
    os.remove("many/" + name[0])
equal("an empty one", [], os.listdir("many"))
os.rmdir("many")
long = "n" * 255
put(long, b"long")
equal("a name of 255 bytes", b"long", content(long))
fails(ENAMETOOLONG, open, long + "n", "wb")
name = "Ünï cødé 😀 \\ \" ' : * ?"
put(name, b"odd")
equal("a name in Unicode", b"odd", content(name))
equal("is listed as it is", True, name in os.listdir())
os.remove(name)
size = os.statvfs("/rw")
equal("statvfs", True, len(size) == 10 and size[0] > 0 and size[2] >= size[3] > 0)

# --- where nothing may be written ---
equal("read-only is read", b"kept", content("/ro/kept"))
for call, arguments in (
    (open, ("/ro/kept", "wb")), (open, ("/ro/kept", "ab")), (open, ("/ro/kept", "r+b")), (open, ("/ro/new", "wb")), (os.mkdir, ("/ro/new",)),
    (os.remove, ("/ro/kept",)), (os.rmdir, ("/ro/dir",)), (os.rename, ("/ro/kept", "/ro/new")),
):
    fails(EROFS, call, *arguments)
try:
    os.rename("/ro/kept", "/rw/kept")
    print("renamed from one share to another")
except OSError:
    lines += 1

# --- what this computer refuses ---
with open("full", "wb") as f:  # RLIMIT_FSIZE of mpremote-share is 1 MiB
    f.write(b"x" * 1000)
    try:
        f.seek((1 << 20) - 1000)
        for i in range(200):
            f.write(big)
            f.flush()
        print("a write that this computer refuses is not told")
    except OSError as e:
        equal("a write that this computer refuses", EFBIG, e.errno)
try:
    f = open("full2", "wb")
    f.seek((1 << 20) + 10)
    f.write(b"late")
    f.close()
    print("close does not tell of a write that failed")
except OSError as e:
    equal("close tells of a write that failed", EFBIG, e.errno)


def too_long():
    # A file whose last write, which nobody has answered yet, this computer refuses.
    f = open("full3", "wb")
    f.seek((1 << 20) - 1000)
    f.write(big[:5000])
    return f


for how in "write", "flush", "close":
    f = too_long()
    equal("a request for another file does not hear of it", big[:9], content("big")[:9])
    equal("nor does a listing", True, "full3" in os.listdir())
    fails(EFBIG, getattr(f, how), *(b"x",) if how == "write" else ())
    f.close()
fails(EFBIG, too_long().close)
fails(EFBIG, too_long().flush)
f = too_long()
f.write(big[:1000])
fails(EFBIG, f.seek, 0)
print("all right", lines)
