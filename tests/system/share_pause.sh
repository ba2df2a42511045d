#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share where somebody pauses: who reads what the program prints, for which the program's files do not wait; and mpremote-share itself,
# stopped for longer than a board waits: the program is told, and its files work again when it goes on. The board is at its prompt after each.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir data
start_line --usb

echo '--- nobody takes what is printed'
cat >prints.py <<'END'
import sys
for k in range(3000):
    print(k, "x" * 100)
with open("done.txt", "w") as f:
    f.write("done")
print("the end")
sys.exit(3)
END
mkfifo out.fifo
exec 3<>out.fifo
"$share" -d "$(device)" -v data:rw run prints.py >out.fifo 2>err </dev/null 3<&- &
pid=$!
await 60 'the program has written its file' grep -qs done data/done.txt
exec 4<out.fifo 3<&-
tr -d '\r' <&4 >out &
reader=$!
assert_ends 3
exec 4<&-
wait "$reader"
python3 -c 'for k in range(3000): print(k, "x" * 100)
print("the end")' >expected
cmp expected out >&2 || fail 'what was printed came as something else'
assert_untouched

echo '--- Ctrl-C ends that, too'
exec 3<>out.fifo
$interruptible "$share" -d "$(device)" -v data:rw exec 'open("begun.txt", "w").close()
print("x" * 300000)
while True: pass' >out.fifo 2>err </dev/null 3<&- &
pid=$!
await 60 'the program has begun' test -e data/begun.txt
sleep 2 # for what is printed to fill the pipe; whether it does is not what is tried
kill -INT "$pid"
sleep 3
kill -0 "$pid" || fail 'the first Ctrl-C has ended it, with output that nobody has taken'
kill -INT "$pid"
assert_ends 130
exec 3<&-
assert_untouched

echo '--- it is stopped for longer than a board waits'
cat >reads.py <<'END'
import select, sys, time
keys = select.poll()
keys.register(sys.stdin, 1)
failed = False
print("begun")
while True:
    try:
        open("done.txt").read()
        if failed:
            break
    except OSError as e:
        if not failed:
            print("failed", e.errno)
        failed = True
    time.sleep(0.01)
time.sleep(1)
print("works", [mask for _, mask in keys.poll(0)])
END
"$share" -d "$(device)" -v data run reads.py >out 2>err </dev/null &
pid=$!
await 60 'the program has begun' grep -q begun out
kill -STOP "$pid"
sleep 16
kill -CONT "$pid"
assert_ends 0
assert_printed begun 'failed 5' 'works []'
assert_untouched
stop_line
