# SPDX-License-Identifier: MIT
# Unit tests are cmocka programs, one for each file of src/ and fuse/; system tests are scripts that tests/system/run starts, each
# on a board and a mount point of its own. A new one is one line here.

UNIT_TESTS = \
	tests/unit/test_absence \
	tests/unit/test_agent \
	tests/unit/test_agent_board \
	tests/unit/test_agent_board_end \
	tests/unit/test_armor \
	tests/unit/test_bytelink \
	tests/unit/test_device \
	tests/unit/test_device_option \
	tests/unit/test_channel \
	tests/unit/test_diag \
	tests/unit/test_foreground \
	tests/unit/test_board_agent \
	tests/unit/test_board_cache \
	tests/unit/test_board_errno \
	tests/unit/test_board_image \
	tests/unit/test_board_mend \
	tests/unit/test_board_roms \
	tests/unit/test_exchange \
	tests/unit/test_exchange_random \
	tests/unit/test_exchange_repair \
	tests/unit/test_exchange_silence \
	tests/unit/test_exchange_window \
	tests/unit/test_fat_name \
	tests/unit/test_file_systems \
	tests/unit/test_identity \
	tests/unit/test_leftovers \
	tests/unit/test_fakelink \
	tests/unit/test_frame \
	tests/unit/test_heard \
	tests/unit/test_listing \
	tests/unit/test_packed \
	tests/unit/test_packer \
	tests/unit/test_plug \
	tests/unit/test_rawrepl \
	tests/unit/test_rawrepl_enter \
	tests/unit/test_redo \
	tests/unit/test_reply \
	tests/unit/test_statements \
	tests/unit/test_trace

# Those of share/.
UNIT_TESTS += \
	tests/unit/test_attention \
	tests/unit/test_incoming \
	tests/unit/test_own_writes \
	tests/unit/test_printed \
	tests/unit/test_real_name \
	tests/unit/test_share_answers \
	tests/unit/test_share_cursor \
	tests/unit/test_share_files \
	tests/unit/test_share_input \
	tests/unit/test_share_line \
	tests/unit/test_share_plan \
	tests/unit/test_share_program \
	tests/unit/test_share_random \
	tests/unit/test_share_server \
	tests/unit/test_share_session \
	tests/unit/test_share_tree \
	tests/unit/test_share_user \
	tests/unit/test_share_volume \
	tests/unit/test_typed \
	tests/unit/test_typed_random \
	tests/unit/test_watch
tests_unit_test_incoming_SOURCES = tests/unit/test_incoming.c tests/unit/dice.h
SHARE_FOLDER = tests/unit/share_folder.c tests/unit/share_folder.h
SHARE_CLIENT = tests/unit/share_client.c tests/unit/share_client.h
tests_unit_test_share_answers_SOURCES = tests/unit/test_share_answers.c tests/unit/dice.h $(SHARE_FOLDER) $(SHARE_CLIENT)
tests_unit_test_real_name_SOURCES = tests/unit/test_real_name.c $(SHARE_FOLDER)
tests_unit_test_share_program_SOURCES = tests/unit/test_share_program.c $(SHARE_FOLDER)
tests_unit_test_share_files_SOURCES = tests/unit/test_share_files.c $(SHARE_FOLDER)
tests_unit_test_share_random_SOURCES = tests/unit/test_share_random.c tests/unit/dice.h $(SHARE_FOLDER) $(SHARE_CLIENT)
tests_unit_test_share_server_SOURCES = tests/unit/test_share_server.c $(SHARE_FOLDER) $(SHARE_CLIENT)
tests_unit_test_typed_random_SOURCES = tests/unit/test_typed_random.c tests/unit/dice.h
tests_unit_test_watch_SOURCES = tests/unit/test_watch.c $(SHARE_FOLDER)
tests_unit_test_share_tree_SOURCES = tests/unit/test_share_tree.c $(SHARE_FOLDER)

