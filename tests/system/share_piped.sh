#!/bin/sh
# SPDX-License-Identifier: MIT
# What waits in a pipe, more than any board's buffer takes, reaches a program whole and in order, however late it reads: on a line that
# holds back its writer, on a UART, and on a board whose stdin is as on bare metal. A program that reads without a word gets it on a UART,
# too, after a word to the user. See share_piped.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"
late='sleeps, uses a file and reads'
pieces='reads pieces and writes each'
works='works, says so, and then prints for each piece'
lines='takes lines from input()'
silent='reads without a word'

try() { # LINE-OPTIONS PROGRAM...
	echo "--- $1 $board_options"
	rm -rf rw flash*
	mkdir rw
	# shellcheck disable=SC2086 # words
	start_line $1
	shift
	python3 -E "$top_srcdir/tests/system/share_piped.py" "$share" "$PWD/line" "$@" || fail "see above"
	stop_line
}

try --usb "$late" "$lines"
try --uart "$pieces" "$works" "$lines"
# Its buffer takes all of it, so that nothing is lost while another process has the processor.
try '--uart --buffer 4000' "$silent"
board_options=--blocking-stdin
try --usb "$late"
try --uart "$pieces"
