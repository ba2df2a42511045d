#!/bin/sh
# SPDX-License-Identifier: MIT
# A flash that is full: the error reaches who writes, at fsync or close; nothing that was there is lost; and what can be done with
# little room is done. On every file system.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

random() { # BYTES
	head -c "$1" /dev/urandom
}

free_bytes() {
	df --output=avail -B 1 "$mnt" | tail -n 1
}

# refused NAME COMMAND...: it fails for want of room, and says so
refused() {
	name=$1
	shift
	if "$@" 2>said; then fail "$name: went well"; fi
	grep -q 'No space left on device' said || fail "$name: it said: $(cat said)"
}

same() { # NAME FILE, as it should be, FILE on the mount
	cmp "$2" "$mnt/$3" >&2 || fail "$1: $3 is not what it was"
}

nothing_left() { # NAME
	[ -z "$(find "$mnt" -name '.mpremotefs*')" ] || fail "$1: a temporary is shown"
	[ "$(free_bytes)" -ge "$free" ] || fail "$1: $(free_bytes) bytes are free, $free were: something is left there"
}

# Writes to a file that is there until the error comes, at WHEN (fsync, or close without it), and looks at what is left.
write_until_full='
import errno, os, sys
path, when, length = sys.argv[1], sys.argv[2], int(sys.argv[3])
file = os.open(path, os.O_RDWR | os.O_TRUNC)
os.write(file, os.urandom(length))
try:
    if when == "fsync":
        os.fsync(file)
    os.close(file)
except OSError as error:
    assert error.errno == errno.ENOSPC, error
else:
    sys.exit("no error")
if when == "fsync":
    assert os.pread(file, 10, 0) # the handle still has it all
    os.ftruncate(file, 5)
    os.fsync(file) # and can be saved when there is less of it
    os.close(file)
    assert os.stat(path).st_size == 5
'

try() {
	random 20000 >old
	random 150000 >large
	random 48000 >new
	rm -f flash*
	mount_logged
	cp old "$mnt/file"
	mkdir "$mnt/dir"
	cp old "$mnt/dir/other"
	free=$(free_bytes)

	refused 'a file too large' cp large "$mnt/large"
	[ ! -e "$mnt/large" ] || rm "$mnt/large"
	nothing_left 'a file too large'
	refused 'a replacement too large' cp large "$mnt/file"
	same 'a replacement too large' old file
	nothing_left 'a replacement too large'
	python3 -c "$write_until_full" "$mnt/file" close 150000 || fail 'close of too much'
	same 'close of too much' old file
	nothing_left 'close of too much'
	python3 -c "$write_until_full" "$mnt/dir/other" fsync 150000 || fail 'fsync of too much'
	cp old "$mnt/dir/other"
	! grep -q 'written in place' mount.log || fail 'something was written in place without need'
	refused 'an addition too large' sh -c 'cat large >>"$1"/dir/other' - "$mnt"
	head -c 20000 "$mnt/dir/other" | cmp - old || fail 'an addition too large: what was there is not there any more'
	cp old "$mnt/dir/other"
	nothing_left 'an addition too large'

	# No room for both, but for one: 48,000 bytes, with 20,000 + 20,000 of 128 KiB taken.
	random 48000 >"$mnt/fill"
	cp new "$mnt/fill" || fail 'a replacement that fits only without the old file'
	same 'a replacement in place' new fill
	grep -q "/fill: written in place" mount.log || fail "a replacement in place is not told in the log: $(cat mount.log)"
	rm "$mnt/fill"
	nothing_left 'deleting what was replaced'

	# To the last block, with small files. Each that is there is whole.
	random 3000 >small
	count=0
	while cp small "$mnt/small$count" 2>said; do
		count=$((count + 1))
		[ "$count" -lt 100 ] || fail 'a flash of 128 KiB takes no end of files'
	done
	grep -q 'No space left on device' said || fail "small files: it said: $(cat said)"
	rm -f "$mnt/small$count"
	[ "$count" -ge 5 ] || fail "only $count small files found room"
	refused 'mkdir' sh -c 'for i in 1 2 3 4 5; do mkdir "$1/dir$i" || exit; done' - "$mnt"
	rmdir "$mnt"/dir[1-5] 2>/dev/null || :
	same 'small files' old file
	cp small "$mnt/small0" || fail 'the same content over a file on a full flash'
	# Where there may be no room even without the old file, the old file stays.
	random 3000 >replaced
	cp replaced "$mnt/small0" 2>said || {
		grep -q 'No space left on device' said || fail "a replacement on a full flash: it said: $(cat said)"
		cp small replaced
	}
	same 'a replacement on a full flash' replaced small0
	mv "$mnt/small1" "$mnt/renamed" || fail 'a rename on a full flash'
	ls -A "$mnt" >listed
	unmount_board
	mount_logged
	ls -A "$mnt" | diff listed - >&2 || fail 'other files after a remount'
	same 'after a remount' old file
	same 'after a remount' old dir/other
	same 'after a remount' replaced small0
	same 'after a remount' small renamed
	for name in $(cd "$mnt" && ls -d small[2-9] small[1-9][0-9] 2>/dev/null); do
		same 'after a remount' small "$name"
	done

	rm "$mnt"/small* "$mnt/renamed" || fail 'deleting on a full flash'
	nothing_left 'deleting on a full flash'
	cp new "$mnt/after" || fail 'there is no room after deleting'
	same 'after deleting' new after
	unmount_board
}

