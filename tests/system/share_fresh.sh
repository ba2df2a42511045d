#!/bin/sh
# SPDX-License-Identifier: MIT
# What changes on this computer while a program has seen it: an open file that is read again has what is there now, and so has what import
# asks in advance. Less than a second's age is no promise: so the program waits for that long.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
cat >program.py <<'END'
import os, time


def look(name):  # as import does first
    try:
        os.stat(name)
        print("it is there")
    except OSError:
        pass


def edit():
    input("edit\n")
    time.sleep_ms(400)


value = open("value")
mixed = open("mixed", "r+")
print(1, value.read(), mixed.read(), value.read(), os.stat("module.py")[6])
look("module2")
edit()
print(2, os.stat("module2.py")[6])
look("module2")
edit()
print(3, open("module2.py").read().strip())
mixed.seek(0)
print(4, mixed.read())
value.seek(0)
print(5, value.read())
edit()
value.seek(-5, 1)
print(6, value.read())
look("module")
edit()
import module
print(7, module.WHAT)
END
put() { # CONTENT
	printf %s "$1" >rw/value
	printf %s "$1" >rw/mixed
	echo "WHAT = '$1'" >rw/module.py
	cp rw/module.py rw/module2.py
}

# What the program is told is fed when it has asked for it.
edited() { # CONTENT COUNT
	await 60 "the program says edit, $2 times" said_edit "$2"
	put "$1"
	echo >&3
}
said_edit() {
	[ "$(grep -c edit out)" -ge "$1" ]
}

for line in --usb --uart; do
	echo "--- $line"
	rm -rf flash* typed out
	: >out
	mkfifo typed
	put old
	start_line $line
	"$share" -d line -v rw:/rw:rw run program.py <typed >out 2>err &
	pid=$!
	exec 3>typed
	edited another 1
	edited third 2
	edited fourth 3
	edited fifth 4
	wait $pid || fail "it ended with $?: $(cat out err)"
	exec 3>&-
	tr -d '\r' <out | grep -v '^edit$\|^$' >printed
	diff - printed >&2 <<-'END' || fail "it printed something else, see above: $(cat err)"
		1 old old  13
		2 17
		3 WHAT = 'third'
		4 third
		5 third
		6 fourth
		7 fifth
	END
	assert_untouched
	stop_line
done
