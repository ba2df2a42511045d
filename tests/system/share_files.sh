#!/bin/sh
# SPDX-License-Identifier: MIT
# Files and directories of a share, as a program on the board uses them (share_files.py): open in all modes, text and binary, listings,
# names, errors; on a USB line and, with sys.stdin as on bare metal, on a UART. And what is in the directories on this computer afterwards.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

for how in --usb --uart; do
	echo "--- $how"
	rm -rf rw ro flash*
	mkdir rw ro ro/dir
	echo -n kept >ro/kept
	# At 115,200 baud it would take a minute and more: so this UART is quicker, and as forgetful.
	if [ $how = --uart ]; then
		board_options=--blocking-stdin
		start_line --uart --rate 100000
	else
		start_line --usb
	fi
	(
		ulimit -f 2048 # 1 MiB, in blocks of 512 bytes: what a board writes beyond that fails
		run_share -v rw:/rw:rw -v ro:/ro run "$top_srcdir/tests/system/share_files.py"
		assert_equal "status; it said $(cat err out)" 0 "$status"
	)
	tr -d '\r' <out | grep -q '^all right [0-9]*$' && [ "$(wc -l <out)" = 1 ] || fail "on the board: $(cat out)"
	[ ! -s err ] || fail "stderr: $(cat err)"
	assert_equal 'the read-only directory' 'dir kept ' "$(ls ro | tr '\n' ' ')"
	python3 - rw/big <<-'END' || fail 'big is another on this computer'
		import sys
		assert open(sys.argv[1], "rb").read() == bytes((i * 7 + (i >> 8) * 13) & 255 for i in range(20000))
	END
	assert_equal 'text' 'Grüße' "$(head -n 1 rw/text)"
	assert_untouched
	stop_line
done
