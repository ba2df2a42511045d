#!/bin/sh
# SPDX-License-Identifier: MIT
# What make and git conclude from times, and from inode numbers, is the same after a new mount: make builds what it has to and no
# more, and git status is clean without reading the files again.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

next_mount() {
	unmount_board
	mount_board
}

export HOME=$PWD GIT_CONFIG_NOSYSTEM=1
git config --global safe.directory '*'
git config --global user.name ann
git config --global user.email ann@example.org
git config --global init.defaultBranch main

for kind in lfs2 lfs1; do
	rm -rf flash flash.* "$XDG_STATE_HOME"
	board_options="--kind $kind"
	start_line
	mount_board

	# --- make ---
	mkdir "$mnt/build"
	printf 'out/%%: src/%%\n\tcp $< $@\nall: out/a out/b out/c\n' >"$mnt/build/Makefile"
	mkdir "$mnt/build/src" "$mnt/build/out"
	for name in a b c; do echo "$name" >"$mnt/build/src/$name"; done
	make -C "$mnt/build" -s all
	next_mount
	make -C "$mnt/build" -q all || fail "$kind: make builds again after a new mount"
	echo B >"$mnt/build/src/b"
	next_mount
	assert_equal "$kind: what make builds after a change" 'cp src/b out/b' "$(make -C "$mnt/build" --no-print-directory all)"
	next_mount
	make -C "$mnt/build" -q all || fail "$kind: make builds again"

	# --- git ---
	mkdir "$mnt/project"
	for i in 1 2 3 4 5 6 7 8; do
		head -c 20000 /dev/urandom >"$mnt/project/file$i"
	done
	find "$mnt/project" -type f -exec touch -d 2020-01-02 {} + # git reads again what is as young as its index
	git -C "$mnt/project" init -q
	git -C "$mnt/project" add .
	git -C "$mnt/project" commit -q -m first
	next_mount
	before=$(line_counter from_board)
	assert_equal "$kind: git status" '' "$(git -C "$mnt/project" status --porcelain)"
	read=$(($(line_counter from_board) - before))
	echo "$kind: git status took $read bytes from the board"
	assert_at_most "$kind: bytes that git status reads, of files of 160,000" 40000 "$read"
	next_mount
	git -C "$mnt/project" mv file1 renamed
	printf 'not at random' | dd of="$mnt/project/file2" bs=1 seek=10 conv=notrunc status=none
	next_mount
	assert_equal "$kind: git status after changes" ' M file2,R  file1 -> renamed,' \
		"$(git -C "$mnt/project" status --porcelain | tr '\n' ,)"
	git -C "$mnt/project" commit -q -a -m second
	unmount_board
	stop_line
done
