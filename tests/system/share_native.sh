#!/bin/sh
# SPDX-License-Identifier: MIT
# What programs give to files (buffers of all kinds, parts of them, modes) does the same in a share as on the board's own LittleFS, see
# share_native.py; and an open file takes no more of the board's memory than is promised.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
echo '--- as on LittleFS'
start_line --usb
assert_run 0 -v rw:/rw:rw run "$top_srcdir/tests/system/share_native.py"
grep -q '^the same [1-9]' out && [ "$(wc -l <out)" = 1 ] || fail "it differs: $(cat out)"
[ ! -s err ] || fail "stderr: $(cat err)"
assert_untouched
stop_line

for heap in 2M 64k; do
	echo "--- memory, on a board with $heap"
	rm -rf flash*
	board_options="--heap $heap"
	start_line --usb
	assert_run 0 -v rw:/rw:rw run "$top_srcdir/tests/system/share_memory.py"
	read -r reading writing <<-END
		$(tr -d '\r' <out)
	END
	assert_at_most 'bytes for a file that is open for reading' 400 "$reading"
	assert_at_most 'bytes for a file that is open for writing' 1536 "$writing" # it is promised, for pointers of 64 bits, too
	assert_untouched
	stop_line
done
