#!/bin/sh
# SPDX-License-Identifier: MIT
# Names on FAT: it finds them whatever the case of their letters, and no file is ever taken for another. What it would store under
# another name, or on top of another file, is refused.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# Creating NAME by each way there is gives EINVAL.
refuse='
import errno, os, sys
os.chdir(os.fsencode(sys.argv[1]))
os.close(os.open("source", os.O_CREAT | os.O_WRONLY))
names = [os.fsencode(name) for name in sys.argv[2:]]
for name in names:
    for what, call in (
        ("open", lambda: os.open(name, os.O_CREAT | os.O_WRONLY)),
        ("mknod", lambda: os.mknod(name)),
        ("mkdir", lambda: os.mkdir(name)),
        ("rename", lambda: os.rename("source", name)),
    ):
        try:
            call()
        except OSError as error:
            assert error.errno == errno.EINVAL, (what, name, error)
        else:
            raise SystemExit("%s of %r went well" % (what, name))
    for what, call in (("stat", lambda: os.stat(name)), ("unlink", lambda: os.unlink(name)), ("rmdir", lambda: os.rmdir(name))):
        try:
            call()
        except OSError as error:
            assert error.errno == errno.ENOENT, (what, name, error)
        else:
            raise SystemExit("%s of %r went well" % (what, name))
os.unlink("source")
'

board_options='--size 512 --kind fat'
for options in '' '-o attr_timeout=0'; do
	echo "options: $options"
	# shellcheck disable=SC2086 # options are words
	mount_board $options
	mkdir -p "$mnt/dir/Sub"
	echo one >"$mnt/dir/Main.py"
	echo two >"$mnt/dir/a long name with spaces.text"
	printf 3 >"$mnt/dir/$(printf '\303\210')" # in code page 437 the same as \303\211

	# Stored as another name, or refused by the board.
	python3 -c "$refuse" "$mnt/dir" 'dot.' 'space ' 'dots...' 'a\b' 'a*' 'a:b' 'a"b' 'a<b' 'a>b' 'a?' 'a|b' "$(printf 'a\tb')" \
		"$(printf '\177')" '...'
	# Found as another file: by its short name, by the code page.
	python3 -c "$refuse" "$mnt/dir" 'ALONGN~1.TEX' 'alongn~1.tex' "$(printf '\303\211')"
	assert_equal 'after what was refused' "Main.py Sub a long name with spaces.text $(printf '\303\210') " \
		"$(cd "$mnt/dir" && LC_ALL=C ls -1 | tr '\n' ' ')"
	assert_equal 'a file after it' two "$(cat "$mnt/dir/a long name with spaces.text")"
	touch "$mnt/dir/b~1.txt" "$mnt/dir/.hidden" "$mnt/dir/x+y,z;=[]" "$mnt/dir/$(printf '\303\274')" # as they are
	rm "$mnt/dir/b~1.txt" "$mnt/dir/.hidden" "$mnt/dir/x+y,z;=[]" "$mnt/dir/$(printf '\303\274')"

	# The same file in every case, with one number, also while it is open, also in directories found by another case.
	assert_equal 'another case' one "$(cat "$mnt/dir/MAIN.PY")"
	assert_equal 'a directory in another case' one "$(cat "$mnt/DIR/main.py")"
	assert_equal 'its number' "$(stat -c %i "$mnt/dir/Main.py")" "$(stat -c %i "$mnt/DIR/mAIN.pY")"
	echo more >>"$mnt/dir/main.PY"
	assert_equal 'added in another case' 'one more' "$(echo $(cat "$mnt/dir/Main.py"))"
	touch -d '2020-02-02 02:02:02 UTC' "$mnt/Dir/mAin.py"
	assert_equal 'a time set in another case' 1580608922 "$(stat -c %Y "$mnt/dir/Main.py")"
	python3 - "$mnt" <<-'END'
		import os, sys
		os.chdir(sys.argv[1])
		first, second = os.open("dir/Main.py", os.O_RDWR), os.open("DIR/MAIN.PY", os.O_RDWR)
		os.pwrite(first, b"ONE", 0)
		assert os.pread(second, 3, 0) == b"ONE"
		os.ftruncate(second, 2)
		assert os.fstat(first).st_size == 2
		os.close(os.open("new", os.O_CREAT | os.O_EXCL))
		created = os.open("dir/Created", os.O_CREAT | os.O_RDWR)
		try:
		    os.open("dir/CREATED", os.O_CREAT | os.O_EXCL)
		except FileExistsError:
		    pass
		else:
		    sys.exit("a file was made twice")
		os.write(created, b"x")
		os.close(created)
		assert os.path.getsize("DIR/created") == 1
		os.unlink("new")
		os.unlink("dir/cREATED")
		os.rename("dir/MAIN.py", "moved") # named as it was asked for
		assert os.listdir("dir").count("Main.py") == 0 and "moved" in os.listdir(".")
		os.rename("moved", "dir/Main.py")
		for wrong in ("dir/SUB", "DIR/sub"):
		    try:
		        os.mkdir(wrong)
		    except FileExistsError:
		        pass
		    else:
		        sys.exit("a directory was made twice")
		try:
		    os.rename("dir", "DIR/sub/dir")
		except OSError as error:
		    assert error.errno == 22, error
		else:
		    sys.exit("a directory went into itself")
		os.close(first), os.close(second)
	END
	assert_equal 'what it is called' 'Main.py Sub' "$(cd "$mnt/dir" && echo [MS]*)"

	# A name of any length that FAT has.
	long=$(printf %255s | tr ' ' n)
	cp "$board" "$mnt/$long"
	assert_same "$board" "$mnt/$long"
	cp "$0" "$mnt/$long" # over it
	assert_same "$0" "$mnt/$long"
	cp "$board" "$mnt/board"
	mv "$mnt/board" "$mnt/$long"
	assert_same "$board" "$mnt/$long"
	assert_refused 'File name too long' touch "$mnt/${long}n"
	rm "$mnt/$long"

	unmount_board
	mount_board
	assert_equal 'after a remount' 'Main.py Sub' "$(cd "$mnt/dir" && echo [MS]*)"
	assert_equal 'content after a remount' ON "$(cat "$mnt/DIR/MAIN.PY")"
	rm -r "$mnt/DIR"
	assert_equal 'after rm -r' '' "$(ls -A "$mnt")"
	unmount_board
done
