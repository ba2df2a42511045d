#!/bin/sh
# SPDX-License-Identifier: MIT
# The board is reset at many bytes of the transfer that replaces a file, and is back at once: the file is the old or the new one,
# whole, no temporary is shown or stays, and the mount goes on. The same for a mount that is made anew after the reset.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

head -c 9000 /dev/urandom >one
head -c 9000 /dev/urandom >two

# Which of the two the file is.
which_is() { # FILE
	if cmp -s one "$1"; then
		echo one
	elif cmp -s two "$1"; then
		echo two
	else
		fail "reset $at: $1 is neither the old nor the new file"
	fi
}

check_listing() {
	assert_equal "reset $at: the directory" 'dir file ' "$(ls -A "$mnt" | tr '\n' ' ')"
	assert_same one "$mnt/dir/other"
}

start_line
mount_board -o timeout=5
mkdir "$mnt/dir"
cp one "$mnt/dir/other"
cp one "$mnt/file"
free=$(df --output=avail "$mnt" | tail -n 1)
old=one new=two
done=0 failed=0

# The bytes of one replacement.
before=$(line_counter to_board)
cp two "$mnt/file"
bytes=$(($(line_counter to_board) - before))
cp one "$mnt/file"
[ "$bytes" -gt 9000 ] || fail "a replacement takes only $bytes bytes"

# Close together where it begins and where it ends, and about fifteen between.
for at in 1 2 9 20 50 $(seq 150 $((bytes / 15)) $((bytes - 100))) $((bytes - 40)) $((bytes - 12)) $((bytes - 1)) "$bytes"; do
	restarts=$(line_counter restarts)
	line_command "kill $at"
	status=0
	cp $new "$mnt/file" 2>said || status=$?
	# It may need fewer bytes this time: then something else reaches the board.
	await 60 "reset $at" sh -c 'ls "$1" >/dev/null 2>&1; stat -f "$1" >/dev/null 2>&1' - "$mnt"
	await 60 "the board answers after reset $at" ls "$mnt/dir" >/dev/null 2>&1
	check_listing
	now=$(which_is "$mnt/file")
	if [ "$status" -eq 0 ]; then
		assert_equal "reset $at: the file after cp" $new "$now"
		done=$((done + 1))
	else
		failed=$((failed + 1))
	fi
	case $at in
	*[05]) # what the board itself has
		unmount_board
		mount_board -o timeout=5
		assert_equal "reset $at: the file after a remount" "$now" "$(which_is "$mnt/file")"
		check_listing
		assert_equal "reset $at: free space" "$free" "$(df --output=avail "$mnt" | tail -n 1)"
		;;
	esac
	if [ "$now" = $new ]; then
		swap=$old old=$new new=$swap
	fi
done
echo "$bytes bytes; cp was right $done times, and failed $failed times"
unmount_board
stop_line

# The board stays away: cp ends, and later the old file is there.
for at in 3 200 4500 $((bytes - 3)); do
	start_line --no-restart
	mount_board -o timeout=2
	line_command "kill $at"
	assert_refused 'Input/output error' cp $new "$mnt/file"
	unmount_board
	stop_line
	start_line
	mount_board
	check_listing
	now=$(which_is "$mnt/file")
	[ "$now" = $old ] || [ "$at" -gt 9000 ] || fail "killed at $at: $new is there, which never came over"
	assert_equal "killed at $at: free space" "$free" "$(df --output=avail "$mnt" | tail -n 1)"
	unmount_board
	stop_line
	[ "$now" = $old ] || { swap=$old old=$new new=$swap; }
done
