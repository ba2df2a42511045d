#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share repl in a terminal: the prompt with the shares, Ctrl-B, Ctrl-C, Ctrl-D (the shares come back), Ctrl-]; the terminal is as it was,
# also after a signal and while it is stopped, and it ends when the terminal goes. See share_repl.py. With a pipe in the terminal's
# place all of it is run, and it ends when the board has answered.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
echo "WORDS = 'module 1'" >rw/module.py
start_line --usb
python3 -E "$top_srcdir/tests/system/share_repl.py" "$share" "$PWD/line" || fail 'see above'
assert_untouched

# What is piped, and what the board makes of it: its prompt's echo, without empty lines in a statement, and what is printed.
assert_piped() { # LINE...
	status=0
	timeout 60 "$share" -d "$(device)" -v rw:/rw:rw repl >said 2>err || status=$?
	assert_equal "status; it said $(cat err said)" 0 "$status"
	tr -d '\r' <said | sed -e '/^\.\.\. *$/d' -e 's/^MicroPython .*/MicroPython/' >out
	assert_printed "$@"
}

echo '--- a pipe'
echo 'print(1)' | assert_piped '>>> print(1)' 1 '>>> '
assert_untouched
printf 'import time\ntime.sleep(1)\nprint(open("/rw/module.py").read(5))' |
	assert_piped '>>> import time' '>>> time.sleep(1)' '>>> print(open("/rw/module.py").read(5))' WORDS '>>> '
printf 'if True:\nprint(2)' | assert_piped '>>> if True:' '...     print(2)' 2 '>>> '
printf '\005if True:\n  print(3)\n\004' |
	assert_piped '>>> ' 'paste mode; Ctrl-C to cancel, Ctrl-D to finish' '=== if True:' '===   print(3)' '=== ' 3 '>>> '
printf 'x = 1\n\004import os; print(os.getcwd())\n' | assert_piped '>>> x = 1' '>>> ' 'MPY: soft reboot' \
	MicroPython 'Type "help()" for more information.' '>>> import os; print(os.getcwd())' /rw '>>> '
printf 'x = 1\n\002import os; print(x, os.getcwd())\n' | assert_piped '>>> x = 1' '>>> ' \
	MicroPython 'Type "help()" for more information.' '>>> import os; print(x, os.getcwd())' '1 /rw' '>>> '
assert_piped '>>> ' </dev/null
assert_untouched
stop_line
