#!/bin/sh
# SPDX-License-Identifier: MIT
# Random operations give on the mount what they give on a plain directory (differential.py), on a LittleFS 2 with attributes kept
# and not, on LittleFS 1, on FAT, and on an unrooted PosixVFS; and after a remount all files are what they were.
# Other seeds: SEEDS='1 2 3', more operations: STEPS=5000, on some: KINDS='lfs1 fat'.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

seeds=${SEEDS:-"1 2 $(date +%s)"}
steps=${STEPS:-600}

# The files below folder $1 with what is in them; on FAT the case of their names says nothing.
state() {
	(cd "$1" && find . -type f -exec sha256sum {} + | if [ "$kind" = fat ]; then LC_ALL=C tr A-Z a-z; else cat; fi | sort -k 2)
}

# compare NAME MOUNT-COMMAND...: the mount that the command makes, twice
compare() {
	name=$1
	shift
	rm -rf plain
	mkdir plain
	"$@"
	for seed in $seeds; do
		mkdir "plain/$seed" "$mnt/$seed"
		python3 "$top_srcdir/tests/system/differential.py" "plain/$seed" "$mnt/$seed" "$seed" "$steps" "$kind" ||
			fail "$name: it differs"
	done
	unmount_board
	"$@"
	state plain >plain.state
	state "$mnt" >mount.state
	diff plain.state mount.state >&2 || fail "$name: after a remount the files are others"
	unmount_board
	rm -f flash*
	echo "$name: same"
}

for kind in ${KINDS:-lfs2 lfs2-forgetful lfs1 fat fat-forgetful posix}; do
	options='-o attr_timeout=0'
	case $kind in
	*-forgetful) kind=${kind%-forgetful} ;;
	*) options='' ;;
	esac
	board_options="--size 16384 --kind $kind"
	# shellcheck disable=SC2086 # options are words
	if [ "$kind" = posix ]; then
		mkdir posix
		compare 'PosixVFS' mount_device "exec:$(micropython)" -o "root=$PWD/posix"
	else
		compare "$kind $options" mount_board $options
	fi
done
