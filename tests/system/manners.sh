#!/bin/sh
# SPDX-License-Identifier: MIT
# What a user sees of the program itself: background and foreground, exit statuses, signals, mount points that are in the way, a
# port that somebody has, and words for what is wrong, with nothing half-done.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

head -c 5000 /dev/urandom >random

# says STATUS TEXT ARGUMENT...: mpremotefs with these arguments ends with STATUS, says TEXT on stderr, nothing on stdout
says() {
	expected=$1 text=$2
	shift 2
	status=0
	"$mpremotefs" "$@" >said.out 2>said </dev/null || status=$?
	assert_equal "exit status of mpremotefs $*" "$expected" "$status"
	grep -qF -- "$text" said || fail "mpremotefs $*: it did not say '$text', but: $(cat said)"
	assert_equal "stdout of mpremotefs $*" '' "$(cat said.out)"
	! mounted || fail "mpremotefs $*: something is mounted"
	assert_equal "processes left by mpremotefs $*" '' "$(processes mpremotefs)"
}

# prints TEXT ARGUMENT...: it goes well, and says TEXT on stdout
prints() {
	text=$1
	shift
	"$mpremotefs" "$@" >said.out 2>said </dev/null || fail "mpremotefs $*: exit status $?: $(cat said)"
	grep -qF -- "$text" said.out || fail "mpremotefs $*: it did not print '$text', but: $(cat said.out)"
}

# --- words and statuses ---

prints 'Usage: mpremotefs' --help
prints 'mpremotefs ' --version
prints '' --list
"$mpremotefs" --list --json 2>said | python3 -c 'import json, sys
for port in json.load(sys.stdin): assert isinstance(port["path"], str)' || fail '--list --json is no JSON'
says 2 'unknown option --nonsense' --nonsense
says 2 'unknown option -x' -x
says 2 'unknown option "nonsense"' -o ro,nonsense "$(device)" "$mnt"
says 2 'umask=9' -o umask=9 "$(device)" "$mnt"
says 2 'MOUNTPOINT' "$(device)"
says 2 '"more"' "$(device)" "$mnt" more
says 2 '--json' --json "$(device)" "$mnt"
says 1 'no such device' /dev/no-such-port "$mnt"
says 1 'not a serial port' "$PWD/random" "$mnt"
says 1 'no USB serial port with the serial number' id:no-such-board "$mnt"
says 1 'connection refused' socket://localhost:1 "$mnt"
says 1 'ended with status 3' 'exec:exit 3' "$mnt"
says 1 'something that is no board' 'exec:echo something that is no board; exit 1' "$mnt"
says 1 'not as MicroPython' -o timeout=2 'exec:exec cat' "$mnt"
says 1 "does not exist" "$(device)" "$PWD/missing"
says 1 'is not a directory' "$(device)" "$PWD/random"
says 1 'not a directory' "$(device)" "$PWD/random/below"
says 1 "this computer's own" "exec:$(micropython)" "$mnt"
says 1 'cannot be mounted inside itself' -o "root=$PWD" "exec:$(micropython)" "$mnt"
says 1 'no directory /missing' -o root=/missing "$(device)" "$mnt"

# --- background and foreground ---

# It holds nothing of the terminal: the substitution would wait for its stdout.
output=$(try_mount 2>&1) || fail "mounting: $output"
mounted || fail 'it went to the background before it was mounted'
assert_equal 'what it says' '' "$output"
pid=$(processes mpremotefs)
assert_equal 'its folder' / "$(readlink "/proc/$pid/cwd")"
assert_equal 'its stdin' /dev/null "$(readlink "/proc/$pid/fd/0")"
[ "$(ps -o sid= -p "$pid" | tr -d ' ')" = "$pid" ] || fail 'it is in the session of its terminal'
says_again() {
	status=0
	"$mpremotefs" "$(device)" "$mnt" 2>said || status=$?
	assert_equal 'exit status of a second mount' 1 "$status"
	grep -qF "is mounted at $mnt already" said || fail "a second mount: it said: $(cat said)"
}
says_again
cp random "$mnt"

# A mount point that is in use: umount says so, and the mount goes on.
exec 6<"$mnt/random"
if [ "$(id -u)" -eq 0 ]; then assert_refused 'busy' umount "$mnt"; else assert_refused 'busy' fusermount3 -u "$mnt"; fi
exec 6<&-
assert_same random "$mnt/random"
unmount_board

# Started without stdin, stdout and stderr, as by some daemons.
try_mount <&- >&- 2>&- || fail 'without stdin, stdout and stderr'
mounted || fail 'without stdin, stdout and stderr: it went to the background before it was mounted'
assert_same random "$mnt/random"
unmount_board

# Who has ended the process that waits for the mount does not get one later.
mkfifo go
"$mpremotefs" "exec:read word <'$PWD/go'; exec '$board' '$flash'" "$mnt" &
waiting_pid=$!
two_processes() { [ "$(processes mpremotefs | wc -l)" -eq 2 ]; }
await 60 'one process waits for the other' two_processes
kill "$waiting_pid"
await 60 'both end' mount_ended
wait "$waiting_pid" && fail 'the process that waits ended well'
rm go

