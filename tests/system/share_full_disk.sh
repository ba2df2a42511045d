#!/bin/sh
# SPDX-License-Identifier: MIT
# A program on a board writes to a shared directory that takes no more: it hears of it at write, flush or close, with the right number, and
# what was there before is still there. The directories: another board's mount, whose errors come late, at fsync and close; and any, under
# a limit of the size of a file.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

cat >program.py <<'END'
import sys

def until_it_fails(name, flush):
    try:
        step = "open"
        f = open(name, "wb")
        try:
            for i in range(100):
                step = "write"
                f.write(bytes(4000))
                if flush:
                    step = "flush"
                    f.flush()
            step = "close"
        finally:
            f.close()
    except OSError as e:
        return "%s %d" % (step, e.errno)
    return "no error"


for flush in (False, True):
    print(until_it_fails("large", flush))
try:
    with open("kept", "wb") as f:
        f.write(bytes(300000))
    print("no error")
except OSError as e:
    print("with", e.errno)
with open("small", "w") as f:
    f.write("fits")
print(open("small").read(), len(open("kept").read()))
END
share_on_second_board() { # DIR
	run_status=0
	"$share" -d "exec:$board $PWD/flash2" -v "$1:/rw:rw" run program.py </dev/null >out 2>err || run_status=$?
	assert_equal "status; it said $(cat err)" 0 "$run_status"
}

echo '--- the mount of a board whose flash is full'
board_options='--size 128'
mount_board
echo 'what was there' >"$mnt/kept"
share_on_second_board "$mnt"
assert_printed 'close 28' 'flush 28' 'with 28' 'fits 15'
assert_equal 'what was there' 'what was there' "$(cat "$mnt/kept")"
assert_equal 'what fits' fits "$(cat "$mnt/small")"
unmount_board

echo '--- a limit of the size of a file'
mkdir limited
echo 'what was there' >limited/kept
(
	ulimit -f 400
	share_on_second_board limited
)
tr -d '\r' <out >printed
sed -i 's/^fits .*/fits/' printed
diff - printed >&2 <<'END' || fail 'the program heard something else'
write 27
flush 27
with 27
fits
END
assert_equal 'what was written before it failed' 204800 "$(stat -c %s limited/large)"
