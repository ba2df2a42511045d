#!/bin/sh
# SPDX-License-Identifier: MIT
# As root with mount(8): mount -t mpremote, a line of fstab, umount, mount(8)'s exit statuses. /sbin/mount.mpremote is there only in
# a mount namespace of the test's own.
set -eu
. "${top_srcdir:?}/tests/system/own_mounts"
chmod 711 . # so that others reach what is below
mkdir over over/up over/work
mount -t overlay -o "lowerdir=$(realpath /sbin),upperdir=$PWD/over/up,workdir=$PWD/over/work" overlay "$(realpath /sbin)" ||
	skip 'no overlay file system can be had here'
helper=$(realpath /sbin)/mount.mpremote
ln -sf "$mpremotefs" "$helper"

# status STATUS TEXT COMMAND...: it ends with STATUS and says TEXT, and nothing is mounted
ends_with() {
	expected=$1 text=$2
	shift 2
	status=0
	"$@" >said 2>&1 || status=$?
	assert_equal "exit status of: $*" "$expected" "$status"
	[ -z "$text" ] || grep -qF -- "$text" said || fail "$*: it did not say '$text', but: $(cat said)"
	! mounted || fail "$*: something is mounted"
}

unmount_with_mount8() {
	umount "$mnt" || fail 'umount'
	await 60 'mpremotefs has ended' no_process
}

# Under its other name the program is called as that, too.
no_process() {
	[ -z "$(processes mpremotefs)$(processes mount.mpremote)" ]
}

head -c 5000 /dev/urandom >random
start_line
mount -t mpremote "$PWD/line" "$mnt" || fail 'mount -t mpremote'
cp random "$mnt"
unmount_with_mount8
mount -t mpremote -o ro,uid=12345,gid=23456,umask=077,nofail,noauto,x-systemd.automount,_netdev,user,noatime,nosuid "$PWD/line" "$mnt" ||
	fail 'mount -t mpremote with options'
assert_same random "$mnt/random"
assert_equal 'owner and mode' '12345 23456 400' "$(stat -c '%u %g %a' "$mnt/random")"
assert_refused 'Read-only file system' cp random "$mnt/other"
grep "^[^ ]* $mnt fuse.mpremotefs " /proc/self/mounts | grep nosuid | grep -q noatime || fail "options: $(cat /proc/self/mounts)"
unmount_with_mount8

# fstab: by mount point, by device, with -a; also a name with a space.
mkdir 'a place'
cat >fstab <<-END
	$PWD/line $mnt mpremote noauto,nofail,allow_other,uid=12345,x-systemd.automount,x-systemd.device-timeout=5 0 0
	$PWD/line $PWD/a\\040place mpremote nofail,timeout=5 0 0
END
mount -T fstab "$mnt" || fail 'mount of a line in fstab'
assert_same random "$mnt/random"
assert_equal 'owner by fstab' 12345 "$(stat -c %u "$mnt/random")"
setpriv --reuid=nobody --clear-groups cat "$mnt/random" | cmp - random || fail 'allow_other does not let others in'
umount -T fstab "$mnt" 2>/dev/null || umount "$mnt" || fail 'umount of a line in fstab'
await 60 'mpremotefs has ended' no_process
mount -a -T fstab || fail 'mount -a'
! mounted || fail 'mount -a has mounted what is noauto'
assert_same random 'a place/random'
umount "$PWD/a place"
await 60 'mpremotefs has ended' no_process

# What mount(8) and scripts tell by: 1 usage, 32 failure.
ends_with 32 'no such device' mount -t mpremote /dev/no-such-port "$mnt"
ends_with 1 'nonsense' mount -t mpremote -o nonsense "$PWD/line" "$mnt"
ends_with 32 'does not exist' mount -t mpremote "$PWD/line" "$PWD/missing"
ends_with 0 '' mount -t mpremote -o nonsense -s "$PWD/line" "$mnt" -f
ends_with 1 'MOUNTPOINT' "$helper" "$PWD/line"
ends_with 1 'unknown option --nonsense' "$helper" --nonsense
ends_with 0 'Usage: mount.mpremote' "$helper" --help
ends_with 0 'mount.mpremote ' "$helper" --version
"$helper" "$PWD/line" "$mnt" -v -n -s -o rw,unheard-of >said 2>&1 || fail "-v -n -s: $(cat said)"
grep -qF "$PWD/line mounted at $mnt" said || fail "-v: it said: $(cat said)"
ends_with_mounted=$(mount -t mpremote "$PWD/line" "$mnt" 2>&1) && fail 'a second mount at the same place went well'
case $ends_with_mounted in
*'mounted at'*) ;;
*) fail "a second mount at the same place: it said: $ends_with_mounted" ;;
esac
assert_same random "$mnt/random"
unmount_with_mount8
stop_line

# Also with exec:, as in README.
mount -t mpremote "$(device)" "$mnt" || fail 'mount -t mpremote exec:...'
assert_same random "$mnt/random"
umount "$mnt"
await 60 'mpremotefs has ended' no_process
