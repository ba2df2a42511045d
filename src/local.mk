# SPDX-License-Identifier: MIT
# Everything below FUSE, in one library that the programs and the tests link.

noinst_LIBRARIES += libmpremotefs.a

# For programs that link the library.
LIBMPREMOTEFS_LIBS = libmpremotefs.a $(SERIALPORT_LIBS) $(ZLIB_LIBS) $(LIBMD_LIBS)

libmpremotefs_a_SOURCES = \
	src/base/diag.c \
	src/base/diag.h \
	src/base/earlier.h \
	src/base/file_kind.c \
	src/base/file_kind.h \
	src/base/json.c \
	src/base/json.h \
	src/base/le.h \
	src/base/number.c \
	src/base/number.h \
	src/base/real_name.c \
	src/base/real_name.h \
	src/base/say.c \
	src/base/say.h \
	src/base/standard_io.c \
	src/base/standard_io.h \
	src/base/utf8.c \
	src/base/utf8.h \
	src/bytelink/backends.h \
	src/bytelink/bytelink.c \
	src/bytelink/bytelink.h \
	src/bytelink/device.c \
	src/bytelink/device.h \
	src/bytelink/device_args.c \
	src/bytelink/device_args.h \
	src/bytelink/device_list.c \
	src/bytelink/device_option.c \
	src/bytelink/device_option.h \
	src/bytelink/exec.c \
	src/bytelink/fdlink.c \
	src/bytelink/fdlink.h \
	src/bytelink/foreground.c \
	src/bytelink/foreground.h \
	src/bytelink/absence.c \
	src/bytelink/absence.h \
	src/bytelink/plug.c \
	src/bytelink/port.c \
	src/bytelink/port.h \
	src/bytelink/port_lock.c \
	src/bytelink/port_lock.h \
	src/bytelink/pty.c \
	src/bytelink/serial.c \
	src/bytelink/tcp.c \
	src/rawrepl/heard.c \
	src/rawrepl/heard.h \
	src/rawrepl/probe.c \
	src/rawrepl/probe.h \
	src/rawrepl/rawrepl.c \
	src/rawrepl/rawrepl.h \
	src/rawrepl/rawrepl_enter.c \
	src/rawrepl/reply.c \
	src/rawrepl/reply.h \
	src/rawrepl/submit.c \
	src/rawrepl/submit.h \
	src/rawrepl/talk.c \
	src/rawrepl/talk.h \
	src/agent/agent.c \
	src/agent/agent.h \
	src/agent/agent_parts.h \
	src/agent/load.c \
	src/agent/load.h \
	src/agent/packed.c \
	src/agent/packed.h \
	src/agent/packer.c \
	src/agent/packer.h \
	src/agent/answer.c \
	src/agent/answer.h \
	src/agent/armor.c \
	src/agent/armor.h \
	src/agent/exchange.c \
	src/agent/exchange.h \
	src/agent/frame.c \
	src/agent/frame.h \
	src/agent/launch.c \
	src/agent/launch.h \
	src/agent/line.c \
	src/agent/line.h \
	src/agent/protocol.h \
	src/agent/statements.c \
	src/agent/statements.h \
	src/agent/tail.c \
	src/agent/tail.h \
	src/agent/text.c \
	src/agent/text.h \
	src/agent/trace.c \
	src/agent/trace.h \
	src/board/ahead.c \
	src/board/ahead.h \
	src/board/board.c \
	src/board/board.h \
	src/board/board_agent.c \
	src/board/board_agent.h \
	src/board/board_agent_state.h \
	src/board/board_cache.c \
	src/board/board_cache.h \
	src/board/board_errno.c \
	src/board/board_errno.h \
	src/board/board_image.c \
	src/board/board_image.h \
	src/board/board_rom.c \
	src/board/board_roms.c \
	src/board/board_roms.h \
	src/board/image_tree.c \
	src/board/image_tree.h \
	src/board/board_rom.h \
	src/board/board_rom_image.c \
	src/board/board_rom_image.h \
	src/board/roms.c \
	src/board/roms.h \
	src/board/room.c \
	src/board/room.h \
	src/board/board_mend.c \
	src/board/board_mend.h \
	src/board/fat_name.c \
	src/board/fat_name.h \
	src/board/file_systems.c \
	src/board/file_systems.h \
	src/board/greeting.c \
	src/board/greeting.h \
	src/board/identity.c \
	src/board/identity.h \
	src/board/leftovers.c \
	src/board/leftovers.h \
	src/board/listing.c \
	src/board/listing.h \
	src/board/mounts.c \
	src/board/mounts.h \
	src/board/reading.c \
	src/board/reading.h \
	src/board/redo.c \
	src/board/redo.h \
	src/board/renaming.c \
	src/board/renaming.h \
	src/board/requests.c \
	src/board/requests.h \
	src/board/writing.c \
	src/board/writing.h \
	src/share/attention.c \
	src/share/attention.h \
	src/share/incoming.c \
	src/share/incoming.h \
	src/share/outlet.c \
	src/share/outlet.h \
	src/share/own_writes.c \
	src/share/own_writes.h \
	src/share/printed.c \
	src/share/printed.h \
	src/share/share_agent.c \
	src/share/share_agent.h \
	src/share/share_answers.c \
	src/share/share_answers.h \
	src/share/share_cursor.c \
	src/share/share_cursor.h \
	src/share/share_files.c \
	src/share/share_files.h \
	src/share/share_input.c \
	src/share/share_input.h \
	src/share/share_line.c \
	src/share/share_line.h \
	src/share/share_plan.c \
	src/share/share_plan.h \
	src/share/share_program.c \
	src/share/share_program.h \
	src/share/share_server.c \
	src/share/share_server.h \
	src/share/share_session.c \
	src/share/share_session.h \
	src/share/share_tree.c \
	src/share/share_tree.h \
	src/share/share_user.c \
	src/share/share_user.h \
	src/share/share_volume.c \
	src/share/share_volume.h \
	src/share/terminal.c \
	src/share/terminal.h \
	src/share/typed.c \
	src/share/typed.h \
	src/share/watch.c \
	src/share/watch.h \
	src/romfs/mpy.c \
	src/romfs/mpy.h \
	src/romfs/romfs_check.c \
	src/romfs/romfs_check.h \
	src/romfs/romfs_deploy.c \
	src/romfs/romfs_deploy.h \
	src/romfs/romfs_file.c \
	src/romfs/romfs_file.h \
	src/romfs/romfs_format.c \
	src/romfs/romfs_format.h \
	src/romfs/romfs_gaps.c \
	src/romfs/romfs_gaps.h \
	src/romfs/romfs_reader.c \
	src/romfs/romfs_reader.h \
	src/romfs/romfs_walk.c \
	src/romfs/romfs_walk.h \
	src/romfs/romfs_writer.c \
	src/romfs/romfs_writer.h
