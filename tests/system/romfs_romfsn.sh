#!/bin/sh
# SPDX-License-Identifier: MIT
# deploy --mount and --boot: a partition at /romfsN on the board, until its reset or at each start; and what a board does that stays at
# its prompt between two commands.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
mpremote=$(peers)/mpremote
board_options='--roms 2'

romfs() { # COMMAND...
	"$romfs" -d "$(device)" "$@"
}

mkdir -p app/lib
echo 'NAME = "app"' >app/top.py
echo 'def where(): return __file__' >app/lib/inner.py
"$romfs" build --no-mpy app >/dev/null

# --- At each start ---
echo 'print("boot of mine")' >boot.py
mount_board
cp boot.py "$mnt/boot.py"
unmount_board
import='import top, inner; print(top.NAME, inner.where())'
romfs deploy -p 1 --boot app.romfs | grep -q '^/boot.py now mounts it at /romfs1 at each start$' || fail '--boot'
assert_equal 'at the start' 'app /romfs1/lib/inner.py' "$(board_eval "$import" | tr -d '\r')"
romfs deploy -p 1 --boot app.romfs | grep -q '^/boot.py already mounts it' || fail '--boot again'
mount_board
assert_equal 'boot.py' 2 "$(wc -l <"$mnt/boot.py")"
tail -n 1 "$mnt/boot.py" | cmp - boot.py || fail 'what was in boot.py is not there any more'
unmount_board
# An image that is not there, or a partition that is not, stops no start.
head -c 131072 /dev/zero | tr '\0' '\377' >"$flash.rom1"
assert_equal 'without an image' 'started' "$(board_eval 'print("started")' | tr -d '\r')"
board_options='--roms 1'
assert_equal 'without a partition' 'started' "$(board_eval 'print("started")' | tr -d '\r')"
board_options='--roms 2'
romfs deploy -p 1 --no-boot app.romfs | grep -q '^/boot.py no longer mounts /romfs1$' || fail '--no-boot'
romfs deploy -p 1 --no-boot app.romfs | grep -q '^/boot.py does not mount /romfs1$' || fail '--no-boot again'
mount_board
cmp "$mnt/boot.py" boot.py || fail 'boot.py is not what it was'
rm "$mnt/boot.py"
unmount_board
romfs deploy -p 1 --boot app.romfs >/dev/null
romfs deploy -p 1 --no-boot app.romfs >/dev/null
mount_board
[ ! -e "$mnt/boot.py" ] || fail 'a boot.py of nothing was left'
unmount_board

# --- Until the reset, on a board that stays on ---
start_line
romfs deploy -p 1 --mount app.romfs >said
grep -q '^the board has it at /romfs1 until its reset' said || fail "--mount: $(cat said)"
command=$(sed -n 's/^  mpremote //p' said)
assert_equal 'the command that keeps it' "['lib', 'top.py']" "$(eval "'$mpremote' $command" | tr -d '\r')"
on_board() { # CODE
	"$mpremote" connect "$PWD/line" resume exec "$1" | tr -d '\r'
}
assert_equal 'on sys.path' 'app /romfs1/lib/inner.py' "$(on_board "$import")"
# Another image: what is mounted there is that one at once; and /rom needs no reset.
echo 'NAME = "another"' >app/top.py
"$romfs" build --no-mpy app >/dev/null
romfs deploy -p 1 app.romfs >said
! grep -q 'reset' said || fail "deploy: $(cat said)"
assert_equal 'another' 'NAME = "another"' "$(on_board 'print(open("/romfs1/top.py").read(), end="")')"
romfs deploy app.romfs >said
! grep -q 'reset' said || fail "deploy: $(cat said)"
assert_equal '/rom' "another True" "$(on_board 'import sys
sys.path.remove("/romfs1")
sys.modules.pop("top", None)
import top
print(top.NAME, "/rom/lib" in sys.path)')"
assert_equal 'needs_reset' '  "needs_reset": false' "$(romfs deploy --json app.romfs | grep needs_reset | tr -d ,)"
on_board 'import vfs
vfs.umount = None'
printf X | dd of=app.romfs bs=1 seek=30 conv=notrunc 2>/dev/null
romfs deploy app.romfs >said
grep -q '^the board sees it after a reset$' said || fail "where /rom stays mounted: $(cat said)"

# --- What is told: a program that was stopped, who has the port ---
timeout 60 "$mpremote" connect "$PWD/line" resume exec --no-follow 'import time
while True: time.sleep(1)' || :
romfs query -p 0 >said 2>said.err
grep -q 'the board was .*which was stopped' said.err || fail "nothing of the program: $(cat said.err)"
! grep -q -- '-o nointerrupt' said.err || fail "words of a mount: $(cat said.err)"
mount_board
for command in query 'deploy app.romfs' 'dump -o x'; do
	# shellcheck disable=SC2086 # words
	assert_refused "held by mpremotefs (pid $(processes mpremotefs)), mounted at $mnt" romfs $command
done
unmount_board

# --- Ctrl-C: the board has its prompt, and the same command goes on ---
stop_line
start_line --uart
head -c 60000 /dev/urandom >app/noise
"$romfs" build --no-mpy app >/dev/null
"$romfs" -d "$(device)" deploy app.romfs >said 2>said.err &
pid=$!
await 60 'it writes' sh -c '[ "$(sed "s/^0*//" "$1.rom.writes")" -gt 40 ]' - "$flash"
kill -INT $pid
status=0
wait $pid || status=$?
assert_equal 'status after Ctrl-C' 1 $status
grep -q 'interrupted' said.err || fail "after Ctrl-C: $(cat said.err)"
grep -q 'partition 0 has no image now; the same command' said.err || fail "after Ctrl-C: $(cat said.err)"
romfs query -p 0 >said || :
! grep -q 'image of' said || fail "half an image: $(cat said)"
romfs deploy app.romfs >said
! grep -q ' 0 blocks equal' said || fail "it began anew: $(cat said)"
romfs dump -o back.romfs >/dev/null
assert_same app.romfs back.romfs

# --- The same of what only reads: it ends, and the board is nobody's then ---
rm back.romfs
before=$(line_counter from_board)
"$romfs" -d "$(device)" dump -o back.romfs >said 2>said.err &
pid=$!
it_reads() {
	[ $(($(line_counter from_board) - before)) -gt 15000 ]
}
await 60 'it reads' it_reads
kill -TERM $pid
status=0
wait $pid || status=$?
assert_equal 'status of dump after SIGTERM' 1 $status
assert_equal 'what it said' 'mpremote-romfs: interrupted' "$(cat said.err)"
[ ! -e back.romfs ] || fail 'half a dump'
assert_equal 'the prompt' 2 "$(on_board 'print(1 + 1)')"
stop_line
