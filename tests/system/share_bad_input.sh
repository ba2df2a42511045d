#!/bin/sh
# SPDX-License-Identifier: MIT
# What is wrong with a command line is said, and not one byte goes to the board: no such directory or script, a path on the board that
# is none or taken twice, a port that a mount holds (by whom, and where). What only the board can tell is said, too, and it is left
# at its prompt.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir dir other
echo 'print(1)' >program.py
echo text >file

# refused STATUS TEXT WORD...: the same with the board's line, which has to stay silent
refused() {
	_status=$1 _text=$2
	shift 2
	run_share "$@" </dev/null
	assert_equal "status of $*; it said $(cat err)" "$_status" "$status"
	assert_said "$_text"
	assert_equal "mpremote-share: is in front of what $* says" 'mpremote-share: ' "$(head -c 16 err)"
	assert_equal "what $* prints" '' "$(cat out)"
}

start_line --usb
at_prompt '1' >said # the board's start is over
before=$(line_counter to_board)

echo '--- files'
refused 2 nowhere -v nowhere run program.py
refused 2 file -v file run program.py
refused 2 file/dir -v dir -v file/dir:/b run program.py
refused 2 nothing.py -v dir run nothing.py
refused 2 dir -v dir run dir
refused 2 nothing.py run nothing.py

echo '--- a kernel that cannot keep a board inside'
for error in 38 1; do # ENOSYS, EPERM
	status=0
	python3 -E "$top_srcdir/tests/system/without_openat2.py" $error "$share" -d "$(device)" -v dir run program.py </dev/null >out 2>err || status=$?
	assert_equal "status with error $error; it said $(cat err)" 1 "$status"
	assert_said 'no openat2'
	assert_equal 'what it prints' '' "$(cat out)"
done

echo '--- the command line'
refused 2 '-v dir:/remote;' -v dir:remote run program.py
refused 2 '/remote' -v dir -v other run program.py
refused 2 '/a' -v dir:/a -v other:/a/b run program.py
refused 2 '/a' -v dir:/a/b -v other:/a run program.py
refused 2 '/a' -v dir:/a -v other:/a/ run program.py
refused 2 '..' -v dir:/a/../b run program.py
refused 2 'run' -v dir
refused 2 'walk' -v dir walk program.py
refused 2 'FILE' -v dir run
refused 2 'CODE' -v dir exec
refused 2 '' -v dir exec 'print(1)' more
refused 2 '' -v dir repl more
refused 2 '' --nonsense run program.py
refused 2 '' -v
refused 2 '' -v '' run program.py
refused 2 '' -v :/a run program.py
refused 2 'baud' --baud x run program.py
assert_equal 'bytes that have reached the board' "$before" "$(line_counter to_board)"

echo '--- a board path that is taken'
at_prompt 'import os' 'os.mkdir("/taken")' 'open("/taken/file", "w").close()'
refused 1 '/taken' -v dir:/taken run program.py
assert_equal 'what is there' "['file']" "$(at_prompt 'import os' 'print(os.listdir("/taken"))')"
run_share -v dir:/taken/below run program.py </dev/null
assert_equal 'status where it is in a directory of the flash' 0 "$status"
run_share -d "exec:$board --virtual-root $PWD/virtual" -v dir:/flash/below run program.py </dev/null
assert_equal 'status below what is mounted elsewhere than at /' 1 "$status"
assert_said '/flash/below'

echo '--- a port that is held'
mount_board
run_share -v dir run program.py </dev/null
assert_equal 'status where it is mounted' 1 "$status"
assert_said "mpremotefs (pid $(processes mpremotefs)), mounted at $mnt"
ls "$mnt/taken" >said || fail 'the mount has ended'
unmount_board
"$share" -d "$PWD/line" -v dir exec 'while True: pass' </dev/null >said 2>&1 &
first=$!
is_held() { run_share -v dir run program.py </dev/null; grep -q 'held by mpremote-share' err; }
await 60 'the other has it' is_held
assert_said "pid $first"
! "$mpremotefs" "$PWD/line" "$mnt" 2>err || fail 'it is mounted while it is shared'
assert_said "held by mpremote-share (pid $first)"
kill "$first"
wait "$first" || :
stop_line

echo '--- no stdin, stdout and stderr'
# What is opened first has their numbers otherwise.
start_line --usb
status=0
"$share" -d "$(device)" exec 'print(1)' 2>err <&- >&- || status=$?
assert_equal 'status without stdout' 1 "$status"
assert_said 'Bad file descriptor'
status=0
"$share" -d "$(device)" exec 'import sys; sys.exit(3)' <&- >&- 2>&- || status=$?
assert_equal 'status without anything' 3 "$status"
stop_line

echo '--- no board'
run_share -d "$PWD/nothing" -v dir run program.py </dev/null
assert_equal 'status without a board' 1 "$status"
assert_said "$PWD/nothing: no such device"