# Those of base/, romfs/ and cli/ need no board.
UNIT_TESTS += \
	tests/unit/test_beneath \
	tests/unit/test_child \
	tests/unit/test_compiler \
	tests/unit/test_file_kind \
	tests/unit/test_boot_line \
	tests/unit/test_json \
	tests/unit/test_mpy \
	tests/unit/test_number \
	tests/unit/test_outlet \
	tests/unit/test_output \
	tests/unit/test_progress \
	tests/unit/test_romfs_check \
	tests/unit/test_room \
	tests/unit/test_roms \
	tests/unit/test_romfs_corpus \
	tests/unit/test_romfs_deploy \
	tests/unit/test_romfs_file \
	tests/unit/test_romfs_format \
	tests/unit/test_romfs_gaps \
	tests/unit/test_romfs_reader \
	tests/unit/test_romfs_walk \
	tests/unit/test_romfs_writer \
	tests/unit/test_source_rules \
	tests/unit/test_source_tree \
	tests/unit/test_utf8 \
	tests/unit/test_whole_file
FOLDER = tests/unit/folder.c tests/unit/folder.h
tests_unit_test_beneath_SOURCES = tests/unit/test_beneath.c src/cli/beneath.c $(FOLDER)
tests_unit_test_child_SOURCES = tests/unit/test_child.c src/cli/child.c
tests_unit_test_compiler_SOURCES = tests/unit/test_compiler.c src/cli/compiler.c src/cli/child.c $(FOLDER)
tests_unit_test_boot_line_SOURCES = tests/unit/test_boot_line.c src/cli/boot_line.c
tests_unit_test_progress_SOURCES = tests/unit/test_progress.c src/cli/progress.c
tests_unit_test_output_SOURCES = tests/unit/test_output.c src/cli/output.c
tests_unit_test_source_rules_SOURCES = tests/unit/test_source_rules.c src/cli/source_rules.c
tests_unit_test_source_tree_SOURCES = \
	src/cli/beneath.c \
	src/cli/source_rules.c \
	src/cli/source_tree.c \
	tests/unit/test_source_tree.c \
	$(FOLDER)
tests_unit_test_source_tree_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=source_rules_judge,--wrap=beneath_directory
tests_unit_test_whole_file_SOURCES = tests/unit/test_whole_file.c src/cli/whole_file.c $(FOLDER)
tests_unit_test_romfs_check_SOURCES = tests/unit/test_romfs_check.c tests/unit/hand_image.h
tests_unit_test_romfs_corpus_SOURCES = tests/unit/test_romfs_corpus.c tests/fuzz/fuzz.h tests/fuzz/fuzz_romfs.c
tests_unit_test_romfs_deploy_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc
tests_unit_test_romfs_deploy_SOURCES = \
	tests/unit/dice.h \
	tests/unit/fakerom.c \
	tests/unit/fakerom.h \
	tests/unit/test_romfs_deploy.c
tests_unit_test_romfs_format_SOURCES = tests/unit/test_romfs_format.c tests/unit/dice.h
tests_unit_test_packed_SOURCES = tests/unit/test_packed.c $(REAL_BOARD)
tests_unit_test_roms_SOURCES = tests/unit/test_roms.c tests/unit/dice.h $(REAL_BOARD)
tests_unit_test_romfs_gaps_SOURCES = tests/unit/test_romfs_gaps.c tests/unit/dice.h tests/unit/hand_image.h
tests_unit_test_romfs_reader_SOURCES = tests/unit/test_romfs_reader.c tests/unit/hand_image.h
tests_unit_test_romfs_walk_SOURCES = tests/unit/test_romfs_walk.c tests/unit/hand_image.h
tests_unit_test_romfs_writer_SOURCES = tests/unit/test_romfs_writer.c tests/unit/dice.h

# Those of fuse/ link what the mount is made of.
UNIT_TESTS += \
	tests/unit/test_descriptors \
	tests/unit/test_file_times \
	tests/unit/test_host_bytes \
	tests/unit/test_kept_times \
	tests/unit/test_mount_point \
	tests/unit/test_node_tree \
	tests/unit/test_nodes \
	tests/unit/test_open_file \
	tests/unit/test_open_file_absence \
	tests/unit/test_open_file_random \
	tests/unit/test_options \
	tests/unit/test_port_list \
	tests/unit/test_spelling \
	tests/unit/test_times_codec \
	tests/unit/test_times_evidence \
	tests/unit/test_times_saved \
	tests/unit/test_times_store \
	tests/unit/test_times_table \
	tests/unit/test_vfs \
	tests/unit/test_vfs_attributes \
	tests/unit/test_vfs_dir \
	tests/unit/test_vfs_file \
	tests/unit/test_vfs_name \
	tests/unit/test_vfs_times