# In the foreground; every signal ends it, cleanly, with what is not yet written.
holder='
import os, sys
file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
os.write(file, b"written, but not closed")
print("written", flush=True)
sys.stdin.readline()
'
# A shell starts its background jobs with SIGINT ignored, which a terminal's Ctrl-C never meets.
cat >interruptible <<END
#!/bin/sh
exec env --default-signal=INT '$mpremotefs' "\$@"
END
chmod +x interruptible
mpremotefs_itself=$mpremotefs
for signal in INT TERM HUP; do
	mpremotefs=$PWD/interruptible
	mount_logged
	mpremotefs=$mpremotefs_itself
	start_holder written "$mnt/held.$signal"
	kill -"$signal" "$mount_pid"
	await 60 "it ends on SIG$signal" mount_ended
	status=0
	wait "$mount_pid" || status=$?
	assert_equal "exit status after SIG$signal" 0 "$status"
	! mounted || fail "SIG$signal left it mounted"
	end_holder
	assert_equal "the log after SIG$signal" '' "$(cat mount.log)"
done
mount_board
for signal in INT TERM HUP; do
	assert_equal "what was not closed at SIG$signal" 'written, but not closed' "$(cat "$mnt/held.$signal")"
done
pid=$(processes mpremotefs)
kill "$pid"
await 60 'a mount in the background ends on SIGTERM' mount_ended

# -d: the frames.
mount_logged -d
ls "$mnt" >ls.out
unmount_board
grep -q -- '-> list #[0-9]*, 1 bytes: /$' mount.log || fail "-d shows no request: $(head mount.log)"
grep -q -- '<- done #' mount.log || fail "-d shows no answer: $(head mount.log)"

# A mount point with something in it: said, and there again afterwards.
mkdir full
echo something >full/file
mnt=$PWD/full
try_mount 2>said || fail "on a full mount point: $(cat said)"
grep -q 'is not empty' said || fail "on a full mount point it said: $(cat said)"
[ ! -e "$mnt/file" ] || fail 'the file below the mount shows'
unmount_board
assert_equal 'the file below the mount' something "$(cat full/file)"
mnt=$PWD/mnt

# A mount point with all that is difficult in a name.
mkdir "a b,c\\d \"e\" ü"
mnt="$PWD/a b,c\\d \"e\" ü"
try_mount || fail 'a mount point with an unusual name'
assert_same random "$mnt/random"
if [ "$(id -u)" -eq 0 ]; then umount "$mnt"; else fusermount3 -u "$mnt"; fi
await 60 'the board is free' flock -n "$flash" true
mnt=$PWD/mnt

# --- options ---

mount_board -o ro
assert_refused 'Read-only file system' cp random "$mnt/other"
assert_refused 'Read-only file system' rm "$mnt/random"
assert_same random "$mnt/random"
unmount_board
mount_board -o uid=12345,gid=23456,umask=027,fsname=myboard
assert_equal 'uid, gid and mode' '12345 23456 640' "$(stat -c '%u %g %a' "$mnt/random")"
assert_equal 'uid, gid and mode of a folder' '12345 23456 750' "$(stat -c '%u %g %a' "$mnt")"
grep -q "^myboard $mnt fuse.mpremotefs " /proc/self/mounts || fail "fsname: $(grep "$mnt" /proc/self/mounts)"
mkdir "$mnt/sub"
cp random "$mnt/sub/inner"
unmount_board
mount_board -o root=/sub
assert_equal 'root=/sub' inner "$(ls -A "$mnt")"
cp random "$mnt/new"
unmount_board
mount_board -o root=sub/
assert_same random "$mnt/new"
unmount_board

# The board's clock: the unix port has none, which is told; then it gets one that writes down how it was set.
mount_logged -o settime
unmount_board
grep -q 'clock cannot be set' mount.log || fail "settime on a board without a clock: it said: $(cat mount.log)"
cat >boot.py <<END
import sys
class RTC:
 def datetime(self, when):
  with open("clock", "w") as file: file.write(" ".join(map(str, when)))
class machine: pass
machine.RTC = RTC
sys.modules["machine"] = machine
END
mount_board
cp boot.py "$mnt"
unmount_board
mount_board
[ ! -e "$mnt/clock" ] || fail 'the clock was set without settime'
unmount_board
before=$(date -u +%s)
mount_logged -o settime
assert_equal 'the log with settime' '' "$(cat mount.log)"
python3 - "$(cat "$mnt/clock")" "$before" <<-END || fail "settime: the clock was set to $(cat "$mnt/clock")"
	import calendar, sys, time
	year, month, day, weekday, hour, minute, second, part = map(int, sys.argv[1].split())
	when = calendar.timegm((year, month, day, hour, minute, second))
	assert int(sys.argv[2]) <= when <= time.time() and weekday == time.gmtime(when).tm_wday and part == 0
END
rm "$mnt/boot.py" "$mnt/clock"
unmount_board

# --- a port that somebody has ---

start_line
mount_board
mkdir other
port=$(realpath line)
status=0
"$mpremotefs" "$PWD/line" other 2>said || status=$?
assert_equal 'exit status for a port that is held' 1 "$status"
grep -qF "$port is held by mpremotefs (pid $(processes mpremotefs)), mounted at $mnt" said || fail "a port that is held: it said: $(cat said)"
assert_same random "$mnt/random"
unmount_board
exec 5<>"$port"
flock -n 5
status=0
"$mpremotefs" "$PWD/line" "$mnt" 2>said 5<&- || status=$?
exec 5<&-
assert_equal 'exit status for a port that another program has locked' 1 "$status"
grep -qF 'is held by' said || fail "a port that another program has locked: it said: $(cat said)"
mount_board
assert_same random "$mnt/random"
unmount_board
stop_line
