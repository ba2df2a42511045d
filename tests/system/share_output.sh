#!/bin/sh
# SPDX-License-Identifier: MIT
# What a program prints while it uses files comes byte for byte, also where it looks like frames, whole ones of the share's own kind
# among them; and so do the files.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
cat >rw/noise.py <<'END'
# What is printed: pieces of random bytes, marks, and frames that are right to the last byte, as the board would send them.
from binascii import crc32
from struct import pack


def rolls(seed):
    while True:
        seed ^= seed << 13 & 0xFFFFFFFF
        seed ^= seed >> 17
        seed ^= seed << 5 & 0xFFFFFFFF
        yield seed


def frame(op, channel, number, payload):
    head = pack("<BBBBH", 0xFA, op, channel, number, len(payload))
    head += pack("<H", crc32(head) & 0xFFFF)
    return head + payload + pack("<I", crc32(head + payload) & 0xFFFFFFFF)


def pieces(seed, count, foreign):
    roll = rolls(seed)
    for number in range(count):
        r = next(roll)
        kind = r % 8
        if kind < 4:
            yield bytes(next(roll) >> 9 & 255 for _ in range(r >> 8 & 127))
        elif kind == 4:
            yield (b"\xfa", b"\xfb\x01\x02\xfc", b"\x04", b"\x00", b"\xfa\xfa\xfa", b"\r\n>>> ", b"\x04>", b"MPY: soft reboot\r\n")[r >> 8 & 7]
        elif kind == 5:
            yield frame(r >> 8 & 255, foreign, r >> 16 & 255, bytes(r >> 24 & 31))[: (r >> 10 & 15) + 1]
        elif kind == 6:
            broken = bytearray(frame(b"SORWZ"[r >> 8 & 3], 1, r >> 16 & 255, b"\x00\x00rubbish"))
            broken[8 + (r >> 24 & 7)] ^= 1 << (r >> 27 & 7)
            yield bytes(broken) if foreign != 1 else b""
        else:
            yield frame(65, foreign, r >> 16 & 255, bytes(r >> 24 & 31))
END
cat >program.py <<'END'
import sys, noise
out = sys.stdout.buffer
seed, count, foreign = (int(a) for a in sys.argv[1:])
with open("written", "wb") as written, open("content", "rb") as content:
    for number, piece in enumerate(noise.pieces(seed, count, foreign)):
        out.write(piece)
        written.write(piece)
        if number % 3 == 0:
            written.flush()
        if number % 5 == 0:
            content.seek(number * 37 % 50000)
            got = content.read(1500)
            with open("read%d" % (number % 2), "ab") as log:
                log.write(got)
END
cat >expected.py <<'END'
import sys
sys.path.insert(0, "rw")
import noise
seed, count, foreign = (int(a) for a in sys.argv[1:])
content, reads = open("rw/content", "rb").read(), [b"", b""]
with open("expected", "wb") as out:
    for number, piece in enumerate(noise.pieces(seed, count, foreign)):
        out.write(piece)
        if number % 5 == 0:
            at = number * 37 % 50000
            reads[number % 2] += content[at : at + 1500]
for number in range(2):
    open(f"expected{number}", "wb").write(reads[number])
END
head -c 60000 /dev/urandom >rw/content
# A whole frame of the share's own channel, with a right checksum, is a request and cannot be told from one: so these are of another.
seed=${SEED:-$(date +%s)}
echo "SEED=$seed"
for line in --usb '--uart --rate 100000'; do
	echo "--- $line"
	# shellcheck disable=SC2086 # words
	start_line $line
	rm -f rw/read? rw/written
	assert_run 0 -v rw:/rw:rw run program.py "$seed" 700 2
	python3 -B expected.py "$seed" 700 2
	assert_same expected rw/written
	assert_same expected out
	for number in 0 1; do assert_same expected$number rw/read$number; done
	[ ! -s err ] || fail "it has said $(cat err)"
	assert_untouched
	stop_line
done
