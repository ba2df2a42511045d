#!/bin/sh
# SPDX-License-Identifier: MIT
# The first things that a user does: mount, look, copy in and out, delete, unmount. What was written is on the board.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

board_eval 'f = open("main.py", "w"); f.write("print(6 * 7)\n"); f.close()'
board_eval 'import os; os.mkdir("lib")'

mount_board
assert_equal 'ls' 'lib main.py' "$(cd "$mnt" && echo *)"
assert_equal 'cat' 'print(6 * 7)' "$(cat "$mnt/main.py")"
assert_equal 'size and kind' '13 regular file' "$(stat -c '%s %F' "$mnt/main.py")"
assert_equal 'kind of a folder' 'directory' "$(stat -c %F "$mnt/lib")"

head -c 10000 /dev/urandom >random
seq 1 3000 >text
cp random text "$mnt"
mkdir -p "$mnt/a/b"
cp text "$mnt/a/b/deep"
assert_same random "$mnt/random"
assert_same text "$mnt/a/b/deep"
mv "$mnt/random" "$mnt/a/moved"
assert_same random "$mnt/a/moved"
rm "$mnt/main.py"
assert_refused 'No such file or directory' cat "$mnt/main.py"
assert_refused 'Directory not empty' rmdir "$mnt/a/b"
rmdir "$mnt/lib"
unmount_board

assert_equal 'the board afterwards' "['a', 'text']" "$(board_eval 'import os; print(sorted(os.listdir()))')"
assert_equal 'a file on the board' "$(sha256sum <random | cut -d ' ' -f 1)" \
	"$(board_eval 'import hashlib, binascii; print(binascii.hexlify(hashlib.sha256(open("a/moved", "rb").read()).digest()).decode())')"

mount_board
assert_same text "$mnt/a/b/deep"
rm -r "$mnt/a"
assert_equal 'ls after rm -r' 'text' "$(cd "$mnt" && echo *)"
unmount_board
