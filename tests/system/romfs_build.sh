#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-romfs build: where the image goes, what is packed, what the compiler says, and what is refused. A failure leaves no file.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
mpy_cross=$(peers)/mpy-cross
mkdir work images
cd work

build() {
	"$romfs" build --no-mpy "$@"
}

# The paths in an image, sorted, in one line. VfsRom reads each of these images in the end.
paths() { # IMAGE
	cp "$1" "../images/$(find ../images -type f | wc -l)"
	"$romfs" list --json "$1" | python3 -c 'import json, sys; print(*sorted(e["path"] for e in json.load(sys.stdin)["entries"]))'
}

# refused TEXT COMMAND...: exit status 1, TEXT on stderr, and no other files in this folder than before
refused() {
	find . | sort >../before
	text=$1
	shift
	status=0
	"$@" >../said 2>&1 || status=$?
	assert_equal "status of $*" 1 $status
	grep -qF -- "$text" ../said || fail "$*: it said: $(cat ../said)"
	find . | sort | diff ../before - >&2 || fail "$*: it left a file"
}

# --- Where the image goes ---
mkdir -p blink/lib
echo 'print(1)' >blink/main.py
build blink | grep -q '^blink.romfs: ' || fail 'no name of the image'
[ -f blink.romfs ] || fail 'not beside the directory'
mv blink.romfs expected
build blink// >/dev/null
assert_same expected blink.romfs
(cd blink && build . && build . && cd lib && build ..) >/dev/null || fail 'build .'
assert_same expected blink/blink.romfs
build -o blink/other.romfs --exclude blink.romfs blink >/dev/null
build --output=blink/other.romfs --exclude blink.romfs blink >/dev/null
assert_same expected blink/other.romfs
rm blink/*.romfs blink.romfs
ln -s target.romfs link.romfs
: >target.romfs
chmod 640 target.romfs
build -o link.romfs blink >/dev/null
assert_same expected target.romfs
assert_equal 'permissions' 640 "$(stat -c %a target.romfs)"
[ -L link.romfs ] || fail 'the link was replaced'
refused '/dev/null is a device' build -o /dev/null blink
[ -c /dev/null ] || fail '/dev/null is gone'
refused 'blink is a directory' build -o blink blink
ln blink/main.py linked.py
for output in blink/main.py linked.py; do
	refused 'blink/main.py: it is the file of --output, and no image' build -o $output blink
	assert_equal 'the source' 'print(1)' "$(cat blink/main.py)"
done
rm linked.py
: >blink/made
build -o blink/made blink >/dev/null
assert_same expected blink/made
build --all -o blink/made blink >/dev/null
assert_same expected blink/made
rm blink/made
refused 'nowhere/x.romfs: cannot be written' build -o nowhere/x.romfs blink
refused '/ has no name' build /
head -c 4000 /dev/urandom >blink/large
refused 'limited.romfs: cannot be written: File too large' sh -c 'ulimit -f 2; exec "$@"' - "$romfs" build --no-mpy -o limited.romfs blink
rm blink/large

# --- What is packed ---
mkdir -p mixed/__pycache__ mixed/.git mixed/sub
for name in a.pyc a.pyo 'b.py~' .c.py.swp '#d.py#' '.#e' f.py g.txt .hidden sub/g.txt sub/h.py sub/i.pyc .git/config __pycache__/x; do
	echo "$name" >"mixed/$name"
done
build mixed >said
assert_equal 'packed' '.hidden f.py g.txt sub sub/g.txt sub/h.py' "$(paths mixed.romfs)"
grep -q '; 9 left out as caches or left-overs (--all packs them)$' said || fail "the number of what was left out: $(cat said)"
build --all mixed >said
assert_equal 'all' 17 "$(paths mixed.romfs | wc -w)"
! grep -q 'left out' said || fail "all were packed, but: $(cat said)"
build --exclude '*.txt' --exclude sub/h.py mixed >said
assert_equal 'excluded' '.hidden f.py sub' "$(paths mixed.romfs)"
grep -q '; 9 left out as caches or left-overs (--all packs them), 3 excluded$' said || fail "the numbers: $(cat said)"
build --all --exclude '*.txt' mixed >said
grep -q ': 250 bytes, 12 files, 3 directories; 2 excluded$' said || fail "the numbers: $(cat said)"
for glob in sub sub/ ./sub ./sub/ /sub 's?b' 's*/'; do
	build --exclude "$glob" mixed >said 2>&1
	assert_equal "$glob excluded" '.hidden f.py g.txt' "$(paths mixed.romfs)"
	! grep -q note said || fail "$glob: $(cat said)"
