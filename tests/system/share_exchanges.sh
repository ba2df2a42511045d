#!/bin/sh
# SPDX-License-Identifier: MIT
# How seldom the board waits for an answer while it reads or writes much, and on how small a heap all of it works.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(5).randbytes(100 << 10))' >rw/random
{ echo 'NUMBER = 7'; seq -f '# %g is a comment that makes it longer' 100; } >rw/module.py
cat >read.py <<'END'
piece = bytearray(4096)
with open("random", "rb") as f:
    while f.readinto(piece):
        pass
END
cat >write.py <<'END'
piece = bytes(range(256)) * 16
with open("written", "wb") as f:
    for i in range(25):
        f.write(piece)
END
cat >all.py <<'END'
import gc
gc.collect()
start = open("random", "rb").read(1000)
with open("copy", "wb") as to, open("random", "rb") as f:
    for i in range(200):
        to.write(f.read(512))
print(start == open("copy", "rb").read(1000), __import__("module").NUMBER)
END
echo 'pass' >nothing.py
board_options=''
least=$(count_answers nothing.py)
exchanges_of() { # PROGRAM; a busy computer makes them more, as the board gives up waiting and asks anew, and never fewer
	took=$(($(count_answers "$1") - least))
}
at_most_ms 'exchanges for 100 KiB read' 3 exchanges_of read.py
at_most_ms 'exchanges for 100 KiB written' 6 exchanges_of write.py
python3 -c 'assert open("rw/written", "rb").read() == bytes(range(256)) * 16 * 25' || fail 'what was written is another'

for heap in 64k 72k 96k 128k 150k 256k 1M; do
	for line in --usb '--uart --rate 100000'; do
		echo "--- a board with $heap, $line"
		rm -rf flash* rw/copy
		board_options="--heap $heap"
		# shellcheck disable=SC2086
		start_line $line
		assert_run 0 -v rw:/rw:rw run all.py
		assert_printed 'True 7'
		cmp rw/random rw/copy >&2 || fail 'the copy is another'
		stop_line
	done
done
