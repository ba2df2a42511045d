#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share repl in a terminal: the prompt with the shares, Ctrl-C, Ctrl-D (the shares come back), Ctrl-]; the terminal is as it was,
# also after a signal and while it is stopped. See share_repl.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
echo "WORDS = 'module 1'" >rw/module.py
start_line --usb
python3 -E "$top_srcdir/tests/system/share_repl.py" "$share" "$PWD/line" || fail 'see above'
assert_untouched
stop_line
