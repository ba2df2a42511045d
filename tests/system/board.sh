#!/bin/sh
# SPDX-License-Identifier: MIT
# The simulated board is what the other tests believe: a MicroPython whose root is its own flash, with nothing of the script that
# made it; its power fails where it should; it can lack modules and read as bare metal does; it never has this computer's files.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

refuses() { # TEXT OPTION...: scripts/board ends at once, says TEXT, and has no prompt
	_said=$1
	shift
	if "$board" "$@" </dev/null >prompt 2>board.said; then fail "board $*: went well"; fi
	grep -qF -- "$_said" board.said || fail "board $*: it said: $(cat board.said)"
	! grep -qF '>>>' prompt || fail "board $*: there was a prompt: $(cat prompt)"
}

# --- What a program on it sees ---
board_options='--heap 48k'
assert_equal 'a new flash' '[]' "$(board_eval 'import os; print(os.listdir("/"))')"
assert_equal 'the names' "['__file__', '__name__']" "$(board_eval 'print(sorted(globals()))')"
assert_equal 'the modules' "['machine']" "$(board_eval 'import sys; print(list(sys.modules))')"
assert_equal 'sys' "[''] ['', '.frozen', '/lib']" "$(board_eval 'import sys; print(sys.argv, sys.path)')"
assert_equal 'the environment' 'None' "$(board_eval 'import os; print(os.getenv("HOME"))')"
assert_equal 'line numbers' '  File "<stdin>", line 2, in <module>' \
	"$(board_eval 'import sys
try: f = 1 / 0
except ZeroDivisionError as e: sys.print_exception(e, sys.stdout)' | sed -n 2p)"
memory=$(board_eval 'import gc; gc.collect(); print(gc.mem_free())')
echo "of 48 KiB, $memory bytes are free"
[ "$memory" -ge 40800 ] || fail "only $memory bytes are free of 48 KiB"

