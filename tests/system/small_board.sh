#!/bin/sh
# SPDX-License-Identifier: MIT
# Boards with little memory, and firmware that lacks modules: all works in 48 KiB, and 24 KiB are refused in plain words. A refused board
# is at its prompt at once.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

# A directory of more entries than fit into one answer, text that packs well, bytes that do not, an empty file.
make_tree() {
	mkdir -p tree/many
	seq 1 5000 >tree/text
	head -c 20000 /dev/urandom >tree/random
	: >tree/empty
	for i in $(seq 1 70); do echo "$i" >"tree/many/a file with number $i"; done
}

# works NAME: the board that $board_options describe can do everything.
works() {
	rm -rf flash*
	mount_board
	cp -r tree "$mnt" || fail "$1: cp"
	diff -r tree "$mnt/tree" >&2 || fail "$1: other content"
	sed -i 's/^9/nine/' "$mnt/tree/text" || fail "$1: sed"
	echo more >>"$mnt/tree/random" || fail "$1: append"
	cp -r tree "$mnt/tree/again" || fail "$1: the second cp"
	mv "$mnt/tree/many/a file with number 1" "$mnt/tree/again/text" || fail "$1: mv over a file"
	rm -r "$mnt/tree/many" || fail "$1: rm"
	unmount_board
	mount_board
	sed 's/^9/nine/' tree/text | cmp - "$mnt/tree/text" || fail "$1: what sed wrote is not there"
	(cat tree/random && echo more) | cmp - "$mnt/tree/random" || fail "$1: what was appended is not there"
	[ "$(cat "$mnt/tree/again/text")" = 1 ] || fail "$1: what was renamed is not there"
	diff -r -x text tree "$mnt/tree/again" >&2 || fail "$1: the second copy is another"
	[ "$(find "$mnt" | wc -l)" -eq 80 ] || fail "$1: other files: $(find "$mnt" | wc -l)"
	unmount_board
	echo "$1: works"
}

make_tree
board_options='--heap 48k --size 2048'
works '48 KiB of memory'
board_options='--hide deflate --size 2048'
works 'no deflate'
board_options='--hide binascii --size 2048'
works 'no binascii'
board_options='--hide hashlib --size 2048'
works 'no hashlib'
board_options='--hide deflate,binascii,hashlib --heap 64k --blocking-stdin --size 2048'
works 'no modules, and a stdin as on bare metal'

rm -rf flash*
board_options='--heap 24k'
status=0
try_mount 2>said || status=$?
[ "$status" -eq 1 ] || fail "24 KiB of memory: exit status $status"
grep -q 'not enough memory on the board' said || fail "24 KiB of memory: it said: $(cat said)"
! mounted || fail '24 KiB of memory: something is mounted'

# Where the agent is refused after its core is there, the board is at its prompt when the program has ended, and takes what is typed.
rm -rf flash*
board_options='--heap 48k'
start_line --usb
for _ in 1 2 3; do
	assert_run 1 exec 1
	assert_said 'not enough memory on the board'
	assert_untouched
done
stop_line
