#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/check-board on a simulated board: all is right, its folder is gone afterwards and nothing else was changed; what is not
# right is told, with status 1.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

check() {
	"$top_srcdir/scripts/check-board" --build "$top_builddir" "$@" "$(device)" 2>check.log
}

mount_board
echo 'print("mine")' >"$mnt/main.py"
unmount_board

check >page || fail "check-board ended with status $?: $(cat page check.log)"
grep -qx 'All is as it should be\.' page || fail "it said: $(cat page)"
for words in 'unique id' 'free memory' 'epoch  *1970' 'deflate  *True' 'file systems .*VfsLfs2' 'up, bytes a second  *[0-9]' \
	'damaged bytes  *none' 'mmap  *right'; do
	grep -q "^  $words" page || fail "the page does not have '$words': $(cat page)"
done

check --json >page.json
python3 -c 'import json, sys; page = json.load(sys.stdin); assert page["right"] and len(page["checks"]) > 10, page' <page.json

mount_board
assert_equal 'what is left' 'main.py ' "$(ls -A "$mnt" | tr '\n' ' ')"
unmount_board

# As a pyboard, with ROM partitions.
board_options='--virtual-root --kind fat --roms 2'
rm -f flash*
check >page || fail "a board with a flash and a card: status $?: $(cat page check.log)"
for words in 'ROM partitions .*131072 bytes.*131072 bytes' 'large and small letters  *right' 'file systems .*/flash VfsFat.*/sd VfsFat'; do
	grep -q "^  $words" page || fail "the page does not have '$words': $(cat page)"
done
mount_board
assert_equal 'what is left' '' "$(find "$mnt/flash" "$mnt/sd" -mindepth 1)"
unmount_board
rm -f flash*
board_options=''
mount_board
head -c 950000 /dev/zero >"$mnt/big"
unmount_board

# What it cannot do.
check_failing() {
	"$top_srcdir/scripts/check-board" --build "$top_builddir" "$(device)"
}
assert_refused 'too little room on the board' check_failing
assert_refused 'does not tell what it is' "$top_srcdir/scripts/check-board" --build "$top_builddir" 'exec:echo no board'

# A directory of this computer answers as a board's must, but that it has links and can exchange files: the checks see that.
mkdir plain
python3 - "$top_srcdir/scripts/check-board" plain <<'EOF' || fail 'the checks, on a directory of this computer'
import importlib.machinery, importlib.util, sys
from pathlib import Path

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_board", sys.argv[1])
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_board", loader))
loader.exec_module(module)
found = module.run_checks(Path(sys.argv[2]).resolve())
wrong = {words for words, why in found.items() if why}
assert wrong == {"links, pipes, attributes", "exchange of two files"}, found
EOF
