#!/bin/sh
# SPDX-License-Identifier: MIT
# mpremote-share run and exec: arguments, several directories and where they are, what the program prints, its exit status and its
# traceback, on a board with 2 MB and on one with 64 KB; and the board is as it was after each.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"

mkdir -p src/lib elsewhere data "with:colon"
echo 'WHERE = "src"' >src/where.py
echo 'WHERE = "lib"' >src/lib/library.py
echo hello >data/hello.txt
echo colon >with:colon/file.txt
cat >elsewhere/program.py <<'END'
import os, sys, where, library
print(sys.argv[1:], __name__, sys.argv[0].split("/")[-1])
print(os.getcwd(), sys.path[:2], where.WHERE, library.WHERE)
print(sorted(e[0] for e in os.ilistdir("/") if e[0] != "lib"))
END
cat >elsewhere/fails.py <<'END'
import sys
def inner():
    raise ValueError("as it should")
print("before")
inner()
END

mkdir ends
cat >ends/main_module.py <<'END'
import sys, __main__
x = 5
from __main__ import x as same
print(__main__.x, __import__("__main__").x, same, "x" in dir(__main__), hasattr(__main__, "y"), __main__.__name__)
print(__main__.__dict__ is globals(), sys.modules["__main__"] is __main__)
__main__.given = 6
print(given, sorted(globals()))
import takes_all
print(type(__main__) is type(takes_all))
END
cat >src/takes_all.py <<'END'
from __main__ import *
print(x, given, sys.argv[1:])
END
# Ends that leave little to say it with: no memory, bytes that are no UTF-8, a word for itself that raises.
cat >ends/memory.py <<'END'
import sys
f = open("kept", "w")
f.write("what was written before")
n = None
while True:
    n = n, bytearray(8)
    sys.modules["x"] = n
END
printf 'raise ValueError("Gr\374\337e")\n' >ends/latin1.py
printf 'import sys\nsys.exit("Gr\374\337e")\n' >ends/latin1_exit.py
cat >ends/wordless.py <<'END'
class Wordless(Exception):
    def __str__(self):
        return 1 / 0
    __repr__ = __str__
raise Wordless(1)
END
cat >ends/interrupted.py <<'END' # as by a Ctrl-C that comes when all is put back
import sys
class Path:
    raised = False
    def __setitem__(self, *_):
        if not Path.raised:
            Path.raised = True
            raise KeyboardInterrupt
        raise ValueError
sys.path = Path()
END
sed 's/raise .*/import sys; sys.exit(Wordless())/' ends/wordless.py >ends/wordless_exit.py

# MicroPython keeps the names that programs use until the next reset, and those of all of them are many for a small board.
fresh_board() {
	stop_line
	start_line --usb
}

for heap in 2M '64k --blocking-stdin'; do # the small one reads as bare metal does
	echo "--- a board with $heap"
	rm -rf flash*
	board_options="--heap $heap"
	start_line --usb

	echo '--- arguments and directories'
	assert_run 0 -v src run elsewhere/program.py one '' --two -v 'a b' 'é"\'
	tr -d '\r' <out | head -n 3 >printed
	diff - printed >&2 <<-'END' || fail 'the program saw something else'
		['one', '', '--two', '-v', 'a b', '\xe9"\\'] __main__ program.py
		/remote ['/remote', '/remote/lib'] src lib
		['remote']
	END
	[ ! -s err ] || fail "stderr: $(cat err)"
	assert_run 0 -v src:/a -v data:/b:ro -v elsewhere:/c:rw exec 'import os
print(os.getcwd(), open("/b/hello.txt").read().strip(), os.listdir("/c"))
with open("/c/new.txt", "w") as f: f.write("written")
for place in "/a", "/b":
    try: open(place + "/new.txt", "w")
    except OSError as e: print(e.errno)'
	assert_equal 'what was written' written "$(cat elsewhere/new.txt)"
	rm elsewhere/new.txt
	[ ! -e data/new.txt ] || fail 'a read-only directory was written to'
	assert_printed "/a hello ['fails.py', 'program.py']" 30 30
	(cd data && "$share" -d "$PWD/../line" exec 'print(open("hello.txt").read())') </dev/null >out 2>err
	assert_printed hello ''
	assert_run 0 -v with:colon exec 'print(open("file.txt").read())'
	assert_printed colon ''
	assert_run 0 --volume data:ro exec 'print(open("/remote/hello.txt").read())'
	assert_printed hello ''
	assert_untouched

	fresh_board

	echo '--- how it ends'
	assert_run 1 -v src run elsewhere/fails.py
	assert_equal 'what it printed' before "$(tr -d '\r' <out)"
	tr -d '\r' <err | sed 's/ File "[^"]*\(fails.py"\)/ File "\1/' >said
	diff - said >&2 <<-END || fail 'the traceback is another, see above'
		Traceback (most recent call last):
		  File "fails.py", line 5, in <module>
		  File "fails.py", line 3, in inner
		ValueError: as it should
	END
	assert_run 1 -v src exec 'print("so"
)) '
	assert_said SyntaxError
	assert_run 7 -v src exec 'import sys; print("seven"); sys.exit(7)'
	assert_printed seven
	assert_run 0 -v src exec 'import sys; print("zero"); sys.exit(0)'
	assert_printed zero
	assert_run 0 -v src exec 'import sys; print("nothing"); sys.exit()'
	assert_printed nothing
	assert_untouched
	assert_run 1 -v src exec 'raise KeyboardInterrupt'
	assert_said KeyboardInterrupt
	assert_run 1 -v src exec 'import nosuchmodule'
	assert_said ImportError
	assert_untouched
	fresh_board
	assert_run 1 -v data:rw run ends/memory.py
	assert_said MemoryError
	assert_equal 'a file that was open' 'what was written before' "$(cat data/kept)"
	rm data/kept
	for program in latin1 latin1_exit; do
		assert_run 1 -v src run ends/$program.py
		LC_ALL=C grep -q "$(printf 'Gr\374\337e')" err || fail "$program said: $(cat err)"
	done
	assert_run 1 -v src run ends/wordless.py
	assert_said 'wordless.py", line 5, in <module>'
	assert_said Wordless
	assert_run 1 -v src run ends/wordless_exit.py
	assert_said ZeroDivisionError
	assert_run 0 -v src run ends/interrupted.py
	assert_untouched

	fresh_board

	echo '--- the module __main__'
	at_prompt 'x = "of the prompt"' 'import __main__' >said
	assert_run 0 -v src run ends/main_module.py
	assert_printed '5 5 5 True False __main__' 'True True' "6 ['__main__', '__name__', 'given', 'same', 'sys', 'x']" '5 6 []' True
	assert_equal 'the prompt' 'of the prompt of the prompt False' "$(at_prompt 'print(x, __import__("__main__").x, "same" in globals())')"
	at_prompt 'del x, __main__' >said
	assert_untouched

	echo '--- what is printed'
	cat >every.py <<-'END'
		import sys
		out = sys.stdout.buffer
		out.write(bytes(range(256)))
		out.write(b"\x04\x04>\x04OK\x00\x00")
		out.write(b"\xfa" * 30 + b"\xfb" * 30)
		out.write(b"\xfaA\x01\x00\x04\x00..\xfa\xfa")
		for i in range(130):
		    out.write(b"\x00\xfa\x04"[i % 3 :] * i)
		out.write(b"the end\xfa")
	END
	python3 - >expected <<-'END'
		import sys
		exec(open("every.py").read())
	END
	assert_run 0 -v src run every.py
	cmp expected out >&2 || fail 'what the program wrote came as something else'
	assert_untouched
	stop_line
done
