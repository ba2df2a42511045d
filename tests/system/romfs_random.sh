#!/bin/sh
# SPDX-License-Identifier: MIT
# 200 random trees go into an image and come back the same; MicroPython's own VfsRom finds the same in it (romfs_trees.py).
# Other trees: SEED=1000.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

python3 -B "$top_srcdir/tests/system/romfs_trees.py" random "$romfs" "$(micropython)" "${SEED:-0}" 200 || fail 'another tree'
