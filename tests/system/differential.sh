#!/bin/sh
# SPDX-License-Identifier: MIT
# Random operations give on the mount what they give on a plain directory (differential.py), on a LittleFS 2 with attributes kept
# and not, and on an unrooted PosixVFS; and after a remount all files are what they were.
# Other seeds: SEEDS='1 2 3', more operations: STEPS=5000.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

seeds=${SEEDS:-"1 2 3 $(date +%s)"}
steps=${STEPS:-600}

# compare NAME MOUNT-COMMAND...: the mount that the command makes, twice
compare() {
	name=$1
	shift
	rm -rf plain
	mkdir plain
	"$@"
	for seed in $seeds; do
		mkdir "plain/$seed" "$mnt/$seed"
		python3 "$top_srcdir/tests/system/differential.py" "plain/$seed" "$mnt/$seed" "$seed" "$steps" || fail "$name: it differs"
	done
	unmount_board
	"$@"
	diff -r plain "$mnt" >&2 || fail "$name: after a remount the files are others"
	unmount_board
	echo "$name: same"
}

board_options='--size 16384'
compare 'LittleFS 2' mount_board
rm flash*
compare 'LittleFS 2, nothing remembered' mount_board -o attr_timeout=0
mkdir posix
compare 'PosixVFS' mount_device "exec:$(micropython)" -o "root=$PWD/posix"
