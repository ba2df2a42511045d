#!/bin/sh
# SPDX-License-Identifier: MIT
# A deploy is cut off: the power fails at each write to a partition, of both kinds, and the board is killed at many bytes. Whenever
# that is, the partition has the old image, the new one, or none; and the same command then completes.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

mkdir old new
head -c 9000 /dev/urandom >old/data
cp old/data new/data
printf changed | dd of=new/data bs=1 seek=6000 conv=notrunc 2>/dev/null
echo 'print(1)' >new/a.py
"$romfs" build --no-mpy old >/dev/null
"$romfs" build --no-mpy new >/dev/null
size_old=$(stat -c %s old.romfs) size_new=$(stat -c %s new.romfs)

rom_writes() {
	sed 's/^0*\(.\)/\1/' "$flash.rom.writes"
}

put_image() { # IMAGE NUMBER
	head -c 131072 /dev/zero | tr '\0' '\377' >"$flash.rom$2"
	dd if="$1" of="$flash.rom$2" conv=notrunc 2>/dev/null
}

# What a board finds there: it believes whatever begins as an image does.
check_partition() { # NUMBER WHEN
	if [ "$(head -c 3 "$flash.rom$1" | od -An -tx1)" = ' d2 cd 31' ]; then
		head -c "$size_new" "$flash.rom$1" | cmp -s - new.romfs || head -c "$size_old" "$flash.rom$1" | cmp -s - old.romfs ||
			fail "$2: partition $1 has half an image"
	fi
}

deploy() { # NUMBER [SECONDS], after which a silent board is given up
	"$romfs" -d "$(device)" --timeout "${2:-5}" deploy -p "$1" new.romfs
}

completes() { # NUMBER WHEN
	deploy "$1" >said 2>&1 || fail "$2: the next deploy says: $(cat said)"
	head -c "$size_new" "$flash.rom$1" | cmp -s - new.romfs || fail "$2: the next deploy brought something else"
}

# --- At each write ---
for options in '--roms 2' '--roms 2 --old-rom'; do
	for number in 0 1; do
		[ "$options $number" != '--roms 2 --old-rom 1' ] || continue
		board_options=$options
		put_image old.romfs $number
		: >"$flash.rom.writes" && printf %010d 0 >"$flash.rom.writes"
		deploy $number >/dev/null
		writes=$(rom_writes)
		[ "$writes" -ge 4 ] || fail "a deploy with only $writes writes"
		n=1
		while [ "$n" -le "$writes" ]; do
			put_image old.romfs $number
			board_options="$options --cut-rom $n"
			if deploy $number >said 2>&1; then fail "write $n: the power was cut, but it went well"; fi
			check_partition $number "cut at write $n"
			board_options=$options
			printf %010d 0 >"$flash.rom.cut"
			completes $number "cut at write $n"
			n=$((n + 1))
		done
	done
done

# --- At many bytes ---
board_options='--roms 2'
for number in 0 1; do
	put_image old.romfs $number
	start_line
	before=$(line_counter to_board)
	deploy $number >/dev/null
	bytes=$(($(line_counter to_board) - before))
	stop_line
	for at in $(seq 40 $((bytes / 9)) "$bytes") $((bytes - 200)) $((bytes - 60)); do
		put_image old.romfs $number
		start_line --no-restart
		line_command "kill $at"
		deploy $number 2 >said 2>&1 || :
		check_partition $number "killed at byte $at"
		stop_line
		completes $number "killed at byte $at"
	done
done
