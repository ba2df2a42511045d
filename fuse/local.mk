# SPDX-License-Identifier: MIT
# The mount: mpremotefs, and the name under which mount(8) and fstab find it.

# All but main.c, for the program and for the tests.
noinst_LIBRARIES += libmount.a

LIBMOUNT_LIBS = libmount.a $(LIBMPREMOTEFS_LIBS) $(FUSE_LIBS)

libmount_a_SOURCES = \
	fuse/background.c \
	fuse/background.h \
	fuse/descriptors.c \
	fuse/descriptors.h \
	fuse/file_times.c \
	fuse/file_times.h \
	fuse/host_bytes.c \
	fuse/host_bytes.h \
	fuse/kept_times.c \
	fuse/kept_times.h \
	fuse/libfuse.h \
	fuse/listing.c \
	fuse/listing.h \
	fuse/mount_log.c \
	fuse/mount_log.h \
	fuse/mount_point.c \
	fuse/mount_point.h \
	fuse/mount_session.c \
	fuse/mount_session.h \
	fuse/next_file.c \
	fuse/next_file.h \
	fuse/node_tree.c \
	fuse/node_tree.h \
	fuse/nodes.c \
	fuse/nodes.h \
	fuse/open_file.c \
	fuse/open_file.h \
	fuse/operations.c \
	fuse/operations.h \
	fuse/options.c \
	fuse/options.h \
	fuse/port_list.c \
	fuse/port_list.h \
	fuse/spelling.c \
	fuse/spelling.h \
	fuse/times_codec.c \
	fuse/times_codec.h \
	fuse/times_evidence.c \
	fuse/times_evidence.h \
	fuse/times_saved.c \
	fuse/times_saved.h \
	fuse/times_store.c \
	fuse/times_store.h \
	fuse/times_table.c \
	fuse/times_table.h \
	fuse/vfs.c \
	fuse/vfs.h \
	fuse/vfs_attributes.c \
	fuse/vfs_attributes.h \
	fuse/vfs_dir.c \
	fuse/vfs_dir.h \
	fuse/vfs_file.c \
	fuse/vfs_file.h \
	fuse/vfs_handle.c \
	fuse/vfs_handle.h \
	fuse/vfs_name.c \
	fuse/vfs_name.h \
	fuse/vfs_state.h

bin_PROGRAMS += mpremotefs

mpremotefs_LDADD = $(LIBMOUNT_LIBS)
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

# bash-completion looks for a file with the command's name.
install-data-hook:
	ln -sf mpremotefs "$(DESTDIR)$(bashcompletiondir)/mount.mpremote"

uninstall-hook:
	rm -f "$(DESTDIR)$(sbindir)/mount.mpremote" "$(DESTDIR)$(bashcompletiondir)/mount.mpremote"

dist_bashcompletion_DATA += scripts/completion/mpremotefs
dist_man_MANS += fuse/mpremotefs.1 fuse/mount.mpremote.8

# The unit does nothing until a udev rule, of which there is an example, starts it for a board.
systemdunitdir = $(prefix)/lib/systemd/system
nodist_systemdunit_DATA = fuse/mpremotefs@.service
dist_doc_DATA += fuse/micropython.rules
EXTRA_DIST += fuse/mpremotefs@.service.in
CLEANFILES += fuse/mpremotefs@.service
fuse/mpremotefs@.service: fuse/mpremotefs@.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) fuse && sed 's,@bindir[@],$(bindir),' $(srcdir)/fuse/mpremotefs@.service.in >$@