# As many small files as there is room for, and on, with names so long that the directory is full before the blocks are: what a
# file system says then is put right, and nothing of what did not find room stays on the board.
write_small_files='
import errno, os, random, sys
numbers, failed = random.Random(1), 0
for step in range(400):
    try:
        file = os.open(sys.argv[1] + "/" + "n" * 200 + str(numbers.randrange(200)), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(file, numbers.randbytes(numbers.randrange(1200)))
        os.close(file)
    except OSError as error:
        assert error.errno == errno.ENOSPC, "%d: %s" % (step, error)
        failed += 1
assert failed > 50, failed
'
no_temporaries() { # WHEN
	left=$(board_eval 'import os; print([e[0] for e in os.ilistdir("/") if e[0][0] == "." and len(e[0]) > 2])')
	assert_equal "$1: temporaries on the board" '[]' "$(echo "$left" | tr -d '\r\n')"
}

try_many_names() { # DIR: where
	rm -f flash*
	board_options="--size 96 --kind $kind"
	mount_logged
	mkdir -p "$mnt/a" "$mnt/$1" "$mnt/z"
	for name in a/beside beside z/beside first moved next zlast; do
		echo "of $name" >"$mnt/$name"
	done
	python3 -c "$write_small_files" "$mnt/$1" || fail "many names in /$1"
	moved=$1/$(printf '%0200d' 0)
	mv "$mnt/moved" "$mnt/$moved" 2>said || {
		grep -q 'No space left on device' said || fail "mv to the full /$1: it said: $(cat said)"
		moved=moved
	}
	rm "$mnt/first" "$mnt/zlast" || fail "rm with the full /$1"
	unmount_board
	mount_logged
	assert_equal "what was to be moved to the full /$1" 'of moved' "$(cat "$mnt/$moved")"
	for name in a/beside beside z/beside next; do
		assert_equal "many names in /$1: $name" "of $name" "$(cat "$mnt/$name")"
	done
	unmount_board
	! grep 'cut short' mount.log || fail "many names in /$1: temporaries were left on the board"
	no_temporaries "many names in /$1"
}

# Renames within a directory of several blocks, where there is no room for one more: none loses a file.
rename_many='
import errno, os, random, sys
os.chdir(sys.argv[1])
numbers, failed, count = random.Random(1), 0, 0
names = []
for n in range(70):
    names.append("%03d" % n + "n" * numbers.randrange(1, 200))
    with open(names[n], "wb"):
        pass
def fill(size):
    global count
    while True:
        try:
            with open("../fill%d" % count, "wb", buffering=0) as file:
                file.write(bytes(size))
            count += 1
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
            return
fill(20000)
fill(3000)
for step in range(60):
    n = numbers.randrange(70)
    new = "%03d" % n + "r" * numbers.randrange(1, 200) + str(step)
    try:
        os.rename(names[n], new)
        names[n] = new
    except OSError as error:
        assert error.errno == errno.ENOSPC, error
        failed += 1
    with open("../changed", "wb") as file: # the next change is where LittleFS would delete it
        pass
    assert sorted(os.listdir(".")) == sorted(names), (step, set(names) ^ set(os.listdir(".")))
assert failed > 10, failed
'
try_renames() {
	rm -f flash*
	board_options="--size 128 --kind $kind"
	mount_board -o attr_timeout=0
	mkdir "$mnt/dir"
	echo >"$mnt/changed"
	python3 -c "$rename_many" "$mnt/dir" 2>said || fail "renames in a large directory: $(cat said)"
	ls "$mnt/dir" >listed
	unmount_board
	mount_board
	ls "$mnt/dir" | diff listed - >&2 || fail 'renames in a large directory: other files after a remount'
	unmount_board
}

# The top directory of FAT has room for so many names, whatever the room on the flash.
try_full_directory() {
	rm -f flash*
	board_options='--size 128 --kind fat'
	mount_logged
	mkdir "$mnt/dir"
	echo old >"$mnt/old"
	count=0
	while touch "$mnt/a name that takes several places in the directory, number $count" 2>said; do
		count=$((count + 1))
		[ "$count" -lt 600 ] || fail 'the top directory takes no end of names'
	done
	grep -q 'No space left on device' said || fail "a full top directory: it said: $(cat said)"
	refused 'mkdir in a full directory' mkdir "$mnt/another name that takes several places"
	refused 'mv to a full directory' mv "$mnt/old" "$mnt/another name that takes several places"
	echo new >"$mnt/old" || fail 'a file in a full directory cannot be replaced'
	echo inside >"$mnt/dir/a name that takes several places as well" || fail 'a file below a full directory cannot be made'
	echo newer >"$mnt/dir/newer"
	mv "$mnt/dir/newer" "$mnt/old" || fail 'a file in a full directory cannot be renamed over'
	grep -q '/old, .* cannot be put aside' mount.log || fail "that it is not safe is not told in the log: $(cat mount.log)"
	grep -q 'the top directory is full' mount.log || fail "a full directory is not told in the log: $(cat mount.log)"
	ls "$mnt" >listed
	unmount_board
	no_temporaries 'a full top directory'
	mount_board
	ls "$mnt" | diff listed - >&2 || fail 'a full top directory: other files after a remount'
	assert_equal 'a file in a full directory' newer "$(cat "$mnt/old")"
	assert_equal 'a file below a full directory' inside "$(cat "$mnt/dir/a name that takes several places as well")"
	rm "$mnt/a name that"*
	unmount_board
}

for kind in lfs2 lfs1 fat; do
	board_options="--size 128 --kind $kind"
	try
	try_many_names ''
	try_many_names dir
	[ "$kind" = fat ] || try_renames
done
try_full_directory
