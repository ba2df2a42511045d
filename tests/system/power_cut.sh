#!/bin/sh
# SPDX-License-Identifier: MIT
# The power fails at each write to the flash while a file is replaced, made, added to or renamed over another, one after the other:
# the board then has the old state or the new one, whole, nothing of ours is shown, and no room is lost. On LittleFS 2; power_cut_fat.sh
# and power_cut_lfs1.sh are for the others.
# time-limit: 900
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

head -c 3000 /dev/urandom >old
head -c 5000 /dev/urandom >new
head -c 700 /dev/urandom >more
head -c 150000 /dev/urandom >noise
cat old more >longer
mkdir sound
kind=${kind:-lfs2}
board_options="--size 256 --kind $kind"
mount_board
cp old "$mnt/file"
cp new "$mnt/next"
mkdir "$mnt/dir"
cp old "$mnt/dir/other"
free=$(df --output=avail "$mnt" | tail -n 1)
unmount_board
cp flash* sound

# What the files on the board are, in a line: NAME=CONTENT...
state() {
	for path in $(cd "$mnt" && find . -mindepth 1 | sort); do
		found=something
		[ ! -d "$mnt/$path" ] || found=dir
		for known in old new longer; do
			if cmp -s "$known" "$mnt/$path" 2>/dev/null; then found=$known; fi
		done
		printf '%s=%s ' "${path#./}" "$found"
	done
}

before='dir=dir dir/other=old file=old next=new '
stride=1
between='' # a state that FAT's rename to a new name goes through

check_board() { # CUT AFTER: the state before, or AFTER; sets $found_state
	board_options=''
	printf %010d 0 >"$flash.cut" # it may be ahead still
	mount_board
	# What is free is written to: no file may be where it would be lost. LittleFS 1 takes back what the power cut left meanwhile.
	cp noise "$mnt/noise"
	rm "$mnt/noise"
	found_state=$(state)
	printf '%s\n' "$before" "$2" "$between" | grep -qxF -- "$found_state" || fail "cut $1: the board has: $found_state"
	now=$(df --output=avail "$mnt" | tail -n 1)
	[ "$now" -ge $((free - 8)) ] || fail "cut $1: $now KiB are free, $free were" # the new state may need two blocks more
	unmount_board
}

# cut_in AFTER COMMAND...: the power fails at the 1st, 2nd ... write of the command, until it needs no more; AFTER is the state then
cut_in() {
	after=$1
	shift
	times_before=0 times_between=0 times_after=0
	cut=$((1 - stride)) status=1
	while [ "$status" -ne 0 ]; do
		cut=$((cut + stride))
		[ "$cut" -lt 300 ] || fail "$*: no end of writes"
		cp sound/flash* .
		board_options="--cut $cut"
		mount_once
		status=0
		"$@" 2>said || status=$?
		unmount_board
		check_board "$cut" "$after"
		case $found_state in
		"$before") times_before=$((times_before + 1)) ;;
		"$after") times_after=$((times_after + 1)) ;;
		*) times_between=$((times_between + 1)) ;;
		esac
	done
	[ "$found_state" = "$after" ] || fail "$*: said to be done, but is not: $found_state"
	echo "$*: $times_before times the old state, $times_after times the new one, $times_between times one between them"
	[ "$times_before" -ge 1 ] || fail "$*: there was no cut"
}

cut_in 'dir=dir dir/other=old file=new next=new ' cp new "$mnt/file"
# The temporary lies in another directory than the file.
cut_in 'dir=dir dir/other=new file=old next=new ' cp new "$mnt/dir/other"
cut_in 'dir=dir dir/made=longer dir/other=old file=old next=new ' cp longer "$mnt/dir/made"
[ "$kind" != lfs1 ] || stride=7 # it copies the last block in small pieces
cut_in 'dir=dir dir/other=old file=longer next=new ' sh -c 'cat more >>"$1/file"' - "$mnt"
stride=1
cut_in 'dir=dir dir/other=old file=new ' mv "$mnt/next" "$mnt/file"
cut_in 'dir=dir dir/other=new file=old ' mv "$mnt/next" "$mnt/dir/other" # from one directory to another
# FAT has both names for a moment.
[ "$kind" != fat ] || between='dir=dir dir/other=old file=old next=new other=old '
cut_in 'dir=dir file=old next=new other=old ' mv "$mnt/dir/other" "$mnt/other"

# The same while the mount goes on when the board is back: what was cut short is done then, and nothing else is harmed.
stride=1
[ "$kind" = fat ] || stride=4
between=''
cut=1
reached=yes
while [ -n "$reached" ]; do
	cp sound/flash* .
	before_cut=$(flash_writes)
	cut_power_after "$cut"
	mount_board -o reconnect=60 # a busy computer starts a board slowly
	cp new "$mnt/dir/other" || fail "cut $cut, with a board that comes back: cp failed"
	[ "$(flash_writes)" -ge $((before_cut + cut)) ] || reached=''
	unmount_board
	check_board "$cut, with a board that comes back" 'dir=dir dir/other=new file=old next=new '
	[ "$found_state" != "$before" ] || fail "cut $cut, with a board that comes back: said to be done, but is not"
	cut=$((cut + stride))
	[ "$cut" -lt 300 ] || fail 'with a board that comes back: no end of writes'
done
