#!/bin/sh
# SPDX-License-Identifier: MIT
# Images that were damaged, or made to do harm: list, check and extract refuse them with the offset, and write nothing; extract
# follows no link that lies in its way, and overwrites nothing unasked.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# image RECORDS: hostile.romfs, with a header before these records (in printf's words), which it makes even with padding
image() {
	printf "$1" >records
	[ $(($(stat -c %s records) % 2)) -eq 0 ] || printf '\001\001x' >>records
	size=$(stat -c %s records)
	{
		printf '\322\3151\200\200'
		[ "$size" -lt 128 ] || fail 'too many records'
		printf "\\$(printf %03o "$size")"
		cat records
	} >hostile.romfs
}

# refused TEXT: each command refuses hostile.romfs with TEXT, its name and an offset
refused() {
	assert_refused "$1" "$romfs" check hostile.romfs
	grep -q '^mpremote-romfs: hostile.romfs: at offset [0-9]' refused.said || fail "no offset: $(cat refused.said)"
	assert_refused "$1" "$romfs" list hostile.romfs
	assert_refused "$1" "$romfs" extract -C out --force hostile.romfs
	[ ! -e out ] || fail "$1: something was extracted"
	! "$romfs" check --json hostile.romfs >json 2>/dev/null || fail "$1: good in JSON"
	python3 -c 'import json, sys; r = json.load(open("json")); sys.exit(r["good"] or sys.argv[1] not in r["fault"]["what"])' "$1" ||
		fail "JSON: $(cat json)"
}

# A good file and a good directory, to have something that could be written.
good='\005\005\001g\002\001!\004\002\001d'

image "$good"
"$romfs" check hostile.romfs >said || fail "$(cat said)"
image "$good"'\005\003\007../'
refused 'a name reaches'
image "$good"'\005\007\003../\002\001!'
refused 'leads elsewhere'
image "$good"'\004\003\002..'
refused 'leads elsewhere'
image "$good"'\005\013\007/etc/xy\002\001!'
refused 'leads elsewhere'
image "$good"'\005\007\003a\000b\002\001!'
refused 'leads elsewhere'
image "$good"'\005\005\001\377\002\001!'
refused 'leads elsewhere'
image "$good$good"
refused 'two entries of the same name'
image "$good"'\005\005\001h\002\002!'
refused 'beyond the end'
image "$good"'\005\200\200\200\200\177'
refused 'beyond the end'
image "$good"'\005\377\377\377\377\177'
refused 'is no number'
image "$good"'\005\002\001h'
refused 'no data record'
image "$good"'\005\007\001h\003\003\001\200\177'
refused 'leads out of the image'
image "$good"'\005\011\001h\003\005\377\377\377\377\177'
refused 'no pair of numbers'
image "$good"'\000\000'
refused 'kind 0'

# However long the path is to it, the fault is said.
cat >deep.py <<'EOF'
def number(value):
    return bytes([0x80 | value >> 14 & 0x7F, 0x80 | value >> 7 & 0x7F, value & 0x7F])


def record(kind, content):
    return bytes([kind]) + number(len(content)) + content


for name, content in (("deep", record(5, b"\x01h")), ("code", record(5, b"\x05a.mpy" + record(2, b"none")))):
    for _ in range(15):
        content = record(4, number(250) + b"n" * 250 + content)
    content += record(1, b"x") if len(content) % 2 else b""
    with open(name + ".romfs", "wb") as file:
        file.write(b"\xd2\xcd\x31" + number(len(content)) + content)
EOF
python3 deep.py
assert_refused 'nnn/h: a file has no data record' "$romfs" check deep.romfs
assert_refused 'nnn/h: a file has no data record. With -o force what is whole' "$mpremotefs" deep.romfs "$mnt"
assert_refused 'nnn/a.mpy: this is no .mpy file' "$romfs" check code.romfs
"$romfs" extract -C far code.romfs >/dev/null
assert_refused 'nnn/a.mpy: it is there already' "$romfs" extract -C far code.romfs
rm -r far
python3 -c 'import os; os.makedirs("far" + 5 * ("/" + 250 * "n")); open(b"far" + 5 * (b"/" + 250 * b"n") + b"/\xff", "w")'
assert_refused 'a name that is not UTF-8' "$romfs" build --no-mpy far
rm -r far

