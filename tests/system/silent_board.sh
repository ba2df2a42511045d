#!/bin/sh
# SPDX-License-Identifier: MIT
# A board that stops answering: every operation ends with EIO within the time-out, those after it at once, unmounting works, and
# the log names what could not be written. When it answers again, so does the mount. What a busy computer needs is far less than a
# time-out: so one time-out is told from none and from two.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

timeout=3
once=$((timeout * 2000 - 100)) # ms: less than two time-outs
at_once=$((timeout * 1000 - 100)) # ms: less than one

# ends_with_eio LIMIT COMMAND...: within LIMIT ms
ends_with_eio() {
	most=$1
	shift
	before=$(now_ms)
	assert_refused 'Input/output error' "$@"
	assert_at_most "ms for: $*" "$most" $(($(now_ms) - before))
}

stop_board() {
	kill -STOP "$board_pid"
}

works() { # asks the board, unlike an ls of what is remembered
	stat -f "$mnt" >ls.out 2>&1
}

# Has file $1 open, writes to it at its first line, and closes it at the second.
holder='
import os, sys
file = os.open(sys.argv[1], os.O_RDWR)
print("open", flush=True)
sys.stdin.readline()
os.write(file, b"written while the board was silent")
print("written", flush=True)
sys.stdin.readline()
try:
    os.close(file)
    print("closed", flush=True)
except OSError as error:
    print("errno %d" % error.errno, flush=True)
'

head -c 30000 /dev/urandom >random
board_options='--size 4096'
mount_logged -o timeout=$timeout
mkdir "$mnt/dir" "$mnt/unseen"
cp random "$mnt/dir/file"
cp random "$mnt/dir/held"
cp random "$mnt/unseen/file"
unmount_board
mount_logged -o timeout=$timeout
board_pid=$(processes python3)
ls "$mnt" >ls.out

start_holder open "$mnt/dir/held"
stop_board
ends_with_eio $once cat "$mnt/dir/file"
ends_with_eio $at_once ls "$mnt/unseen"
ends_with_eio $at_once cp random "$mnt/new"
ends_with_eio $at_once mkdir "$mnt/newdir"
ends_with_eio $at_once stat -f "$mnt"
ends_with_eio $at_once rm -f "$mnt/unseen/file"
ends_with_eio $at_once mv "$mnt/unseen" "$mnt/seen"
ask_holder write written
ask_holder close 'errno 5'
end_holder
grep -q '/new: .*lost' mount.log || fail "the log does not name what was lost: $(cat mount.log)"
grep -q '/dir/held: .*lost' mount.log || fail "the log does not name what was lost: $(cat mount.log)"

kill -CONT "$board_pid"
await 60 'the mount works again' works
for file in dir/file dir/held unseen/file; do
	assert_same random "$mnt/$file"
done
assert_equal 'the root' 'dir unseen ' "$(ls -A "$mnt" | tr '\n' ' ')"
cp random "$mnt/new"

# Many at once, while the board falls silent in the middle of a transfer.
head -c 2000000 /dev/urandom >large # a second and more, so that it falls silent before the end
before=$(flash_writes)
cp large "$mnt/large" 2>large.said &
copy=$!
copying() { [ "$(flash_writes)" -gt $((before + 100)) ]; }
await 60 'a copy is under way' copying
stop_board
stopped=$(now_ms)
pids=''
for i in 1 2 3 4 5 6 7 8; do
	stat -f "$mnt" >"many.$i" 2>&1 &
	pids="$pids $!"
done
for pid in $copy $pids; do
	if wait "$pid"; then fail 'an operation on a silent board went well'; fi
done
assert_at_most 'ms for nine operations at once' $once $(($(now_ms) - stopped))
assert_equal 'those that failed with EIO' 9 "$(cat large.said many.* | grep -c 'Input/output error')"

# Unmounting, with something unwritten, while the board is silent.
kill -CONT "$board_pid"
await 60 'the mount works again' works
start_holder open "$mnt/dir/held"
stop_board
ask_holder write written
before=$(now_ms)
umount -l "$mnt"
ask_holder close 'errno 5'
end_holder
await 60 'mpremotefs ends although the board is silent' mount_ended
assert_at_most 'ms to unmount from a silent board' $((timeout * 4000)) $(($(now_ms) - before))
assert_equal 'what was named' 2 "$(grep -c '/dir/held: .*lost' mount.log)"

mount_board
assert_same random "$mnt/dir/held"
assert_same random "$mnt/new"
assert_equal 'the root' 'dir new unseen ' "$(ls -A "$mnt" | tr '\n' ' ')"
unmount_board
