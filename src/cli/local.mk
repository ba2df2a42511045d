# SPDX-License-Identifier: MIT
# mpremote-romfs.

bin_PROGRAMS += mpremote-romfs

mpremote_romfs_LDADD = $(LIBMPREMOTEFS_LIBS)
mpremote_romfs_SOURCES = \
	src/cli/beneath.c \
	src/cli/beneath.h \
	src/cli/boot.c \
	src/cli/boot.h \
	src/cli/boot_line.c \
	src/cli/boot_line.h \
	src/cli/child.c \
	src/cli/child.h \
	src/cli/cmd_build.c \
	src/cli/cmd_check.c \
	src/cli/cmd_deploy.c \
	src/cli/cmd_dump.c \
	src/cli/cmd_extract.c \
	src/cli/cmd_list.c \
	src/cli/cmd_query.c \
	src/cli/command.h \
	src/cli/compiler.c \
	src/cli/compiler.h \
	src/bytelink/device_args.h \
	src/cli/failure.c \
	src/cli/failure.h \
	src/cli/image.c \
	src/cli/image.h \
	src/cli/main.c \
	src/cli/mpy_cross.c \
	src/cli/mpy_cross.h \
	src/cli/one_image.c \
	src/cli/one_image.h \
	src/cli/output.c \
	src/cli/output.h \
	src/cli/pack.c \
	src/cli/pack.h \
	src/cli/partition.c \
	src/cli/partition.h \
	src/cli/progress.c \
	src/cli/progress.h \
	src/cli/say.c \
	src/cli/say.h \
	src/cli/source_rules.c \
	src/cli/source_rules.h \
	src/cli/session.c \
	src/cli/session.h \
	src/cli/source_tree.c \
	src/cli/source_tree.h \
	src/cli/view.c \
	src/cli/view.h \
	src/cli/whole_file.c \
	src/cli/whole_file.h

dist_bashcompletion_DATA += scripts/completion/mpremote-romfs
dist_man_MANS += src/cli/mpremote-romfs.1
