#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremotefs is stopped for eight seconds, longer than the agent waits for its host, as when a laptop sleeps: idle, in the middle
# of a copy to the board and in the middle of one from it. It goes on working, the copies are right, and nobody sees an error.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

stop_for_eight_seconds() {
	kill -STOP "$mount_pid"
	sleep 8 # this time is what is tried here
	kill -CONT "$mount_pid"
}

# stopped_in COPY FILE: 10,000 bytes after it has begun
stopped_in() { # COUNTER SOURCE TARGET
	before=$(line_counter "$1")
	cp "$2" "$3" 2>cp.said &
	copy=$!
	counter=$1
	sent() { [ "$(line_counter "$counter")" -ge $((before + 10000)) ]; }
	await 60 'the copy is under way' sent
	stop_for_eight_seconds
	wait $copy || fail "the copy failed: $(cat cp.said)"
}

head -c 30000 /dev/urandom >random
start_line --uart
mount_logged
cp random "$mnt/file"
mkdir "$mnt/dir"

stop_for_eight_seconds
stat -f "$mnt" >stat.out || fail 'idle: stat -f afterwards'
mkdir "$mnt/dir/after" || fail 'idle: mkdir afterwards'
stop_for_eight_seconds
mkdir "$mnt/dir/first" || fail 'idle: a change as the first thing afterwards'

stopped_in to_board random "$mnt/copied"
unmount_board
mount_logged
assert_same random "$mnt/copied"

stopped_in from_board "$mnt/file" back
assert_same random back
assert_equal 'the folder' 'after first ' "$(ls "$mnt/dir" | tr '\n' ' ')"
assert_equal 'the root' 'copied dir file ' "$(ls -A "$mnt" | tr '\n' ' ')"
unmount_board
