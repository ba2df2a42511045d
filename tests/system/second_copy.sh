#!/bin/sh
# SPDX-License-Identifier: MIT
# What is there already is not written again: the same tree copied once more, by each of the tools, leaves the flash alone.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

mkdir -p tree/sub/deeper
seq 1 3000 >tree/text
head -c 50000 /dev/urandom >tree/sub/random
: >tree/sub/empty
for i in 1 2 3 4 5 6 7 8 9; do seq "$i" 100 >"tree/sub/deeper/$i.py"; done

# quiet COMMAND...: the flash is not written to
quiet() {
	writes=$(flash_writes)
	"$@" || fail "$*"
	sync -f "$mnt"
	assert_equal "writes to the flash by: $*" "$writes" "$(flash_writes)"
}

mount_board
before=$(flash_writes)
cp -r tree "$mnt"
sync -f "$mnt"
[ "$(flash_writes)" -gt $((before + 12)) ] || fail "the first copy made only $(($(flash_writes) - before)) writes"
quiet cp -r tree "$mnt"
quiet cp -a tree "$mnt"
quiet rsync -a tree "$mnt"
quiet rsync -a --checksum --inplace tree/ "$mnt/tree"
quiet tar -C tree -cf tree.tar .
quiet tar -C "$mnt/tree" --overwrite -xf tree.tar
quiet dd if=tree/sub/random of="$mnt/tree/sub/random" bs=1000 conv=notrunc status=none
quiet touch "$mnt/tree/text"
quiet diff -r tree "$mnt/tree"
unmount_board
mount_board -o attr_timeout=0
quiet cp -r tree "$mnt"
quiet sh -c 'cat "$1/tree/text" >"$1/../text" && cat "$1/../text" >"$1/tree/text"' - "$mnt"

# One byte of one file: that one is written, and no other.
printf x | dd of=tree/sub/deeper/3.py bs=1 seek=10 conv=notrunc status=none
before=$(flash_writes)
cp -r tree "$mnt"
sync -f "$mnt"
changed=$(($(flash_writes) - before))
[ "$changed" -gt 0 ] || fail 'a change of one byte was not written'
assert_at_most 'writes to the flash for one small file' 30 "$changed"
diff -r tree "$mnt/tree" >&2 || fail 'other files than were copied'
unmount_board
