#!/bin/sh
# SPDX-License-Identifier: MIT
# The ROM partitions of a board are /romfs0, /romfs1... in the mount: cp, diff -r, grep -r, find and mmap read them, on a small board and as
# text, too; nothing can be changed; an empty one, a damaged one, one that was changed while the board was away; noromfs and root=.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

make_rom_tree 50000 200
"$romfs" build --no-mpy tree >/dev/null
mkdir other
echo 'other' >other/other.py
"$romfs" build --no-mpy other >/dev/null

# Puts IMAGE into partition N, in place: a board may have the file in its memory.
put_rom() { # N IMAGE
	head -c 131072 /dev/zero | tr '\0' '\377' >blank
	dd if="$2" of=blank conv=notrunc status=none
	[ -e "flash.rom$1" ] || : >"flash.rom$1"
	dd if=blank of="flash.rom$1" conv=notrunc status=none
}

new_board() { # OPTION-OF-BOARD...
	board_options="--roms 2 $*"
	rm -f flash*
	put_rom 0 tree.romfs
	put_rom 1 other.romfs
}

names() { # DIR
	ls "$1" | tr '\n' ' ' | sed 's/ $//'
}

reads() { # NAME
	diff -r tree "$mnt/romfs0" >&2 || fail "$1: another tree"
	diff -r other "$mnt/romfs1" >&2 || fail "$1: another tree in romfs1"
	assert_equal "$1: find" "$(cd tree && find . | sort)" "$(cd "$mnt/romfs0" && find . | sort)"
	grep -rl needle "$mnt/romfs0" | grep -qx "$mnt/romfs0/lib/pkg/hay.py" || fail "$1: grep -r"
	rm -rf back
	cp -r "$mnt/romfs0" back
	chmod -R u+w back
	diff -r tree back >&2 || fail "$1: another copy"
	python3 - "$mnt/romfs0/lib/large.bin" tree/lib/large.bin <<-'EOF' || fail "$1: mmap"
		import mmap, sys
		files = [open(path, "rb") for path in sys.argv[1:]]
		maps = [mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) for file in files]
		assert maps[0][40_000:40_100] == maps[1][40_000:40_100] and maps[0][:] == maps[1][:]
	EOF
	assert_equal "$1: the top" 'rom romfs0 romfs1' "$(names "$mnt")"
}

# --- As they are ---
new_board
mount_board
reads 'a board'
for change in "touch $mnt/romfs0/new" "mkdir $mnt/romfs0/new" "rm $mnt/romfs0/main.py" "rmdir $mnt/romfs0/empty" \
	"mv $mnt/romfs0/main.py $mnt/romfs0/other" "truncate -s 0 $mnt/romfs0/main.py" "ln -s x $mnt/romfs0/link" \
	"cp tree/main.py $mnt/romfs0/main.py" "touch -d 2020-01-01 $mnt/romfs0/main.py" "touch -d 2020-01-01 $mnt/romfs0" \
	"rmdir $mnt/romfs1" "mv $mnt/romfs1 $mnt/elsewhere" "chmod 600 $mnt/romfs0/main.py" "mknod $mnt/romfs0/file" \
	"dd if=/dev/null of=$mnt/romfs0/main.py conv=notrunc" "cp -r other $mnt/romfs0" "mv $mnt/romfs0/main.py $mnt/romfs1"; do
	case $change in
	'ln '*) assert_refused 'Operation not permitted' $change ;;
	'mknod '*) assert_refused 'Read-only file system' python3 -c 'import os, sys; os.mknod(sys.argv[1])' "${change#mknod }" ;;
	*) assert_refused 'Read-only file system' $change ;;
	esac
done
assert_refused 'Read-only file system' sh -c 'echo more >>"$1"' - "$mnt/romfs0/main.py"
test ! -w "$mnt/romfs0/main.py" || fail 'it can be written, says access(2)'
test -w "$mnt" || fail 'the top cannot be written, says access(2)'
assert_equal 'modes' '555 444 755' "$(stat -c %a "$mnt/romfs0" "$mnt/romfs0/main.py" "$mnt" | tr '\n' ' ' | sed 's/ $//')"
assert_equal 'its time' 0 "$(stat -c %Y "$mnt/romfs0/main.py")"
# Out of a partition mv copies, as between file systems, and cannot remove.
assert_refused 'Read-only file system' mv "$mnt/romfs0/main.py" "$mnt"
assert_same tree/main.py "$mnt/main.py"
echo mine >"$mnt/romfs2" # there is no such partition
assert_equal 'romfs2' mine "$(cat "$mnt/romfs2")"
echo mine >"$mnt/romfs00"
df --output=size,used,avail "$mnt/romfs0" | awk -v size="$(stat -c %s tree.romfs)" \
	'NR == 2 { exit !($1 == 128 && $2 >= size / 1024 && $2 <= size / 1024 + 1 && $3 + $2 >= 128 && $3 + $2 <= 129) }' ||
	fail "df: $(df "$mnt/romfs0")"
rm "$mnt/main.py" "$mnt/romfs2" "$mnt/romfs00"
unmount_board

