# SPDX-License-Identifier: MIT
# For system tests on real serial drivers: a test NAME.sh begins like this,
#
#   set -eu
#   . "${top_srcdir:?}/tests/system/lib.sh"
#   . "$top_srcdir/tests/system/vm_lib.sh"
#   enter_vm --usb
#
# and what follows runs as root in a virtual machine (see tests/lab/vm), with lib.sh's words, in a folder of its own below the test's.
# There the board is a USB serial adapter (an FTDI) at $port, with the serial number $serial, which can be pulled and plugged in. udevd
# and systemd run. QEMU may crash when a device is unplugged, which tells nothing of us: then the test begins anew, with an empty
# flash, and finds what it had written to the file "resumed".

port=/dev/ttyUSB0
serial=VM0001

device() { # for lib.sh's mount_board and mount_logged
	echo "$port"
}

enter_vm() { # OPTION-OF-LINESIM...
	[ -z "${MPREMOTEFS_IN_VM:-}" ] || { _prepare_vm && return; }
	command -v qemu-system-x86_64 >/dev/null || skip 'a real serial driver needs QEMU; scripts/install-deps --vm gets it'
	_folder=$PWD
	_try=0 _vain=0
	while [ "$_vain" -lt 5 ]; do
		_try=$((_try + 1)) _vain=$((_vain + 1))
		mkdir "try.$_try"
		find . -maxdepth 1 -type f -exec cp -p {} "try.$_try/" \;
		cd "try.$_try"
		flash=$PWD/flash
		_status=0
		start_line "$@"
		"$top_srcdir/tests/lab/vm" --adapter line env MPREMOTEFS_IN_VM=yes sh "$0" || _status=$?
		stop_line
		cd "$_folder"
		[ "$_status" -eq 126 ] || break
		if [ -e "try.$_try/resumed" ] && ! cmp -s "try.$_try/resumed" resumed; then
			cp "try.$_try/resumed" . && _vain=0
			echo "resumed after $(wc -l <resumed) lines"
		fi
	done
	cp "try.$_try"/*.log . 2>/dev/null || :
	[ "$_status" -ne 125 ] || skip 'no virtual machine can be started here, see above'
	exit "$_status"
}

_prepare_vm() {
	await 60 "QEMU's control channel is there" test -e /dev/virtio-ports/qmp
	exec 8<>/dev/virtio-ports/qmp
	await 60 'QEMU says hello' _qmp_word QMP
	_qmp '{"execute": "qmp_capabilities"}'
	await 120 'the adapter is there' plugged
}

# Reads what QEMU says up to a line with WORD in it.
_qmp_word() { # WORD
	while read -r _said <&8; do
		case $_said in
		*'"error"'*) fail "QEMU: $_said" ;;
		*"\"$1\""*) return 0 ;;
		esac
	done
	return 1
}

_qmp() { # COMMAND
	echo "$1" >&8
	_qmp_word return || fail "QEMU does not answer to $1"
}

# Whether the adapter is there, and udevd has done with it.
plugged() {
	[ -e "$port" ] && udevadm info "$port" 2>/dev/null | grep -q ID_SERIAL_SHORT=
}

# Pulls the adapter's plug; returns at once.
unplug() {
	_qmp '{"execute": "device_del", "arguments": {"id": "adapter"}}'
}

# Plugs it in again, or another with the serial number SERIAL; returns at once. While a program still has the old port open, the new
# one is ttyUSB1.
plug() { # [SERIAL]
	_qmp "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"usb-serial\", \"id\": \"adapter\", \"chardev\": \"board\",
		\"serial\": \"${1:-$serial}\", \"always-plugged\": true}}"
}

unplug_and_wait() {
	unplug
	await 60 'the port is gone' test ! -e "$port"
}

plug_and_wait() { # [SERIAL]
	plug "$@"
	await 60 'the port is back' plugged
}