ASK = tests/unit/ask.c tests/unit/ask.h tests/unit/dice.h
FAKE_BOARD = tests/unit/fakeboard.c tests/unit/fakeboard.h
BOARD_FILES = tests/unit/boardfile.c tests/unit/boardfile.h $(FAKE_BOARD)
FUSE_TEST_LIBS = $(LIBMOUNT_LIBS) $(CMOCKA_LIBS)
tests_unit_test_descriptors_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_file_times_SOURCES = tests/unit/test_file_times.c $(FAKE_BOARD)
tests_unit_test_file_times_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_host_bytes_SOURCES = tests/unit/test_host_bytes.c tests/unit/dice.h
tests_unit_test_host_bytes_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_kept_times_SOURCES = tests/unit/test_kept_times.c $(FAKE_BOARD)
tests_unit_test_kept_times_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_mount_point_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_node_tree_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_nodes_LDADD = $(FUSE_TEST_LIBS)
ONE_FILE = tests/unit/onefile.c tests/unit/onefile.h $(BOARD_FILES)
tests_unit_test_open_file_SOURCES = tests/unit/test_open_file.c $(ONE_FILE)
tests_unit_test_open_file_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_open_file_absence_SOURCES = tests/unit/test_open_file_absence.c $(ONE_FILE)
tests_unit_test_open_file_absence_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_open_file_random_SOURCES = tests/unit/test_open_file_random.c tests/unit/dice.h $(ONE_FILE)
tests_unit_test_open_file_random_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_options_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_port_list_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_spelling_SOURCES = tests/unit/test_spelling.c $(FAKE_BOARD)
tests_unit_test_spelling_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_times_codec_SOURCES = tests/unit/test_times_codec.c tests/unit/dice.h
tests_unit_test_times_codec_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_times_evidence_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_times_saved_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_times_store_SOURCES = tests/unit/test_times_store.c $(FOLDER)
tests_unit_test_times_store_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_times_table_LDADD = $(FUSE_TEST_LIBS)
VFS_RIG = tests/unit/rig.c tests/unit/rig.h $(BOARD_FILES)
tests_unit_test_vfs_SOURCES = tests/unit/test_vfs.c $(VFS_RIG)
tests_unit_test_vfs_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_vfs_attributes_SOURCES = tests/unit/test_vfs_attributes.c $(VFS_RIG)
tests_unit_test_vfs_attributes_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_vfs_dir_SOURCES = tests/unit/test_vfs_dir.c $(VFS_RIG)
tests_unit_test_vfs_dir_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_vfs_file_SOURCES = tests/unit/test_vfs_file.c $(VFS_RIG)
tests_unit_test_vfs_file_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_vfs_name_SOURCES = tests/unit/test_vfs_name.c $(VFS_RIG)
tests_unit_test_vfs_name_LDADD = $(FUSE_TEST_LIBS)
tests_unit_test_vfs_times_SOURCES = tests/unit/test_vfs_times.c tests/unit/dice.h $(FAKE_BOARD) $(FOLDER)
tests_unit_test_vfs_times_LDADD = $(FUSE_TEST_LIBS)

# A mount of a board in memory, to try what lies above the board.
check_PROGRAMS += tests/lab/fakemount
tests_lab_fakemount_SOURCES = tests/lab/fakemount.c $(FAKE_BOARD)
tests_lab_fakemount_LDADD = $(LIBMOUNT_LIBS)

