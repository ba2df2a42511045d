#!/bin/sh
# SPDX-License-Identifier: MIT
# The programs that people use on files, each on the mount and on a plain folder: what they say and leave behind is the same,
# at once, and after the board was mounted anew. The times of files are compared while the mount lives. On LittleFS 2; tools_fat.sh and
# tools_lfs1.sh are for the others, tools_text.sh for a board that cannot do binary.
set -eu
. "${top_srcdir:?}/tests/system/lib.sh"

missing=''
here=$PWD
kind=${kind:-lfs2}
export LC_ALL=C TZ=UTC

# A little tree of text, random bytes, an empty file, and times of their own.
make_tree() {
	mkdir -p tree/sub/deeper tree/empty
	seq 1 2000 >tree/numbers.txt
	head -c 9000 /dev/urandom >tree/sub/random.bin
	printf 'import sys\nprint(sys.version)\n' >tree/sub/deeper/main.py
	: >"tree/sub/an empty one"
	find tree -depth -exec touch -d '2024-05-06 07:08:09' {} +
}

# The files of folder $1 with their sizes and content, without those in $2 (an extended regular expression).
state_of() {
	(cd "$1" && find . -mindepth 1 -printf '%y %p\n' -type f -exec sha256sum {} + | grep -Ev "${2:-^\$}" | sort)
}

times_of() {
	(cd "$1" && find . -type f -printf '%p %T@ %s\n' | sort)
}

# both NAME PROGRAM...: runs the function NAME in a folder of its own on the mount and on a plain disk, if there are PROGRAMs.
both() {
	name=$1
	for program; do
		[ "$program" = "$name" ] && continue
		command -v "$program" >/dev/null || {
			echo "$name: not tried: $program is not installed"
			missing="$missing $program"
			return 0
		}
	done
	mkdir "plain/$name" "$mnt/$name"
	(cd "plain/$name" && "$name") >"plain.$name.out" 2>&1 || fail "$name fails on a plain disk: $(cat "plain.$name.out")"
	(cd "$mnt/$name" && "$name") >"mount.$name.out" 2>&1 || fail "$name fails on the mount: $(cat "mount.$name.out")"
	diff "plain.$name.out" "mount.$name.out" >&2 || fail "$name says other things on the mount"
	diff -r -x index -x config "plain/$name" "$mnt/$name" >&2 || fail "$name leaves other files on the mount"
	echo "$name: same"
}

copies() {
	cp -a "$here/tree" archive
	cp -r "$here/tree" recursive
	cp archive/numbers.txt archive/numbers2.txt
	cp -a archive again
	cmp again/numbers2.txt recursive/numbers.txt
	cp -f "$here/tree/sub/random.bin" archive/numbers.txt # over an existing one
	times_of archive | grep -v numbers
	times_of again | grep -v numbers2
}

synchronises() {
	rsync -ai "$here/tree/" in
	echo "second time:"
	rsync -ai "$here/tree/" in
	echo "something changed:"
	cp -a "$here/tree" changed
	seq 2 2001 >changed/numbers.txt
	rm "changed/sub/an empty one"
	touch -d '2025-01-01' changed/numbers.txt
	rsync -ai --delete changed/ in
	rsync -ai --inplace --append "$here/tree/sub/" in/sub
	echo "and out:"
	rsync -ac in/ out
	rsync -aic in/ out
	diff -r in out
	times_of in
}

archives() {
	tar -C "$here" --sort=name -cf in.tar tree
	tar -xf in.tar
	tar -tvf in.tar >/dev/null
	tar --sort=name --format=ustar -czf out.tar.gz tree
	mkdir unpacked
	tar -xzf out.tar.gz -C unpacked
	diff -r tree unpacked/tree
	diff -r tree "$here/tree"
	times_of tree
	rm out.tar.gz # it holds times of access
}

