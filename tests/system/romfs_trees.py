# SPDX-License-Identifier: MIT
"""Trees of files become ROM images, in the folder where it is started.

  romfs_trees.py identical ROMFS MICROPYTHON MPY-CROSS   the image is byte for byte what mpremote makes (needs mpremote's Python)
  romfs_trees.py random ROMFS MICROPYTHON SEED COUNT     what is built passes the check, and comes back the same
  romfs_trees.py read ROMFS MICROPYTHON IMAGE...         it finds what extract writes

ROMFS is mpremote-romfs. MicroPython's own VfsRom reads each image, too, and finds the same in it.
"""
import binascii
import contextlib
import hashlib
import io
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def say(text):
    print(text, file=sys.stderr)
    sys.exit(1)


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        say(f"{command} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout


# --- What is in a tree ---


def show(top, path=b""):
    """The lines that romfs_vfs.py prints for an image of the directory TOP."""
    lines = []
    for name in sorted(os.listdir(os.path.join(top, path))):
        entry = os.path.join(path, name)
        full = os.path.join(top, entry)
        if os.path.isdir(full):
            lines += [b"d " + binascii.hexlify(entry)] + show(top, entry)
        else:
            content = Path(os.fsdecode(full)).read_bytes()
            lines.append(b"f %s %d %s" % (binascii.hexlify(entry), len(content), hashlib.sha256(content).hexdigest().encode()))
    return lines


class Board:
    """MicroPython's view of images; asked in batches, for a start of it takes longer than an image."""

    def __init__(self, micropython):
        self.micropython = micropython
        self.expected = {}

    def expect(self, image, lines):
        self.expected[image] = lines
        if len(self.expected) == 50:
            self.ask()

    def ask(self):
        if not self.expected:
            return
        said = run(self.micropython, "-X", "heapsize=64M", HERE / "romfs_vfs.py", *self.expected)
        found = dict(part.split(b"\n", 1) for part in said.split(b"= ")[1:] if part)
        for image, lines in self.expected.items():
            if sorted(found[image.encode()].splitlines()) != sorted(lines):
                say(f"VfsRom finds other things in {image}: {found[image.encode()]!r}, not {lines!r}")
        self.expected = {}


# --- The same bytes as mpremote's ---


def python_source(number):
    return f'"""Module {number}."""\n\n\ndef value():\n    return [{number}] * {number % 7}\n'


def make_files(top, files):
    for path, content in files.items():
        target = Path(top, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(content if isinstance(content, bytes) else content.encode())


def sizes_tree():
    """Each length at which a number of the format gets longer."""
    files = {}
    for edge in (1 << 7, 1 << 14):
        for size in range(edge - 16, edge + 2):
            files[f"sizes{edge}/{size}"] = b"s" * size
    return files | {"large.bin": random.Random(3).randbytes(70_000), "larger/x.bin": bytes(2_100_000), "zero": b"", "void": None}


def order_tree():
    """Sorted by the names before .py becomes .mpy, and by bytes, as Python does it."""
    names = ("a.py", "a.b.py", "a-b.py", "a0.py", "A.py", "_.py", "a.mpx.py", "ab.py", "a.n", "a.pz", "zz/a.py", "zz.py")
    files = {name: python_source(i) for i, name in enumerate(names)}
    both = {"both.py": "not + compiled", "both.mpy": b"M\x06\x00\x1f and so on", ".py": "hidden = 1", "upper.PY": "text = 1"}
    return files | both | {"empty.py": "", "d.py/inside.py": "x = 1", "sub/dir/deep/er/x.py": "y = 2"}


def counted_tree(count):
    return {f"c/{i:03}.txt": b"n" * i for i in range(count)} | {"c": None, "end": b""}


class Mpremote:
    def __init__(self):
        import mpremote.romfs

        self.make = mpremote.romfs.make_romfs

    def build(self, top, mpy):
        with contextlib.redirect_stdout(io.StringIO()):
            return self.make(top, mpy_cross=mpy)


def check_identical(romfs, mpy_cross, mpremote, top, image, mpy):
    run(romfs, "build", *(["--mpy-cross", mpy_cross] if mpy else ["--no-mpy"]), "-o", image, top)
    expected = mpremote.build(top, mpy)
    found = Path(image).read_bytes()
    if found != expected:
        at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
        say(f"{image} of {top} (mpy={mpy}) differs from mpremote's at {at}: {len(found)} bytes, {len(expected)}")


def identical(romfs, micropython, mpy_cross):
    mpremote, board = Mpremote(), Board(micropython)
    trees = {"sizes": sizes_tree(), "order": order_tree()}
    trees |= {f"count{count}": counted_tree(count) for count in (0, 1, 2, 127, 128, 129, 300)}
    for name, files in trees.items():
        make_files(name, files)
        check_identical(romfs, mpy_cross, mpremote, name, f"{name}.img", False)
        board.expect(f"{name}.img", show(os.fsencode(name)))
    for seed in range(20):
        grow(random.Random(seed), f"grown{seed}", "ascii")
        check_identical(romfs, mpy_cross, mpremote, f"grown{seed}", f"grown{seed}.img", False)
        board.expect(f"grown{seed}.img", show(os.fsencode(f"grown{seed}")))
    board.ask()
    # The name that a .mpy has for its source is the directory as it is typed.
    for number, typed in enumerate(("order", "order/", "./order", "order//", os.path.abspath("order"), "../" + Path.cwd().name + "/order")):
        check_identical(romfs, mpy_cross, mpremote, typed, f"typed{number}.img", True)
    os.chdir("order")
    check_identical(romfs, mpy_cross, mpremote, ".", "../typed.img", True)
    os.chdir("..")
    read(romfs, micropython, *(str(image) for image in Path(".").glob("typed*.img")))
    for image in Path(".").glob("typed*.img"):
        check_imports(micropython, image)


IMPORTS = """
import sys, vfs
vfs.mount(vfs.VfsRom(open(%r, "rb").read()), "/rom")
sys.path[:] = ["/rom", "/rom/sub/dir/deep/er"]
import a0, A, ab, x
print(a0.value(), A.value(), ab.value(), x.y, a0.__file__, x.__file__)
"""


def check_imports(micropython, image):
    """Modules of order_tree as bytecode, by their places in it."""
    found = run(micropython, "-c", IMPORTS % str(image)).decode().strip()
    expected = f"{[3] * 3} {[4] * 4} [] 2 /rom/a0.mpy /rom/sub/dir/deep/er/x.mpy"
    if found != expected:
        say(f"imported from {image}: {found}, not {expected}")


def read(romfs, micropython, *images):
    board = Board(micropython)
    for image in images:
        run(romfs, "list", image)
        run(romfs, "extract", "-C", "written", image)
        board.expect(image, show(b"written"))
        shutil.rmtree("written")
    board.ask()


# --- There and back ---

LETTERS = {"ascii": "abcXYZ019_- .", "any": "abcXYZ019_- .äßé漢字🐍\\\"'\n\t\x7f"}


def grow_name(dice, letters, taken):
    while True:
        length = 255 if dice.random() < 0.02 else dice.randint(1, 12)
        name = "".join(dice.choice(LETTERS[letters]) for _ in range(length)).encode()[:255].decode(errors="ignore")
        rubbish = name.endswith((".pyc", ".pyo", "~")) or (name.startswith("#") and name.endswith("#")) or name.startswith(".#")
        if name not in ("", ".", "..") and name not in taken and not rubbish and not name.endswith((".py", ".mpy")):
            return name


def grow(dice, top, letters="any", depth=0):
    os.mkdir(top)
    taken = set()
    for _ in range(dice.choice((0, 1, 2, 5, 12)) or depth == 0):
        name = grow_name(dice, letters, taken)
        taken.add(name)
        path = os.path.join(top, name)
        if depth < 5 and dice.random() < 0.3:
            grow(dice, path, letters, depth + 1)
            continue
        content = dice.choice((b"", b"x", b"same " * 30, dice.randbytes(dice.randint(0, 400)), b"z" * dice.choice((126, 127, 128, 20_000))))
        Path(path).write_bytes(content)


def same_trees(a, b):
    return subprocess.run(["diff", "-r", a, b], capture_output=True).stdout


def random_trees(romfs, micropython, seed, count):
    board = Board(micropython)
    for number in range(int(seed), int(seed) + int(count)):
        dice = random.Random(number)
        grow(dice, "tree")
        image, back = f"{number}.romfs", f"back"
        run(romfs, "build", "--no-mpy", "--all", *(["--dedupe"] if number % 2 else []), "-o", image, "tree")
        run(romfs, "check", image)
        run(romfs, "extract", "-C", back, image)
        differences = same_trees("tree", back)
        if differences or show(b"tree") != show(os.fsencode(back)):
            say(f"seed {number}: what comes back differs: {differences!r}")
        board.expect(image, show(b"tree"))
        shutil.rmtree("tree")
        shutil.rmtree(back)
    board.ask()


if __name__ == "__main__":
    {"identical": identical, "random": random_trees, "read": read}[sys.argv[1]](*sys.argv[2:])
