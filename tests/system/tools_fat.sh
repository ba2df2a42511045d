#!/bin/sh
# SPDX-License-Identifier: MIT
# tools.sh on FAT.
set -eu
kind=fat
. "${top_srcdir:?}/tests/system/tools.sh"
