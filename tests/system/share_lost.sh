#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share loses its board in a moment in which it can say nothing: it is killed. At the board's prompt, and in programs that
# compute, read or import, and go on when that fails. The next program gets such a board, whichever it is and however soon; and who
# opens a plain terminal finds errors at once, and a Ctrl-C that works.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

# Starts mpremote-share WORD..., whose program prints what ends in "un", as pid $lost; with stdin from fd 3.
start_lost() { # WORD...
	rm -f keys lost.out
	mkfifo keys
	"$share" -d "$(device)" "$@" >lost.out 2>lost.err <keys &
	lost=$!
	exec 3>keys
}

begun() {
	grep -q '^begun' lost.out
}

kill_lost() {
	await 60 "the program has begun: $(cat lost.err)" begun
	kill -KILL "$lost"
	wait "$lost" 2>/dev/null || :
	exec 3>&-
}

lose_repl() {
	start_lost repl
	echo "print('be' + 'gun')" >&3
	kill_lost
}

lose() { # PROGRAM
	start_lost exec "print('begun')
$1"
	kill_lost
}

its_own() {
	assert_run 0 exec 'print("mine")'
	assert_printed mine
}

a_mount() {
	mount_board
	[ -d "$mnt/lib" ] || fail 'the mount is empty'
	unmount_board
}

a_mount_by_mount() {
	./mount.mpremote "$(device)" "$mnt" || fail 'mount.mpremote'
	[ -d "$mnt/lib" ] || fail 'the mount is empty'
	unmount_board
}

a_query() {
	"$romfs" query -d "$(device)" >query.out || fail "query: $(cat query.out)"
}

board_options='--roms 1'
start_line --usb
mount_board
mkdir "$mnt/lib"
unmount_board
echo 'x = 1' >module.py
ln -s "$mpremotefs" mount.mpremote # as it is installed

for next in its_own a_mount a_mount_by_mount a_query; do
	echo "--- $next after a prompt"
	lose_repl
	$next
	assert_untouched
done

# Not a loop without a pause in it: on MicroPython's unix port a Ctrl-C in the middle of an allocation leaves the heap locked.
for wait in 0 1 16; do
	for program in 'while True: pass' \
		'while True: open("module.py").read()' \
		'import time
while True:
 try: open("module.py").read()
 except OSError: time.sleep_ms(20)' \
		'import time
while True:
 try: import nothing_there
 except ImportError: time.sleep_ms(20)'; do
		echo "--- after $wait s of $program"
		lose "$program"
		sleep "$wait"
		its_own
		assert_untouched
	done
done

echo '--- a plain terminal'
lose_repl
python3 -E "$top_srcdir/tests/system/share_lost.py" "$PWD/line" || fail 'see above'
its_own
assert_untouched
stop_line
