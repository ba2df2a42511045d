# SPDX-License-Identifier: MIT
# The mount: mpremotefs, and the name under which mount(8) and fstab find it.

if HAVE_FUSE_MAIN
bin_PROGRAMS += mpremotefs

mpremotefs_LDADD = $(LIBMPREMOTEFS_LIBS) $(FUSE_LIBS)
mpremotefs_SOURCES = \
	fuse/main.c

# mount(8) looks only in /sbin, /sbin/fs.d and /sbin/fs, where few people install to: so the installer says it.
install-exec-hook:
	$(MKDIR_P) "$(DESTDIR)$(sbindir)"
	ln -sf "$$(realpath -m --relative-to="$(sbindir)" "$(bindir)/mpremotefs$(EXEEXT)")" "$(DESTDIR)$(sbindir)/mount.mpremote"
	@case "$$(realpath -m "$(sbindir)")" in \
	/sbin|/usr/sbin) ;; \
	*) echo 'For "mount -t mpremote" and fstab: ln -s "$(bindir)/mpremotefs$(EXEEXT)" /sbin/mount.mpremote' ;; \
	esac

uninstall-hook:
	rm -f "$(DESTDIR)$(sbindir)/mount.mpremote"
endif

if HAVE_MAN
dist_man_MANS = fuse/mpremotefs.1 fuse/mount.mpremote.8
endif
