#!/bin/sh
# SPDX-License-Identifier: MIT
# socket://: the server closes the connection while the board is listed, read and written (replug.py), and takes a new one; the board
# runs on meanwhile, with the agent on it. Then there is no server for a while.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

start_server() {
	rm -f port plug
	python3 -E "$top_srcdir/tests/system/socket_server.py" "$PWD/line" "$PWD/control" "$PWD/plug" "$PWD/port" &
	server_pid=$!
	await 60 'the server listens' test -e port
}

device() { # for lib.sh's mount_logged
	echo "socket://127.0.0.1:$(cat port)"
}

rounds=${ROUNDS:-5}
mkfifo control
start_line --usb
start_server
mount_logged -o attr_timeout=0
python3 -E "$top_srcdir/tests/system/replug.py" "$mnt" "$PWD/plug" "$PWD/control" "$rounds" "${SEED:-$(date +%s)}" ||
	fail "see above, and: $(tail -n 5 mount.log)"
for text in 'the connection to the board is lost' ': the board is back'; do
	assert_equal "how often the log says '$text'" $((3 * rounds)) "$(grep -cF "$text" mount.log)"
done
find "$mnt" -type f -exec cksum {} + | sort >before

echo '--- no server'
kill "$server_pid"
wait "$server_pid" 2>/dev/null || :
is_away() { ! ls "$mnt/tree" >/dev/null 2>&1; }
await 60 'it is away' is_away
assert_refused 'Input/output error' ls "$mnt/tree"
assert_refused 'Input/output error' mkdir "$mnt/new"
unmount_board
start_server
mount_logged -o attr_timeout=0,reconnect=60
find "$mnt" -type f -exec cksum {} + | sort >after
assert_same before after
echo 'unplug 1' >control # all that was under way is finished
cp before "$mnt/copied" || fail 'who waited has failed'
assert_same before "$mnt/copied"
unmount_board
kill "$server_pid"
wait "$server_pid" 2>/dev/null || :
stop_line
