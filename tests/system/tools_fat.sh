#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh on FAT.
# time-limit: 300
set -eu
kind=fat
. "${top_srcdir:?}/tests/system/tools.sh"
