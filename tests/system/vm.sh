#!/bin/sh
# SPDX-License-Identifier: MIT
# time-limit: 1800
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

usbmon=/sys/kernel/debug/usb/usbmon

count_usb() { # how many programs watch, how much they were told of since the start, and how much of it was lost
	read -r _ usb_readers _ usb_events _ usb_lost <$usbmon/0s
}

usb_is_watched() {
	count_usb
	[ "$usb_readers" -eq 1 ]
}

# usbmon keeps a hundred lines for who is slow to read them, and drops the rest. A board whose greeting the terminal echoes, byte for
# byte, makes as many before its lines are set: so who reads goes before all else in the machine.
watch_usb() {
	[ -e /sys/kernel/debug/usb ] || mount -t debugfs none /sys/kernel/debug
	modprobe usbmon
	count_usb
	events_before=$usb_events lost_before=$usb_lost
	chrt --fifo 1 cat $usbmon/0u >/run/usb &
	usb_pid=$!
	await 60 'USB is watched' usb_is_watched
}

# FTDI's SET_MODEM_CTRL: which lines, then how (0303: both on). CDC's SET_CONTROL_LINE_STATE: 1 is DTR, 2 RTS.
watched_lines() {
	sed -n 's/^.* S Co:[0-9:]* s 40 01 \(....\) .*/\1/p; s/^.* S Co:[0-9:]* s 21 22 \(....\) .*/\1/p' /run/usb | tr '\n' ' '
}

all_is_seen() {
	count_usb
	[ "$(wc -l </run/usb)" -eq $((usb_events - events_before - (usb_lost - lost_before))) ]
}

# What was done to the lines goes to $lines.
end_watch() {
	await 60 'all of USB is seen' all_is_seen
	kill "$usb_pid"
	wait "$usb_pid" 2>/dev/null || :
	assert_equal 'what usbmon has lost' "$lost_before" "$usb_lost"
	lines=$(watched_lines)
}

head -c 60000 /dev/urandom >random

section 'the list'
assert_equal 'the list' "$port  QEMU USB SERIAL, QEMU (USB 0403:6001), id:$serial" "$(list_line "$port")"
"$mpremotefs" --list --json | grep "\"$port\"" >list.json || fail 'the port is missing in --list --json'
for member in '"manufacturer": "QEMU"' '"product": "QEMU USB SERIAL"' "\"serial\": \"$serial\"" '"usb_vendor": "0403"' '"usb_product": "6001"' \
	'"held_by": null'; do
	grep -qF "$member" list.json || fail "--list --json lacks $member: $(cat list.json)"
done
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
for name in "id:$serial" "port:$(echo /dev/serial/by-id/usb-*)"; do
	mount_device "$name" -o ro
	assert_same random "$mnt/copy"
	unmount_board
done

section 'the speed and the lines'
watch_usb
mount_device u0
unmount_board
end_watch
case $lines in
'0303 '*00' '*) fail "a mount has lowered DTR or RTS of an adapter: $lines" ;;
'0303 '*) ;;
*) fail "a mount did not open the adapter with DTR and RTS on: $lines" ;;
esac
watch_usb
mount_device u0 -o dtr=off,rts=off,baud=230400
unmount_board
end_watch
case $lines in
*'0200 0100 ') ;;
*) fail "dtr=off,rts=off: RTS and then DTR should go off, and stay so: $lines" ;;
esac
stty -F "$port" -a >stty.said
for setting in 'speed 230400 baud' -hupcl cs8 -cstopb -parenb -crtscts -ixon -icanon -opost; do
	grep -qwe "$setting" stty.said || fail "the port was not set to $setting: $(cat stty.said)"
done
assert_refused 'baud' "$mpremotefs" -o baud=1200 u0 "$mnt"

section 'a port that another program holds'
sleep 1000 <"$port" &
holder_pid=$!
has_port() {
	[ "$(cat "/proc/$holder_pid/comm")" = sleep ]
}
await 60 'it has the port' has_port
assert_refused "held by sleep (pid $holder_pid)" "$mpremotefs" u0 "$mnt"
kill "$holder_pid"

section 'a user who is not root'
install "$mpremotefs" /usr/local/bin/
useradd --create-home ann
mkdir ~ann/board
chown ann: ~ann/board
as_ann() { # COMMAND...
	runuser -u ann -- "$@"
}
assert_refused "$port: permission denied. It belongs to the group dialout." as_ann mpremotefs u0 ~ann/board
usermod -aG dialout ann
assert_refused 'log out and in again' setpriv --reuid=ann --regid=ann --clear-groups mpremotefs u0 ~ann/board
as_ann mpremotefs auto ~ann/board || fail 'a member of the group cannot mount'
as_ann cp ~ann/board/copy ~ann/
assert_same random ~ann/copy
as_ann cp ~ann/copy ~ann/board/from-ann
assert_equal 'whose the files are' ann "$(as_ann stat -c %U ~ann/board/from-ann)"
as_ann fusermount3 -u ~ann/board
await 60 'mpremotefs ends after it was unmounted' mount_ended

