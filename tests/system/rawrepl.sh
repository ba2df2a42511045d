#!/bin/sh
# SPDX-License-Identifier: MIT
# The raw REPL is reached from every state of a board, on a real MicroPython as exec: device.
set -u
here=${top_srcdir:?}/tests/system
probe=${top_builddir:?}/tests/lab/rawrepl_probe
board=${BOARD:-$top_srcdir/scripts/board}

talk() {
	options=$1
	shift
	rm -rf flash
	# shellcheck disable=SC2086 # options are words
	"$probe" $options "exec:exec '$board' flash 2>board.log" "$@"
}

# device NAME ERRNO TEXT COMMAND: COMMAND is no board, and TEXT says so.
device() {
	name=$1
	said=$("$probe" -t 2 "exec:$4" enter)
	case $said in
	*"failed: enter: $2: "*"$3"*) ;;
	*) fail "$name: it said: $said" ;;
	esac
}

# shellcheck source=tests/system/rawrepl_states
. "$here/rawrepl_states"

common_states 300

said=$(talk '' enter run 'print(1 + 1)' leave type 'print(2 + 3)' expect '\n5\n>>> ' restart)
case $said in
*failed*) fail "run, leave, type and restart: it said: $said" ;;
*"found starting, interrupted 0"*2*) ;;
*) fail "a board that has just been started: it said: $said" ;;
esac

noise='\200\363\376\220rl\234\202\356\222l\214\377\362\022\302 {$\373\236\202\356\377\220\302\200\363'
rm -f flash
said=$("$probe" "exec:printf '$noise'; exec '$board' flash" enter run 'print(1 + 1)')
case $said in
*"found starting, interrupted 0"*2*) ;;
*) fail "a board that starts with noise: it said: $said" ;;
esac

said=$(talk '' enter run 'raise ValueError("so")')
case $said in
*"failed: run: EREMOTEIO: the code raised on the board:"*"ValueError: so"*) ;;
*) fail "code that raises: it said: $said" ;;
esac

device 'silence' ETIMEDOUT 'nothing answers: is it a MicroPython board, is the baud rate right (option baud)' 'exec cat >/dev/null'
device 'an echo' EPROTO 'answers, but not as MicroPython' 'exec cat'
device 'endless output' ETIMEDOUT 'does not stop on Ctrl-C' 'exec yes'
# Without the letter of a prompt: in so many bytes there is one by chance, now and then, and in noise that is MicroPython.
device 'endless noise' EPROTO 'answers with noise' 'LC_ALL=C exec tr -d \> </dev/urandom'
device 'a command that ends' ENODEV 'no micropython here' 'echo no micropython here'

finish
