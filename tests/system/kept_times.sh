#!/bin/sh
# SPDX-License-Identifier: MIT
# Times outlive the mount: what was copied with its times is not sent again, by rsync, after a new mount and after a reset of the
# board, on every file system. What the board changed by itself has its own time. What is kept is kept safe, and for each board.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

mkdir -p tree/sub/deeper tree/empty
seq 1 2000 >tree/text
head -c 20000 /dev/urandom >tree/sub/random
: >tree/sub/nothing
for i in 1 2 3 4 5 6 7 8 9; do seq "$i" 60 >"tree/sub/deeper/$i.py"; done
find tree -type f -exec touch -d '2019-07-06 05:04:03.123456789' {} +
touch -d '1999-12-31 23:59:59' tree/sub/random
find tree -depth -type d -exec touch -d '2018-02-03 04:05:06.5' {} +

store() { # the file that keeps the times of the board, the only one there is
	set -- "$XDG_STATE_HOME"/mpremotefs/times/*
	[ $# -eq 1 ] && [ -f "$1" ] || fail "kept times: $*"
	echo "$1"
}

# Nothing is sent: rsync finds no difference, and the flash is not written to.
quiet() { # WHEN
	writes=$(flash_writes)
	assert_equal "$1: rsync sends" '' "$(rsync -ai tree/ "$mnt/")"
	sync -f "$mnt"
	assert_equal "$1: writes to the flash" "$writes" "$(flash_writes)"
}

time_of() { # FILE
	stat -c %.9Y "$1"
}

new_board() {
	rm -rf flash flash.* "$XDG_STATE_HOME"
}

# --- A new mount, and a reset ---
for kind in lfs2 lfs1 fat; do
	new_board
	board_options="--kind $kind"
	mount_board
	rsync -a tree/ "$mnt/"
	quiet "$kind, the same mount"
	unmount_board
	mount_board
	quiet "$kind, the next mount, which is after a power cycle"
	unmount_board
	mount_board -o attr_timeout=0
	quiet "$kind, a mount that remembers nothing"
	unmount_board
	mount_board -o ro
	assert_equal "$kind, read-only: rsync would send" '' "$(rsync -rtin tree/ "$mnt/")"
	unmount_board
	mount_board -o root=/sub
	assert_equal "$kind, below a root: rsync sends" '' "$(rsync -ai tree/sub/ "$mnt/")"
	touch -d '2020-01-02 UTC' "$mnt/nothing"
	unmount_board
	mount_board
	assert_equal "$kind: a time set below a root" 1577923200.000000000 "$(time_of "$mnt/sub/nothing")"
	touch -r tree/sub/nothing "$mnt/sub/nothing"
	quiet "$kind, after another root"
	unmount_board

	start_line
	mount_board -o restart
	quiet "$kind, on a line"
	restarts=$(line_counter restarts)
	line_command 'kill 1'
	await 60 "$kind: the board is reset and answers again" sh -c 'ls "$1" >/dev/null 2>&1; stat -f "$1" >/dev/null 2>&1' - "$mnt"
	await 60 "$kind: the board lists again" ls "$mnt/sub" >/dev/null 2>&1
	[ "$(line_counter restarts)" -gt "$restarts" ] || fail "$kind: the board was not reset"
	quiet "$kind, after a reset during the mount"
	unmount_board
	mount_board
	quiet "$kind, after a soft reset between two mounts"
	unmount_board
	stop_line

	# What the board changes by itself has other times; the rest keeps its own.
	board_eval 'f = open("/sub/deeper/3.py", "rb"); old = f.read(); f.close()
f = open("/sub/deeper/3.py", "wb"); f.write(b"!" + old[1:]); f.close()
f = open("/sub/new", "wb"); f.close()'
	mount_board
	[ "$(time_of "$mnt/sub/deeper/3.py")" != "$(time_of tree/sub/deeper/3.py)" ] || fail "$kind: the board changed a file, its time stayed"
	[ "$(time_of "$mnt/sub")" != "$(time_of tree/sub)" ] || fail "$kind: the board made a file, the time of its directory stayed"
	rsync -ai --delete tree/ "$mnt/" >sent
	assert_equal "$kind: what is sent then" '*deleting   sub/new .d..t...... sub/ >f..t...... sub/deeper/3.py ' \
		"$(sort sent | tr '\n' ' ')"
	unmount_board
	mount_board
	quiet "$kind, after that"
	unmount_board
done

# --- A change in the same step of the board's time ---
# The board rewrites /changed.txt, and a FAT says of it what it said before.
change_unnoticed() {
	cp flash before.flash
	board_eval 'f = open("/changed.txt", "rb"); old = f.read(); f.close()
f = open("/changed.txt", "wb"); f.write(b"!" + old[1:]); f.close()'
	python3 - <<-'END'
		def entry(flash):  # its place in the only directory
		    at = flash.index(b"CHANGED TXT")
		    assert flash.find(b"CHANGED TXT", at + 1) < 0
		    return at
		before = open("before.flash", "rb").read()
		after = bytearray(open("flash", "rb").read())
		at, was = entry(after), entry(before)
		after[at + 22 : at + 26] = before[was + 22 : was + 26]
		open("flash", "wb").write(after)
	END
}

write_it() {
	mount_board
	cp -p tree/text "$mnt/changed.txt" || fail 'cp -p'
	unmount_board
}

see_it() {
	mount_board
	assert_equal 'its time after a short mount' "$(time_of tree/text)" "$(time_of "$mnt/changed.txt")"
	unmount_board
}

# Whether COMMAND, a mount, was so short that nobody can have seen the end of the step of the board's time in which it began.
is_short() { # COMMAND
	started=$(now_ms)
	"$1"
	[ $(($(now_ms) - started)) -lt 3000 ]
}

short_mounts() {
	new_board
	is_short write_it && is_short see_it && is_short see_it && is_short see_it
}

board_options='--kind fat'
try=0
until short_mounts; do
	[ $((try += 1)) -lt 20 ] || fail 'no mount was short'
	echo 'a mount was not short: again' >&2
done
change_unnoticed
mkdir from_board
cp -p tree/text from_board/changed.txt
mount_board
assert_equal 'what rsync gets of a file that the board changed at once' '>f..t...... changed.txt' \
	"$(rsync -ai "$mnt/changed.txt" from_board/)"
assert_same "$mnt/changed.txt" from_board/changed.txt
touch -r tree/text "$mnt/changed.txt"
unmount_board
see_it

# A file that is too long for its content to be compared, and one on a board that cannot compute hashes.
seq 200000 >large
touch -d '2019-07-06 05:04:03' large
for firmware in '' '--hide hashlib'; do
	new_board
	board_options="--size 3000 $firmware"
	mount_board
	cp -p large tree/text "$mnt/"
	unmount_board
	mount_board
	assert_equal "the time of a long file, $firmware" "$(time_of large)" "$(time_of "$mnt/large")"
	assert_equal "the time of another, $firmware" "$(time_of tree/text)" "$(time_of "$mnt/text")"
	unmount_board
done
board_options=''

# --- PosixVFS ---
new_board
mkdir posix
posix() {
	mount_device "exec:$(micropython)" -o "root=$PWD/posix" "$@"
}
posix
rsync -a tree/ "$mnt/"
unmount_board
# What the board's file system has itself, it has from now on: so these times are ours.
find posix -exec touch -h -d '2001-01-01 UTC' {} +
posix
assert_equal 'PosixVFS: the file was touched there' 978307200.000000000 "$(time_of "$mnt/text")"
rsync -a tree/ "$mnt/"
unmount_board
posix
assert_equal 'PosixVFS: rsync sends' '' "$(rsync -ai tree/ "$mnt/")"
unmount_board

# --- cp -p, and this computer's time of what was written ---
new_board
board_options='--kind lfs1'
mount_board
cp -p tree/text "$mnt/copied"
mkdir "$mnt/dir"
echo one >"$mnt/dir/written"
echo two >>"$mnt/dir/written"
cp -rp tree/sub "$mnt/dir/"
mv "$mnt/dir/written" "$mnt/dir/renamed"
stat -c '%n %.9Y %.9X %.9Z %i' "$mnt" "$mnt/copied" "$mnt/dir" "$mnt/dir/sub" "$mnt/dir/sub/random" >before
renamed=$(time_of "$mnt/dir/renamed")
unmount_board
mount_board
stat -c '%n %.9Y %.9X %.9Z %i' "$mnt" "$mnt/copied" "$mnt/dir" "$mnt/dir/sub" "$mnt/dir/sub/random" >after
assert_same before after
assert_equal 'the time of what was copied' "$(time_of tree/text)" "$(time_of "$mnt/copied")"
assert_equal 'the time of what was appended to and renamed' "$renamed" "$(time_of "$mnt/dir/renamed")"
unmount_board

# --- What two hundred files without a time cost ---
new_board
mkdir many
for i in $(seq 200); do seq "$i" 400 >"many/file$i.py"; done
start_line
mount_board
cp -rp many "$mnt/"
unmount_board
mount_board
ls "$mnt/many" >/dev/null
sent=$(line_counter to_board)
ls "$mnt/many" >/dev/null
find "$mnt/many" >/dev/null
assert_at_most 'bytes sent for names alone' 300 $(($(line_counter to_board) - sent))
stat "$mnt/many/file77.py" >/dev/null
assert_at_most 'bytes sent for the time of one file' 1200 $(($(line_counter to_board) - sent))
got=$(line_counter from_board)
ls -l "$mnt/many" >/dev/null
assert_at_most 'bytes sent for 200 times' 12000 $(($(line_counter to_board) - sent))
assert_at_most 'bytes that came for 200 times' 18000 $(($(line_counter from_board) - got))
sent=$(line_counter to_board)
assert_equal 'rsync sends' '' "$(rsync -ai many "$mnt/")"
ls -l "$mnt/many" >/dev/null
assert_at_most 'bytes sent for 200 times that are known' 600 $(($(line_counter to_board) - sent))
unmount_board
stop_line

# --- What files cost whose times on the board were too young to tell ---
new_board
board_options=''
start_line
mount_board
cp -rp many "$mnt/"
unmount_board

# Whether a mount, which lasts as long as a step of the board's time, is told all times without hashes.
times_tell() {
	mount_board
	sent=$(line_counter to_board)
	ls -l "$mnt/many" >/dev/null
	sent=$(($(line_counter to_board) - sent))
	sleep 3
	unmount_board
	echo "bytes sent for 200 times: $sent"
	assert_at_most 'bytes sent for 200 times' 12000 "$sent"
	[ "$sent" -le 600 ]
}
await 120 'the times on the board tell' times_tell
stop_line

# --- A mount that is killed ---
new_board
mount_logged
cp -p tree/text "$mnt/copied"
await 60 'the times are kept' sh -c 'grep -qs /copied "$1"/*[!w]' - "$XDG_STATE_HOME/mpremotefs/times" # but for *.new
kill -KILL "$mount_pid"
wait "$mount_pid" 2>/dev/null || :
if [ "$(id -u)" -eq 0 ]; then umount "$mnt"; else fusermount3 -u "$mnt"; fi
await 60 'the board is free' mount_ended
mount_board
assert_equal 'after the mount was killed' "$(time_of tree/text)" "$(time_of "$mnt/copied")"
unmount_board

# --- A store that is damaged, and one that cannot be ---
assert_equal 'the rights of what is kept' '600 700' "$(stat -c %a "$(store)" "$(dirname "$(store)")" | tr '\n' ' ' | sed 's/ $//')"
printf 'X' | dd of="$(store)" bs=1 seek=20 conv=notrunc status=none
mount_logged
touch -d '2020-01-02 UTC' "$mnt/copied"
unmount_board
grep -q 'damaged or of another version: forgotten' mount.log || fail "the log says nothing of it: $(cat mount.log)"
mount_logged
assert_equal 'after it was damaged' 1577923200.000000000 "$(time_of "$mnt/copied")"
unmount_board
assert_equal 'the log, when all is well again' '' "$(cat mount.log)"
rm -r "$XDG_STATE_HOME"
: >"$XDG_STATE_HOME"
mount_logged
touch -d '2020-01-03 UTC' "$mnt/copied"
unmount_board
assert_equal 'lines in the log' 1 "$(grep -c . mount.log)"
grep -q 'cannot be kept there, and are forgotten at unmount' mount.log || fail "the log says: $(cat mount.log)"
rm "$XDG_STATE_HOME"

# --- Two boards, and one of them without its number ---
new_board
board_options=''
for which in first second; do
	flash=$PWD/$which
	mount_board
	echo same >"$mnt/file"
	touch -d "2020-01-0$((${#which} - 3)) UTC" "$mnt/file"
	unmount_board
done
board_options='--id none'
mount_board
[ "$(time_of "$mnt/file")" != 1577923200.000000000 ] || fail 'a board without a number has the times of one with a number'
touch -d '2020-01-09 UTC' "$mnt/file"
unmount_board
mount_board
assert_equal 'without a number' 1578528000.000000000 "$(time_of "$mnt/file")"
unmount_board
board_options=''
flash=$PWD/first
mount_board
assert_equal 'the first board' 1577923200.000000000 "$(time_of "$mnt/file")"
unmount_board
assert_equal 'files that keep times' 3 "$(find "$XDG_STATE_HOME/mpremotefs/times" -type f | wc -l)"
