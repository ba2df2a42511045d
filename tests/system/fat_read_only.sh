#!/bin/sh
# SPDX-License-Identifier: MIT
# A file that another computer has marked read-only in the board's FAT: the board can neither write nor remove it, nor take the mark off.
# Whoever tries gets EACCES, the file stays, what was to take its place stays, and the log says what it is.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# Sets the attribute of each file whose name is given as FAT has it: 11 bytes.
cat >mark.py <<'EOF'
import sys

flash = bytearray(open("flash", "rb").read())
for name in sys.argv[1:]:
    places = [at for at in range(0, len(flash), 32) if flash[at : at + 11] == name.encode()]
    assert len(places) == 1, (name, places)
    flash[places[0] + 11] |= 1
open("flash", "wb").write(flash)
EOF

# What is refused with EACCES, and nothing else.
cat >refused.py <<'EOF'
import errno, os, sys

os.chdir(sys.argv[1])


def write(path, flags, text):
    file = os.open(path, os.O_WRONLY | flags)
    try:
        os.write(file, text)
        os.fsync(file)
    finally:
        try:
            os.close(file)
        except OSError:
            pass


tries = {
    "write": lambda: write("fixed", 0, b"new content, which is longer"),
    "empty and write": lambda: write("fixed", os.O_TRUNC, b"new"),
    "append": lambda: write("fixed", os.O_APPEND, b"more"),
    "truncate": lambda: os.truncate("fixed", 2),
    "write below": lambda: write("dir/fixed2", os.O_TRUNC, b"new"),
    "rename over": lambda: os.replace("another", "fixed"),
    "rename over from below": lambda: os.replace("dir/another", "fixed"),
    "rename over below": lambda: os.replace("another", "dir/fixed2"),
    "remove": lambda: os.remove("fixed"),
}
for name, call in tries.items():
    try:
        call()
        sys.exit(name + ": went well")
    except OSError as error:
        assert error.errno == errno.EACCES, (name, error)
EOF

contents() {
	(cd "$mnt" && grep -r '' . | sort)
}

for hidden in '' '--hide stdin.buffer'; do
	rm -f flash*
	board_options='--size 256 --kind fat'
	mount_board
	mkdir "$mnt/dir"
	for file in fixed another dir/fixed2 dir/another moves; do
		echo "the content of $file" >"$mnt/$file"
	done
	unmount_board
	python3 mark.py 'FIXED      ' 'FIXED2     ' 'MOVES      ' || fail 'the flash has no such files'
	board_options="$board_options $hidden"
	mount_logged
	contents >before
	python3 refused.py "$mnt" 2>said || fail "$(cat said)"
	contents | diff before - >&2 || fail 'other contents than before'
	mv "$mnt/moves" "$mnt/dir/moved" || fail 'such a file cannot be renamed'
	cp "$mnt/fixed" "$mnt/copy" || fail 'such a file cannot be copied'
	contents >after
	unmount_board
	for file in /fixed /dir/fixed2; do
		grep -q "$file is marked read-only in its FAT" mount.log || fail "the log does not say what it is: $(cat mount.log)"
	done
	! grep -q 'is full\|cannot be put aside' mount.log || fail "the log says what is not so: $(cat mount.log)"
	assert_equal 'what the board has' "['another', 'copy', 'dir', 'fixed'] ['another', 'fixed2', 'moved']" \
		"$(board_eval 'import os; print(sorted(os.listdir("/")), sorted(os.listdir("/dir")))' | tr -d '\r')"
	mount_board
	contents | diff after - >&2 || fail 'other contents after a remount'
	unmount_board
done
