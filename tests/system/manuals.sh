#!/bin/sh
# SPDX-License-Identifier: MIT
# Each man page tells of every option, word and command that its program's --help tells of, and of no option that it does not.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/help_lib.sh"

ln -s "$mpremotefs" mount.mpremote

# The text of a page in troff, without its requests and fonts.
text_of() { # PAGE
	sed 's/^\.[A-Z]* //; s/\\f.//g; s/\\ / /g; s/\\-/-/g; s/"//g' "$1"
}

# The options of which the page has a paragraph.
explained_in() { # PAGE
	sed -n '/^\.TP/{n;p;}' "$1" >tags
	text_of tags | grep -oP '(?<![\w-])(-[a-zA-Z]|--[a-z][a-z-]*)(?![\w-])' | sort -u
}

# check PAGE WORDS OPTIONS: all of these are in the page
check() {
	text_of "$1" >page
	for word in $2 $3; do
		grep -qP -- "(?<![\\w-])\\Q$word\\E(?![\\w-])" page || [ "${word%=}" != "$word" ] && grep -qF -- "$word" page ||
			fail "$1 does not tell of $word"
	done
	[ -n "$2" ] && [ -n "$3" ] || fail "nothing to look for in $1"
	for option in $(explained_in "$1"); do
		case $option in -h | --help | -V | --version | -t | -N) continue ;; esac # -t and -N: mount(8) says them, nobody else
		printf '%s\n' "$3" | grep -qxF -- "$option" || fail "$1 explains $option, of which --help does not tell"
	done
}

check "$top_srcdir/fuse/mpremotefs.1" "$(words_of "$mpremotefs")" "$(options_of "$mpremotefs")"
check "$top_srcdir/fuse/mount.mpremote.8" fstab "$(options_of ./mount.mpremote)"
commands=$(commands_of "$romfs")
check "$top_srcdir/src/cli/mpremote-romfs.1" "$commands" "$(
	options_of "$romfs"
	for command in $commands; do options_of "$romfs" "$command"; done
)"
check "$top_srcdir/src/share/mpremote-share.1" "$(commands_of "$share")" "$(options_of "$share")"
