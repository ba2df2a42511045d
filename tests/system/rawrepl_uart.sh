#!/bin/sh
# SPDX-License-Identifier: MIT
# The raw REPL is reached from every state of a board over a simulated UART, fast enough for a mount, and no byte is lost on it.
set -u
here=${top_srcdir:?}/tests/system
probe=${top_builddir:?}/tests/lab/rawrepl_probe
linesim=${top_builddir:?}/tests/lab/linesim
board=${BOARD:-$top_srcdir/scripts/board}

# A board at the far end of the line, for one talk.
talk() {
	options=$1
	shift
	rm -rf flash line line.ready counters
	mkfifo line.ready
	"$linesim" --uart --link line --counters counters -- "$board" flash >line.ready 2>board.log &
	line=$!
	read -r ready <line.ready
	[ "$ready" = 'ready line' ] || echo "no line: $ready"
	# shellcheck disable=SC2086 # options are words
	"$probe" $options ./line "$@"
	kill "$line"
	wait "$line"
	grep -q '"lost": *0\b' counters || echo "bytes were lost: $(cat counters)"
}

# shellcheck source=tests/system/rawrepl_states
. "$here/rawrepl_states"

common_states 1000

# What the board says while it restarts may be gone with the first bytes that `restart` waits for; what main.py has left is there.
at_prompt '' enter run 'f = open("main.py", "w"); f.write("answer = 6 * 7"); f.close()' leave restart quiet \
	enter run 'print(answer, "marker" in globals())'
case $said in
*'42 False'*) ;;
*) fail "restart: it said: $said" ;;
esac

# An agent's size, from the prompt. The line alone needs 0.45 s; much more would be a round trip for each small piece.
awk 'BEGIN { for (i = 0; i < 128; i++) printf "a%03d = \"%030d\"\n", i, i }' >code.py
for _try in 1 2 3 4 5 6; do
	at_prompt '' enter file code.py run 'print(a127)' leave
	ran=$(echo "$said" | sed -n 's/^ran 5[0-9]* bytes in \([0-9]*\) ms$/\1/p')
	case $said in
	*000127*) ;;
	*) fail "code of 5 KiB: it said: $said" ;;
	esac
	echo "5 KiB of code: $took ms + $ran ms"
	all=$((took + ${ran:-99999}))
	[ "$all" -gt 2000 ] || break
done
[ "$all" -le 2000 ] || fail "prompt and code of 5 KiB took $took and ${ran:-no} ms"

finish
