#!/bin/sh
# SPDX-License-Identifier: MIT
# A program runs on the board when it is mounted: it is stopped and the user is told so, or left alone with nointerrupt; it runs
# again after the unmount with restart. Nothing is reset unasked.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
probe=$top_builddir/tests/lab/rawrepl_probe

# start_board_with MAIN: a board that runs this program from its start, up to its first "ready"
start_board_with() {
	rm -f flash*
	board_eval "f = open('main.py', 'w'); f.write('''$1'''); f.close()"
	start_line
	console expect 'ready'
}

# What comes when a person does this at the board's console.
console() {
	"$probe" -t 5 ./line "$@" >console.said 2>&1 || fail "console $*: $(cat console.said)"
}

# Mounts with these options, uses the mount, and has what mpremotefs said in said.
use_mount() {
	try_mount "$@" 2>said || fail "mpremotefs $*: $(cat said)"
	cat "$mnt/main.py" >main.py
	cp main.py "$mnt/copy.py"
	assert_same main.py "$mnt/copy.py"
	unmount_board
}

told() { # TEXT
	grep -qF -- "$1" said || fail "it did not say '$1', but: $(cat said)"
}

busy='print("ready")
while True: pass'
printing='i = 0
while True: i += 1; print("ready", i)'

for program in busy printing; do
	eval "start_board_with \"\$$program\""
	use_mount
	told 'the board was running a program'
	told 'which was stopped'
	told '-o restart'
	told '-o nointerrupt'
	console send '\r' expect '>>> ' send 'print("prompt", 6 * 7)\r' expect 'prompt 42'
	use_mount
	assert_equal 'what is said when no program runs' '' "$(cat said)"
	console send '\r' expect '>>> ' send 'marker = 4711\r' expect '>>> '
	use_mount
	console send '\r' expect '>>> ' send 'print(marker)\r' expect '4711'
	stop_line

	eval "start_board_with \"\$$program\""
	status=0
	try_mount -o nointerrupt 2>said || status=$?
	assert_equal "$program, nointerrupt: exit status" 1 "$status"
	told 'a program'
	! mounted || fail "$program, nointerrupt: mounted"
	# The program still runs: Ctrl-C stops it only now.
	console send '\x03' expect 'KeyboardInterrupt' expect '>>> '
	use_mount -o nointerrupt
	stop_line

	eval "start_board_with \"\$$program\""
	use_mount -o restart
	console expect 'ready'
	console send '\x03' expect 'KeyboardInterrupt' expect '>>> '
	stop_line
done

# A program that is not to be stopped by one Ctrl-C, and one that never is.
start_board_with 'n = 0
while n < 3:
 try:
  print("ready")
  while True: pass
 except KeyboardInterrupt: n += 1'
use_mount
told 'which was stopped'
stop_line
start_board_with 'while True:
 try:
  print("ready")
  while True: pass
 except KeyboardInterrupt: pass'
status=0
try_mount -o timeout=2 2>said || status=$?
assert_equal 'a program that never stops: exit status' 1 "$status"
told 'does not stop on Ctrl-C'
stop_line
