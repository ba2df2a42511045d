#!/bin/sh
# SPDX-License-Identifier: MIT
# A Ctrl-C, a want of memory or an error of the host that comes while a file has bytes that wait, or a run of writes that nobody has
# answered: nothing is lost, and what fails is told. See share_moments.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
start_line --usb
ulimit -f 8192 # KiB: no file gets larger
for moment in at_close at_close_of_a_run at_close_and_never_again at_flush in_a_run at_the_end_of_a_run before_the_end_of_a_run \
	alone_and_once with_a_ctrl_c in_a_gap; do
	echo "--- $moment"
	assert_run 0 -v rw:/rw:rw run "$top_srcdir/tests/system/share_moments.py" "$moment"
	assert_printed 'all right'
done
assert_equal 'the file that the agent closed' 8201 "$(stat -c %s rw/left)"
assert_untouched
stop_line
