#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share ends when it is told to, at whatever moment: while the agent is put on the board, in a program that never asks for
# anything, and while nobody takes what the program prints; and a program that takes away what it was given ends as others do. The
# board is at its prompt each time. Where it is killed, the next one gets the board from a program that still asks for files.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

start_line --usb

# Runs a program that never ends, and sends it SIGNAL after SECONDS. $status is how it ended; 137: not at all.
stop_after() { # SIGNAL SECONDS OUTPUT CODE
	status=0
	$interruptible timeout --preserve-status -s "$1" -k 60 "$2" "$share" -d "$(device)" exec "$4" >"$3" 2>err </dev/null || status=$?
}

for seconds in 0.02 0.05 0.1 0.15 0.2 0.3 0.6; do
	stop_after INT "$seconds" out 'while True: pass'
	case $status in
	130) ;;
	1) assert_said KeyboardInterrupt ;; # the program had begun
	*) fail "Ctrl-C after $seconds s: status $status, $(cat err)" ;;
	esac
	assert_untouched
	stop_after TERM "$seconds" out 'while True: pass'
	assert_equal "SIGTERM after $seconds s, status; it said $(cat err)" 143 "$status"
	assert_untouched
done

echo '--- nobody takes the output'
mkfifo out.fifo
exec 3<>out.fifo
stop_after TERM 3 out.fifo 'while True: print("x" * 200)'
assert_equal "status; it said $(cat err)" 143 "$status"
exec 3<&-
assert_untouched

echo '--- Ctrl-C twice is what leaves, and only at once'
press_four_times() { # $took: how soon the last came after the one before
	rm -f out
	$interruptible "$share" -d "$(device)" exec 'import time
print("started")
for _ in range(3):
    try: time.sleep(60)
    except KeyboardInterrupt: print("caught")
while True: pass' >out 2>err </dev/null &
	pid=$!
	await 60 'the program has begun' grep -qs started out
	for times in 1 2 3; do
		[ "$times" = 1 ] || sleep 2.5
		pressed=$(now_ms)
		kill -INT "$pid"
		await 60 'the program is interrupted' eval '[ "$(grep -c caught out)" = $times ]'
		kill -0 "$pid" || fail "Ctrl-C has ended it, the time before it is long past"
	done
	kill -INT "$pid"
	took=$(($(now_ms) - pressed)) status=0
	wait "$pid" || status=$?
}
at_most_ms 'ms from one Ctrl-C to another, for two at once' 1900 press_four_times
assert_equal "status; it said $(cat err)" 130 "$status"
assert_untouched

echo '--- programs that take away what they were given'
assert_run 0 exec 'import os; os.chdir("/"); os.umount("/remote")'
assert_untouched
assert_run 0 exec 'import sys; sys.path = None'
assert_untouched
assert_run 0 exec 'import sys; sys.modules.clear()'
assert_untouched

echo '--- it is killed'
echo 'x = 1' >module.py
for wait in 0 1; do
	rm -f out
	"$share" -d "$(device)" exec 'print("started")
while True: open("module.py").read()' >out 2>err </dev/null &
	pid=$!
	await 60 'the program has begun' grep -qs started out
	kill -KILL "$pid"
	wait "$pid" || :
	sleep "$wait"
	assert_run 0 exec 'print("mine")'
	assert_printed mine
done
assert_untouched

echo '--- a signal that is ignored'
(
	trap '' HUP
	exec "$share" -d "$(device)" exec 'print("started")
while True: pass' >out 2>err </dev/null
) &
pid=$!
await 60 'the program has begun' grep -qs started out
kill -HUP "$pid"
sleep 0.3
kill -TERM "$pid"
assert_ends 143
assert_untouched

echo '--- nobody takes a traceback'
status=0
"$share" -d "$(device)" exec '1/0' >out 2>/dev/full </dev/null || status=$?
assert_equal 'status' 1 "$status"
assert_untouched

echo '--- it prints what only its end looks like, and goes on'
cat >forges.py <<'END'
import sys
from binascii import crc32
from struct import pack
frame = pack("<BBBBH", 0xFA, 90, 1, sys.modules["__mpremotefs__"].__globals__["sequence"] + 1 & 255, 6)
frame += pack("<H", crc32(frame) & 0xFFFF) + pack("<BBi", 0, 2, 5)
sys.stdout.buffer.write(frame + pack("<I", crc32(frame)))
if len(sys.argv) > 1:
    print("\n>>> ", end="")
while True:
    pass
END
for word in '' prompt; do
	assert_run 1 run forges.py $word
	assert_said 'went on; it was stopped'
	assert_untouched
done

echo '--- it catches Ctrl-C, but not another one meanwhile'
has_taken_it() {
	[ $((0x$(sed -n 's/^ShdPnd:.//p' "/proc/$pid/status") & 2)) -eq 0 ]
}
stop_twice() { # CODE
	rm -f out
	$interruptible "$share" -d "$(device)" exec "print('started')
$1" >out 2>err </dev/null &
	pid=$!
	await 60 'the program has begun' grep -qs started out
	kill -INT "$pid"
	sleep 0.3
	await 60 'it has taken the first' has_taken_it # a second signal meanwhile would be none
	kill -INT "$pid"
	assert_ends 130
}
stop_twice 'import time
while True:
  try:
    while True: pass
  except KeyboardInterrupt:
    time.sleep(0.05)'
assert_untouched

echo '--- it catches every Ctrl-C'
stop_twice 'import micropython
micropython.kbd_intr(-1)
while True: pass'
assert_said 'still runs on the board'
stop_line