edits() {
	cp "$here/tree/numbers.txt" .
	sed -i 's/^7/seven /' numbers.txt
	sed -i.bak '$d' numbers.txt
	perl -pi -e 's/99/ninety-nine/' numbers.txt
	tail -n 2 numbers.txt numbers.txt.bak
}

vims() {
	printf 'one\ntwo\n' >a.py
	for how in no yes auto; do
		vim.tiny -N -u NONE -i NONE -es -c 'set swapfile directory=. backup writebackup backupcopy='$how \
			-c 'normal Gothree' -c 'write' -c '%s/one/1/e' -c 'write! other.py' -c 'x' a.py
	done
	cat a.py
	ls -A
}

# On a terminal of its own: types over the first line, saves, leaves.
nanos() {
	printf 'one\ntwo\n' >n.py
	printf 'zero \030' | TERM=vt100 script -qec 'nano -I -t n.py' /dev/null >/dev/null
	cat n.py
	ls -A
}

gits() {
	export GIT_CONFIG_NOSYSTEM=1 HOME="$PWD" GIT_AUTHOR_DATE='2024-01-01T00:00:00Z' GIT_COMMITTER_DATE='2024-01-01T00:00:00Z'
	git config --global user.name Somebody
	git config --global user.email somebody@example.com
	git config --global init.defaultBranch main
	git config --global safe.directory '*'
	git init -q repo
	cd repo
	git config core.fileMode false # as git itself finds out on a board
	git config core.symlinks false
	[ "$kind" != fat ] || git config core.ignorecase true
	cp -r "$here/tree/." .
	git add .
	git commit -qm first
	echo changed >>sub/deeper/main.py
	git mv numbers.txt digits.txt
	git status --porcelain
	git commit -qam second
	git checkout -q -b other HEAD~
	git merge -q --ff-only main
	git gc -q
	git fsck --strict
	git status --porcelain
	git log --format=%H
	git ls-files -s
	git config --local --list | sort >.git/config.sorted
	rm -rf .git/logs .git/objects/info .git/objects/pack # packs hold nothing reproducible
}

databases() {
	for mode in delete truncate persist; do
		sqlite3 $mode.db "pragma journal_mode=$mode; create table t (a integer primary key, b text);
			with recursive n(i) as (select 1 union all select i + 1 from n where i < 300)
			insert into t select i, 'row ' || i from n;
			begin; update t set b = 'x' where a % 3 = 0; rollback;
			begin; delete from t where a > 200; commit; vacuum; pragma integrity_check; select count(*), sum(a) from t;"
	done
	rm persist.db-journal # it holds random numbers
	sqlite3 delete.db 'pragma integrity_check; select b from t where a in (3, 199)'
}

compiles() {
	cat >answer.c <<-END
		#include <stdio.h>
		int main(void)
		{
			puts("42");
			return 0;
		}
	END
	gcc -g0 -O1 -c answer.c -o answer.o
	gcc answer.o -o "$here/answer.$$"
	"$here/answer.$$"
	gcc -g0 -E answer.c -o answer.i
	wc -l <answer.i
}

# Runs what was compiled on the disk where it was written, as a Makefile's rules do.
makes() {
	printf 'all: b.txt\nb.txt: a.txt\n\t@echo making $@; cp $< $@\n' >Makefile
	echo a >a.txt
	make -s
	make -s
	touch -d '2001-01-01' b.txt
	make -s
}

pieces() {
	dd if=/dev/zero of=d bs=1000 count=5 status=none
	printf XYZ | dd of=d bs=1 seek=2500 conv=notrunc status=none
	printf END | dd of=d bs=1000 seek=9 conv=notrunc status=none # with a hole before it
	dd if=d bs=1 skip=2499 count=5 status=none | od -c
	dd if=d of=e bs=777 conv=fsync status=none
	dd if=d of=f bs=4096 oflag=sync status=none
	dd if="$here/tree/sub/random.bin" of=f bs=512 seek=4 count=3 conv=notrunc,fdatasync status=none
	cmp d e
	stat -c '%n %s' d e f
}

