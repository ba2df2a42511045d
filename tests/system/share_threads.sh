#!/bin/sh
# SPDX-License-Identifier: MIT
# Threads that use a share at once all get what is theirs, and each has its turn; a callback in the middle of a request gets what is its
# own or EBUSY, and disturbs nothing, also where the board has no threads. See share_threads.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

for line in --usb --uart; do
	for options in '' '--hide _thread'; do
		echo "--- $line $options"
		rm -rf rw flash*
		mkdir rw
		board_options=$options
		start_line $line
		assert_run 0 -v rw:/rw:rw run "$top_srcdir/tests/system/share_threads.py"
		grep -q '^all right' out || fail "on the board: $(cat out err)"
		[ ! -s err ] || fail "stderr: $(cat err)"
		assert_untouched
		stop_line
	done
done