SYSTEM_TESTS = \
	tests/system/basic.sh \
	tests/system/board.sh \
	tests/system/check_board.sh \
	tests/system/completion.sh \
	tests/system/differential.sh \
	tests/system/fat_names.sh \
	tests/system/fat_read_only.sh \
	tests/system/file_manager.sh \
	tests/system/full_flash.sh \
	tests/system/host_killed.sh \
	tests/system/host_stopped.sh \
	tests/system/kept_times.sh \
	tests/system/kept_times_tools.sh \
	tests/system/killed_board.sh \
	tests/system/linesim.sh \
	tests/system/manners.sh \
	tests/system/manuals.sh \
	tests/system/mount_helper.sh \
	tests/system/normal_user.sh \
	tests/system/parallel.sh \
	tests/system/ports.sh \
	tests/system/power_cut.sh \
	tests/system/power_cut_fat.sh \
	tests/system/power_cut_lfs1.sh \
	tests/system/programs.sh \
	tests/system/rawrepl.sh \
	tests/system/rawrepl_uart.sh \
	tests/system/reconnect.sh \
	tests/system/replug.sh \
	tests/system/romfs_board.sh \
	tests/system/romfs_build.sh \
	tests/system/romfs_cuts.sh \
	tests/system/romfs_deploy.sh \
	tests/system/romfs_hostile.sh \
	tests/system/romfs_identical.sh \
	tests/system/romfs_mount.sh \
	tests/system/romfs_page.sh \
	tests/system/romfs_partitions.sh \
	tests/system/romfs_random.sh \
	tests/system/romfs_romfsn.sh \
	tests/system/second_copy.sh \
	tests/system/share_again.sh \
	tests/system/share_bad_input.sh \
	tests/system/share_damage.sh \
	tests/system/share_exchanges.sh \
	tests/system/share_files.sh \
	tests/system/share_fresh.sh \
	tests/system/share_full_disk.sh \
	tests/system/share_hostile.sh \
	tests/system/share_import.sh \
	tests/system/share_input.sh \
	tests/system/share_leave.sh \
	tests/system/share_lost.sh \
	tests/system/share_moments.sh \
	tests/system/share_native.sh \
	tests/system/share_output.sh \
	tests/system/share_pause.sh \
	tests/system/share_piped.sh \
	tests/system/share_random.sh \
	tests/system/share_repl.sh \
	tests/system/share_reset.sh \
	tests/system/share_run.sh \
	tests/system/share_threads.sh \
	tests/system/share_watch.sh \
	tests/system/share_watch_own.sh \
	tests/system/silent_board.sh \
	tests/system/small_board.sh \
	tests/system/socket.sh \
	tests/system/text.sh \
	tests/system/text_line.sh \
	tests/system/tools.sh \
	tests/system/tools_fat.sh \
	tests/system/tools_lfs1.sh \
	tests/system/tools_text.sh \
	tests/system/uart.sh \
	tests/system/under_way.sh \
	tests/system/virtual_root.sh \
	tests/system/vm.sh \
	tests/system/vm_no_id.sh \
	tests/system/vm_replug.sh

# What a test links that says nothing else. One with more sources than its own: tests_unit_test_X_SOURCES = ...
LDADD = $(LIBMPREMOTEFS_LIBS) $(CMOCKA_LIBS)

REAL_BOARD = tests/unit/real_board.c tests/unit/real_board.h $(FOLDER)
REAL_AGENT = tests/unit/real_agent.c tests/unit/real_agent.h $(REAL_BOARD)
tests_unit_test_agent_board_SOURCES = tests/unit/test_agent_board.c $(REAL_AGENT)
tests_unit_test_agent_board_end_SOURCES = tests/unit/test_agent_board_end.c $(REAL_AGENT)
tests_unit_test_armor_SOURCES = tests/unit/test_armor.c tests/unit/dice.h
tests_unit_test_board_agent_SOURCES = tests/unit/test_board_agent.c $(ASK) $(FAKE_BOARD) $(REAL_BOARD)
tests_unit_test_board_cache_SOURCES = tests/unit/test_board_cache.c $(ASK) $(FAKE_BOARD)
tests_unit_test_board_image_SOURCES = tests/unit/test_board_image.c tests/unit/hand_image.h
tests_unit_test_board_image_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=romfs_check_records
tests_unit_test_board_mend_SOURCES = tests/unit/test_board_mend.c tests/unit/quirkyboard.c tests/unit/quirkyboard.h $(ASK) $(BOARD_FILES)
TALK = tests/unit/talk.c tests/unit/talk.h
tests_unit_test_exchange_SOURCES = tests/unit/test_exchange.c $(TALK)
tests_unit_test_exchange_repair_SOURCES = tests/unit/test_exchange_repair.c $(TALK)
tests_unit_test_exchange_silence_SOURCES = tests/unit/test_exchange_silence.c $(TALK)
tests_unit_test_exchange_window_SOURCES = tests/unit/test_exchange_window.c $(TALK)
tests_unit_test_exchange_random_SOURCES = \
	tests/unit/dice.h \
	tests/unit/test_exchange_random.c \
	tests/unit/toyagent.c \
	tests/unit/toyagent.h
tests_unit_test_file_systems_SOURCES = tests/unit/test_file_systems.c tests/unit/dice.h
tests_unit_test_leftovers_SOURCES = tests/unit/test_leftovers.c tests/unit/dice.h $(BOARD_FILES)
tests_unit_test_redo_SOURCES = tests/unit/test_redo.c $(BOARD_FILES)
tests_unit_test_frame_SOURCES = tests/unit/test_frame.c tests/unit/dice.h
tests_unit_test_listing_SOURCES = tests/unit/test_listing.c tests/unit/dice.h
tests_unit_test_packer_SOURCES = tests/unit/test_packer.c tests/unit/dice.h

