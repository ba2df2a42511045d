#!/bin/sh
# SPDX-License-Identifier: MIT
# power_cut.sh on LittleFS 1.
# time-limit: 900
set -eu
kind=lfs1
. "${top_srcdir:?}/tests/system/power_cut.sh"
