#!/bin/sh
# SPDX-License-Identifier: MIT
# The ports of this computer, as --list, auto and id: see them: two boards at USB in a /sys/class/tty of the test's own, which is
# there only in its mount namespace. There are no devices behind them: so nothing of this may open one.
set -eu
. "${top_srcdir:?}/tests/system/own_mounts"

# plug NUMBER SERIAL PRODUCT: what the kernel shows of a board at USB
plug() {
	usb=$PWD/devices/usb1/1-$1 # libserialport looks for "usb" in the path
	tty=$usb/1-$1:1.0/tty/ttyACM9$1
	mkdir -p "$tty"
	ln -s "$PWD/bus/usb" "$usb/subsystem"
	ln -s "$PWD/bus/usb" "$usb/1-$1:1.0/subsystem"
	ln -s "../../../1-$1:1.0" "$tty/device"
	echo 2e8a >"$usb/idVendor"
	echo 0005 >"$usb/idProduct"
	echo 1 >"$usb/busnum"
	echo "$1" >"$usb/devnum"
	echo "$2" >"$usb/serial"
	echo "$3" >"$usb/product"
	echo MicroPython >"$usb/manufacturer"
	ln -s "$tty" "ttys/ttyACM9$1"
}

# refused DEVICE: what is said is in said
refused() {
	status=0
	"$mpremotefs" "$1" "$mnt" 2>said || status=$?
	assert_equal "exit status for $1" 1 "$status"
	! mounted || fail "$1: something is mounted"
}

told() { # TEXT
	grep -qF -- "$1" said || fail "it did not say '$1', but: $(cat said)"
}

mkdir -p bus/usb ttys
mount --bind ttys /sys/class/tty || skip '/sys/class/tty cannot be replaced here'

"$mpremotefs" --list >listed 2>said
assert_equal 'the list without ports' '' "$(cat listed)"
told 'no serial port found'
refused auto
told 'There is no USB serial port'

plug 1 e660 'Board in FS mode'
refused auto
told '/dev/ttyACM91: no such device'

plug 2 e661 'Another one'
"$mpremotefs" --list >listed
diff - listed >&2 <<END || fail 'the list of two ports'
/dev/ttyACM91  Board in FS mode, MicroPython (USB 2e8a:0005), id:e660
/dev/ttyACM92  Another one, MicroPython (USB 2e8a:0005), id:e661
END
"$mpremotefs" --list --json | python3 -c 'import json, sys
ports = json.load(sys.stdin)
assert [p["serial"] for p in ports] == ["e660", "e661"], ports
assert ports[1]["path"] == "/dev/ttyACM92" and ports[1]["usb_vendor"] == "2e8a" and ports[1]["held_by"] is None, ports' ||
	fail '--list --json of two ports'
refused auto
told 'There are several such serial ports'
told '/dev/ttyACM91  id:e660  Board in FS mode'
told '/dev/ttyACM92  id:e661  Another one'
refused id:e661
told '/dev/ttyACM92: no such device'
refused id:e662
told 'no USB serial port with the serial number "e662"'
