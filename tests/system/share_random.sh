#!/bin/sh
# SPDX-License-Identifier: MIT
# Ten thousand random things with files and directories (share_random.py), by MicroPython in a share and by CPython in a plain
# directory: the same comes of each, and the same is left. SEED is another seed, COUNT another number.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

seed=${SEED:-$(date +%s)}
count=${COUNT:-10000}
echo "SEED=$seed COUNT=$count"
mkdir rw plain
start_line --usb
assert_run 0 -v rw:/rw:rw run "$top_srcdir/tests/system/share_random.py" /rw "$seed" "$count"
tr -d '\r' <out >board.said
python3 "$top_srcdir/tests/system/share_random.py" "$PWD/plain" "$seed" "$count" >plain.said
cmp plain.said board.said >&2 || fail "they differ, with SEED=$seed: $(diff plain.said board.said | head -n 10)"
diff -r plain rw >&2 || fail "what is left differs, see above, with SEED=$seed"
assert_equal 'the last line' end "$(tail -n 1 board.said)"
assert_untouched
stop_line
