#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh on a board that cannot do binary, so that all goes as text.
set -eu
firmware='--hide stdin.buffer'
. "${top_srcdir:?}/tests/system/tools.sh"
