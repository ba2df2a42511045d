#!/bin/sh
# SPDX-License-Identifier: MIT
# What a run leaves behind. On the board nothing: a module that is edited is new in the next run, without --watch and without a reset. In
# the shared directory all that the program has written, also where it has not closed its files, however it ends. On a large board, a
# small one, and one whose firmware has no binascii.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir -p rw/package
for board_options in '' '--heap 64k' '--hide binascii'; do
	echo "--- a board, $board_options"
	rm -rf flash*
	start_line --usb

	echo '--- a module that is edited'
	for word in first second; do
		echo "WORD = '$word'" >rw/module.py
		echo "WORD = '$word'" >rw/package/__init__.py
		assert_run 0 -v rw exec 'import module, package; print(module.WORD, package.WORD)'
		assert_printed "$word $word"
	done
	assert_untouched

	echo '--- a file that is not closed'
	for end in '' 'import sys; sys.exit(0)' 'raise KeyboardInterrupt'; do
		rm -f rw/small rw/large
		run_share -v rw:/rw:rw exec "small = open('small', 'w')
large = open('large', 'wb')
small.write('kept')
for i in range(5): large.write(bytes(1500))
$end" </dev/null
		assert_equal "status of '$end'; it said $(cat err)" "$([ "${end#raise}" = "$end" ] && echo 0 || echo 1)" "$status"
		assert_equal "a small file, with '$end'" kept "$(cat rw/small)"
		assert_equal "size of a large one, with '$end'" 7500 "$(stat -c %s rw/large)"
	done
	assert_untouched
	stop_line
done
