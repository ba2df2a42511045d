#!/bin/sh
# SPDX-License-Identifier: MIT
# Onto a board's ROM partitions, of both kinds, and back: what is refused before anything is written, and in which words; what the
# board then reads and imports; and that nothing is written that is there already.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
mpy_cross=$(peers)/mpy-cross

romfs() { # COMMAND...
	"$romfs" -d "$(device)" "$@"
}

rom_writes() {
	sed 's/^0*\(.\)/\1/' "$flash.rom.writes"
}

# The value at PATH, as error.kind, in the JSON that a command prints, which may fail.
json() { # PATH COMMAND...
	_path=$1
	shift
	"$@" >said.json 2>said || :
	python3 -c 'import functools, json, sys
print(functools.reduce(lambda x, k: x[int(k) if k.isdigit() else k], sys.argv[1].split("."), json.load(open("said.json"))))' "$_path"
}

mkdir -p app/lib
echo 'def hello(): return "hello from " + __file__' >app/top.py
echo '@micropython.native
def twice(n: int) -> int: return n * 2' >app/lib/fast.py
head -c 21000 /dev/urandom >app/noise.bin
noise=$(sha256sum app/noise.bin | cut -d ' ' -f 1)
"$romfs" build --no-mpy app >/dev/null
echo 'no image' >none.romfs
head -c 150000 /dev/zero >large
mkdir big && mv large big/
"$romfs" build --no-mpy big >/dev/null
"$romfs" build --march armv6m --mpy-cross "$mpy_cross" -o arm.romfs app >/dev/null
{ head -c 40 app.romfs && tail -c +61 app.romfs; } >cut.romfs

# --- What is refused, before anything is written ---
assert_refused 'has no ROM file systems (vfs.rom_ioctl)' romfs query
assert_equal 'kind' no-rom-support "$(json error.kind romfs query --json)"
board_options='--roms 0'
assert_refused 'has no ROM partitions' romfs query
assert_refused 'has no ROM partitions' romfs deploy app
assert_equal 'kind' no-partitions "$(json error.kind romfs deploy --json app.romfs)"
board_options='--roms 1'
assert_refused 'partition not found: 1; the board has only partition 0' romfs deploy -p 1 app.romfs
board_options='--roms 2'
assert_refused 'partition not found: 2; the board has partitions 0 to 1' romfs deploy --partition 2 app.romfs
assert_refused 'partition not found: 7' romfs query -p 7
assert_refused 'partition not found: 7' romfs dump -p 7 -o x
assert_equal 'kind' partition-not-found "$(json error.kind romfs dump -p 7 -o x --json)"
assert_equal 'kind' partition-not-found "$(json error.kind romfs deploy -p 9 --json app.romfs)"
assert_refused 'not a romfs image: none.romfs: at offset 0' romfs deploy none.romfs
assert_refused 'not a romfs image: cut.romfs: at offset' romfs deploy cut.romfs
assert_equal 'kind' not-a-romfs-image "$(json error.kind romfs deploy --json none.romfs)"
assert_refused "insufficient space: the image has $(stat -c %s big.romfs) bytes, partition 1 has 131072" romfs deploy -p 1 big.romfs
assert_equal 'kind' insufficient-space "$(json error.kind romfs deploy --json big.romfs)"
assert_refused 'cannot import lib/fast.mpy: it has native code for armv6m, the board is x64' romfs deploy arm.romfs
assert_equal 'kind' bytecode "$(json error.kind romfs deploy --json arm.romfs)"
assert_refused 'nowhere.romfs: No such file' romfs deploy nowhere.romfs
assert_equal 'written so far' 0 "$(rom_writes)"
assert_refused 'nowhere' "$romfs" query -d /dev/nowhere
assert_equal 'kind' device "$(json error.kind "$romfs" -d /dev/nowhere query --json)"
for words in 'deploy' 'deploy a b' 'deploy -p x a' 'query x' 'dump' 'query --baud 1200' 'query --dtr maybe' '-z' '-d'; do
	status=0
	# shellcheck disable=SC2086 # words
	"$romfs" $words >said 2>&1 || status=$?
	assert_equal "status of $words" 2 $status
done

# --- Onto both kinds ---
romfs query >said
grep -q '^partition 0: 131072 bytes in memory, in blocks of 4096 bytes; empty$' said || fail "query: $(cat said)"
grep -q '^partition 1: 131072 bytes of a block device, in blocks of 4096 bytes; empty$' said || fail "query: $(cat said)"
romfs deploy --mpy-cross "$mpy_cross" app >said 2>said.err
[ ! -s said.err ] || fail "it was not silent in a pipe: $(cat said.err)"
grep -q '6 blocks written, 0 blocks equal already, 6 blocks verified' said || fail "deploy: $(cat said)"
romfs deploy -p 1 app.romfs >/dev/null
assert_equal 'from /rom' "hello from /rom/top.mpy 42 $noise" "$(board_eval 'import top, fast, hashlib, binascii
print(top.hello(), fast.twice(21), binascii.hexlify(hashlib.sha256(open("/rom/noise.bin", "rb").read()).digest()).decode())' | tr -d '\r')"
assert_equal 'from /romfs1' "hello from /romfs1/top.py $noise" "$(board_eval 'import vfs, sys, hashlib, binascii
vfs.mount(vfs.VfsRom(vfs.rom_ioctl(2, 1)), "/romfs1")
sys.path.insert(0, "/romfs1")
import top
print(top.hello(), binascii.hexlify(hashlib.sha256(open("/romfs1/noise.bin", "rb").read()).digest()).decode())' | tr -d '\r')"
romfs query -p 1 >said
size=$(stat -c %s app.romfs)
grep -q "; an image of $size bytes, $((131072 - size)) free\$" said || fail "query -p 1: $(cat said)"
grep -q '^  noise.bin .* 21000$' said || fail "the tree: $(cat said)"
assert_equal 'entries' 4 "$(json partitions.1.entries romfs query --json | tr '{' '\n' | grep -c path)"
assert_equal 'state' good "$(json partitions.0.state romfs query --json)"

