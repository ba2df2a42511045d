#!/bin/sh
# SPDX-License-Identifier: MIT
# power_cut.sh on FAT.
# time-limit: 900
set -eu
kind=fat
. "${top_srcdir:?}/tests/system/power_cut.sh"