FAKE_LINK = tests/unit/fakelink.c tests/unit/fakelink.h
TOY_BOARD = $(FAKE_LINK) tests/unit/toyboard.c tests/unit/toyboard.h
tests_unit_test_agent_SOURCES = tests/unit/test_agent.c $(TOY_BOARD)
tests_unit_test_attention_SOURCES = tests/unit/test_attention.c $(FAKE_LINK)
SHARE_STAGE = tests/unit/share_stage.c tests/unit/share_stage.h $(TOY_BOARD)
tests_unit_test_share_input_SOURCES = tests/unit/test_share_input.c $(SHARE_STAGE)
tests_unit_test_share_line_SOURCES = tests/unit/test_share_line.c $(SHARE_STAGE)
tests_unit_test_share_session_SOURCES = tests/unit/test_share_session.c $(SHARE_STAGE)
tests_unit_test_share_user_SOURCES = tests/unit/test_share_user.c $(FAKE_LINK)
tests_unit_test_fakelink_SOURCES = tests/unit/test_fakelink.c $(FAKE_LINK)
RAWREPL_BENCH = tests/unit/bench.c tests/unit/bench.h tests/unit/dice.h $(TOY_BOARD)
tests_unit_test_rawrepl_SOURCES = tests/unit/test_rawrepl.c $(RAWREPL_BENCH)
tests_unit_test_rawrepl_enter_SOURCES = tests/unit/test_rawrepl_enter.c $(RAWREPL_BENCH)
tests_unit_test_reply_SOURCES = tests/unit/test_reply.c tests/unit/dice.h

LINK_TOOLS = tests/unit/link_tools.c tests/unit/link_tools.h
tests_unit_test_bytelink_SOURCES = tests/unit/test_bytelink.c $(LINK_TOOLS)
tests_unit_test_device_SOURCES = tests/unit/test_device.c $(LINK_TOOLS)
tests_unit_test_plug_SOURCES = tests/unit/test_plug.c $(LINK_TOOLS)
tests_unit_test_foreground_SOURCES = tests/unit/test_foreground.c $(LINK_TOOLS)

tests_unit_test_channel_SOURCES = tests/unit/test_channel.c tests/lab/channel.c tests/lab/channel.h

# The lab: what the tests and the benchmark put in a board's place.
check_PROGRAMS += tests/lab/linesim
tests_lab_linesim_LDADD =
tests_lab_linesim_SOURCES = \
	tests/lab/board_process.c \
	tests/lab/board_process.h \
	tests/lab/channel.c \
	tests/lab/channel.h \
	tests/lab/linesim.c \
	tests/lab/linesim_options.c \
	tests/lab/linesim_options.h
check_PROGRAMS += tests/lab/rawrepl_probe
tests_lab_rawrepl_probe_LDADD = $(LIBMPREMOTEFS_LIBS)
LAB_FILES = \
	scripts/board \
	scripts/lib/kernel.sh \
	scripts/lib/micropython.sh \
	tests/lab/board.py \
	tests/lab/board_flash.py \
	tests/lab/board_machine.py \
	tests/lab/board_mapped.py \
	tests/lab/board_rom.py \
	tests/lab/board_setup.py \
	tests/lab/board_traits.py \
	tests/lab/launch.py \
	tests/lab/vm \
	tests/lab/vm_init.sh \
	tests/system/differential.py \
	tests/system/help_lib.sh \
	tests/system/lib.sh \
	tests/system/linesim.py \
	tests/system/own_mounts \
	tests/system/parallel.py \
	tests/system/rawrepl_states \
	tests/system/replug.py \
	tests/system/romfs_trees.py \
	tests/system/romfs_vfs.py \
	tests/system/run \
	tests/system/share_files.py \
	tests/system/share_input.py \
	tests/system/share_lib.sh \
	tests/system/share_lost.py \
	tests/system/share_memory.py \
	tests/system/share_moments.py \
	tests/system/share_native.py \
	tests/system/share_piped.py \
	tests/system/share_prompt.py \
	tests/system/share_random.py \
	tests/system/share_repl.py \
	tests/system/share_threads.py \
	tests/system/socket_server.py \
	tests/system/vm_lib.sh \
	tests/system/without_openat2.py

