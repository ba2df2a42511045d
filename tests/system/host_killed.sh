#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremotefs is killed, idle and in the middle of a copy. The board finds that out by itself and has its friendly REPL back, with
# Ctrl-C working; a new mount works at once, without waiting for that; files are whole, and nothing of ours stays on the board.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
probe=$top_builddir/tests/lab/rawrepl_probe

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

no_process() {
	[ -z "$(processes mpremotefs)" ]
}

kill_mount() {
	kill -KILL "$(processes mpremotefs)"
	await 10 'the killed process is gone' no_process
	assert_refused 'Transport endpoint is not connected' ls "$mnt"
	assert_refused 'with: fusermount3 -u' try_mount
	umount "$mnt"
}

# What a person at the board's console finds: the prompt comes without a key, Ctrl-C stops a program, and all memory is there.
console_is_back() {
	"$probe" -t 3 ./line expect '>>> ' send 'while True: pass\r\r' quiet send '\x03' expect 'KeyboardInterrupt' expect '>>> ' \
		send 'print("__mpremotefs__" in globals(), 6 * 7)\r' expect 'False 42' expect '>>> ' >probe.said 2>&1 ||
		fail "the console: $(cat probe.said)"
}

head -c 30000 /dev/urandom >old
head -c 30000 /dev/urandom >new
start_line --uart
mount_board
cp old "$mnt/file"
free=$(df --output=avail "$mnt" | tail -n 1)

kill_mount
console_is_back

for bytes in 4000 20000; do
	mount_board
	before=$(line_counter to_board)
	cp new "$mnt/file" 2>cp.said &
	copy=$!
	sent() { [ "$(line_counter to_board)" -ge $((before + bytes)) ]; }
	await 10 "$bytes bytes of the copy are sent" sent
	kill_mount
	if wait $copy; then fail 'cp to a killed mount went well'; fi
	started=$(now_ms)
	mount_board
	assert_at_most 'ms for a mount, less than the agent waits for its host' 4500 $(($(now_ms) - started))
	assert_equal 'the root' 'file ' "$(ls -A "$mnt" | tr '\n' ' ')"
	assert_same old "$mnt/file"
	assert_equal 'free space' "$free" "$(df --output=avail "$mnt" | tail -n 1)"
	unmount_board
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
await 10 'the board of exec: ends' flock -n "$flash" true
mount_board
if ! cmp -s old "$mnt/file"; then assert_same new "$mnt/file"; fi
unmount_board
