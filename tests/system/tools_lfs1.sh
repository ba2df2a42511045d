#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh on LittleFS 1.
# time-limit: 300
set -eu
kind=lfs1
. "${top_srcdir:?}/tests/system/tools.sh"
