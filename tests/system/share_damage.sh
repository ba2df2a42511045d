#!/bin/sh
# SPDX-License-Identifier: MIT
# A line that flips, loses and repeats bytes both ways, while a program reads, writes, lists and imports: it goes on, and every byte of
# every file is right. SEED is another seed.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
cat >program.py <<'END'
import os, hashlib, binascii, sys
sys.stdout.write("")  # what is printed is not in a frame: nobody could mend it


def digest(name):
    h = hashlib.sha256()
    piece = bytearray(1000)
    with open(name, "rb") as f:
        while True:
            n = f.readinto(piece)
            if not n:
                return binascii.hexlify(h.digest()).decode()
            h.update(memoryview(piece)[:n])


with open("sums", "w") as sums:
    for turn in range(4):
        for name in ("random", "text"):
            print(name, digest(name), file=sums)
    for i in range(8):
        print(i, __import__("module%d" % i).NUMBER, file=sums)
    for turn in range(6):
        with open("copy%d" % turn, "wb") as to, open("random", "rb") as source:
            source.seek(turn * 1000)
            for size in (10, 300, 700, 2000, 5000):
                to.write(source.read(size))
        with open("appended", "ab") as f:
            f.write(b"%d," % turn)
        # Nobody answers each of these writes.
        with open("long", "ab") as to, open("random", "rb") as source:
            for piece in range(7):
                to.write(source.read(4096))
        os.rename("copy%d" % turn, "done%d" % turn)
        os.mkdir("dir%d" % turn)
        print(sorted(os.listdir()), file=sums)
        os.rmdir("dir%d" % turn)
    for name in ("nothing", "dir0"):
        try:
            os.stat(name)
        except OSError as e:
            print(name, e.errno, file=sums)
END
for i in 0 1 2 3 4 5 6 7; do
	{ echo "NUMBER = $i"; seq -f "# %g is a comment that makes it longer" 40; } >rw/module$i.py
done
seq -f 'line %g of a text that can be deflated well' 900 >rw/text
python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(5).randbytes(40000))' >rw/random
cat >check.py <<'END'
import hashlib

sums = open("rw/sums").read().splitlines()
random = open("rw/random", "rb").read()
expected = []
for turn in range(4):
    for name in ("random", "text"):
        expected.append(f"{name} {hashlib.sha256(open('rw/' + name, 'rb').read()).hexdigest()}")
expected += [f"{i} {i}" for i in range(8)]
names = ["appended", "long", "random", "sums", "text"] + [f"module{i}.py" for i in range(8)]
for turn in range(6):
    assert open(f"rw/done{turn}", "rb").read() == random[turn * 1000 :][:8010], turn
    names.append(f"done{turn}")
    expected.append(str(sorted(names + [f"dir{turn}"])))
expected += ["nothing 2", "dir0 2"]
assert open("rw/appended").read() == "0,1,2,3,4,5,"
assert open("rw/long", "rb").read() == random[: 7 * 4096] * 6
assert sums == expected, [pair for pair in zip(sums, expected) if pair[0] != pair[1]][:3]
END

# damaged LINE-OPTIONS TO-BOARD TO-HOST: the line is clean until the program runs, as its end is to be seen
damaged() {
	echo "--- $*, SEED=$seed"
	rm -rf rw/done? rw/copy? rw/dir? rw/appended rw/long rw/sums flash* line.control
	mkfifo line.control
	# shellcheck disable=SC2086
	start_line $1 --seed "$seed" --to-board "$2" --to-host "$3"
	assert_run 0 -v rw:/rw:rw run program.py
	python3 check.py || fail 'not all is right'
	line_counter to_board >said # now they are in line.counters
	grep -q '\(flipped\|dropped\|repeated\)": [1-9]' line.counters || fail 'nothing was damaged'
	line_command 'to-host flip=0,lose=0,repeat=0'
	line_command 'to-board flip=0,lose=0,repeat=0'
	stop_line
}
seed=${SEED:-$(date +%s)}
damaged --usb flip=10,lose=10,repeat=10 flip=10,lose=10,repeat=10
damaged --usb flip=50 flip=0
damaged --usb flip=0 lose=50
board_options=--blocking-stdin # as bare metal is
damaged '--uart --rate 60000' flip=10,lose=10,repeat=10 flip=10,lose=10,repeat=10