nodist_libmpremotefs_a_SOURCES = src/agent/agent_parts.c

# The Python that runs on the board, stripped and embedded.
AGENT_PARTS = src/agent/board/core.py src/agent/board/text.py src/agent/board/base.py src/agent/board/info.py \
	src/agent/board/files.py src/agent/board/inflate.py src/agent/board/changes.py src/agent/board/rom.py \
	src/agent/board/rom_records.py src/agent/board/rom_changes.py src/agent/board/share.py
AGENT_INCLUDED = src/agent/board/common.py src/agent/board/share_ask.py src/agent/board/share_file.py \
	src/agent/board/share_volume.py src/agent/board/share_run.py
EXTRA_DIST += $(AGENT_PARTS) $(AGENT_INCLUDED) scripts/embed-agent
BUILT_SOURCES += src/agent/agent_parts.c
CLEANFILES += src/agent/agent_parts.c
src/agent/agent_parts.c: $(AGENT_PARTS) $(AGENT_INCLUDED) scripts/embed-agent
	$(AM_V_GEN)$(MKDIR_P) $(@D) && cd $(srcdir) && \
	$(SHELL) scripts/embed-agent $(AGENT_PARTS) > $(abs_builddir)/$@.new && mv $(abs_builddir)/$@.new $(abs_builddir)/$@
