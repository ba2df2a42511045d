#!/bin/sh
# SPDX-License-Identifier: MIT
# A board whose root is nothing but the places where its flash and its SD card are mounted, as a pyboard's: each has its own room and
# its own manners, nothing can be made beside them, and what goes from one to the other is copied. And a board that has a file system
# further down, of which nothing tells.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# CALL (Python) on the mount ends with ERRNO.
expect() { # ERRNO CALL
	python3 - "$mnt" "$1" "$2" <<-'END' || fail "$2 is not $1"
		import errno, os, sys
		os.chdir(sys.argv[1])
		try:
		    eval(sys.argv[3])
		except OSError as error:
		    assert errno.errorcode[error.errno] == sys.argv[2], error
		else:
		    assert sys.argv[2] == "0", "it went well"
	END
}

blocks() { # PATH: size, unit and free blocks of its file system
	stat -f -c '%b %S %f' "$mnt/$1"
}

sd_writes() {
	sed 's/^0*\(.\)/\1/' flash.sd.writes
}

for kind in lfs2 lfs1 fat; do
	rm -f flash*
	board_options="--kind $kind --size 256 --virtual-root"
	mount_board
	assert_equal "$kind: /" 'flash sd' "$(cd "$mnt" && echo *)"
	expect EPERM 'os.mkdir("x")'
	expect EPERM 'os.open("x", os.O_CREAT | os.O_WRONLY)'
	expect EPERM 'os.mknod("x")'
	expect ENOENT 'os.stat("x")'
	expect ENOENT 'os.listdir("x")'
	expect ENOENT 'os.unlink("x")'
	expect ENOENT 'os.rmdir("x")'
	expect ENOENT 'os.mkdir("x/y")'
	expect EBUSY 'os.rmdir("sd")'
	expect EISDIR 'os.unlink("sd")'
	expect EBUSY 'os.rename("sd", "x")'
	expect EBUSY 'os.rename("sd", "flash/x")'
	expect EEXIST 'os.mkdir("sd")'

	echo one >"$mnt/flash/File"
	mkdir -p "$mnt/flash/dir/sub" "$mnt/sd/empty"
	cp "$mnt/flash/File" "$mnt/flash/dir/sub/inside"
	expect EXDEV 'os.rename("flash/File", "sd/File")'
	expect EXDEV 'os.rename("flash/File", "x")'
	expect EXDEV 'os.rename("flash/dir", "sd/dir")'
	expect EXDEV 'os.rename("flash/dir", "sd/empty")'
	[ -d "$mnt/sd/empty" ] || fail "$kind: a rename that failed took something away"
	mv "$mnt/flash/dir" "$mnt/sd/" # copies, then deletes
	assert_equal "$kind: mv across" one "$(cat "$mnt/sd/dir/sub/inside")"
	[ ! -e "$mnt/flash/dir" ] || fail "$kind: mv left it where it was"
	assert_refused 'Operation not permitted' mv "$mnt/flash/File" "$mnt/here"
	assert_equal "$kind: what could not be moved" one "$(cat "$mnt/flash/File")"

	# Each has its own manners.
	[ -e "$mnt/sd/DIR/SUB/Inside" ] || fail "$kind: FAT below / does not find another case"
	expect EINVAL 'os.mkdir("sd/x.")'
	if [ "$kind" = fat ]; then
		[ -e "$mnt/flash/FILE" ] || fail 'FAT below / does not find another case'
		expect EINVAL 'os.mkdir("flash/x.")'
	else
		[ ! -e "$mnt/flash/FILE" ] || fail "$kind: another case is another file"
		expect 0 'os.mkdir("flash/x.")'
	fi

	# Each has its own room.
	[ "$(blocks flash)" != "$(blocks sd)" ] || fail "$kind: flash and SD card say the same of their room: $(blocks sd)"
	assert_equal "$kind: room where a file lies" "$(blocks sd)" "$(blocks sd/dir/sub/inside)"
	# shellcheck disable=SC2046 # numbers are words
	set -- $(blocks sd)
	[ $(($1 * $2)) -gt $((900 * 1024)) ] && [ $(($1 * $2)) -le $((1024 * 1024)) ] || fail "$kind: the SD card has $*"
	set -- $(blocks flash)
	[ $(($1 * $2)) -gt $((200 * 1024)) ] && [ $(($1 * $2)) -le $((256 * 1024)) ] || fail "$kind: the flash has $*"
	sd_before=$(df --output=avail "$mnt/sd" | tail -n 1)
	flash_before=$(df --output=avail "$mnt/flash" | tail -n 1)
	head -c 100000 /dev/urandom >noise
	cp noise "$mnt/sd/noise"
	[ "$(df --output=avail "$mnt/sd" | tail -n 1)" -lt "$sd_before" ] || fail "$kind: df of the SD card does not see what was written"
	assert_equal "$kind: df of the flash" "$flash_before" "$(df --output=avail "$mnt/flash" | tail -n 1)"
	df "$mnt" >/dev/null || fail "$kind: df of /"
	unmount_board

	# The power fails while a file on the SD card is replaced, at one of the last writes: the next mount puts it in order.
	head -c 30000 /dev/urandom >other
	cp flash.sd before.sd
	cp flash.sd.writes before.sd.writes
	mount_board
	cp other "$mnt/sd/noise"
	unmount_board
	last=$(sd_writes)
	tries=12
	[ "$kind" = lfs2 ] || tries=2 # the flash makes no difference
	while [ "$tries" -gt 0 ]; do
		tries=$((tries - 1))
		cp before.sd flash.sd
		cp before.sd.writes flash.sd.writes
		printf %010d $((last - tries)) >flash.sd.cut
		mount_once
		if cp other "$mnt/sd/noise" 2>/dev/null; then fail "$kind: the power did not fail"; fi
		unmount_board
		printf %010d 0 >flash.sd.cut
		mount_board -o root=/sd
		cmp -s noise "$mnt/noise" || assert_same other "$mnt/noise"
		assert_equal "$kind: after a power cut" 'dir empty noise' "$(cd "$mnt" && ls -A | xargs)"
		unmount_board
	done

	# One of them as the top.
	mount_board -o root=/sd
	[ -e "$mnt/DIR/sub/inside" ] || fail "$kind: root=/sd does not find another case"
	expect EINVAL 'os.mkdir("x.")'
	echo two >"$mnt/dir/sub/inside"
	unmount_board
	mount_board
	assert_equal "$kind: written below root=" two "$(cat "$mnt/sd/dir/sub/inside")"
	unmount_board