# Cut anywhere, an image is refused; so is what is none.
mkdir -p tree/d
head -c 300 /dev/urandom >tree/file
echo x >tree/d/x
"$romfs" build --no-mpy tree >/dev/null
size=$(stat -c %s tree.romfs)
at=1
while [ $at -lt "$size" ]; do
	head -c $at tree.romfs >hostile.romfs
	! "$romfs" check hostile.romfs >said 2>&1 || fail "an image that is cut at $at passes"
	grep -q '^mpremote-romfs: hostile.romfs: at offset' said || fail "at $at: $(cat said)"
	at=$((at + 7))
done
: >empty.romfs
assert_refused 'empty.romfs: at offset 0: this is no ROM image: it is empty' "$romfs" check empty.romfs
mkfifo fifo.romfs
assert_refused 'fifo.romfs is a FIFO, not' "$romfs" list fifo.romfs
assert_refused '/dev/null is a device' "$romfs" check /dev/null
assert_refused 'tree is a directory' "$romfs" check tree
assert_refused 'nothing.romfs: cannot be opened: No such file' "$romfs" list nothing.romfs
head -c 100 /dev/zero >hostile.romfs
refused 'no ROM image'

# Bits that flip: no command crashes, all three are of one mind, and what passes is extracted.
cat >flip.py <<'EOF'
import pathlib, random, shutil, subprocess, sys

good, romfs = pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2]
dice = random.Random(5)
passed = 0
for _ in range(60):
    bad = bytearray(good)
    for _ in range(dice.choice((1, 1, 4))):
        bad[dice.randrange(len(bad) if dice.random() < 0.3 else 24)] ^= 1 << dice.randrange(8)
    pathlib.Path("flipped.romfs").write_bytes(bad)
    commands = ("check", "list", "extract -C flipped")
    status = [subprocess.run([romfs, *command.split(), "flipped.romfs"], capture_output=True).returncode for command in commands]
    assert status in ([0, 0, 0], [1, 1, 1]), (status, bytes(bad))
    passed += status[0] == 0
    shutil.rmtree("flipped", ignore_errors=True)
assert 0 < passed < 60, passed
EOF
python3 flip.py tree.romfs "$romfs" || fail 'flipped bits'

# --- What lies in the way of extract ---
mkdir outside out
echo keep >outside/x
ln -s "$PWD/outside" out/d
assert_refused 'out/d: there is a link or a file' "$romfs" extract --force -C out tree.romfs
assert_refused 'out/d/x: there is a link or a file' "$romfs" extract --force -C out tree.romfs d/x
assert_equal 'beyond the link' keep "$(cat outside/x)"
rm -r out/d out
mkdir -p out/d
ln -s "$PWD/outside/x" out/d/x
assert_refused 'out/d/x: it is there already' "$romfs" extract -C out tree.romfs
"$romfs" extract --force -C out tree.romfs >/dev/null
assert_equal 'behind the link' keep "$(cat outside/x)"
[ ! -L out/d/x ] || fail 'the link is still there'
diff -r tree out || fail 'extracted another tree'
echo mine >out/file
assert_refused 'it is there already' "$romfs" extract -C out tree.romfs
assert_equal 'without --force' mine "$(cat out/file)"
mkdir -p way/file
assert_refused 'way/file: there is a directory' "$romfs" extract --force -C way tree.romfs
mkdir fifos
mkfifo fifos/file
assert_refused 'fifos/file: there is a FIFO where the image has a file' timeout 10 "$romfs" extract --force -C fifos tree.romfs
assert_refused 'fifos/file: there is a FIFO where the image has a file' "$romfs" extract -C fifos tree.romfs
[ -p fifos/file ] || fail 'the FIFO is gone'
# Whatever lies in the way: nothing is written, also not what comes before it in the image.
mkdir part
echo mine >part/file
assert_refused 'part/file: it is there already' "$romfs" extract -C part tree.romfs
rm part/file
mkdir part/file
assert_refused 'part/file: there is a directory where' "$romfs" extract --force -C part tree.romfs
assert_equal 'written in spite of it' part/file "$(find part -mindepth 1)"
assert_refused 'none/of: cannot be made' "$romfs" extract -C none/of tree.romfs

