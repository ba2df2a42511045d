#!/bin/sh
# SPDX-License-Identifier: MIT
# A board that has an image in its ROM partition mounts it at its start, lists it, and imports from it: source, bytecode, native
# code, packages; also where files are stored once, and where padding aligns them.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
mpy_cross=$(peers)/mpy-cross

# What the board prints for CODE with the image in its first partition.
with_image() { # IMAGE CODE
	board_options='--roms 1'
	[ "$(stat -c %s "$1")" -le 131072 ] || fail "$1 is too large for the partition"
	head -c 131072 /dev/zero | tr '\0' '\377' >flash.rom0
	dd if="$1" of=flash.rom0 conv=notrunc 2>/dev/null
	board_eval "$2" | tr -d '\r'
}

mkdir -p app/lib/pkg app/data/empty
echo 'VALUE = 1
def source(): return "main"' >app/top.py
echo 'def bytecode(): return [i * i for i in range(5)]' >app/lib/library.py
echo 'from .inner import deep' >app/lib/pkg/__init__.py
echo 'def deep(): return "deep"' >app/lib/pkg/inner.py
echo 'def deep(): return "deep"' >app/lib/pkg/twin.py
echo '@micropython.native
def native(n: int) -> int: return n * 2' >app/lib/fast.py
echo "grün" >"app/data/grün.txt"
head -c 20000 /dev/urandom >app/data/noise.bin

imports='import top, library, pkg, fast, pkg.twin
print(top.VALUE, top.source(), library.bytecode(), pkg.deep(), fast.native(21), pkg.twin.deep())
print(top.__file__, library.__file__, pkg.__file__)'
contents='import os, hashlib, binascii
print(sorted(os.listdir("/rom")), sorted(os.listdir("/rom/data")), os.stat("/rom/data/noise.bin")[6])
print(open("/rom/data/grün.txt").read(), end="")
print(binascii.hexlify(hashlib.sha256(open("/rom/data/noise.bin", "rb").read()).digest()).decode())'
noise=$(sha256sum app/data/noise.bin | cut -d ' ' -f 1)
said="1 main [0, 1, 4, 9, 16] deep 42 deep"

"$romfs" build --mpy-cross "$mpy_cross" --march x64 app >/dev/null
assert_equal 'imports .mpy' "$said
/rom/top.mpy /rom/lib/library.mpy /rom/lib/pkg/__init__.mpy" "$(with_image app.romfs "$imports")"
assert_equal 'contents' "['data', 'lib', 'top.mpy'] ['empty', 'gr\xfcn.txt', 'noise.bin'] 20000
grün
$noise" "$(with_image app.romfs "$contents")"

"$romfs" build --no-mpy --dedupe -o once.romfs app >/dev/null
assert_equal 'imports .py' "$said
/rom/top.py /rom/lib/library.py /rom/lib/pkg/__init__.py" "$(with_image once.romfs "$imports")"
mkdir twins
cp app/data/noise.bin twins/a
cp app/data/noise.bin twins/b
"$romfs" build --no-mpy --dedupe twins >/dev/null
assert_at_most 'an image with a file once' 20100 "$(stat -c %s twins.romfs)"
assert_equal 'both files' "$noise $noise" "$(with_image twins.romfs 'import hashlib, binascii
for name in "ab":
  print(binascii.hexlify(hashlib.sha256(open("/rom/" + name, "rb").read()).digest()).decode(), end=" ")' | sed 's/ $//')"
"$romfs" check twins.romfs >/dev/null
"$romfs" extract -C back twins.romfs >/dev/null
diff -r twins back || fail 'other files came back'

# By hand: padding before the data and between the files, and a record that nobody knows.
printf '\322\3151,\001\002..\005\017\004a.py\001\002--\002\004x=1\012' >padded.romfs
printf '\011\003new\005\015\004b.py\003\006\004\200\200\200\200\021\001\001.' >>padded.romfs
"$romfs" check padded.romfs >said || fail "$(cat said)"
"$romfs" extract -C padded padded.romfs >/dev/null
assert_equal 'from our reader' 'x=1x=1' "$(cat padded/a.py padded/b.py | tr -d '\n')"
assert_equal 'from VfsRom' '1 1' "$(with_image padded.romfs 'import a, b; print(a.x, b.x)')"
