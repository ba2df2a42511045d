# SPDX-License-Identifier: MIT
# For tests of what is said about options: what --help tells of a program. What stands between quotation marks there is another
# program's.

# The options that PROGRAM... --help tells of, one a line.
options_of() { # PROGRAM [COMMAND]
	"$@" --help | sed 's/"[^"]*"//g' | grep -oP '(?<![\w-])(-[a-zA-Z]|--[a-z][a-z-]*)(?![\w-])' | sort -u
}

# The words that PROGRAM --help tells of for -o, one a line, up to their =.
words_of() { # PROGRAM
	"$@" --help | sed -n '/^OPTIONS$/,$s/^  \([^ ].*\)/\1/p' | sed 's/ [ .].*//; s/, /\n/g' | sed 's/=.*/=/' | sort -u
}

# The commands that PROGRAM --help tells of, one a line.
commands_of() { # PROGRAM
	"$@" --help | sed -n 's/^  \([a-z][a-z]*\)  *[^ ].*/\1/p'
}
