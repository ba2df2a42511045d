# SPDX-License-Identifier: MIT
# For tests of mpremote-share, after lib.sh.

# What runs in the background ignores Ctrl-C, as the shell has it; but not this.
interruptible='env --default-signal=INT'

# Runs mpremote-share on the board: what it prints is in ./out and ./err, its exit status in $status. The input is a file's, or nothing.
run_share() { # OPTION-OR-WORD...
	status=0
	"$share" -d "$(device)" "$@" >out 2>err || status=$?
}

# The same, and it has to end with STATUS.
assert_run() { # STATUS OPTION-OR-WORD...
	_expected=$1
	shift
	run_share "$@" </dev/null
	assert_equal "status of $*; it said $(cat err; tail -n 5 out)" "$_expected" "$status"
}

# The mpremote-share in the background, $pid, ends with STATUS. What it says is in ./err.
assert_ends() { # STATUS
	status=0
	wait "$pid" || status=$?
	assert_equal "status; it said $(cat err)" "$1" "$status"
}

# The program has printed these lines, and nothing came on stderr.
assert_printed() { # LINE...
	printf '%s\n' "$@" >expected
	tr -d '\r' <out >printed
	diff expected printed >&2 || fail "the program printed something else, see above; stderr: $(cat err)"
	[ ! -s err ] || fail "it has said $(cat err)"
}

assert_said() { # TEXT
	grep -qF -- "$1" err || fail "it did not say '$1', but: $(cat err)"
}

# Types STATEMENTs at the board's prompt, without a Ctrl-C before, and prints what they print.
at_prompt() { # STATEMENT...
	python3 -E "$top_srcdir/tests/system/share_prompt.py" "$PWD/line" "$@" || fail "the board is not at its prompt: $*"
}

# The board is at its friendly prompt, and nothing is left on it of what was shared. Some modules are the simulated board's own: machine,
# and with some options sys or vfs.
assert_untouched() {
	assert_equal 'the board afterwards' "/ ['', '.frozen', '/lib'] [] []" "$(at_prompt 'import os, sys' \
		'shares = [e for e in os.ilistdir("/") if e[0] == "remote"]; modules = [m for m in sys.modules if m not in ("machine", "sys", "vfs")]' \
		'print(os.getcwd(), sys.path, shares, modules)')"
	assert_equal 'Ctrl-C on the board afterwards' 'interrupted' "$(at_prompt ctrl-c)"
}

# Runs PROGRAM on a board of its own with directory `rw`, and prints how many answers of the share came to the board, as the line's trace
# has it. AGENT_DONE or AGENT_FAILED on channel 1: a frame ends an answer. One that has the number of the one before is the same again: a
# busy computer answers so late that the board has asked twice.
count_answers() { # PROGRAM
	rm -rf flash*
	start_line --usb
	assert_run 0 -v rw:/rw:rw run "$1"
	stop_line
	sed -n 's/^ *[0-9.]* > *[0-9]* //p' line.trace | tr -d '\n' | grep -oP '\\xfa[AE]\\x01(\\x..|.)' | uniq | wc -l
}