lengths() {
	seq 1 500 >t
	truncate -s 100 t
	truncate -s +50 t
	truncate -s 70 t
	truncate -s 5000 t
	od -c t | head -n 12
	: >t2
	truncate -s 0 t2
	echo one >t2
	: >t2
	stat -c '%n %s' t t2
}

appends() {
	echo one >a
	echo two >>a
	(echo three && echo four >>a && echo five) >>a
	for i in 1 2 3 4 5 6 7 8 9; do echo "$i" >>a; done
	tee -a a <"$here/tree/sub/deeper/main.py" >/dev/null
	cat a
}

# read and shared mappings
maps() {
	cp "$here/tree/numbers.txt" m
	python3 - <<-END
		import mmap
		with open("m", "rb") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as m:
		    print(m[5000:5010], m.find(b"1999"), len(m))
		with open("m", "r+b") as f:
		    with mmap.mmap(f.fileno(), 0) as m:
		        m[4090:4100] = b"0123456789"
		        m.flush()
		    print(f.read(3))
	END
}

names() {
	touch new -d '2001-02-03 04:05:06.789'
	stat -c '%y' new
	mkdir -p a/b/c a/b/d
	touch a/b/c/1 a/b/c/2 'with space' 'ünïcode' '-dash' '.hidden'
	[ "$kind" = fat ] || touch '"*:<>?|'
	mv a/b/c/1 one # a file
	mv a/b/c a/e # a directory
	echo over >over
	mv one over # over an existing one
	mv a/b/d a/e/ # into a directory
	mkdir -p x/y/z y
	touch x/y/z/f
	! rmdir x 2>/dev/null
	! mv -T x a 2>/dev/null
	mv -T x y # over an empty directory
	! mkdir a 2>/dev/null
	! ls missing 2>/dev/null
	! cat new/below 2>/dev/null
	find . | sort
	rm -r a
	rm -- -dash
	ls -AR
	find . -name 'f' -delete
	du -ab y/y/z/f over
	ln new link 2>/dev/null || ln -s new link 2>/dev/null || true
	rm -f link
	chmod 644 new
	chmod +w new
}

walks() {
	cp -r "$here/tree" .
	find . -type f -size +1k | sort
	find . -newer tree/numbers.txt -name '*.nothing'
	du -b tree/sub/random.bin tree/numbers.txt
	find . -empty | sort
	grep -rn 1999 . | sort
	ls tree | wc -l
}

mkdir plain
make_tree
board_options="--size 4096 --kind $kind ${firmware:-}"
mount_board
both copies
both synchronises rsync
both archives tar gzip
both edits sed perl
both vims vim.tiny
both nanos nano script
both gits git
both databases sqlite3
both compiles gcc
both makes make
both pieces dd
both lengths truncate
both appends
both maps python3
both names
both walks

# shellcheck disable=SC2046 # numbers are words
set -- $(df --output=size,used,avail "$mnt" | tail -n 1)
[ "$1" -gt 4000 ] && [ "$1" -le 4096 ] && [ "$2" -gt 0 ] && [ "$3" -gt 0 ] && [ $(($2 + $3)) -eq "$1" ] || fail "df says: $*"
used=$(df --output=used "$mnt" | tail -n 1)
rm -r "$mnt/copies" plain/copies
[ "$(df --output=used "$mnt" | tail -n 1)" -lt "$used" ] || fail "df does not see what was deleted"

state_of plain '/(index|config)$' >plain.state
state_of "$mnt" '/(index|config)$' >mount.state
diff plain.state mount.state >&2 || fail "the mount differs from the plain folder"
unmount_board
mount_board
state_of "$mnt" '/(index|config)$' >remount.state
diff plain.state remount.state >&2 || fail "what was written is not there any more after it was mounted anew"
if [ -d "$mnt/gits" ]; then
	git -c safe.directory='*' -C "$mnt/gits/repo" ls-files >/dev/null || fail "git's index is not whole after a remount"
fi
unmount_board
[ -z "$missing" ] || exit 77
