#!/bin/sh
# SPDX-License-Identifier: MIT
# time-limit: 1800
# On the kernel's own driver, in a virtual machine: the adapter's plug is pulled while a board is listed, read and written (replug.py), and
# it is plugged in again; then another adapter is plugged in, as the board's and as another one's. ROUNDS=50 for as many pulls of each
# kind, with TIME_LIMIT=20000: those before a crash of QEMU's count.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/vm_lib.sh"
[ -e rounds ] || echo "${ROUNDS:-2}" >rounds # a pull takes an emulated processor many seconds
enter_vm --usb
read -r rounds <rounds

# Does what linesim does in replug.sh: reads lines "unplug N", pulls the plug after some of N milliseconds, and plugs it in again. The
# file /run/plug is another one each time.
mkfifo /run/pulls
: >/run/plug
exec 9<>/run/pulls
pull_plugs() {
	while read -r _ number; do
		sleep "$(printf 0.%03d $((number % 300)))"
		unplug_and_wait
		rm /run/plug
		plug_and_wait
		: >/run/plug
	done <&9
}
pull_plugs &
puller=$!

mount_logged -o attr_timeout=0
touch resumed
before=$(wc -l <resumed)
python3 -E "$top_srcdir/tests/system/replug.py" "$mnt" /run/plug /run/pulls "$rounds" "$(date +%s)" resumed ||
	fail "see above, and: $(tail -n 5 mount.log)"
kill "$puller"
for text in 'the connection to the board is lost' ': the board is back'; do
	assert_equal "how often the log says '$text'" $((3 * rounds - before)) "$(grep -cF "$text" mount.log)"
done
find "$mnt" -type f -exec cksum {} + | sort >before
unmount_board
mount_device "id:$serial"
find "$mnt" -type f -exec cksum {} + | sort >after
assert_same before after

# A board without a unique id would be known by this number. This one has an id: it is the same one, at another port.
works() {
	ls "$mnt/tree" >/dev/null 2>&1
}
unplug_and_wait
assert_refused 'Input/output error' ls "$mnt/tree"
plug_and_wait OTHER
assert_refused 'Input/output error' ls "$mnt/tree" # id: means the number
unplug_and_wait
plug_and_wait
await 60 'the board is back' works
unmount_board
mount_device "$port"
unplug_and_wait
plug_and_wait OTHER
await 60 'the board is back behind another adapter' works
unmount_board
