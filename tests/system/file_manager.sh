#!/bin/sh
# SPDX-License-Identifier: MIT
# File managers on a mount: GNOME's gio, and PCManFM with its windows, on a display without a screen. They copy, move, rename and
# delete; what they delete is gone and not in a trash folder; and they leave nothing behind that nobody asked for.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

for program in gio Xvfb pcmanfm xdotool dbus-run-session; do
	command -v $program >/dev/null || skip "there is no $program (Debian: libglib2.0-bin xvfb pcmanfm xdotool dbus)"
done

export HOME="$PWD/home"
mkdir -p "$HOME/.config/libfm" "$HOME/run" source/folder
export XDG_RUNTIME_DIR="$HOME/run" XDG_CONFIG_HOME="$HOME/.config" XDG_DATA_HOME="$HOME/data" XDG_CACHE_HOME="$HOME/cache"
chmod 700 "$HOME/run"
printf '[config]\nconfirm_del=1\n[ui]\nshow_thumbnail=0\n' >"$HOME/.config/libfm/libfm.conf"
head -c 30000 /dev/urandom >source/data.bin
echo 'print("hello")' >source/main.py
echo inner >source/folder/inner.txt

# All that is on the mount, in order.
tree() {
	(cd "$mnt" && find . -mindepth 1 | sort | tr '\n' ' ')
}

tree_is() {
	[ "$(tree)" = "$1" ]
}

mount_board

# --- gio ---

gio mkdir "$mnt/lib"
gio copy source/main.py source/data.bin "$mnt/"
gio copy source/main.py "$mnt/" # over what is there
gio move "$mnt/data.bin" "$mnt/lib/"
gio rename "$mnt/main.py" boot.py >rename.said
gio copy --preserve "$mnt/lib/data.bin" back.bin
assert_same source/data.bin back.bin
assert_same source/data.bin "$mnt/lib/data.bin"
assert_same source/main.py "$mnt/boot.py"
assert_equal 'gio list' 'boot.py lib ' "$(gio list "$mnt" | sort | tr '\n' ' ')"
gio info "$mnt/boot.py" | grep -qx 'size:  15' || fail "gio info says: $(gio info "$mnt/boot.py")"
# What people delete is not moved to where it fills the flash: it is refused, and file managers offer to delete.
assert_refused 'trash' gio trash "$mnt/boot.py"
assert_equal 'after the refused trash' './boot.py ./lib ./lib/data.bin ' "$(tree)"
gio remove "$mnt/boot.py" "$mnt/lib/data.bin" "$mnt/lib"
assert_equal 'after gio remove' '' "$(tree)"

# --- PCManFM ---

exec 5>display
Xvfb -displayfd 5 -noreset -screen 0 1000x700x24 >xvfb.log 2>&1 &
xvfb=$!
await 60 'Xvfb has a display' test -s display
export GIO_USE_VFS=local GIO_USE_VOLUME_MONITOR=unix DISPLAY=":$(cat display)"
# A bus that starts no services: none is needed, and none must outlive the test.
cat >bus.conf <<EOF
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=$HOME/run</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
EOF
dbus-run-session --config-file="$PWD/bus.conf" -- sh -c 'pcmanfm --no-desktop "$1" & pcmanfm=$!; sleep 1; pcmanfm --no-desktop -n "$2"; wait $pcmanfm' - "$PWD/source" "$mnt" \
	>pcmanfm.log 2>&1 &
session=$!

window() { # TITLE
	xdotool search --onlyvisible --name "^$1\$" 2>>xdotool.log | tail -n 1
}

window_is_there() {
	[ -n "$(window "$1")" ]
}

windows() {
	xdotool search --onlyvisible --class pcmanfm 2>>xdotool.log | wc -l
}

windows_are() {
	[ "$(windows)" -eq "$1" ]
}

press() { # TITLE KEY...
	_window=$(window "$1")
	shift
	xdotool windowfocus --sync "$_window" 2>>xdotool.log || :
	xdotool key --delay 100 "$@"
}

# Does ACTION until COMMAND succeeds. A window that was opened just now may not hear the first keys.
try_until() { # WHAT ACTION COMMAND...
	_what=$1 _action=$2 _tries=0
	shift 2
	until "$@"; do
		_tries=$((_tries + 1))
		[ $_tries -le 10 ] || { import_screen; fail "in PCManFM: $_what; the mount has $(tree)"; }
		eval "$_action"
		for _ in 1 2 3 4 5 6; do
			if "$@"; then break; fi
			sleep 0.5
		done
	done
}

import_screen() {
	if command -v import >/dev/null; then import -window root screen.png; fi
}

await 60 'PCManFM shows the source' window_is_there source
await 60 'PCManFM shows the mount' window_is_there mnt
assert_equal 'windows' 2 "$(windows)"

# When something has come all is on its way: asked once more, PCManFM would ask what to do with what is there.
something_is_there() {
	[ -n "$(tree)" ]
}
try_until 'copying' 'press source ctrl+a ctrl+c; press mnt ctrl+v' something_is_there
await 60 'all is copied' tree_is './data.bin ./folder ./folder/inner.txt ./main.py '
await 60 'the copy is closed' windows_are 2
for file in data.bin main.py folder/inner.txt; do
	await 60 "$file is whole" cmp -s "source/$file" "$mnt/$file"
done

# A click on the first file would need its place; with all else away it is the first that the keys find.
rm -r "$mnt/folder" "$mnt/data.bin"
await 60 'the rest is gone' tree_is './main.py '
try_until 'asking for a new name' 'press mnt ctrl+a F2' windows_are 3
xdotool key --delay 100 ctrl+a
xdotool type --delay 50 new.py
xdotool key Return
await 60 'PCManFM has renamed' tree_is './new.py '
await 60 'its question is closed' windows_are 2
assert_same source/main.py "$mnt/new.py"

try_until 'asking whether to delete' 'press mnt ctrl+a Delete' windows_are 3
# First it asks for the trash, and when that is refused, whether to delete.
try_until 'deleting' 'press ".*" Return' tree_is ''
await 60 'its questions are closed' windows_are 2

# shellcheck disable=SC2046 # numbers
kill $(processes pcmanfm)
wait $session || :
kill $xvfb
wait $xvfb || :
assert_equal 'in the end' '' "$(ls -A "$mnt")"
unmount_board
