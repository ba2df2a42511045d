#!/bin/sh
# SPDX-License-Identifier: MIT
# The plug is pulled in the middle of changes of names, in and behind the last of their requests: with reconnect= all of them succeed,
# as on a plain folder, also where the board had done them and only its answer was lost.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

pulled() {
	grep -c '# unplugged' line.trace || :
}

# One change of each kind, of the things with the NUMBER (two digits), in folder WHERE.
change() { # KIND NUMBER WHERE
	(
		cd "$3"
		case $1 in
		mkdir) mkdir "made$2" ;;
		rmdir) rmdir "empty$2" ;;
		rm) rm "removed$2" ;;
		mv) mv "one$2" "made$2/one" ;;
		mv-over) mv -f "two$2" "made$2/one" ;;
		mv-dir) mv "full$2" "made$2/full" ;;
		esac
	)
}

prepare() { # NUMBER WHERE
	mkdir "$2/empty$1" "$2/full$1"
	for name in "removed$1" "one$1" "two$1" "full$1/three"; do echo "$name" >"$2/$name"; done
}

change_both() { # KIND NUMBER
	change "$1" "$2" plain
	change "$1" "$2" "$mnt" || fail "$1 $2: $(tail -n 5 mount.log)"
}

# A board that loses its power may leave FAT with both names of a file, see power_cut.sh. So there it runs on while it is unplugged, and
# does what it was asked for.
for kind in lfs2 fat; do
	echo "--- $kind"
	rm -rf plain line.trace
	mkdir plain
	board_options="--size 256 --kind $kind"
	if [ "$kind" = fat ]; then start_line --uart --replug 30 --powered; else start_line --usb --replug 30; fi
	mount_logged -o attr_timeout=0,reconnect=60
	for number in 10 11 12 13 14; do
		prepare "$number" plain
		prepare "$number" "$mnt"
	done
	for what in mkdir rmdir rm mv mv-over mv-dir; do
		# How many bytes it takes, when nothing happens.
		before=$(line_counter to_board)
		change_both "$what" 10
		bytes=$(($(line_counter to_board) - before))
		for number in 11 12 13 14; do
			before=$(pulled)
			line_command "unplug $((bytes - (number - 11) * 7))"
			change_both "$what" "$number"
			while [ "$(pulled)" -eq "$before" ]; do # something was remembered, and it took less
				stat -f "$mnt" >/dev/null || fail 'statfs'
			done
		done
	done
	diff -r plain "$mnt" >&2 || fail 'the mount differs'
	unmount_board
	! grep 'was under way' mount.log || fail 'what had become of a change was not found out, see above'
	mount_board
	diff -r plain "$mnt" >&2 || fail 'the board differs'
	unmount_board
	stop_line
	rm flash*
done
