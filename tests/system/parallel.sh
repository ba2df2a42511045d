#!/bin/sh
# SPDX-License-Identifier: MIT
# Many processes at once (parallel.py): each finds its own files as it left them, what all append to is whole, and of all that want
# to make the same name one succeeds. All of it is on the board afterwards.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

processes=12
board_options='--size 8192'
mount_board
python3 "$top_srcdir/tests/system/parallel.py" "$mnt" $processes 25 "${SEED:-1}" || fail 'they got in each other'"'"'s way'
find "$mnt" -type f -exec sha256sum {} + | sort >before
unmount_board
mount_board
find "$mnt" -type f -exec sha256sum {} + | sort >after
diff before after >&2 || fail 'other files after a remount'
number=0
while [ $number -lt $processes ]; do
	(cd "$mnt/$number" && find . -type f -exec sha256sum {} + | sed 's#^\([0-9a-f]*\)  \./\(.*\)#\2 \1#' | sort) |
		diff - "expected.$number" >&2 || fail "process $number finds other files after a remount"
	number=$((number + 1))
done
unmount_board
