#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share --watch: what the program writes is no edit, whatever becomes of the directories and links on the way there while it has its
# files open: it runs once. And what somebody else does at that moment is one: it runs once more. The program itself may be a link.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

start_watch() { # OPTION...
	echo first >code/edit
	: >out
	: >err
	$interruptible "$share" -d "$(device)" --watch "$@" run program.py </dev/null >out 2>err &
	share_pid=$!
}

# Waits until the program has printed a line that begins with WORDS.
await_line() { # WORDS
	await 60 "it has printed '$1'" grep -q "^$1" out
}

has_ended() {
	[ "$(grep -c 'the program has ended' err)" -ge "$1" ]
}

# The program ends by itself when it has run NUMBER times, and is not run again by two seconds later, but after an edit. Ends all. WORDS
# are said besides.
assert_runs() { # NUMBER [WORDS]
	await 60 'it has ended' has_ended 1
	sleep 2
	assert_equal 'runs' "$1" "$(grep -c '^begins' out)"
	echo second >code/edit
	await_line 'begins second'
	await 60 'that has ended' has_ended 2
	end_watch "${2:-}"
}

# Nothing was said but WORDS.
end_watch() { # [WORDS]
	kill -INT "$share_pid"
	status=0
	wait "$share_pid" || status=$?
	assert_equal "status after Ctrl-C; it said $(cat err)" 130 "$status"
	assert_equal 'what was said' "${1:-}" "$(grep '^mpremote-share' err | grep -v 'the program has ended')"
}

mkdir code first second
start_line --usb

echo '--- the board renames the directory in which it has a file open'
cat >program.py <<'END'
import os
print("begins", open("/code/edit").read())
for name in os.listdir("/data"):
    os.remove("/data/" + name + "/log")
    os.rmdir("/data/" + name)
os.mkdir("/data/run")
log = open("/data/run/log", "w")
log.write("first")
log.flush()
os.rename("/data/run", "/data/done")
log.write("second")
log.close()
END
start_watch -v code:/code -v first:/data:rw
assert_runs 1
assert_equal 'the log' firstsecond "$(cat first/done/log)"

echo '--- somebody else does', while the program waits for a name that is hidden, and so no edit
rm -r first/*
cat >program.py <<'END'
import os, time
print("begins", open("/code/edit").read())
if "log" not in os.listdir("/data"):
    os.mkdir("/data/log")
    log = open("/data/log/1", "w")
    log.write("first")
    log.flush()
    print("waits")
    while ".1" not in os.listdir("/code"):
        time.sleep(0.05)
    log.write("second")
    log.close()
    print("closed")
END
start_watch -v code:/code -v first:/data:rw
await_line waits
mv first/log first/moved
mkdir first/log
assert_runs 2

echo '--- a link on the way is turned to another place'
for dir in link link/sub; do
	rm -rf first second link code/.1
	mkdir -p first/sub second/sub
	ln -s first link
	cat >program.py <<'END'
import os, time
print("begins", open("/code/edit").read())
log = open("/data/log", "a")
log.write("a")
log.flush()
print("waits")
while ".1" not in os.listdir("/code"):
    time.sleep(0.05)
log.close()
with open("/data/log", "a") as log:
    log.write("b")
END
	start_watch -v code:/code -v "$dir:/data:rw"
	await_line waits
	ln -sfn second link
	: >code/.1
	assert_runs 1
	assert_equal 'what it wrote, where the link led when it began' abab "$(cat "$(echo "$dir" | sed s/link/first/)/log")"
done

echo '--- the program is a link: it is turned'
rm -f program.py
for word in first second; do
	echo "print('begins $word', open('/code/edit').read())" >$word.py
done
ln -s first.py program.py
start_watch -v code:/code
await 60 'it has ended' has_ended 1
ln -sfn second.py program.py
await_line 'begins second'
await 60 'that has ended' has_ended 2
echo "print('begins third')" >second.py
await_line 'begins third'
await 60 'that has ended' has_ended 3
end_watch

echo '--- the board puts a link in its place'
rm program.py
echo "print('begins secret')" >outside.py
mkdir work
ln -s ../outside.py work/link
cat >work/program.py <<'END'
import os
print("begins", open("/code/edit").read())
try:
    os.rename("/work/link", "/work/program.py")
except OSError:
    pass
END
ln -s work/program.py program.py
start_watch -v code:/code -v work:/work:rw
assert_runs 1 'mpremote-share: program.py leads to another file now: where the board may write, it is not read from there; it runs as it was read last'
! grep '^begins secret' out || fail 'the board was given a file from outside'
stop_line