done
build --exclude ./g.txt mixed >said
assert_equal 'only at the top' '.hidden f.py sub sub/g.txt sub/h.py' "$(paths mixed.romfs)"
build --exclude g.txt/ --exclude mixed/sub --exclude 'sub*h.py' --exclude f.py mixed >/dev/null 2>said
assert_equal 'nothing but f.py' '.hidden g.txt sub sub/g.txt sub/h.py' "$(paths mixed.romfs)"
assert_equal 'notes' 3 "$(grep -c '^mpremote-romfs: note: --exclude .* matched nothing' said)"
grep -q 'mixed/sub matched nothing: .* compared with the paths below mixed$' said || fail "$(cat said)"
grep -q 'g.txt/ matched nothing (of directories alone)$' said || fail "$(cat said)"
# A question mark is a character, in each locale; one of a name that is not UTF-8 is a byte.
echo x >mixed/grün
python3 -c 'open(b"mixed/g\xff", "w")'
for glob in 'gr?n' 'gr[öü]n'; do
	env LC_ALL=C "$romfs" build --no-mpy --exclude "$glob" --exclude 'g?' mixed >said 2>&1
	assert_equal "$glob excluded" '.hidden f.py g.txt sub sub/g.txt sub/h.py' "$(paths mixed.romfs)"
