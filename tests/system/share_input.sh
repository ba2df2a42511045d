#!/bin/sh
# SPDX-License-Identifier: MIT
# What is typed reaches the program on the board: input(), sys.stdin as text and as bytes, before it is asked for and beside files, of
# which it disturbs none; Ctrl-C interrupts the program, and pressed twice ends all; the board is at its prompt then. See share_input.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

for line in --usb '--uart --rate 60000'; do
	echo "--- $line"
	rm -rf rw flash*
	mkdir rw
	[ "$line" = --usb ] || board_options=--blocking-stdin # as bare metal is
	# shellcheck disable=SC2086 # words
	start_line $line
	python3 -E "$top_srcdir/tests/system/share_input.py" "$share" "$PWD/line" || fail "$line: see above"
	assert_untouched
	stop_line
done
