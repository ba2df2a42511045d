#!/bin/sh
# SPDX-License-Identifier: MIT
# A board that resets in the middle: softly, by its program, and the program then starts anew with its shares; a program that only says
# so; a power cut; a board that is unplugged, in the middle of a file and while it only counts: said, with status 1, and the file has
# what was written before. Then files that change on this computer while a program runs.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir rw
mkfifo line.control
board_options='--id none' # its machine is the firmware's then
start_line --usb --replug 0

echo '--- a soft reset by the program'
cat >resets.py <<'END'
import os
from machine import *
try:
    n = int(open("count").read())
except OSError:
    n = 0
with open("count", "w") as f:
    f.write(str(n + 1))
print("run", n, os.getcwd())
if n < 3:
    soft_reset()
print("end")
END
assert_run 0 -v rw:/rw:rw run resets.py
tr -d '\r' <out | grep -a '^run\|^end' >printed
{ printf 'run %s /rw\n' 0 1 2 3 && echo end; } | diff - printed >&2 || fail "it printed something else, see above; all of it: $(cat out)"
assert_equal 'how often it ran' 4 "$(cat rw/count)"
assert_untouched

echo '--- main.py runs before it starts anew'
rm rw/count
at_prompt 'f = open("main.py", "w"); _ = f.write("open(\"ran\", \"w\").close(); print(\"main\")"); f.close()'
sed -i 's/n < 3/n < 1/' resets.py
assert_run 0 -v rw:/rw:rw run resets.py
tr -d '\r' <out | grep -a '^run\|^main\|^end' >printed
diff - printed >&2 <<-END || fail "it printed something else, see above, and all of it: $(cat out)"
	run 0 /rw
	run 1 /rw
	end
END
at_prompt 'import os; os.remove("main.py"); os.remove("ran")' >said
assert_equal 'what the board says of that' '' "$(cat said)"

echo '--- main.py that does not end can be left'
rm rw/count
at_prompt 'f = open("main.py", "w"); _ = f.write("import time\nwhile True: time.sleep(1)"); f.close()'
"$share" -d "$(device)" -v rw:/rw:rw run resets.py </dev/null >out 2>err &
pid=$!
await 60 'the program runs' test -e rw/count
sleep 4 # longer than it waits for the prompt of a board that was not reset
kill -TERM "$pid"
assert_ends 143
at_prompt ctrl-c 'import os; os.remove("main.py")' >said

echo '--- as it is called; and a module machine that is in the share'
for call in 'import machine; machine.soft_reset()' 'from machine import soft_reset, mem32; soft_reset()'; do
	rm rw/count
	sed "s/^    soft_reset()/    $call/; s/^from machine.*//" resets.py >call.py
	assert_run 0 -v rw:/rw:rw run call.py
	assert_equal "how often it ran with $call" 2 "$(cat rw/count)"
done
echo 'print("ours")' >rw/machine.py
assert_run 0 -v rw:/rw:rw exec 'import machine; print(hasattr(machine, "mem32")); from umachine import mem32'
assert_printed ours False
rm rw/machine.py
assert_untouched

echo '--- a program that only says so'
cat >says.py <<'END'
import sys
with open("log", "w") as f:
    for i in range(20):
        print("MPY: soft reboot")
        print("MicroPython v1.29 on 2026-01-01; board with chip\r\nType \"help()\" for more information.\r\n>>> ", end="")
        f.write("%d\n" % i)
        f.flush()
print("end")
END
assert_run 0 -v rw:/rw:rw run says.py
assert_equal 'how often it said so' 20 "$(grep -ac 'MPY: soft reboot' out)"
assert_equal 'what it wrote' 20 "$(wc -l <rw/log)"
assert_untouched

echo '--- a power cut while it runs'
cat >counts.py <<'END'
with open("counted", "wb") as f:
    f.write(b"before\n")
    f.flush()
    print("ready")
    n = 0
    while True:
        FILL
        n += 1
END
for fill in 'pass' 'f.write(b"%08d\\n" % n)'; do
	sed "s/FILL/$fill/" counts.py >count.py
	rm -f out
	"$share" -d "$PWD/line" -v rw:/rw:rw run count.py >out 2>err </dev/null &
	pid=$!
	is_ready() { grep -qs ready out; }
	await 60 'the program runs' is_ready
	line_command kill
	assert_ends 1
	grep -q reset err || fail "it did not say that the board was reset, but: $(cat err)"
	assert_equal 'the file' before "$(head -n 1 rw/counted)"
	assert_untouched
done

echo '--- unplugged'
for fill in 'pass' 'f.write(b"%08d\\n" % n)' 'open("counted").read()'; do
	sed "s/FILL/$fill/" counts.py >count.py
	rm -f out
	"$share" -d "$PWD/line" -v rw:/rw:rw run count.py >out 2>err </dev/null &
	pid=$!
	await 60 'the program runs' is_ready
	line_command unplug
	assert_ends 1
	grep -q '^mpremote-share: /dev/' err || fail "it does not name the device, but says: $(cat err)"
	assert_equal 'the file' before "$(head -n 1 rw/counted)"
	line_command 'replug'
	await 60 'it is plugged in again' test -e line
	assert_untouched
done

echo '--- files that change on this computer'
echo 'before' >rw/shared.txt
cat >watches.py <<'END'
import os, time
def see(what):
    while True:
        try:
            with open("shared.txt") as f:
                got = f.read().strip()
        except OSError as e:
            got = str(e.errno)
        if got == what:
            print("saw", what)
            with open("seen", "w") as f:
                f.write(what)
            return
kept = open("shared.txt", "rb")
see("before")
see("replaced")
print("the old one", kept.read().strip())
see("grown\nby a line")
print(len(os.listdir("made")), os.stat("shared.txt")[6])
see("2")
END
"$share" -d "$PWD/line" -v rw:/rw:rw run watches.py >out 2>err </dev/null &
pid=$!
saw() { [ "$(cat rw/seen 2>/dev/null)" = "$1" ]; }
await 60 'it saw the first' saw before
echo replaced >rw/new && mv rw/new rw/shared.txt
await 60 'it saw another file' saw replaced
mkdir rw/made && touch rw/made/a rw/made/b
echo grown >rw/shared.new && echo 'by a line' >>rw/shared.new && cat rw/shared.new >rw/shared.txt
await 60 'it saw the file grow' saw "grown
by a line"
await 60 'it has looked at them' grep -q '^2 16' out
rm rw/shared.txt
wait "$pid" || fail "the program: $(cat err)"
tr -d '\r' <out >printed
diff - printed >&2 <<-'END' || fail "it printed something else, see above"
	saw before
	saw replaced
	the old one b'before'
	saw grown
	by a line
	2 16
	saw 2
END
assert_untouched
stop_line