# --- Again: nothing is written; a part: only that ---
before=$(rom_writes)
romfs deploy -p 1 app.romfs >said
grep -q ': 0 blocks written, 6 blocks equal already, 6 blocks verified$' said || fail "again: $(cat said)"
romfs deploy --mpy-cross "$mpy_cross" app >/dev/null
assert_equal 'written again' "$before" "$(rom_writes)"
cp app.romfs other.romfs
printf "another block" | dd of=other.romfs bs=1 seek=15000 conv=notrunc 2>/dev/null
assert_equal 'written of another image' 2 "$(json written romfs deploy -p 1 --json other.romfs)"
assert_equal 'skipped' 4 "$(json skipped romfs deploy -p 1 --json app.romfs)"

# --- Back ---
assert_refused 'cannot be written' romfs dump -p 1 -o nowhere/x.romfs
romfs dump -p 1 -o back.romfs >said
assert_same app.romfs back.romfs
assert_equal 'size of a dump' "$size" "$(json size romfs dump -p 1 --json -o back.romfs)"
romfs -b 115200 --timeout 5 dump -o back.romfs >/dev/null
"$romfs" check back.romfs >/dev/null

# --- Damaged ---
printf '\377\377' | dd of="$flash.rom1" bs=1 seek=9 conv=notrunc 2>/dev/null
status=0
romfs query -p 1 >said || status=$?
assert_equal 'status of query' 1 $status
grep -q '; a damaged image: at offset' said || fail "query: $(cat said)"
assert_equal 'state' damaged "$(json partitions.0.state romfs query -p 1 --json)"
rm back.romfs
assert_refused 'partition 1: at offset' romfs dump -p 1 -o back.romfs
assert_equal 'kind' not-a-romfs-image "$(json error.kind romfs dump -p 1 --json -o back.romfs)"
[ ! -e back.romfs ] || fail 'dump left a file of a damaged image'
romfs deploy -p 1 app.romfs >/dev/null
romfs dump -p 1 -o back.romfs >/dev/null
assert_same app.romfs back.romfs

# --- Empty, for query and dump alike: erased, never written to, and erased before something that is none ---
for first in '\000\000\000' '\377\377\377\123'; do
	# shellcheck disable=SC2059 # octal
	{ printf "$first" && tail -c +5 app.romfs; } | dd of="$flash.rom1" conv=notrunc 2>/dev/null
	assert_equal 'state' empty "$(json partitions.0.state romfs query -p 1 --json)"
	assert_refused 'partition 1 is empty' romfs dump -p 1 -o back.romfs
done
romfs deploy -p 1 app.romfs >/dev/null

# --- All the same ---
romfs deploy --force arm.romfs >/dev/null 2>said
grep -q 'warning: the board cannot import lib/fast.mpy' said || fail "--force: $(cat said)"
assert_equal 'the board agrees' "refused" "$(board_eval 'try:
    import fast
except ValueError:
    print("refused")' | tr -d '\r')"

# --- esp8266: erased from the start only, and nothing is known of blocks ---
board_options='--roms 2 --old-rom'
assert_equal 'block size' None "$(json partitions.0.block_size romfs query --json)"
romfs deploy app.romfs >/dev/null
romfs deploy other.romfs >said
grep -q '(131072 bytes in memory): 6 blocks written' said || fail "esp8266: $(cat said)"
romfs deploy other.romfs >said
grep -q ': 0 blocks written' said || fail "esp8266 again: $(cat said)"
romfs dump -o back.romfs >/dev/null
assert_same other.romfs back.romfs

# --- A board that has no SHA-256, and one without deflate ---
for hidden in hashlib deflate; do
	board_options="--roms 2 --hide $hidden"
	for number in 0 1; do
		romfs deploy -p $number app.romfs >/dev/null
		romfs deploy -p $number other.romfs >/dev/null
		assert_equal "written again without $hidden" 0 "$(json written romfs deploy -p $number --json other.romfs)"
		romfs dump -p $number -o back.romfs >/dev/null
		assert_same other.romfs back.romfs
	done
done
board_options='--roms 2'
romfs dump -p 0 -o - >/dev/null 2>&1 || :
rm -f ./-

# --- The bar, on a terminal ---
python3 - "$romfs" "$(device)" <<'END' || fail 'no bar on a terminal'
import os, pty, sys

pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "-d", sys.argv[2], "deploy", "app.romfs"])
said = b""
try:
    while part := os.read(fd, 4096):
        said += part
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(status or b"\rdeploying [" not in said or b"KB/s" not in said)
END

# --- A board that says that it erases at once what no flash does ---
board_eval 'with open("/boot.py", "w") as f:
    f.write("""import vfs
told = vfs.rom_ioctl
vfs.rom_ioctl = lambda command, *rest: 0xfffff001 if command == 6 else told(command, *rest)
""")'
cp "$flash.rom0" before
assert_refused 'the board does not say what its partition 0 is' romfs query -p 0
assert_refused 'the board does not say what its partition 0 is' romfs deploy arm.romfs --force
assert_same before "$flash.rom0"
romfs deploy -p 1 app.romfs >/dev/null
