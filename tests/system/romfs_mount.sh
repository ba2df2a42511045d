#!/bin/sh
# SPDX-License-Identifier: MIT
# `mpremotefs IMAGE.romfs DIR` mounts a ROM image without a board: cp, diff -r, grep -r, find and mmap read it, nothing can be
# changed, and a damaged image is refused, or mounted as far as it is whole with -o force.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

make_rom_tree 3000000 300
echo twin >tree/twin1
cp tree/lib/large.bin tree/lib/twin.bin

for how in '' --dedupe; do
	"$romfs" build --no-mpy $how tree >/dev/null
	assert_vfs_reads tree.romfs
	mount_device tree.romfs
	diff -r tree "$mnt" >&2 || fail "$how: another tree"
	assert_equal "$how: find" "$(cd tree && find . | sort)" "$(cd "$mnt" && find . | sort)"
	grep -rl needle "$mnt" | grep -qx "$mnt/lib/pkg/hay.py" || fail "$how: grep -r"
	cp -r "$mnt" back
	diff -r tree back >&2 || fail "$how: another copy"
	rm -r back
	python3 - "$mnt/lib/large.bin" tree/lib/large.bin <<-'EOF' || fail "$how: mmap"
		import mmap, sys
		files = [open(path, "rb") for path in sys.argv[1:]]
		maps = [mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) for file in files]
		assert maps[0][2_000_000:2_000_100] == maps[1][2_000_000:2_000_100] and maps[0][:] == maps[1][:]
	EOF
	unmount_board
done

mount_device tree.romfs
for change in "touch $mnt/new" "mkdir $mnt/new" "rm $mnt/main.py" "rmdir $mnt/empty" "mv $mnt/main.py $mnt/other" "truncate -s 0 $mnt/main.py" \
	"ln -s x $mnt/link" "cp tree/main.py $mnt/main.py" "touch -d 2020-01-01 $mnt/main.py"; do
	assert_refused 'Read-only file system' $change
done
assert_equal 'mode of a file' 444 "$(stat -c %a "$mnt/main.py")"
assert_equal 'its time' "$(stat -c %Y tree.romfs)" "$(stat -c %Y "$mnt/main.py")"
df -P "$mnt" | grep -q ' 100% ' || fail "df: $(df -P "$mnt")"
# A new image under the old name: the mount keeps the one that it has.
echo changed >tree/main.py
"$romfs" build --no-mpy tree >/dev/null
assert_equal 'still the old one' 'print("main")' "$(cat "$mnt/main.py")"
unmount_board

mount_device tree.romfs -o root=lib/pkg,rw
assert_equal 'root=' 'deep hay.py' "$(ls "$mnt" | tr '\n' ' ' | sed 's/ $//')"
unmount_board
assert_refused 'tree.romfs has no directory /nowhere' "$mpremotefs" -o root=nowhere tree.romfs "$mnt"

# --- Damage ---
size=$(stat -c %s tree.romfs)
head -c $((size - 10)) tree.romfs >cut.romfs
assert_refused 'cut.romfs: at offset 3: the image is cut short' "$mpremotefs" cut.romfs "$mnt"
grep -q 'With -o force what is whole of it is mounted' refused.said || fail "$(cat refused.said)"
# Cut anywhere: what is there of the tree is right, and the first that is not is named.
for at in $((size - 10)) $((size / 2)) 3000 300; do
	head -c $at tree.romfs >cut.romfs
	mount_device cut.romfs -o force 2>said
	grep -q "cut.romfs: at offset [0-9]*.*: .*cut short.* $at of its $size bytes are there. What is whole" said || fail "at $at: $(cat said)"
	LC_ALL=C diff -r tree "$mnt" >differences || :
	! grep -qv '^Only in tree' differences || fail "at $at, what is there: $(cat differences)"
	[ -s differences ] || fail "at $at nothing is missing"
	find "$mnt" -type f | wc -l >>counts
	unmount_board
done
assert_equal 'whole files, fewer and fewer' "$(sort -rn counts)" "$(cat counts)"
[ "$(head -n 1 counts)" -gt 300 ] || fail "only $(cat counts) files"
# What is no image, or none at all, is told in words about images.
head -c 100 /dev/zero >zeros.romfs
assert_refused 'zeros.romfs: at offset 0: this is no ROM image' "$mpremotefs" zeros.romfs "$mnt"
assert_refused 'zeros.romfs: at offset 0: this is no ROM image' "$mpremotefs" -o force zeros.romfs "$mnt"
: >empty.romfs
assert_refused 'empty.romfs: at offset 0: this is no ROM image: it is empty' "$mpremotefs" empty.romfs "$mnt"
assert_refused 'the ROM image missing.romfs cannot be opened: No such file or directory' "$mpremotefs" missing.romfs "$mnt"
mkdir dir.romfs
assert_refused 'dir.romfs is a directory, not the file of a ROM image' "$mpremotefs" dir.romfs "$mnt"
mkfifo fifo.romfs
assert_refused 'fifo.romfs is a FIFO, not the file of a ROM image' "$mpremotefs" fifo.romfs "$mnt"
# Another program makes the file shorter while it is mounted.
cp tree.romfs shrinking.romfs
mount_device shrinking.romfs
truncate -s 2000 shrinking.romfs
assert_refused 'Input/output error' cat "$mnt/lib/twin.bin"
assert_equal 'what is still there' "$(ls tree)" "$(ls "$mnt")"
unmount_board
# Or writes another image into it, where it is: no byte of that is taken for one of the files that are shown.
mkdir one two
echo AAAA >one/a
echo BBBB >two/a
"$romfs" build --no-mpy one >/dev/null
"$romfs" build --no-mpy two >/dev/null
mount_device one.romfs
cat two.romfs >one.romfs
assert_refused 'Input/output error' cat "$mnt/a"
unmount_board
rm -r tree one two
mkdir -p tree/lib
echo good >tree/lib/a
echo good >tree/lib/b
echo good >tree/lib/c
"$romfs" build --no-mpy tree >/dev/null
python3 - <<-'EOF'
	image = bytearray(open("tree.romfs", "rb").read())
	at = image.index(b"\x01b\x02\x05good") + 2
	image[at] = 9  # no data any more, but a record that is skipped
	open("damaged.romfs", "wb").write(image)
EOF
assert_refused 'in lib/b: a file has no data record. With -o force' "$mpremotefs" damaged.romfs "$mnt"
! mounted || fail 'mounted a damaged image'
mount_device damaged.romfs -o force 2>said
grep -q 'damaged.romfs: at offset [0-9]* in lib/b' said || fail "no warning: $(cat said)"
assert_equal 'what is whole' 'a c' "$(ls "$mnt/lib" | tr '\n' ' ' | sed 's/ $//')"
assert_equal 'its content' 'good' "$(cat "$mnt/lib/c")"
unmount_board
