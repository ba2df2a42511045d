#!/bin/sh
# SPDX-License-Identifier: MIT
# Firmware that cannot do binary is served in text: the same results and errors, whatever it lacks; and the mount says so once.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# A large directory, text, all bytes, an empty file, odd names.
make_tree() {
	mkdir -p tree/many 'tree/a "b" \c'"'d' #é"
	seq 1 5000 >tree/text
	head -c 30000 /dev/urandom >tree/random
	: >tree/empty
	for i in $(seq 1 70); do echo "$i" >"tree/many/a file with number $i"; done
	echo odd >"tree/$(printf 'not UTF-8 \377\376\001')"
}

# The warning is in the log, once, and gives this reason.
warned_once() { # NAME
	assert_equal "$1: the warning" 1 "$(grep -c 'as text, which is slower' mount.log)"
	grep -q 'lacks what binary needs' mount.log || fail "$1: it said: $(cat mount.log)"
}

errors() { # NAME
	assert_refused 'No such file or directory' cat "$mnt/nothing"
	assert_refused 'Not a directory' ls "$mnt/tree/text/below"
	assert_refused 'File exists' mkdir "$mnt/tree"
	assert_refused 'Directory not empty' rmdir "$mnt/tree"
	assert_refused 'Is a directory' sh -c ': >"$1/tree"' - "$mnt"
	assert_refused 'File name too long' sh -c ': >"$1/$(printf %0256d 0)"' - "$mnt"
	assert_refused 'Operation not permitted' ln -s text "$mnt/tree/link"
	assert_equal "$1: errors in the log" '' "$(grep -v 'as text' mount.log || :)"
}

# works NAME: the board that $board_options describe can do everything.
works() {
	rm -rf flash*
	mount_logged
	warned_once "$1"
	cp -r tree "$mnt" || fail "$1: cp"
	writes=$(flash_writes)
	cp -r tree "$mnt" || fail "$1: the same again"
	sync -f "$mnt"
	[ "$2" = no-hashlib ] || assert_equal "$1: writes of what is there" "$writes" "$(flash_writes)"
	diff -r tree "$mnt/tree" >&2 || fail "$1: other content"
	errors "$1"
	sed -i 's/^9/nine/' "$mnt/tree/text" || fail "$1: sed"
	echo more >>"$mnt/tree/random" || fail "$1: append"
	dd if=tree/random of="$mnt/tree/random" bs=1000 count=3 seek=40 skip=2 conv=notrunc status=none || fail "$1: dd"
	mv "$mnt/tree/many/a file with number 1" "$mnt/tree/empty" || fail "$1: mv over a file"
	rm -r "$mnt/tree/many" || fail "$1: rm"
	unmount_board
	warned_once "$1"
	mount_board 2>said
	sed 's/^9/nine/' tree/text | cmp - "$mnt/tree/text" || fail "$1: what sed wrote is not there"
	(cat tree/random && echo more) >random
	dd if=tree/random of=random bs=1000 count=3 seek=40 skip=2 conv=notrunc status=none
	assert_same random "$mnt/tree/random"
	assert_equal "$1: what was renamed" 1 "$(cat "$mnt/tree/empty")"
	assert_equal "$1: files" 6 "$(find "$mnt" -mindepth 1 | wc -l)"
	unmount_board
	echo "$1: works"
}

make_tree
board_options='--hide stdin.buffer --size 2048'
works 'no stdin.buffer' ''
board_options='--hide select --size 2048'
works 'no select' ''
board_options='--hide stdin.buffer,binascii,deflate --size 2048'
works 'no stdin.buffer, binascii, deflate' ''
board_options='--hide stdin.buffer,select,binascii,deflate,hashlib --heap 64k --blocking-stdin --size 2048'
works 'no modules, in 64 KiB of memory' no-hashlib

# Too little memory is told as such, and not taken for want of binary.
rm -rf flash*
board_options='--hide select --heap 28k'
status=0
try_mount 2>said || status=$?
assert_equal '28 KiB of memory: exit status' 1 "$status"
grep -q 'not enough memory on the board' said || fail "28 KiB of memory: it said: $(cat said)"

# Random operations give what they give on a plain directory.
rm -rf flash*
board_options='--hide stdin.buffer,binascii --size 8192'
mount_board 2>said
for seed in ${SEEDS:-4 $(date +%s)}; do
	mkdir -p "plain/$seed" "$mnt/$seed"
	python3 "$top_srcdir/tests/system/differential.py" "plain/$seed" "$mnt/$seed" "$seed" "${STEPS:-300}" || fail 'it differs'
done
unmount_board
mount_board -o attr_timeout=0 2>said
diff -r plain "$mnt" >&2 || fail 'after a remount the files are others'
unmount_board

# A full flash: the error is told, and the old file stays.
rm -rf flash*
board_options='--hide stdin.buffer --size 128'
head -c 20000 /dev/urandom >old
head -c 48000 /dev/urandom >fits
head -c 48000 /dev/urandom >new
head -c 150000 /dev/urandom >large
mount_logged
cp old "$mnt/file"
assert_refused 'No space left on device' cp large "$mnt/file"
assert_same old "$mnt/file"
assert_refused 'No space left on device' sh -c 'cat large >>"$1/file"' - "$mnt"
head -c 20000 "$mnt/file" | cmp - old || fail 'a failed addition has changed what was there'
cp old "$mnt/file"
cp old "$mnt/other"
cp fits "$mnt/fill"
cp new "$mnt/fill"
assert_same new "$mnt/fill"
grep -q '/fill: written in place' mount.log || fail "a replacement in place is not told: $(cat mount.log)"
unmount_board

# The power fails while a file is replaced: the old file or the new one is there.
rm -rf flash*
board_options='--hide stdin.buffer --size 256'
mount_board 2>said
cp old "$mnt/file"
free=$(df --output=avail "$mnt" | tail -n 1)
unmount_board
cp flash flash.sound
for cut in 1 2 4 6 7 8 9; do
	cp flash.sound flash
	mount_board 2>said
	cut_power_after "$cut"
	cp new "$mnt/file" 2>said || :
	unmount_board
	mount_board 2>said
	ls -A "$mnt" >listed
	assert_equal "cut at $cut: the directory" file "$(cat listed)"
	cmp -s old "$mnt/file" || cmp -s new "$mnt/file" || fail "cut at $cut: neither the old nor the new file"
	if cmp -s old "$mnt/file"; then
		assert_equal "cut at $cut: free space" "$free" "$(df --output=avail "$mnt" | tail -n 1)"
	fi
	unmount_board
done
