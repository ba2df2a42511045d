#!/bin/sh
# SPDX-License-Identifier: MIT
# time-limit: 900
# On the kernel's own drivers, in a virtual machine: a USB serial adapter (FTDI) that is listed, found, taken, told its speed and its
# lines, mounted in every way, and unplugged; and a board that is the USB device itself (CDC ACM).
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/vm_lib.sh"
enter_vm --usb

section() { # WORD...
	read -r uptime _ </proc/uptime
	echo "--- $* (at $uptime s)"
}

list_line() { # PORT: what --list says of it
	"$mpremotefs" --list | grep "^$1 " || fail "--list lacks $1: $("$mpremotefs" --list)"
}

# Whether the mount works, both ways. The board's own words are seen after a new mount.
copy_both_ways() { # FILE
	cp "$1" "$mnt/copy" || fail 'copying to the board'
	assert_same "$1" "$mnt/copy"
}

# --- The modem lines, as they went over USB ---

watch_usb() {
	[ -e /sys/kernel/debug/usb ] || mount -t debugfs none /sys/kernel/debug
	modprobe usbmon
	cat /sys/kernel/debug/usb/usbmon/0u >/run/usb &
	usb_pid=$!
}

# FTDI's SET_MODEM_CTRL: which lines, then how (0303: both on). CDC's SET_CONTROL_LINE_STATE: 1 is DTR, 2 RTS.
watched_lines() {
	sed -n 's/^.* S Co:[0-9:]* s 40 01 \(....\) .*/\1/p; s/^.* S Co:[0-9:]* s 21 22 \(....\) .*/\1/p' /run/usb | tr '\n' ' '
}

end_watch() {
	kill "$usb_pid"
	wait "$usb_pid" || :
}

head -c 60000 /dev/urandom >random

section 'the list'
assert_equal 'the list' "$port  QEMU USB SERIAL, QEMU (USB 0403:6001), id:$serial" "$(list_line "$port")"
"$mpremotefs" --list --json >list.json
python3 -c '
import json, sys
port = [port for port in json.load(open("list.json")) if port["path"] == sys.argv[1]][0]
assert (port["usb_vendor"], port["usb_product"], port["serial"]) == ("0403", "6001", sys.argv[2]), port
assert port["product"] == "QEMU USB SERIAL" and port["manufacturer"] == "QEMU" and port["held_by"] is None, port
' "$port" "$serial" || fail "--list --json: $(cat list.json)"
assert_refused 'There is no USB serial port with the serial number "nobody"' "$mpremotefs" id:nobody "$mnt"

section 'mounting by every name'
mount_device auto
copy_both_ways random
assert_equal 'the list of a port that is held' \
	"$port  QEMU USB SERIAL, QEMU (USB 0403:6001), id:$serial, held by mpremotefs (pid $(processes mpremotefs)), mounted at $mnt" \
	"$(list_line "$port")"
mkdir other
assert_refused "mounted at $mnt" "$mpremotefs" u0 other
unmount_board
for name in "id:$serial" "port:$port" u0 /dev/serial/by-id/usb-*; do
	mount_device "$name" -o ro
	assert_same random "$mnt/copy"
	unmount_board
done

section 'the speed and the lines'
watch_usb
mount_device u0
stty -F "$port" -a >stty.said
grep -q 'speed 115200 baud' stty.said || fail "not 115200 baud: $(cat stty.said)"
for setting in -hupcl cs8 -cstopb -parenb -crtscts -ixon -icanon -opost clocal; do
	grep -qwe "$setting" stty.said || fail "the port is not set to $setting: $(cat stty.said)"
done
unmount_board
echo "lines: $(watched_lines)"
mount_device u0 -o dtr=off,rts=off,baud=230400
stty -F "$port" speed >stty.said
assert_equal 'another speed' 230400 "$(cat stty.said)"
unmount_board
echo "lines: $(watched_lines)"
end_watch
exit 0