section 'mount(8), fstab and systemd'
ln -s /usr/local/bin/mpremotefs /sbin/mount.mpremote
mkdir -p /mnt/board
helper_ended() {
	[ -z "$(processes mount.mpremote)" ]
}
mount -t mpremote -o allow_other,uid=ann u0 /mnt/board || fail 'mount -t mpremote'
as_ann cmp ~ann/copy /mnt/board/from-ann || fail 'mount -t mpremote: another content'
umount /mnt/board
await 60 'mount.mpremote ends' helper_ended
echo "id:$serial /mnt/board mpremote noauto,nofail,allow_other,uid=ann,gid=ann 0 0" >/etc/fstab
mount /mnt/board 2>mount.said || fail "a line of fstab: $(cat mount.said)"
as_ann cp ~ann/copy /mnt/board/by-fstab
umount /mnt/board
await 60 'mount.mpremote ends' helper_ended
echo "id:$serial /mnt/board mpremote nofail,allow_other,uid=ann,x-systemd.automount,x-systemd.idle-timeout=1min 0 0" >/etc/fstab
systemctl daemon-reload
systemctl start mnt-board.automount
as_ann cmp ~ann/copy /mnt/board/by-fstab || fail "systemd's automount: $(systemctl status mnt-board.mount)"
systemctl stop mnt-board.automount mnt-board.mount
await 60 'mount.mpremote ends' helper_ended

section 'unplugged'
mount_logged
while cp random "$mnt/unplugged"; do :; done 2>cp.said &
copying=$!
await 60 'a copy is made' test -e "$mnt/unplugged"
unplug_and_wait
wait "$copying" || :
grep -q 'Input/output error' cp.said || fail "a copy to a board that is unplugged: $(cat cp.said)"
assert_refused 'Input/output error' cat "$mnt/by-fstab"
assert_refused 'Input/output error' ls "$mnt"
grep -q "$port was unplugged" mount.log || fail "the log does not say that it was unplugged: $(cat mount.log)"
plug_and_wait
await 120 'the mount goes on when the board is plugged in again' cmp -s random "$mnt/by-fstab"
cp random "$mnt/plugged" || fail 'copying to a board that was plugged in again'
unplug_and_wait
umount "$mnt" || fail 'a mount without its board cannot be unmounted'
await 60 'mpremotefs ends' mount_ended
assert_refused 'There is no USB serial port' "$mpremotefs" auto "$mnt"
assert_refused "$port: no such device" "$mpremotefs" u0 "$mnt"
plug_and_wait
mount_device auto
assert_same random "$mnt/plugged"
unmount_board

section 'mounted by udev and systemd when it is plugged in'
unplug_and_wait
sed 's/"2e8a"/"0403"/; s/"0005"/"6001"/; s/pico/vmboard/g' "$top_srcdir/fuse/micropython.rules" >/etc/udev/rules.d/70-micropython.rules
sed "s,^ExecStart=[^ ]*,ExecStart=/usr/local/bin/mpremotefs," "$top_builddir/fuse/mpremotefs@.service" >/run/systemd/system/mpremotefs@.service
systemd-analyze verify --man=no /run/systemd/system/mpremotefs@vmboard.service >verify.said 2>&1 || fail "the unit: $(cat verify.said)"
! grep -i mpremotefs verify.said || fail 'systemd finds fault with the unit'
systemctl daemon-reload
udevadm control --reload
plug_and_wait
await 120 'systemd mounts the board' test -e /media/vmboard/by-fstab
assert_same random /media/vmboard/by-fstab
echo hello >/media/vmboard/hello
unplug_and_wait
await 120 'systemd has unmounted the board' test ! -e /media/vmboard
plug_and_wait
await 120 'systemd mounts the board again' test -e /media/vmboard/hello
assert_equal 'what was written' hello "$(cat /media/vmboard/hello)"
systemctl stop mpremotefs@vmboard
assert_refused 'No such file' ls /media/vmboard

section 'a board with native USB'
modprobe -a dummy_hcd cdc_acm
modprobe g_serial use_acm=1 idVendor=0x2e8a idProduct=0x0005 iManufacturer=Maker iProduct=Pico iSerialNumber=PICO1
await 60 'the native port is there' test -e /dev/ttyACM0 -a -e /dev/ttyGS0
stty -F /dev/ttyGS0 raw -echo
setsid --ctty "$board" /run/flash <>/dev/ttyGS0 >&0 2>board.log &
await 300 'the board has made its file system' grep -qs '[1-9]' /run/flash.writes
assert_equal 'the list' '/dev/ttyACM0  Pico, Maker (USB 2e8a:0005), id:PICO1' "$(list_line /dev/ttyACM0)"
assert_refused 'There are several such serial ports' "$mpremotefs" auto "$mnt"
watch_usb
mount_device id:PICO1
copy_both_ways random
unmount_board
end_watch
case $lines in
'0003 '*'0001 0000 ') ;;
*) fail "native USB: DTR and RTS are not raised and lowered as they should be: $lines" ;;
esac
