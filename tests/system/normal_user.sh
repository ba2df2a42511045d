#!/bin/sh
# SPDX-License-Identifier: MIT
# A user who is not root: mounts with fusermount3; and is told in plain words what is missing, where something is.
# Runs as root, becomes nobody, and changes what lies at /dev/fuse and such only in a mount namespace of its own.
set -eu
. "${top_srcdir:?}/tests/system/own_mounts"
command -v fusermount3 >/dev/null || skip 'fusermount3 is not installed'

user=nobody
as_user() {
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

# The program where the user may see it, whatever the rights on the folders of the project are; the board runs as root.
chmod 1777 .
cp "$mpremotefs" mpremotefs
mpremotefs=$PWD/mpremotefs
chown "$user" "$mnt"
start_line
port=$(realpath line)
chown "$user" "$port"
chmod 600 "$port"

# A /dev/fuse that everybody can use, as udev makes it, and a /etc/fuse.conf as it is delivered.
mknod fuse c 10 229 2>/dev/null || skip 'no device node can be made here'
chmod 666 fuse
mount --bind fuse /dev/fuse
as_user sh -c ': </dev/fuse' 2>/dev/null || skip 'device nodes cannot be used in this folder'
: >fuse.conf
[ ! -e /etc/fuse.conf ] || mount --bind fuse.conf /etc/fuse.conf

# refused TEXT DEVICE MOUNTPOINT OPTION...
refused() {
	text=$1 device=$2 at=$3
	shift 3
	status=0
	as_user "$mpremotefs" "$@" "$device" "$at" 2>said || status=$?
	assert_equal "exit status where it should say: $text" 1 "$status"
	grep -qF -- "$text" said || fail "it did not say '$text', but: $(cat said)"
	! grep -qF " $at fuse" /proc/self/mounts || fail "$text: but something is mounted"
}

as_user "$mpremotefs" "$(device)" "$mnt" || fail 'a user cannot mount'
echo text | as_user tee "$mnt/file" >tee.out
assert_equal 'what the user wrote' text "$(as_user cat "$mnt/file")"
assert_equal 'the owner' "$user" "$(as_user stat -c %U "$mnt/file")"
assert_refused 'Permission denied' ls "$mnt" # of all others not even root is let in without allow_other
as_user fusermount3 -u "$mnt"
await 60 'the user has unmounted it' mount_ended

mkdir foreign sticky sticky/foreign
chmod 1777 sticky/foreign
refused 'write permission on mount point' "$(device)" "$PWD/foreign"
refused 'belongs to somebody else' "$(device)" "$PWD/sticky/foreign"
refused 'user_allow_other' "$(device)" "$mnt" -o allow_other

chown root:"$(id -gn)" "$port"
chmod 660 "$port"
refused "$port" "$PWD/line" "$mnt"
grep -qi 'permission' said || fail "a port without permission: it said: $(cat said)"
grep -qw "$(stat -c %G "$port")" said || fail "a port without permission: the group is not named: $(cat said)"
chown "$user" "$port"

mount --bind /dev/null "$(command -v fusermount3)"
refused 'fusermount3 is missing' "$(device)" "$mnt"
umount "$(command -v fusermount3)"

chmod 600 fuse
refused 'no permission to use /dev/fuse' "$(device)" "$mnt"
chmod 666 fuse
as_user "$mpremotefs" "$(device)" "$mnt" || fail 'a user cannot mount any more'
assert_equal 'what the user wrote' text "$(as_user cat "$mnt/file")"
as_user fusermount3 -u "$mnt"
await 60 'the user has unmounted it' mount_ended
stop_line