done

# The temporary of a file cannot lie in the top directory then.
rm -f flash*
board_options=''
mount_board
mkdir -p "$mnt/dir/deep"
cat >"$mnt/boot.py" <<'END'
import vfs
class Ram:
    data = bytearray(65536)
    def readblocks(self, number, buf, offset=0):
        at = number * 4096 + offset
        buf[:] = self.data[at : at + len(buf)]
    def writeblocks(self, number, buf, offset=0):
        at = number * 4096 + offset
        self.data[at : at + len(buf)] = buf
    def ioctl(self, command, argument):
        return {4: 16, 5: 4096}.get(command, 0)
vfs.VfsLfs2.mkfs(Ram())
vfs.mount(vfs.VfsLfs2(Ram()), "/dir/deep")
END
unmount_board
mount_board
blocks_below=$(blocks dir/deep)
[ "${blocks_below% *}" = '16 4096' ] || fail "further down are $blocks_below blocks"
head -c 3000 /dev/urandom >little
cp little "$mnt/dir/deep/file" 2>said || fail "nothing can be put further down: $(cat said)"
cp other "$mnt/dir/deep/file" 2>said || fail "a file further down cannot be replaced: $(cat said)"
assert_same other "$mnt/dir/deep/file"
expect EXDEV 'os.rename("dir/deep/file", "dir/file")'
assert_equal 'further down' file "$(ls -A "$mnt/dir/deep")"
unmount_board
left=$(board_eval 'import os; print([e[0] for e in os.ilistdir("/") if e[0][0] == "." and len(e[0]) > 2])')
assert_equal 'temporaries at the top' '[]' "$(echo "$left" | tr -d '\r\n')"
