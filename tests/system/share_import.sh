#!/bin/sh
# SPDX-License-Identifier: MIT
# Imports from a share: modules, .mpy, packages, relative ones, in MicroPython's own order of what is looked for; a traceback names the
# file and the line; a module is one exchange; what is not there is ImportError, and is found when it is there later. Ctrl-C comes
# through, and os.stat tells of modules what is there.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/share_lib.sh"
mpy_cross=$(peers)/mpy-cross

mkdir -p src/lib src/package/inner src/empty src/both src/mpypackage
echo 'WHERE = "module"' >src/module.py
printf 'WHERE = "compiled"\nNAME = __name__\n' >compiled.py
"$mpy_cross" -o src/compiled.mpy compiled.py
"$mpy_cross" -o src/lib/inlib.mpy compiled.py
echo 'WHERE = "py goes before mpy"' >src/twice.py
"$mpy_cross" -o src/twice.mpy compiled.py
echo 'WHERE = "package"; from . import sibling; from .inner import deep' >src/package/__init__.py
echo 'WHERE = "sibling"' >src/package/sibling.py
: >src/package/inner/__init__.py
echo 'from ..sibling import WHERE as ABOVE; WHERE = "deep"' >src/package/inner/deep.py
echo 'WHERE = "in a directory without __init__"' >src/empty/inside.py
echo 'WHERE = "the file"' >src/both.py
echo 'WHERE = "the package goes before the file"' >src/both/__init__.py
"$mpy_cross" -o src/mpypackage/__init__.mpy compiled.py
printf 'x = 1\n\ndef fail():\n    return 1 / 0\n' >src/fails.py
printf 'x = (\n' >src/broken.py
python3 - >src/large.py <<'END'
for i in range(600):
    print(f"def function{i}(argument):\n    return argument + {i}  # a line that makes it longer\n")
print("WHERE = 'the end of a large module'")
END
cat >test.py <<'END'
import sys
for name in "module", "compiled", "inlib", "twice", "package", "package.sibling", "package.inner.deep", "both", "mpypackage", "large", "empty.inside":
    __import__(name)
    print(name, sys.modules[name].WHERE)
import package, large
print(package.deep.ABOVE, large.function599(1), package.__path__)
for name in "nosuch", "package.nosuch", "nosuch.module":
    try:
        __import__(name)
    except ImportError as e:
        print("ImportError", e)
with open("later.py", "w") as f:
    f.write("WHERE = 'there now'")
import later
print(later.WHERE)
try:
    import broken
except SyntaxError:
    print("SyntaxError")
with open("module.py") as f:  # a file that was imported is still a file
    print(f.read().strip())
import os
del sys.modules["module"]
with open("module.py", "w") as f:
    f.write("WHERE = 'another one by now'")
import module
print(module.WHERE)
import fails
fails.fail()
END
for heap in '2M --blocking-stdin' 60k; do # as on bare metal; and so small that it takes a collection at each import
	echo "--- a board with $heap"
	board_options="--heap $heap"
	rm -rf flash* work
	cp -r src work
	start_line --usb
	if [ "$heap" = 60k ]; then # one as long, with less in it
		sed -n 's/^def /# def /p' src/large.py >work/large.py
		printf 'def function599(x): return x + 599\nWHERE = "the end of a large module"\n' >>work/large.py
	fi
	assert_run 1 -v work:/work:rw run test.py
	tr -d '\r' <out >printed
	diff - printed >&2 <<-'END' || fail "it printed something else, see above; $(cat err)"
		module module
		compiled compiled
		inlib compiled
		twice py goes before mpy
		package package
		package.sibling sibling
		package.inner.deep deep
		both the package goes before the file
		mpypackage compiled
		large the end of a large module
		empty.inside in a directory without __init__
		sibling 600 /work/package
		ImportError no module named 'nosuch'
		ImportError no module named 'package.nosuch'
		ImportError no module named 'nosuch'
		there now
		SyntaxError
		WHERE = "module"
		another one by now
	END
	tr -d '\r' <err | sed 's/ File "[^"]*\(test.py"\)/ File "\1/' >said
	diff - said >&2 <<-'END' || fail 'the traceback is another, see above'
		Traceback (most recent call last):
		  File "test.py", line 29, in <module>
		  File "/work/fails.py", line 4, in fail
		ZeroDivisionError: divide by zero
	END
	assert_untouched
	stop_line
done

echo '--- exchanges'
board_options=''
mkdir -p rw/lib
for i in 10 11 12 13 14 15 16 17 18 19; do
	echo "NUMBER = $i" >rw/py$i.py
	cp rw/py$i.py rw/lib/lib$i.py
	"$mpy_cross" -o rw/mpy$i.mpy rw/py$i.py
done
echo pass >nothing.py
least=$(count_answers nothing.py)
while read -r kind number; do
	echo "for i in range(10, 20): assert __import__('$kind%d' % i).NUMBER == i" >count.py
	assert_equal "exchanges for ten modules, $kind" "$number" "$(($(count_answers count.py) - least))"
done <<'END'
py 10
mpy 10
lib 20
END

echo '--- os.stat of modules'
mkdir other other/directory.py
printf 'WHERE = "py"\n' >other/twice.py
cp src/compiled.mpy other/twice.mpy
cat >stat.py <<'END'
import os, sys

print([os.stat(name)[6:9] for name in sys.argv[1:]])
import twice

print([os.stat(name)[6:9] for name in sys.argv[1:]])
for name in "twice", "directory":
    try:
        os.stat(name)
    except OSError:
        pass
    print([os.stat(name)[6:9] for name in sys.argv[1:]])
END
start_line --usb
assert_run 0 -v other run stat.py twice.py twice.mpy directory.py
assert_equal 'different answers' 1 "$(sort -u out | wc -l)"

echo '--- Ctrl-C while it imports'
# All of its time is import's, and the current directory is not where the modules are.
cat >imports.py <<'END'
import os, sys

os.chdir("/")
print("begun")
while True:
    for i in range(10, 20):
        sys.modules.pop("py%d" % i, None)
        __import__("py%d" % i)
END
has_ended() { ! kill -0 "$1" 2>/dev/null; }
for _ in 1 2 3; do
	rm -f out
	$interruptible "$share" -d "$(device)" -v rw run imports.py </dev/null >out 2>err &
	process=$!
	await 60 'it imports' grep -qs begun out
	sleep 0.1
	kill -INT $process
	await 60 'it ends on Ctrl-C' has_ended $process
	status=0
	wait $process || status=$?
	assert_equal "status after Ctrl-C; it said $(cat err)" 1 "$status"
	assert_said KeyboardInterrupt
done
stop_line
