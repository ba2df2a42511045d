#!/bin/sh
# SPDX-License-Identifier: MIT
# A board whose root is nothing but the places where its flash and its SD card are mounted, as a pyboard's: each has its own room and
# its own manners, nothing can be made beside them, and what goes from one to the other is copied. And a board that has a file system
# further down.
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

# A file system further down: its files' temporaries are its own, and so are its manners, its room and what it is mounted over.
further_down() { # CLASS BLOCKS SIZE OPTION of the mount
	rm -f flash*
	board_options='--size 128'
	mount_board
	mkdir -p "$mnt/dir/deep"
	cat >"$mnt/boot.py" <<-END
		import vfs
		class Ram:
		    data = bytearray($2 * $3)
		    def readblocks(self, number, buf, offset=0):
		        at = number * $3 + offset
		        buf[:] = self.data[at : at + len(buf)]
		    def writeblocks(self, number, buf, offset=0):
		        at = number * $3 + offset
		        self.data[at : at + len(buf)] = buf
		    def ioctl(self, command, argument):
		        return {4: $2, 5: $3}.get(command, 0)
		vfs.$1.mkfs(Ram())
		vfs.mount(vfs.$1(Ram()), "/dir/deep")
	END
	unmount_board
	mount_board
	head -c 60000 /dev/urandom >"$mnt/fill"
	unmount_board
	mount_logged "$4"
	[ "$4" = -orw ] && deep=dir/deep || deep=deep
	head -c 3000 /dev/urandom >little
	head -c 80000 /dev/urandom >large
	cp little "$mnt/$deep/file" || fail "$1: nothing can be put further down"
	cp large "$mnt/$deep/file" || fail "$1: a file further down cannot be replaced"
	cp large "$mnt/$deep/new" || fail "$1: what has room there has not"
	assert_same large "$mnt/$deep/file"
	cp little "$mnt/$deep/little"
	mv "$mnt/$deep/little" "$mnt/$deep/file" || fail "$1: a file further down cannot be renamed over"
	assert_same little "$mnt/$deep/file"
	[ "$1" = VfsFat ] || [ ! -e "$mnt/$deep/FILE" ] || fail "$1: another case is another file"
	[ "$1" != VfsFat ] || [ -e "$mnt/$deep/FILE" ] || fail "$1: another case is the same file"
	expect 0 "os.mkdir('$deep/../x.')"
	expect 0 "os.mkdir('$deep/../X.')" # what it is mounted in has its own manners
	expect EXDEV "os.rename('$deep/file', '$deep/../file')"
	expect EBUSY "os.rmdir('$deep')"
	assert_equal "$1: further down" 'file new' "$(ls -A "$mnt/$deep" | xargs)"
	unmount_board
	assert_equal "$1: the log" '' "$(cat mount.log)"
	left=$(board_eval 'import os; print([e[0] for e in os.ilistdir("/") if e[0][0] == "." and len(e[0]) > 2])')
	assert_equal "$1: temporaries" '[]' "$(echo "$left" | tr -d '\r\n')"
}

for options in '-orw' '-oroot=/dir'; do
	further_down VfsLfs2 64 4096 "$options"
	further_down VfsFat 512 512 "$options"
done