# --- Who it is ---
identity() { # OPTIONS
	board_options=$1
	board_eval 'import machine; print(machine.unique_id().hex())'
}
first=$(identity '')
assert_equal 'the length of its number' 16 ${#first}
assert_equal 'its number, at the next power-up' "$first" "$(identity '')"
assert_equal 'a number that was given' 00ff0a "$(identity '--id 00ff0a')"
board_options='--id none'
assert_equal 'firmware without a number' missing "$(board_eval 'try: from machine import unique_id
except ImportError: print("missing")')"
refuses "--id needs two digits for each byte, not '123'" --id 123
refuses "small hexadecimal digits, or none, not '../x'" --id ../x
rm -f flash*
[ "$(identity '')" != "$first" ] || fail 'two boards have the same number'

# --- Its flash ---
for kind in lfs2 lfs1 fat; do
	rm -f flash*
	board_options="--kind $kind --size 256"
	board_eval 'f = open("data", "wb"); f.write(b"0123456789" * 900); f.close()'
	board_options=''
	assert_equal "$kind: content" 9000 "$(board_eval 'print(len(open("data", "rb").read()))')"
	assert_equal "$kind: size" 262144 "$(stat -c %s flash)"
	size=$(board_eval 'import os; s = os.statvfs("/"); print(s[1] * s[2] > 200000)')
	assert_equal "$kind: statvfs" True "$size"
done
writes=$(flash_writes)
board_eval 'f = open("data", "rb"); f.read(); f.close()'
assert_equal 'the writes of a read' "$writes" "$(flash_writes)"
board_eval 'f = open("other", "w"); f.close()'
[ "$(flash_writes)" -gt "$writes" ] || fail 'a new file was not counted'

# --- boot.py and main.py ---
rm -f flash*
board_eval 'for n in ("boot", "main"):
 f = open(n + ".py", "w"); f.write("print(\"this is %s\")\n%s = 1\n" % (n, n)); f.close()'
"$board" flash </dev/null >said
assert_equal 'power-up' 'this is boot this is main ' "$(grep '^this' said | tr '\n' ' ')"
BOARD_BOOT=soft-reset-raw "$board" flash </dev/null >said
assert_equal 'soft reset from the raw REPL' 'this is boot' "$(grep '^this' said)"
assert_equal 'their names stay' 'True True' "$(board_eval 'print("boot" in globals(), "main" in globals())')"
board_eval 'f = open("main.py", "w"); f.write("import sys; sys.exit()"); f.close()'
assert_equal 'main.py that exits: no prompt' 'this is boot' "$("$board" flash </dev/null)"

# --- The power ---
rm -f flash*
board_eval 'f = open("data", "w"); f.write("old"); f.close()'
cut_power_after 1
if "$board" flash <<-'EOF' >said; then fail 'the power did not fail'; fi
	f = open("data", "w"); f.write("new"); f.close(); print("still " + "there")
EOF
! grep -q 'still there' said || fail 'the board went on after its power had failed'
assert_equal 'after the power cut' old "$(board_eval 'print(open("data").read())')"
if "$board" --cut 1 flash <<-'EOF' >said; then fail 'the power did not fail with --cut'; fi
	f = open("data", "w"); f.write("new"); f.close()
EOF

# --- What other boards lack ---
board_options='--hide deflate,hashlib,stdin.buffer'
for name in deflate hashlib; do
	assert_equal "hidden $name" hidden "$(board_eval "try: import $name
except ImportError: print('hidden')")"
done
assert_equal 'hidden stdin.buffer' 'False' "$(board_eval 'import sys; print(hasattr(sys.stdin, "buffer"))')"
assert_equal 'not hidden' '<module' "$(board_eval 'import binascii; print(binascii)' | cut -d ' ' -f 1)"
board_options=''
assert_equal 'stdin of the unix port' 'True' "$(board_eval 'import sys; print(hasattr(sys.stdin.buffer, "fileno"))')"
board_options=--blocking-stdin
assert_equal 'stdin as on bare metal' 'False False' \
	"$(board_eval 'import sys; print(hasattr(sys.stdin.buffer, "fileno"), hasattr(sys.stdin.buffer, "readinto1"))')"
start_line
exec 3<>line
printf '\001import sys, select\nb = bytearray(4); p = select.poll(); p.register(sys.stdin, 1); print("poll", p.poll(0))\nprint("go")\nprint("got", sys.stdin.buffer.readinto(b), b, len(p.poll(0)))\n\004' >&3
sed '/^go/q' <&3 >said
printf 1234 >&3
sed '/^got/q' <&3 >>said
exec 3<&-
stop_line
assert_equal 'poll and readinto' "poll []got 4 bytearray(b'1234') 0" "$(sed -n 's/^.*poll/poll/p; /^got/p' said | tr -d '\r\n')"

# --- ROM partitions ---
board_options='--roms 3'
board_eval 'import vfs
print(vfs.rom_ioctl(1), [len(vfs.rom_ioctl(2, i)) for i in range(3)], [hasattr(vfs.rom_ioctl(2, i), "readblocks") for i in range(3)])
assert vfs.rom_ioctl(2, 3) == vfs.rom_ioctl(3, 1, 5) == -22 and vfs.rom_ioctl(6, 2) == 4096
assert vfs.rom_ioctl(3, 0, 5000) == 4 and vfs.rom_ioctl(4, 0, 4096, b"abcd") == 0 and vfs.rom_ioctl(5, 0) == 0
assert vfs.rom_ioctl(3, 2, 200000) == -12
vfs.rom_ioctl(2, 1).writeblocks(1, b"block")
vfs.rom_ioctl(4, 0, 0, b"\xd2\xcd1\x00")' >said
assert_equal 'rom_ioctl' '3 [131072, 131072, 131072] [False, True, False]' "$(cat said)"
assert_equal 'in the files' 'abcd block' "$(dd if=flash.rom0 bs=1 skip=4096 count=4 2>&-) $(dd if=flash.rom1 bs=1 skip=4096 count=5 2>&-)"
assert_equal 'mounted' "['/rom', '/rom/lib'] True" "$(board_eval 'import sys, os, vfs; print(sys.path[3:], len(os.listdir("/rom")) == 0)')"

# --- What is no board ---
head -c 8192 /dev/zero >broken
refuses 'holds no file system' broken
rm -f flash*
board_eval 'pass'
refuses 'holds no file system' --kind fat flash
refuses 'another size' --size 5 flash
refuses "--heap needs a value" --heap
refuses "unknown option --hepa" --hepa 48k
refuses "not 'ext4'" --kind ext4
start_line
exec 3<>line
sed '/Type/q' <&3 >/dev/null
refuses 'in use by another board' flash
exec 3<&-
stop_line