# --- PATHs ---
assert_refused 'has no d/y' "$romfs" extract -C nowhere tree.romfs d/x d/y
assert_refused 'has no fil' "$romfs" extract -C nowhere tree.romfs fil # only the start of a name
for bad in ../x d/../../x .. d/..; do
	assert_refused "the PATH '$bad' has .. in it" "$romfs" extract -C nowhere tree.romfs d/x "$bad"
done
assert_refused "the PATH '/d/x' begins with a slash" "$romfs" extract -C nowhere tree.romfs /d/x
assert_refused "the PATH '' is empty" "$romfs" extract -C nowhere tree.romfs ''
[ ! -e nowhere ] || fail 'extracted some PATHs without the others'
for path in d d/ ./d .//d/. ./d//x d/./x; do
	rm -rf some
	"$romfs" extract -C some tree.romfs "$path" >said || fail "$path: $(cat said)"
	assert_equal "$path" 'd d/x' "$(cd some && find . -mindepth 1 | sed 's,^\./,,' | sort | tr '\n' ' ' | sed 's/ $//')"
	assert_equal "$path, in words" '1 file extracted' "$(cat said)"
done
for path in . ./ ././/; do
	rm -rf some
	"$romfs" extract -C some tree.romfs "$path" >/dev/null
	diff -r tree some || fail "$path: extracted another tree"
done

# --- An image that another program makes shorter while it is read ---
cat >many.py <<'EOF'
import os

for name in (f"many/{n:04}" for n in range(4000)):
    os.makedirs(name + ".d")
    open(name, "w").write(name[5:] * 500)
    open(name + ".d/x.mpy", "wb").write(b"M\x06\x00\x1f")
EOF
python3 many.py
"$romfs" build --no-mpy many >/dev/null
cat >shrink.py <<'EOF'
import os, shutil, subprocess, sys, time

romfs, image = sys.argv[1:]
good = open(image, "rb").read()
def shrink(command, size):
    """Has COMMAND read an image that has only SIZE bytes when it has begun. Returns its status, and what it has said."""
    with open("shrinks.romfs", "wb") as file:
        file.write(good)
    words = [romfs, command, "shrinks.romfs"] + (["-C", "shrunk"] if command == "extract" else [])
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"LC_ALL": "C"})
    if command == "extract":
        while not os.path.exists("shrunk/0100") and process.poll() is None:
            time.sleep(0.001)
    else:
        process.stdout.read(1)  # it has begun, and more than the pipe holds is to come
    os.truncate("shrinks.romfs", size)
    said = process.communicate()[1].decode()
    return process.returncode, said


for command, size in (("list", 0), ("list", 4096), ("check", 5000), ("extract", 4096)):
    status, said = shrink(command, size)
    while command == "extract" and status == 0:  # it was quicker
        shutil.rmtree("shrunk")
        status, said = shrink(command, size)
    assert status == 1, (command, size, status, said)
    assert "shrinks.romfs: another program changed it while it was read" in said, (command, size, said)
files = [name for name in os.listdir("shrunk") if not name.endswith(".d")]
assert all(open(f"shrunk/{name}").read() == name * 500 for name in files), "a file of the image that was cut"
EOF
assert_vfs_reads tree.romfs many.romfs
python3 shrink.py "$romfs" many.romfs || fail 'an image that another program makes shorter'
assert_equal 'left-overs' '' "$(find . -name '.romfs-*')"
