#!/bin/sh
# SPDX-License-Identifier: MIT
# A board that is unplugged, swapped for another, or reset while it is mounted: what fails until it is back, what goes on then, and
# what the log says.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

# COMMAND... fails with EIO, and does not wait for the time-out of 10 s. (Idle it is a second at most.)
fails_soon() {
	before=$(now_ms)
	assert_refused 'Input/output error' "$@"
	assert_at_most "ms for: $*" 9900 $(($(now_ms) - before))
}

said() { # TEXT: how often the log has it
	grep -cF -- "$1" mount.log || :
}

works() {
	ls "$mnt/dir" >ls.out 2>&1
}

is_away() {
	! ls "$mnt/dir" >ls.out 2>&1 && [ ! -e line ]
}

unplug() {
	line_command 'unplug'
	await 60 'it is unplugged' is_away
}

replug() {
	line_command 'replug'
	await 60 'the board is back' works
}

# Opens file $1 as $2 says and then does what it is told, a line at a time: read, write, sync, close.
holder='
import os, sys
path, how = sys.argv[1:]
file = os.open(path, {"r": os.O_RDONLY, "w": os.O_RDWR, "a": os.O_WRONLY | os.O_APPEND}[how])
print("open", flush=True)
for line in sys.stdin:
    word = line.strip()
    try:
        if word == "read":
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            print(os.pread(file, 9, 20000).decode(), flush=True)
        elif word == "start":
            print(os.pread(file, 9, 0).decode(), flush=True)
        elif word == "end":
            print(os.pread(file, 9, 30000 - 9).decode(), flush=True)
        elif word == "write":
            os.pwrite(file, b"changed", 0)
            print("done", flush=True)
        elif word == "sync":
            os.fsync(file)
            print("done", flush=True)
        else:
            os.close(file)
            print("closed", flush=True)
            break
    except OSError as error:
        print("errno %d" % error.errno, flush=True)
'

seq -f %09g 1 3000 >numbers # line 2001 is at byte 20000
board_options='--size 512'
start_line --usb --replug 0
mount_logged -o attr_timeout=0
mkdir "$mnt/dir"
cp numbers "$mnt/dir/read"
cp numbers "$mnt/dir/written"
cp numbers "$mnt/dir/grown"

echo '--- away: all fails soon, the log says so once, and what is open goes on when it is back'
start_holder open "$mnt/dir/read" r
ask_holder read 000002001
unplug
fails_soon cat "$mnt/dir/written"
fails_soon cp numbers "$mnt/new"
fails_soon mkdir "$mnt/newdir"
fails_soon mv "$mnt/dir/read" "$mnt/dir/moved"
fails_soon stat -f "$mnt"
ask_holder read 'errno 5'
replug
ask_holder read 000002001
ask_holder close closed
end_holder
assert_equal 'the log' '1 1' "$(said 'the connection to the board is lost') $(said ': the board is back')"
assert_equal 'the root' 'dir ' "$(ls "$mnt" | tr '\n' ' ')"

echo '--- changes that were not sent are sent when it is back'
for how in w a; do
	start_holder open "$mnt/dir/written" $how
	ask_holder write done
	unplug
	ask_holder sync 'errno 5'
	replug
	ask_holder sync done
	ask_holder close closed
	end_holder
done
{ printf changed; tail -c +8 numbers; printf changed; } >expected
assert_same expected "$mnt/dir/written"

echo '--- a file that was changed on the board meanwhile: neither read on nor overwritten, and the log names it'
for how in r w; do
	[ $how = r ] && by='by another' || by='by one more' # not of one size: both can be within a second
	start_holder open "$mnt/dir/grown" $how
	if [ $how = r ]; then ask_holder read 000002001; else ask_holder write done; fi
	unplug
	board_eval "
with open('/dir/grown', 'w') as f:
    f.write('$by')
"
	replug
	if [ $how = r ]; then
		ask_holder read 'errno 5'
		ask_holder close closed
	else
		ask_holder sync 'errno 5'
		ask_holder close 'errno 5'
	fi
	end_holder
	assert_equal 'the file' "$by" "$(cat "$mnt/dir/grown")"
done
grep -q '/dir/grown: what was written to it is lost.*changed while the board was away' mount.log ||
	fail "the log does not name what was lost: $(cat mount.log)"

echo '--- nor is the new content what the kernel gives to who has read some of the old, whatever it remembers of it'
unmount_board
mount_logged # with the kernel's own memory of sizes
for change in 1 6000 removed; do
	cp numbers "$mnt/dir/changed"
	start_holder open "$mnt/dir/changed" r
	ask_holder read 000002001
	unplug
	if [ "$change" = removed ]; then
		board_eval "import os; os.remove('/dir/changed')"
	else
		board_eval "
with open('/dir/changed', 'w') as f:
    f.write('another\\n' * $change)
