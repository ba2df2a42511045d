#!/bin/sh
# SPDX-License-Identifier: MIT
# A program on a board that wants out of its directory: upward, absolute, by links, through /proc, by races with names that change
# meanwhile, over what is no file. It reads and writes nothing outside, and nothing blocks. The board is a real one, its program has
# the share's own object; what a client does that speaks the protocol itself is in test_share_server and fuzz_share.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir -p outside/dir share/dir share/real
echo secret >outside/secret
echo inside >share/file
echo inside >share/real/secret
ln -s ../outside/secret share/link-up
ln -s "$PWD/outside" share/link-absolute
ln -s "$PWD/share/file" share/link-absolute-inside
ln -s /proc/self/root share/link-proc
ln -s /proc/self/cwd share/link-cwd
ln -s file share/link-inside
ln -s real share/link-dir
ln -s link-loop share/link-loop
ln -s ../outside/new share/link-to-nothing
ln share/file outside/hard
mkfifo share/fifo
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("share/socket")'
[ "$(id -u)" -ne 0 ] || mknod share/null c 1 3 2>/dev/null || :
cat >program.py <<'END'
import os, sys

got = []


def attempt(what, call, *arguments):
    try:
        result = call(*arguments)
        if hasattr(result, "close"):
            try:
                result = result.read()
            except OSError as e:
                result = "opened, then %s" % e
    except (OSError, ValueError, UnicodeError, TypeError) as e:
        result = "%s %s" % (type(e).__name__, e.errno if isinstance(e, OSError) else "")
    if isinstance(result, (str, bytes)) and (b"secret" in result if isinstance(result, bytes) else "secret" in result):
        print("GOT OUT:", what, call, arguments, result)
    print(what, result)


roots = ("", "/share/")
ups = ("../", "../../", "dir/../../", "./../", "dir/../../share/../", "/../", "..//", "../share/../", "link-dir/../../")
for root in roots:
    for up in ups:
        for name in ("outside/secret", "etc/passwd"):  # upward of the top is the top
            for call, arguments in ((open, ()), (open, ("wb",)), (open, ("ab",)), (os.stat, ()), (os.listdir, ()), (os.mkdir, ()), (os.remove, ()), (os.rmdir, ())):
                try:
                    result = call(root + up + name, *arguments)
                except OSError as e:
                    continue
                print("WENT WELL:", root + up + name, call, arguments, result)
for name in ("link-up", "link-absolute/secret", "link-absolute", "link-absolute-inside", "link-proc/etc/passwd", "link-cwd/outside/secret", "link-loop",
             "link-to-nothing", "fifo", "socket", "null", "dir/../../outside/secret\x00", "", "//", "\\\\..\\\\outside", "a" * 5000, "/".join(["d"] * 3000)):
    attempt(name[:30], open, name)
    attempt(name[:30], open, name, "wb")
    attempt(name[:30], os.listdir, name)
attempt("link-inside", open, "link-inside")
attempt("link-dir", open, "link-dir/secret2")
attempt("rename out", os.rename, "file", "../outside/file")
attempt("rename in", os.rename, "../outside/secret", "taken")
attempt("rename over a link", os.rename, "dir", "link-absolute/dir")
attempt("mkdir through a link", os.mkdir, "link-absolute/new")
attempt("remove through a link", os.remove, "link-absolute/secret")
attempt("rmdir through a link", os.rmdir, "link-absolute/dir")
attempt("chdir", os.chdir, "link-absolute")
attempt("remove a link", os.remove, "link-up")
names = os.listdir("/share")
print("listed", sorted(n for n in names if n.startswith("link")), "fifo" in names, "socket" in names, "null" in names)
print("statvfs", len(os.statvfs("link-inside")))
END
start_line --usb
find outside -printf '%p %s %l\n' -exec cksum {} + 2>/dev/null | sort >before
assert_run 0 -v share:/share:rw run program.py
find outside -printf '%p %s %l\n' -exec cksum {} + 2>/dev/null | sort >after
diff before after >&2 || fail 'something outside has changed, see above'
! grep -a 'GOT OUT\|WENT WELL\|root:' out >&2 || fail 'the program got out, see above'
tr -d '\r' <out >printed
has() { grep -aqxF -- "$1" printed || fail "it did not print '$1', but: $(cat printed)"; }
has "link-inside inside
"
has 'link-up OSError 13'
has 'link-absolute OSError 13'
has 'link-absolute-inside OSError 13'
has 'link-loop OSError 40'
has 'remove a link None'
has "listed ['link-dir', 'link-inside'] False False False"
[ ! -e outside/new ] && [ ! -L share/link-up ] || fail 'a link was followed'

echo '--- races'
# While the board opens race/secret again and again, race becomes a link to the directory outside, and a directory again.
mkdir race.dir share/race
echo inside >share/race/secret
cat >racer.py <<'END'
import os
import sys
import time

os.chdir(sys.argv[1])
os.symlink("../outside", "swap")
while not os.path.exists("stop"):
    for _ in range(200):
        os.rename("race", "kept")
        os.rename("swap", "race")
        os.rename("race", "swap")
        os.rename("kept", "race")
END
cat >loser.py <<'END'
import os


def write():
    with open("race/new", "w") as f:
        return f.write("x")


seen = {}
for number in range(400):
    for call in (lambda: open("race/secret").read(), write, lambda: os.mkdir("race/made"), lambda: os.remove("race/gone")):
        try:
            result = str(call())
        except OSError as e:
            result = "errno"
        seen[result] = 1
open("stop", "w").close()
print(sorted(seen))
END
python3 racer.py share &
racer=$!
run_share -v share:/share:rw run loser.py </dev/null
touch share/stop
wait $racer || fail 'the racer'
assert_equal "status; it said $(cat err)" 0 "$status"
! grep -aq secret out || fail "it read the secret: $(cat out)"
rm -f after
find outside -printf '%p %s %l\n' -exec cksum {} + 2>/dev/null | sort >after
diff before after >&2 || fail 'something outside has changed, see above'
assert_untouched
stop_line
