#!/bin/sh
# SPDX-License-Identifier: MIT
# The plug is pulled 50 times each while a board is listed, read and written, and it is plugged in again: see replug.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

seed=${SEED:-$(date +%s)}
rounds=${ROUNDS:-50}
start_line --usb --replug 20
mount_logged -o attr_timeout=0
python3 -E "$top_srcdir/tests/system/replug.py" "$mnt" "$PWD/line" "$PWD/line.control" "$rounds" "$seed" || fail "see above, and: $(tail -n 5 mount.log)"

# Each absence is told of twice, and nothing else is but that the plug was pulled in the middle of frames.
pulled=$(grep -c '# unplugged' line.trace)
[ "$pulled" -ge $((3 * rounds)) ] || fail "the plug was pulled $pulled times"
assert_equal 'how often it was lost' "$pulled" "$(grep -c 'the connection to the board is lost' mount.log)"
assert_equal 'how often it was back' "$pulled" "$(grep -c ': the board is back' mount.log)"
find "$mnt" -type f -exec cksum {} + | sort >before
unmount_board
grep -v -e 'is lost' -e ': the board is back' -e 'a copy that was cut short' -e 'the line was not clean' mount.log >other.log || :
[ ! -s other.log ] || fail "the log also has: $(head -n 3 other.log)"

# What the board itself has.
mount_logged
find "$mnt" -type f -exec cksum {} + | sort >after
assert_same before after
unmount_board
stop_line
