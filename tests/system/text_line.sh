#!/bin/sh
# SPDX-License-Identifier: MIT
# Text on lines that carry seven bits, or damage what they carry: no byte is wrong. And how it comes and goes: the prompt is back at
# the end with nothing of ours behind it, and a new mount finds its way from whatever the one before has left.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
probe=$top_builddir/tests/lab/rawrepl_probe

head -c 9000 /dev/urandom >one
head -c 9000 /dev/urandom >two
mkdir -p tree/sub
seq 1 3000 >tree/text
head -c 15000 /dev/urandom >tree/sub/random
echo odd >"tree/$(printf '\377\376 \001')"

copies() { # NAME
	cp -r tree "$mnt/tree" || fail "$1: cp"
	diff -r tree "$mnt/tree" >&2 || fail "$1: other content"
	echo more >>"$mnt/tree/text" || fail "$1: append"
	mv "$mnt/tree/sub" "$mnt/moved" || fail "$1: mv"
	(cat tree/text && echo more) | cmp - "$mnt/tree/text" || fail "$1: what was appended is not there"
	assert_same tree/sub/random "$mnt/moved/random"
	rm -r "$mnt/tree" "$mnt/moved" || fail "$1: rm"
}

# What a person at the board's console finds: the prompt, and nothing of ours.
console_is_back() {
	"$probe" -t 5 ./line send '\rprint("__mpremotefs__" in globals(), 6 * 7)\r' expect 'False 42' expect '>>> ' >probe.said 2>&1 ||
		fail "the console: $(cat probe.said)"
}

# Seven bits, with firmware that has all that binary needs.
for line in '--seven-bit strip --usb' '--seven-bit eat' '--seven-bit eat --uart'; do
	# shellcheck disable=SC2086 # options are words
	start_line $line
	mount_logged
	assert_equal "$line: the warning" 1 "$(grep -c 'does not carry bytes above 127: all goes there as text' mount.log)"
	copies "$line"
	unmount_board
	console_is_back
	stop_line
done

# Bytes that get lost or are damaged.
board_options='--hide stdin.buffer'
for line in '--usb --to-board lose=30,flip=30 --to-host lose=200,flip=300,repeat=100 --seed 5' \
	'--uart --to-board lose=30,repeat=20 --to-host flip=200 --seed 6' '--usb --seven-bit strip --to-board flip=40 --to-host lose=200'; do
	# shellcheck disable=SC2086 # options are words
	start_line $line
	mount_logged
	copies "$line"
	unmount_board
	grep -q 'the line was not clean' mount.log || fail "$line: the log does not tell of it: $(cat mount.log)"
	! grep -q 'the board was reset' mount.log || fail "$line: taken for a reset: $(cat mount.log)"
	stop_line
done

# A reset in the middle: the file is the old or the new one, and the mount goes on.
start_line
mount_logged -o timeout=5
old=one new=two
cp $old "$mnt/file"
for at in 1 50 2000 4000 9000 12000 12500; do
	line_command "kill $at"
	status=0
	cp $new "$mnt/file" 2>said || status=$?
	await 60 "reset $at" sh -c 'ls "$1" >/dev/null 2>&1; stat -f "$1" >/dev/null 2>&1' - "$mnt"
	await 60 "the board answers after reset $at" cmp -s "$mnt/file" "$mnt/file"
	if cmp -s $new "$mnt/file"; then
		swap=$old old=$new new=$swap
	else
		assert_same $old "$mnt/file"
		[ "$status" -ne 0 ] || fail "reset $at: cp went well, and the old file is there"
	fi
	assert_equal "reset $at: the directory" file "$(ls -A "$mnt")"
done
grep -q 'the board was reset' mount.log || fail "no reset is told: $(cat mount.log)"

unmount_board
stop_line

# Unplugged, and plugged in again.
start_line
mount_logged -o timeout=5
line_command 'unplug 1'
assert_refused 'Input/output error' cp $new "$mnt/file"
await 60 'the board is back' grep -q ': the board is back' mount.log
cp $new "$mnt/file" || fail 'unplugged: cp'
assert_same $new "$mnt/file"
assert_equal 'unplugged: the warning' 1 "$(grep -c 'goes there as text' mount.log)"
swap=$old old=$new new=$swap


# mpremotefs is killed, idle and in the middle of a copy. A new mount works at once.
no_process() {
	[ -z "$(processes mpremotefs)" ]
}
copying() {
	[ "$(line_counter to_board)" -ge $((before + 1000)) ]
}
for moment in idle copying; do
	copy=''
	if [ $moment = copying ]; then
		before=$(line_counter to_board)
		cp $new "$mnt/file" 2>said &
		copy=$!
		await 60 'the copy is under way' copying
	fi
	kill -KILL "$(processes mpremotefs)"
	await 60 'the killed process is gone' no_process
	[ -z "$copy" ] || wait "$copy" || :
	umount "$mnt"
	mount_board 2>said
	grep -q 'as text' said || fail "a mount after one that was killed: it said: $(cat said)"
	cmp -s $old "$mnt/file" || assert_same $new "$mnt/file"
	assert_equal "killed while $moment: the directory" file "$(ls -A "$mnt")"
done
unmount_board
console_is_back

# A soft reset at the end, on demand.
echo 'print("main", "runs")' >main.py
mount_board -o restart 2>said
cp main.py "$mnt"
restarts=$(line_counter restarts)
unmount_board
await 60 'the board has restarted' sh -c '"$1" -t 1 ./line send "\r" expect ">>> "' - "$probe" >probe.said 2>&1
[ "$(line_counter restarts)" -gt "$restarts" ] || [ "$(grep -c 'main runs' line.trace)" -gt 0 ] || fail 'the board was not restarted'
stop_line
