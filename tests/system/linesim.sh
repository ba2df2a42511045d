#!/bin/sh
# SPDX-License-Identifier: MIT
# The line simulator keeps time, loses and damages what it should and nothing else; the board behind it is interrupted, reset, cut
# off and plugged in again as a real one: linesim.py.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

python3 "$top_srcdir/tests/system/linesim.py" "$linesim" "$board"
