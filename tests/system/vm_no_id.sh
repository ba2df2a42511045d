#!/bin/sh
# SPDX-License-Identifier: MIT
# A board without a unique id, on the kernel's own driver, in a virtual machine: it is known by the serial number of its USB port. That is
# how it is taken up again, and refused behind another one, and its files' times are kept.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/vm_lib.sh"
board_options='--id none'
enter_vm --usb

works() {
	ls "$mnt/dir" >/dev/null 2>&1
}

mount_logged -o attr_timeout=0
mkdir "$mnt/dir"
echo text >"$mnt/dir/file"
touch -d '2020-02-02 02:02:02 UTC' "$mnt/dir/file"
unplug_and_wait
assert_refused 'Input/output error' ls "$mnt/dir"
plug_and_wait
await 60 'the board is back' works
assert_equal 'the file' text "$(cat "$mnt/dir/file")"

# Another serial number at the same path is another board.
unplug_and_wait
plug_and_wait OTHER
refused() {
	stat -f "$mnt" >/dev/null 2>&1 || :
	grep -q 'another board is there' mount.log
}
await 60 'the other one is refused' refused
grep 'another board is there' mount.log | grep "USB serial number $serial" | grep -q 'USB serial number OTHER' ||
	fail "no names: $(cat mount.log)"
assert_refused 'Input/output error' ls "$mnt/dir"
unplug_and_wait
plug_and_wait
await 60 'the board is back again' works
unmount_board

# The times of its files are kept by that number.
mount_logged
assert_equal 'the time that was set' 1580608922 "$(stat -c %Y "$mnt/dir/file")"
unmount_board
unplug_and_wait
plug_and_wait OTHER
mount_logged
[ "$(stat -c %Y "$mnt/dir/file")" != 1580608922 ] || fail 'another serial number, and the same times'
unmount_board