done
rm mixed/grün mixed/g?
# An image that was made here once is no part of the next one.
build -o mixed/sub/old.romfs mixed >/dev/null
echo text >mixed/sub/text.romfs
build mixed >said
assert_equal 'an image in the tree' '.hidden f.py g.txt sub sub/g.txt sub/h.py sub/text.romfs' "$(paths mixed.romfs)"
grep -q '; 10 left out' said || fail "the image is not counted: $(cat said)"
build --all mixed >/dev/null
paths mixed.romfs | grep -q 'sub/old.romfs' || fail '--all leaves an image out'
rm mixed/sub/*.romfs
build --json mixed >json
cat >../report.py <<'EOF'
import json, os

report = json.load(open("json"))
assert report["image"] == "mixed.romfs" and report["size"] == os.stat("mixed.romfs").st_size, report
assert (report["files"], report["directories"], report["compiled"], report["left_out"]) == (5, 1, 0, 9), report
assert report["excluded"] == 0, report
assert {"path": "sub", "type": "directory"} in report["entries"], report
image = open("mixed.romfs", "rb").read()
assert all(image[e["offset"] :][: e["size"]] == (e["path"] + "\n").encode() for e in report["entries"] if e["type"] == "file")
EOF
python3 ../report.py || fail 'build --json'
rm -r mixed mixed.romfs said json

# --- The compiler ---
refused 'there is no mpy-cross' env PATH=/nowhere "$romfs" build blink
grep -q -- --no-mpy ../said || fail "it does not say what to do: $(cat ../said)"
refused 'there is no ./none' "$romfs" build --mpy-cross ./none blink
env PATH="$(dirname "$mpy_cross")" "$romfs" build blink >/dev/null || fail 'mpy-cross in $PATH'
"$romfs" check blink.romfs | grep -q '^main.mpy: .mpy 6, bytecode$' || fail 'check does not show the bytecode'
env PATH="$(dirname "$mpy_cross")" "$romfs" build --no-mpy -m blink >/dev/null
assert_equal 'the last of -m and --no-mpy' 'lib main.mpy' "$(paths blink.romfs)"
rm blink.romfs
echo 'def (' >blink/lib/wrong.py
refused 'blink/lib/wrong.py does not compile' "$romfs" build --mpy-cross "$mpy_cross" blink
grep -q 'SyntaxError' ../said || fail "the compiler's words are missing: $(cat ../said)"
rm blink/lib/wrong.py
refused 'does it know the architecture pdp11?' "$romfs" build --mpy-cross "$mpy_cross" --march pdp11 blink
printf '#!/bin/sh\nprintf "M\\005\\000\\037old"\n' >old-mpy-cross
chmod +x old-mpy-cross
refused 'its version is not 6' "$romfs" build --mpy-cross ./old-mpy-cross blink
printf '#!/bin/sh\nkill -SEGV $$\n' >old-mpy-cross
refused 'status 139' "$romfs" build --mpy-cross ./old-mpy-cross blink
# One that hangs ends with build, whatever ends that.
printf '#!/bin/sh\n: >runs\nexec tail -f /dev/null\n' >old-mpy-cross
nobody_compiles() { [ -z "$(processes tail)" ]; }
for signal in INT TERM HUP KILL; do
	env --default-signal=INT "$romfs" build --mpy-cross ./old-mpy-cross blink >../said 2>&1 &
	pid=$!
	await 60 'the compiler runs' test -e runs
	kill -$signal $pid
	wait $pid && fail "build stopped by SIG$signal ended well"
	await 60 "the compiler ends with build on SIG$signal" nobody_compiles
	rm runs
	[ ! -e blink.romfs ] || fail "SIG$signal left an image"
done
# The directory is moved away when its last file is open.
mkdir -p away/lib
echo 'x = 1' >away/lib/x.py
printf '#!/bin/sh\nmv away/lib .\nexec %s "$@"\n' "$mpy_cross" >old-mpy-cross
assert_refused 'away/lib: cannot be read: another program has put something else in its place' "$romfs" build --mpy-cross ./old-mpy-cross away
[ ! -e away.romfs ] || fail 'an image of a directory that went away'
rm -r away lib
# Whoever started build may have left children to it, which it has to tell from its compilers.
mkdir many
for n in $(seq 40); do echo "n = $n" >"many/m$n.py"; done
cat >../with_children.py <<'EOF'
import os, subprocess, sys

for child in [subprocess.Popen(["true"]) for _ in range(100)]:
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
os.execv(sys.argv[1], sys.argv[1:])
EOF
python3 ../with_children.py "$romfs" build --mpy-cross "$mpy_cross" many >../said 2>&1 || fail "with children: $(cat ../said)"
grep -q '40 of them compiled' ../said || fail "with children: $(cat ../said)"
rm -r many many.romfs
chmod -x old-mpy-cross
refused 'old-mpy-cross cannot be run: Permission denied' "$romfs" build --mpy-cross ./old-mpy-cross blink
rm old-mpy-cross
printf '@micropython.native\ndef f(): return 1\n' >blink/fast.py
"$romfs" build --mpy-cross "$mpy_cross" --march armv6m blink 2>../said >/dev/null
assert_equal 'no warning' '' "$(cat ../said)"
assert_equal 'native code' 'fast.mpy lib main.mpy' "$(paths blink.romfs)"
"$romfs" check blink.romfs | grep -q '^fast.mpy: .mpy 6.3, native code for armv6m$' || fail 'check does not show the architecture'
rm blink.romfs

# Bytecode that is packed as it is, for another board, and what is none.
mkdir packed
"$mpy_cross" -march=xtensawin -o packed/x.mpy blink/fast.py
"$mpy_cross" -march=armv7m -o packed/a.mpy blink/fast.py
mv blink/fast.py packed/
"$romfs" build --mpy-cross "$mpy_cross" --march armv6m packed 2>../said >/dev/null
grep -q 'warning: x.mpy has native code for xtensawin, not for armv6m' ../said || fail "no warning: $(cat ../said)"
grep -q 'warning: a.mpy has native code for armv7m, not for armv6m' ../said || fail "no warning: $(cat ../said)"
"$romfs" build --mpy-cross "$mpy_cross" --march armv7em packed 2>../said >/dev/null
! grep -q a.mpy ../said || fail "an armv7em loads armv7m: $(cat ../said)"
build packed 2>../said >/dev/null
grep -q 'warning: x.mpy has native code for xtensawin, but a.mpy for armv7m' ../said || fail "no warning: $(cat ../said)"
echo rubbish >packed/r.mpy
build packed 2>../said >/dev/null
grep -q 'warning: r.mpy: this is no .mpy file' ../said || fail "no warning: $(cat ../said)"
assert_equal 'packed as they are' 'a.mpy fast.py r.mpy x.mpy' "$(paths packed.romfs)"
refused 'packed.romfs: at offset' "$romfs" check packed.romfs
grep -q 'in r.mpy: this is no .mpy file' ../said || fail "$(cat ../said)"
"$romfs" check --json packed.romfs >json 2>/dev/null && fail 'good in JSON'
python3 - <<'EOF' || fail "JSON: $(cat json)"
import json

report = json.load(open("json"))
faults = {entry["path"]: entry["fault"] for entry in report["mpy"]}
assert (report["good"], report["fault"]["path"]) == (False, "r.mpy"), report
assert faults["a.mpy"] is faults["x.mpy"] is None and faults["r.mpy"] == report["fault"]["what"], report
EOF
rm json
"$romfs" list packed.romfs >/dev/null || fail 'what is in files is not the concern of list'
rm -r packed packed.romfs

# Names that look like options.
mkdir ./-o
echo 'x = 1' >./-o/-v.py
(cd ./-o && "$romfs" build --mpy-cross "$mpy_cross" -o ../dash.romfs . >/dev/null) || fail 'a name like an option'
"$romfs" build --mpy-cross "$mpy_cross" -o dash.romfs -- -o >/dev/null || fail 'a directory like an option'
assert_equal 'compiled' '-v.mpy' "$(paths dash.romfs)"
rm -r ./-o dash.romfs

# --- What is refused ---
refused 'nowhere: there is no such directory' build nowhere
refused 'blink/main.py: Not a directory' build blink/main.py
mkdir empty rubbish
refused 'empty: there is nothing in it to pack' build empty
: >rubbish/a.pyc
refused 'rubbish: there is nothing in it to pack but what is left out (1, which --all packs)' build rubbish
# Links that multiply: 22 directories, and a way through them for each number of 22 bits.
mkdir dag
n=0
while [ $n -lt 22 ]; do
	mkdir dag/$n
	ln -s ../$((n + 1)) dag/$n/a
	ln -s ../$((n + 1)) dag/$n/b
	n=$((n + 1))
done
rm dag/21/*
refused 'links lead to more than 65536 files and directories' build dag
grep -q 'dag/0/a/' ../said || fail "no path: $(cat ../said)"
# More than an image can hold is not even read.
truncate -s 3G dag/one
truncate -s 3G dag/two
find dag -type l -delete
refused 'dag/two: with this it is more than 4 GiB' build dag
rm -r dag
mkfifo blink/lib/fifo
refused 'blink/lib/fifo: a FIFO' build blink
rm blink/lib/fifo
if [ "$(id -u)" -eq 0 ] && mknod blink/device c 1 3 2>/dev/null; then
	refused 'blink/device: a device' build blink
	rm blink/device
fi
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("blink/socket")'
refused 'blink/socket: a socket' build blink
rm blink/socket
ln -s /etc/passwd blink/out
refused 'blink/out: a link that leads out of blink, to /etc/passwd' build blink
ln -sfn .. blink/out
refused 'blink/out: a link that leads out of blink' build blink/
rm blink/out
ln -s ../lib blink/lib/circle
refused 'blink/lib/circle: a link that leads in a circle' build blink
ln -sfn circle blink/lib/circle
refused 'blink/lib/circle: a link that leads in a circle' build blink
ln -sfn nothing blink/lib/circle
refused 'blink/lib/circle: a link that leads nowhere' build blink
rm blink/lib/circle
ln -s ../main.py blink/lib/same.py
ln -s lib blink/lib2
build blink >/dev/null
assert_equal 'links that stay inside' 'lib lib/same.py lib2 lib2/same.py main.py' "$(paths blink.romfs)"
rm blink/lib/same.py blink/lib2 blink.romfs
python3 -c 'open(b"blink/lib/\xff.py", "w")'
refused 'a name that is not UTF-8' build blink
rm -r blink/lib
cat >../deep.py <<'EOF'
import os

os.chdir("blink")
for _ in range(20):
    os.mkdir("n" * 250)
    os.chdir("n" * 250)
EOF
python3 ../deep.py
refused 'too long' build blink
grep -q 'blink/nnn' ../said || fail "$(cat ../said)"
rm -r blink/nnn*

as_user() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
	as_user() { setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"; }
	chmod 1777 .
	chmod 755 ..
	cp "$romfs" ../mpremote-romfs
	romfs=$PWD/../mpremote-romfs
fi
chmod 0 blink/main.py
refused 'blink/main.py: cannot be read: Permission denied' as_user "$romfs" build --no-mpy blink
chmod 644 blink/main.py
mkdir -m 0 blink/secret
refused 'blink/secret: Permission denied' as_user "$romfs" build --no-mpy blink
rmdir blink/secret

# A name that would look like a message of its own.
mkfifo "$(printf 'blink/f\nmpremote-romfs: all is well')"
refused 'blink/f?mpremote-romfs: all is well: a FIFO' build blink
rm blink/f*

# A name whose bytes are not for a terminal.
python3 -c 'open("blink/a\x1b[31mred\n", "w")'
build blink >said
grep -q 'a?\[31mred?' said || fail "the name: $(cat said)"
"$romfs" list --json blink.romfs | grep -q 'a.u001b\[31mred.u000a' || fail 'the name in JSON'

# A large image: nothing of its content is read for this.
printf '\322\3151\214\200\200\200\020\005\214\200\200\200\012\003big\002\214\200\200\200\000' >large.romfs
truncate -s $((3 << 30)) large.romfs
truncate -s +24 large.romfs
"$romfs" list large.romfs >said || fail "$(cat said)"
assert_equal 'three GiB' "3221225472  big" "$(cat said)"
"$romfs" check large.romfs >said || fail "$(cat said)"
rm large.romfs

# --- The command line ---
status() {
	status=0
	"$@" >said 2>&1 || status=$?
	echo $status
}
assert_equal 'no command' 2 "$(status "$romfs")"
assert_equal 'no such command' 2 "$(status "$romfs" bild)"
assert_equal 'no such option' 2 "$(status "$romfs" build --frob blink)"
assert_equal 'a value is missing' 2 "$(status "$romfs" build blink -o)"
assert_equal 'no DIR' 2 "$(status "$romfs" build)"
assert_equal 'two DIRs' 2 "$(status "$romfs" build a b)"
assert_equal 'two IMAGEs' 2 "$(status "$romfs" check a b)"
assert_equal 'no IMAGE' 2 "$(status "$romfs" extract)"
usage() { # TEXT COMMAND...
	text=$1
	shift
	assert_equal "status of $*" 2 "$(status "$@")"
	grep -qF -- "$text" said || fail "$*: it said: $(cat said)"
}
for command in list check extract; do
	usage "$command: the name of the IMAGE is empty" "$romfs" $command ''
done
usage 'the name of DIR is empty' "$romfs" build ''
usage 'the name of the file for --output is empty' build -o '' blink
usage 'the name of the program for --mpy-cross is empty' "$romfs" build --mpy-cross= blink
usage 'the name of the architecture for --march is empty' build --march= blink
usage "--exclude '' names nothing" build --exclude '' blink
usage "--exclude './' names nothing" build --exclude ./ blink
usage 'the name of the directory for -C is empty' "$romfs" extract -C '' blink.romfs
usage "there is no architecture 'bogus' for --march; known are x86, x64, armv6, armv6m" build --march bogus -o bogus.romfs blink
[ ! -e bogus.romfs ] || fail 'an image for an unknown architecture'
assert_equal 'help' 0 "$(status "$romfs" --help)"
assert_equal 'version' 0 "$(status "$romfs" --version)"
for command in build list extract check; do
	assert_equal "$command --help" 0 "$(status "$romfs" $command --help)"
	grep -q "usage: mpremote-romfs $command" said || fail "$command --help: $(cat said)"
done
[ "$(find ../images -type f | wc -l)" -gt 15 ] || fail 'few images'
assert_vfs_reads ../images/* blink.romfs expected
assert_equal 'a full disk' 1 "$("$romfs" list blink.romfs 2>/dev/null >/dev/full && echo 0 || echo $?)"