mount_board -o noromfs
assert_equal 'noromfs' '' "$(names "$mnt")"
assert_refused 'No such file or directory' ls "$mnt/romfs0"
assert_refused 'No such file or directory' cat "$mnt/rom/main.py"
assert_refused 'Read-only file system' mkdir "$mnt/rom"
mkdir "$mnt/dir" "$mnt/romfs0"
echo mine >"$mnt/romfs0/file"
unmount_board
mount_board
diff -r tree "$mnt/romfs0" >&2 || fail 'not the partition in the place of a directory of that name'
assert_equal 'the top' 'dir rom romfs0 romfs1' "$(names "$mnt")"
unmount_board
mount_board -o noromfs
assert_equal 'what is under it' mine "$(cat "$mnt/romfs0/file")"
rm -r "$mnt/romfs0"
unmount_board
mount_board -o root=dir
assert_equal 'root=' '' "$(names "$mnt")"
unmount_board
mount_board -o ro
assert_equal 'ro' 'print("main")' "$(cat "$mnt/romfs0/main.py")"
unmount_board

# --- Boards ---
for options in '--heap 64k' '--kind fat' '--hide stdin.buffer' '--hide deflate,hashlib --blocking-stdin'; do
	new_board "$options"
	mount_board 2>/dev/null
	reads "$options"
	unmount_board
done

# A board that has none, in two ways.
for board_options in '--roms 0' ''; do
	rm -f flash*
	mount_board
	assert_equal "a board with '$board_options'" '' "$(names "$mnt")"
	mkdir "$mnt/romfs0" "$mnt/rom" || fail "a board with '$board_options': mkdir romfs0"
	unmount_board
	mount_board -o noromfs
	assert_equal "noromfs hides no directory of that name" 'rom romfs0' "$(names "$mnt")"
	unmount_board
done

# --- Content comes once ---
new_board
start_line --usb
mount_board
read_large() {
	dd if="$mnt/romfs0/lib/large.bin" of=large bs=64k iflag=direct status=none
	assert_same tree/lib/large.bin large
}
before=$(line_counter from_board)
ls -lR "$mnt/romfs0" >/dev/null
assert_at_most 'bytes for a listing' 6000 $(($(line_counter from_board) - before))
before=$(line_counter from_board)
read_large
after=$(line_counter from_board)
[ $((after - before)) -ge 50000 ] || fail "$((after - before)) bytes for what has 50000"
read_large
assert_at_most 'bytes for the same again' 1000 $(($(line_counter from_board) - after))
unmount_board
stop_line

# --- Damaged, empty, changed ---
new_board
head -c 100 /dev/zero >zeros
python3 - <<-'EOF'
	image = bytearray(open("tree.romfs", "rb").read())
	at = image.index(b"hay.py\x02") + 6
	image[at] = 9  # no data any more, but a record that is skipped
	open("damaged.romfs", "wb").write(image)
EOF
put_rom 0 damaged.romfs
put_rom 1 /dev/null
mount_logged
assert_equal 'a damaged one' ERROR.txt "$(names "$mnt/romfs0")"
grep -q '^ROM partition 0: the image is damaged: at offset [0-9]* in lib/pkg/hay.py: a file has no data record' "$mnt/romfs0/ERROR.txt" ||
	fail "ERROR.txt: $(cat "$mnt/romfs0/ERROR.txt")"
grep -q 'deploy -p 0' "$mnt/romfs0/ERROR.txt" || fail 'ERROR.txt does not say what to do'
assert_equal 'in the log' 1 "$(grep -c 'ROM partition 0: the image is damaged: at offset [0-9]* in lib/pkg/hay.py' mount.log)"
assert_refused 'Read-only file system' rm "$mnt/romfs0/ERROR.txt"
assert_refused 'No such file or directory' cat "$mnt/romfs0/main.py"
assert_equal 'an empty one' '' "$(names "$mnt/romfs1")"
unmount_board

head -c 5000 /dev/urandom | sed '1s/^/x/' >noise
put_rom 0 noise
put_rom 1 zeros
mount_board
grep -q 'at offset 0: this is no ROM image' "$mnt/romfs0/ERROR.txt" || fail "ERROR.txt: $(cat "$mnt/romfs0/ERROR.txt")"
assert_equal 'zeros' '' "$(names "$mnt/romfs1")"
unmount_board

# The board's power fails, and somebody deploys to it before it is back.
cut_power() {
	pid=$(processes python3 | head -n 1)
	kill -9 "$pid"
	await 60 'the board has ended' sh -c "! kill -0 $pid 2>/dev/null"
}

is_back() {
	ls "$mnt/romfs0" >/dev/null 2>&1 && ls "$mnt/romfs1" >/dev/null 2>&1
}

new_board
mount_logged -o reconnect=20
reads 'before the power failed'
cut_power
await 60 'the board is back' is_back
assert_equal 'the time of what is the same' 0 "$(stat -c %Y "$mnt/romfs0/main.py")"
reads 'the board is back'
cut_power
sed 's/other/OTHER/' other/other.py >same_size
python3 - <<-'EOF'
	image = open("other.romfs", "rb").read()
	open("changed.romfs", "wb").write(image.replace(b"other\n", b"OTHER\n"))
EOF
put_rom 1 changed.romfs
put_rom 0 other.romfs
await 60 'the board is back again' is_back
await 60 'the other content is seen' cmp -s same_size "$mnt/romfs1/other.py"
assert_equal 'another image' other.py "$(names "$mnt/romfs0")"
diff -r other "$mnt/romfs0" >&2 || fail 'another image: other content'
[ "$(stat -c %Y "$mnt/romfs1/other.py")" -gt 1000000000 ] || fail 'what was changed has the old time'
unmount_board