# Tests of the project's own scripts.
SCRIPT_TESTS = tests/scripts/check-layers tests/scripts/configure tests/scripts/system-run

# Those that tell nothing new under the sanitizers: of scripts and the lab, and of code that others run there, once more on another
# file system or in the virtual machine. scripts/test --sanitizers leaves them out.
ONCE_TESTS = \
	$(SCRIPT_TESTS) \
	tests/system/check_board.sh \
	tests/system/completion.sh \
	tests/system/file_manager.sh \
	tests/system/host_stopped.sh \
	tests/system/linesim.sh \
	tests/system/manuals.sh \
	tests/system/power_cut_fat.sh \
	tests/system/power_cut_lfs1.sh \
	tests/system/tools_lfs1.sh \
	tests/system/tools_text.sh \
	tests/system/vm.sh \
	tests/system/vm_no_id.sh \
	tests/system/vm_replug.sh

# Those that take more than half a minute, the longest first: scripts/test starts them first, so that no processor idles at the end.
LONG_TESTS = \
	tests/unit/test_board_agent \
	tests/system/power_cut_fat.sh \
	tests/system/power_cut.sh \
	tests/system/power_cut_lfs1.sh \
	tests/system/vm.sh \
	tests/system/vm_replug.sh \
	tests/system/replug.sh \
	tests/system/romfs_cuts.sh \
	tests/unit/test_agent_board \
	tests/unit/test_agent_board_end \
	tests/system/text_line.sh \
	tests/system/host_stopped.sh \
	tests/system/differential.sh \
	tests/system/text.sh \
	tests/system/reconnect.sh \
	tests/system/share_input.sh \
	tests/system/share_damage.sh

EXTRA_DIST += $(SYSTEM_TESTS) $(SCRIPT_TESTS) $(LAB_FILES)

if HAVE_TESTS
check_PROGRAMS += $(UNIT_TESTS) tests/unit/sigint_board
TESTS += $(UNIT_TESTS) $(SCRIPT_TESTS) $(SYSTEM_TESTS)
else
check-local:
	@echo 'The tests need cmocka: install it (Debian: libcmocka-dev) and run configure again, without --disable-tests.' >&2
	@false
endif

TEST_EXTENSIONS = .sh
SH_LOG_COMPILER = $(srcdir)/tests/system/run

# A finding of a sanitizer must fail its test.
AM_TESTS_ENVIRONMENT = \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir;

# The fuzzers: "make fuzz FUZZ_SECONDS=600" runs each for so long; what they have learned stays in tests/fuzz/corpus.
# What is in tests/fuzz/seeds they know from the start.
FUZZ_SECONDS = 30
FUZZ_TESTS = \
	tests/fuzz/fuzz_armor \
	tests/fuzz/fuzz_exchange \
	tests/fuzz/fuzz_frame \
	tests/fuzz/fuzz_incoming \
	tests/fuzz/fuzz_listing \
	tests/fuzz/fuzz_romfs \
	tests/fuzz/fuzz_share \
	tests/fuzz/fuzz_times_codec
EXTRA_DIST += tests/fuzz/fuzz.h $(FUZZ_TESTS:=.c) tests/fuzz/seeds
if FUZZERS
noinst_PROGRAMS = $(FUZZ_TESTS)
tests_fuzz_fuzz_armor_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_exchange_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_frame_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_incoming_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_listing_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_romfs_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_share_SOURCES = tests/fuzz/fuzz_share.c tests/unit/share_client.c tests/unit/share_client.h
tests_fuzz_fuzz_share_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_times_codec_LDADD = $(LIBMOUNT_LIBS)
tests_fuzz_fuzz_times_codec_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz: $(FUZZ_TESTS)
	for test in $(FUZZ_TESTS); do \
		name=$${test##*/fuzz_} && corpus=tests/fuzz/corpus/$$name && seeds=$(srcdir)/tests/fuzz/seeds/$$name && \
		$(MKDIR_P) $$corpus && if test -d $$seeds; then corpus="$$corpus $$seeds"; fi && \
		$$test -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -artifact_prefix=tests/fuzz/ $$corpus || exit; \
	done
else
fuzz:
	@echo 'The fuzzers are not built: run configure again with --enable-fuzzers CC=clang.' >&2
	@false
endif
.PHONY: fuzz
