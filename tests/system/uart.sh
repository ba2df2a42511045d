#!/bin/sh
# SPDX-License-Identifier: MIT
# On a UART (115,200 baud, a buffer of 260 bytes that loses what does not fit) not one byte is lost, up or down; while a large copy
# holds the line, stat and ls are answered within half a second; and the line is kept full.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

head -c 30000 /dev/urandom >random
seq 1 6000 >text
for i in $(seq 1 25); do
	mkdir -p "tree/$i"
	echo "$i" >"tree/$i/file"
done

# How long this computer, busy with other things, has kept the line waiting so far, in ms.
kept_waiting() {
	echo $(($(line_counter late_us) / 1000))
}

# Looks at things that are asked of the board while process $1 runs. $took is how long the longest look took, but for what the line was
# kept waiting meanwhile; or for ever, where there were less than four of them.
look_meanwhile() {
	longest=0 count=0 late=$(kept_waiting) dir=0
	while kill -0 "$1" 2>/dev/null; do
		before=$(now_ms)
		if [ $((count % 2)) -eq 0 ] && [ "$dir" -lt 25 ]; then
			dir=$((dir + 1))
			stat "$mnt/tree/$dir/file" >stat.out || fail "stat of file $dir"
		else
			stat -f "$mnt" >stat.out || fail 'stat -f'
		fi
		took=$(($(now_ms) - before))
		[ "$took" -le "$longest" ] || longest=$took
		count=$((count + 1))
	done
	late=$(($(kept_waiting) - late))
	wait "$1" || fail "what was looked at meanwhile ended with status $?"
	echo "$count looks, the longest $longest ms; $late ms for want of a processor"
	took=$((longest - late))
	[ "$count" -ge 4 ] || took=999999
}

remount() { # so that nothing is known
	unmount_board
	mount_board
	ls "$mnt/tree" >/dev/null
}

look_while_copying_up() {
	rm -f "$mnt/up"
	remount
	cp random "$mnt/up" &
	look_meanwhile $!
}

look_while_copying_down() {
	remount
	cp "$mnt/up" down &
	look_meanwhile $!
	assert_same random down
}

copy_up_alone() {
	rm -f "$mnt/up2"
	before=$(now_ms) late=$(kept_waiting)
	cp random "$mnt/up2"
	took=$(($(now_ms) - before - $(kept_waiting) + late))
}

copy_small_files() {
	rm -rf "$mnt/tree"
	cp -r tree "$mnt"
	remount
	diff -r tree "$mnt/tree" >&2 || fail 'small files are not what was copied'
}

copy_both_ways() {
	rm -f "$mnt/text"
	remount
	cp text "$mnt/text" &
	cp "$mnt/up" down2
	wait $! || fail 'cp up while another came down'
	assert_same random down2
	remount
	assert_same text "$mnt/text"
}

# COMMAND...; where a byte was lost meanwhile, as it is when the simulated board has to wait for its processor, it took for ever.
none_lost() {
	took=0 lost=$(line_counter lost)
	"$@"
	[ "$(line_counter lost)" -eq "$lost" ] || took=999999
}

start_line --uart
mount_board
mkdir "$mnt/tree"
at_most_ms 'small files without a lost byte' 0 none_lost copy_small_files
# A mount tells the files that were written in the last seconds of the one before by their content (fuse/times_evidence.h), each with an
# exchange more: these are to be older.
written=$(date +%s)
are_old() {
	[ $(($(date +%s) - written)) -ge 5 ]
}
await 20 'the small files are some seconds old' are_old
at_most_ms 'ms for a stat during a copy to the board' 500 none_lost look_while_copying_up
at_most_ms 'ms for a stat during a copy from the board' 500 none_lost look_while_copying_down
# With nothing between: how well the line is used is the benchmark's to say, but it is used.
at_most_ms 'both ways at once without a lost byte' 0 none_lost copy_both_ways
at_most_ms 'ms for 30,000 bytes up alone, which need 2,605' 4000 none_lost copy_up_alone
remount
assert_same random "$mnt/up2"
unmount_board
assert_equal 'interrupts' 0 "$(line_counter interrupts)"

# Bytes that get lost while our program is put on the board, where nothing counts them: it is put there again. A busy computer may be too
# late for that, as the line does not wait for it: $took is 1 then.
started() {
	[ "$(line_counter to_board)" -ge $((before + 1000)) ]
}

lose_some_of_the_start() {
	before=$(line_counter to_board) dropped=$(line_counter to_board_dropped)
	try_mount -o timeout=6 &
	mounting=$!
	await 60 'the program is on its way' started
	line_command 'to-board lose=1000000'
	sleep 0.05
	line_command 'to-board lose=0'
	wait $mounting || fail 'a mount that lost some bytes at its start did not try again'
	assert_same text "$mnt/text"
	unmount_board
	took=$(($(line_counter to_board_dropped) == dropped))
}
at_most_ms 'starts without a lost byte' 0 lose_some_of_the_start
stop_line
