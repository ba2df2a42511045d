#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share --watch: the program runs again, once, for each edit of a file in a shared directory or of itself, also while it runs;
# and not for what it writes itself, nor for what an editor leaves beside a file; also when the directory is removed and made again.
# Ctrl-C ends it, at whatever moment.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

# Files come to their places whole, in one step: that is one change.
put() { # FILE, its content on stdin
	cat >staged
	mv staged "$1"
}

# Waits until the program has printed NUMBER lines that begin with WORDS.
await_lines() { # WORDS NUMBER
	await 60 "it has printed '$1' $2 times" has_lines "$1" "$2"
}

has_lines() {
	[ "$(grep -c "^$1" out)" -ge "$2" ]
}

await_ended() { # HOW-OFTEN: it has said so
	await 60 "it has ended $1 times" has_ended "$1"
}

has_ended() {
	[ "$(grep -c 'the program has ended' err)" -ge "$1" ]
}

mkdir -p code data elsewhere
put code/module.py <<'END'
WORD = "first"
END
put elsewhere/program.py <<'END'
import module
print("word", module.WORD)
with open("/data/log", "a") as f:
    print("a run", file=f)
with open("/data/new", "w") as f:
    f.write("x")
import os
os.rename("/data/new", "/data/newer")
END

start_line --usb
$interruptible "$share" -d "$(device)" --watch -v code -v data:/data:rw run elsewhere/program.py </dev/null >out 2>err &
share_pid=$!
await_ended 1
echo '--- a file that the board has written'
echo by hand >>data/log
await_ended 2
put code/module.py <<'END'
WORD = "second"
END
await_ended 3
await_lines 'word second' 1
echo '--- what is no edit'
echo x >code/.module.py.swp
echo x >code/module.py~
mkdir code/.git
echo x >code/.git/index
echo x >elsewhere/beside
echo '--- the program itself, which goes on until it is stopped'
put elsewhere/program.py <<'END'
import time, module
print("endless", module.WORD)
while True:
    time.sleep(0.1)
END
await_lines 'endless second' 1
put code/module.py <<'END'
WORD = "third"
END
await_lines 'endless third' 1
echo '--- a new directory'
mkdir code/package
put code/package/__init__.py <<'END'
WORD = "fourth"
END
await_lines 'endless third' 2
put elsewhere/program.py <<'END'
try:
    import package
    print("word", package.WORD)
except ImportError:
    print("no package")
END
await_ended 4
echo '--- the directory itself'
rm -r code
await 60 'it has run without it' has_lines 'no package' 1
await_ended 5
mkdir made
put made/package.py <<'END'
WORD = "fifth"
END
mv made code
await_lines 'word fifth' 1
await_ended 6 # else Ctrl-C would be the program's
kill -INT "$share_pid"
status=0
wait "$share_pid" || status=$?
assert_equal "status after Ctrl-C; it said $(cat err)" 130 "$status"
tr -d '\r' <out | grep -v '^$' >printed
head -n 7 printed >wanted
printf '%s\n' 'word first' 'word first' 'word second' 'endless second' 'endless third' 'endless third' 'word fourth' |
	diff - wanted >&2 || fail 'it was not run as often as something was edited, see above'
assert_equal 'what the program wrote' 'a run by hand a run a run' "$(tr '\n' ' ' <data/log | sed 's/ $//')"
assert_untouched

echo '--- Ctrl-C, at whatever moment of a restart'
cat >endless.py <<'END'
print("started")
while True:
    pass
END
for seconds in 0.1 0.2 0.22 0.25 0.3 0.35 0.4 0.5 0.7; do
	rm -f out
	$interruptible "$share" -d "$(device)" --watch -v code run endless.py </dev/null >out 2>err &
	share_pid=$!
	await 60 'the program has begun' grep -qs started out
	put code/module.py </dev/null
	sleep "$seconds"
	kill -INT "$share_pid"
	sleep 0.1
	kill -INT "$share_pid" 2>/dev/null || :
	status=0
	wait "$share_pid" || status=$?
	assert_equal "status $seconds s after the edit; it said $(cat err)" 130 "$status"
	! grep '^mpremote-share' err | grep -v 'the program has ended' || fail "see what it said $seconds s after the edit"
	assert_untouched
done

echo '--- on a terminal: words of ours begin a line; a program that is gone runs as it was'
echo 'print("unended", end="")' >unended.py
cat >terminal.py <<'END'
import os, pty, signal, sys

signal.alarm(120)
pid, fd = pty.fork()
if not pid:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""


def read_runs(number):
    global said
    while said.count(b"Ctrl-C leaves\r\n") < number:
        said += os.read(fd, 4096)


read_runs(1)
os.remove("unended.py")
read_runs(2)
os.write(fd, b"\3")
print(said.decode() + "status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
python3 terminal.py "$share" -d "$(device)" --watch -v code run unended.py | tr -d '\r' >terminal
ends='mpremote-share: the program has ended (exit status 0); it runs again when a file changes, Ctrl-C leaves'
printf '%s\n' unended "$ends" 'mpremote-share: unended.py: No such file or directory; it runs as it was read last' unended "$ends" \
	'status 130' | diff - terminal >&2 || fail 'the terminal shows something else, see above'
stop_line

echo '--- a board that a soft reset ends, as it is behind exec:'
echo 'WORD = "first"' | put code/module.py
: >out >err
$interruptible "$share" -d "$(device)" --watch -v code exec 'import module; print("word", module.WORD)' </dev/null >out 2>err &
share_pid=$!
await_ended 1
ended=1
for word in second third; do
	echo "WORD = '$word'" | put code/module.py
	await_lines "word $word" 1
	await_ended $((ended += 1)) # else it would be interrupted
done
kill -INT "$share_pid"
status=0
wait "$share_pid" || status=$?
assert_equal "status after Ctrl-C; it said $(cat err)" 130 "$status"
