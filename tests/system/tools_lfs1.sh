#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh on LittleFS 1.
set -eu
kind=lfs1
. "${top_srcdir:?}/tests/system/tools.sh"
