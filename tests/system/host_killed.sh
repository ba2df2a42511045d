#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremotefs is killed, idle and in the middle of a copy. The board finds that out by itself and has its friendly REPL back, with
# Ctrl-C working; a new mount works at once, without waiting for that; files are whole, and nothing of ours stays on the board.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
probe=$top_builddir/tests/lab/rawrepl_probe

no_process() {
	[ -z "$(processes mpremotefs)" ]
}

kill_mount() {
	kill -KILL "$(processes mpremotefs)"
	await 60 'the killed process is gone' no_process
	assert_refused 'Transport endpoint is not connected' ls "$mnt"
	assert_refused 'with: fusermount3 -u' try_mount
	umount "$mnt"
}

# What a person at the board's console finds: the prompt comes without a key, Ctrl-C stops a program, and all memory is there.
console_is_back() {
	"$probe" -t 3 ./line expect '>>> ' send 'print("be" "gun"); exec("while True: pass")\r' expect 'begun' send '\x03' \
		expect 'KeyboardInterrupt' expect '>>> ' \
		send 'print("__mpremotefs__" in globals(), 6 * 7)\r' expect 'False 42' expect '>>> ' >probe.said 2>&1 ||
		fail "the console: $(cat probe.said)"
}

head -c 30000 /dev/urandom >old
head -c 90000 /dev/urandom >new # eight seconds, so that it is killed before the end
start_line --uart
mount_board
cp old "$mnt/file"
free=$(df --output=avail "$mnt" | tail -n 1)

kill_mount
console_is_back

sent() {
	[ "$(line_counter to_board)" -ge $((before + bytes)) ]
}

killed_and_mounted_again() {
	mount_board
	before=$(line_counter to_board)
	cp new "$mnt/file" 2>cp.said &
	copy=$!
	await 60 "$bytes bytes of the copy are sent" sent
	kill_mount
	if wait $copy; then fail 'cp to a killed mount went well'; fi
	started=$(now_ms)
	mount_board
	took=$(($(now_ms) - started))
	assert_equal 'the root' 'file ' "$(ls -A "$mnt" | tr '\n' ' ')"
	assert_same old "$mnt/file"
	assert_equal 'free space' "$free" "$(df --output=avail "$mnt" | tail -n 1)"
	unmount_board
}

for bytes in 4000 20000; do
	at_most_ms 'ms for a mount, less than the agent waits for its host' 4500 killed_and_mounted_again
done

mount_board
cp new "$mnt/file" 2>cp.said &
kill_mount
wait $! || :
console_is_back
stop_line

# With exec: the board is a child, and ends with its mount.
mount_board
kill_mount
await 60 'the board of exec: ends' flock -n "$flash" true
mount_board
if ! cmp -s old "$mnt/file"; then assert_same new "$mnt/file"; fi
unmount_board
