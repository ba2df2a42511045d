# SPDX-License-Identifier: MIT
# Builds the project outside its tree; read by scripts/quickstart and scripts/test, which set $top to the tree.

say() {
	printf '\n%s\n' "$*"
}

# Runs COMMAND with its output in a log, which is shown when it fails.
quietly() { # LOG COMMAND...
	quiet_log=$1
	shift
	if ! "$@" >"$quiet_log" 2>&1; then
		tail -n 30 "$quiet_log" >&2
		echo "failed: $* (all of it is in $quiet_log)" >&2
		exit 1
	fi
}

# Configures and builds in folder BUILD with the options of configure.
build() { # BUILD [OPTION...]
	build_folder=$1
	shift
	mkdir -p "$build_folder"
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
		(cd "$top" && quietly "$build_folder/autoreconf.out" autoreconf -fi)
	fi
	cd "$build_folder"
	if [ ! -e Makefile ] || ! ./config.status --config 2>/dev/null | grep -qF -- "$*"; then
		quietly configure.out "$top/configure" "$@"
	fi
	quietly make.out make -j"$(nproc)"
}