"
	fi
	replug
	ls -l "$mnt/dir" >/dev/null # so that it knows the new size
	if [ "$change" != removed ]; then
		cat "$mnt/dir/changed" >found # and has the new content
		assert_equal 'the content for who opens it then' "another $((8 * change))" "$(head -n 1 found) $(wc -c <found)"
		for word in start end read; do ask_holder $word 'errno 5'; done
	else
		ask_holder read 'errno 5'
		[ ! -e "$mnt/dir/changed" ] || fail 'it is there still'
	fi
	ask_holder close closed
	end_holder
	assert_equal "the log for: $change" 1 "$(said '/dir/changed: it was changed while the board was away')"
	: >mount.log
done
: >mount.log
unmount_board
mount_logged -o attr_timeout=0

echo '--- another board: refused by name, once, and left alone'
own_id=$(cat "$flash.id")
other=$PWD/other.flash
"$board" --size 512 "$other" </dev/null >/dev/null 2>&1 || :
[ -s "$other.writes" ] || fail 'there is no other board'
unplug
line_command "swap $other"
line_command replug
refused() { [ "$(said 'another board is there')" -gt 0 ]; }
await 60 'the other board is refused' refused
fails_soon ls "$mnt/dir"
fails_soon cp numbers "$mnt/dir/new"
grep 'another board is there' mount.log | grep "$own_id" | grep -q "$(cat "$other.id")" || fail "no names: $(cat mount.log)"
before=$(cat "$other.writes")
# It is at its prompt, and everybody's: somebody else can mount it.
mkdir elsewhere
"$mpremotefs" "$PWD/line" "$PWD/elsewhere" || fail 'nobody else can have the other board'
cp numbers elsewhere/numbers
assert_same numbers elsewhere/numbers
assert_equal 'what is on the other board' 'numbers ' "$(ls -A elsewhere | tr '\n' ' ')"
fails_soon ls "$mnt/dir"
if [ "$(id -u)" -eq 0 ]; then umount elsewhere; else fusermount3 -u elsewhere; fi
elsewhere_ended() { [ "$(processes mpremotefs | wc -l)" -eq 1 ]; }
await 60 'the other mount has ended' elsewhere_ended
[ "$before" != "$(cat "$other.writes")" ] || fail 'it was not the other board'
line_command unplug
line_command "swap $flash"
replug
assert_same expected "$mnt/dir/written"
assert_equal 'refusals in the log' 1 "$(said 'another board is there')"

echo '--- a board that runs on while it is unplugged, with the agent on it'
unmount_board
stop_line
start_line --uart --replug 0 --powered
mount_logged -o attr_timeout=0
unplug
replug
assert_same expected "$mnt/dir/written"
unmount_board

echo '--- reconnect=: operations wait, and unmounting does not'
mount_logged -o attr_timeout=0,reconnect=100
unplug_waiting() {
	line_command 'unplug'
	gone() { [ ! -e line ]; }
	await 60 'it is unplugged' gone
}
unplug_waiting
cat "$mnt/dir/written" >waited &
reader=$!
cp numbers "$mnt/dir/copied" &
writer=$!
sleep 0.5 # so that they wait; whether they do is not what is tried
line_command replug
wait $reader || fail 'who waited to read has failed'
wait $writer || fail 'who waited to write has failed'
assert_same expected waited
assert_same numbers "$mnt/dir/copied"
unplug_waiting
stat -f "$mnt" >/dev/null 2>&1 &
sleep 0.5
kill -TERM "$mount_pid"
await 60 'mpremotefs ends although somebody waits' mount_ended # and not after the 100 s
line_command replug
stop_line

echo '--- a reset, and the program that it starts: taken up again, or left alone'
start_line --usb
mount_logged -o attr_timeout=0
cat >"$mnt/main.py" <<'END'
import time
print("the program")
time.sleep(1000)
END
line_command kill
await 60 'the board answers after a power cut' works
await 60 'the log says that a program was stopped' grep -q 'answers again; a program on it was stopped' mount.log
unmount_board
mount_logged -o attr_timeout=0,noreconnect,timeout=3
line_command kill
alone() { [ "$(said 'left alone (-o noreconnect)')" -gt 0 ]; }
failing() { stat -f "$mnt" >/dev/null 2>&1 || :; alone; }
await 60 'the program is left alone' failing
interrupts=$(line_counter interrupts)
fails_soon ls "$mnt/dir"
fails_soon ls "$mnt/dir"
assert_equal 'Ctrl-C to the program' "$interrupts" "$(line_counter interrupts)"
assert_equal 'times that the log says so' 1 "$(said 'left alone (-o noreconnect)')"
unmount_board
stop_line
rm -f line.control

echo '--- a command as the board: run again when it is wanted'
mount_logged -o attr_timeout=0
rm "$mnt/main.py"
kill -9 "$(processes python3)"
await 60 'the command is run again' works
assert_same expected "$mnt/dir/written"
assert_equal 'the log' '1 1' "$(said 'the connection to the board is lost') $(said ': the board is back')"
unmount_board
