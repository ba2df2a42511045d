/* SPDX-License-Identifier: MIT */
/* agent_parts: the Python of src/agent/board/, stripped and embedded by the build (scripts/embed-agent). */
#ifndef AGENT_AGENT_PARTS_H
#define AGENT_AGENT_PARTS_H

#include <stddef.h>

/* board/core.py, put on the board by rawrepl; it defines the function __mpremotefs__. NUL-terminated. */
extern const char agent_core[];
extern const size_t agent_core_len;

/* board/text.py, which takes its place where the requests go as text (text.h). NUL-terminated. */
extern const char agent_text[];
extern const size_t agent_text_len;

/* board/base.py, which goes before the others, and board/info.py. NUL-terminated. */
extern const char agent_base[];
extern const size_t agent_base_len;
extern const char agent_info[];
extern const size_t agent_info_len;

/* board/share.py, loaded behind the core to bring directories of the host to the board. NUL-terminated. */
extern const char agent_share[];
extern const size_t agent_share_len;

/* board/files.py, which reads, and behind it board/changes.py where something is changed, for which board/inflate.py goes first. */
extern const char agent_files[];
extern const size_t agent_files_len;
extern const char agent_inflate[];
extern const size_t agent_inflate_len;
extern const char agent_changes[];
extern const size_t agent_changes_len;

/*
 * board/rom.py, loaded when ROM partitions are asked for; behind it board/rom_records.py and board/rom_changes.py (which wants
 * board/inflate.py, too) when these are.
 */
extern const char agent_rom[];
extern const size_t agent_rom_len;
extern const char agent_rom_records[];
extern const size_t agent_rom_records_len;
extern const char agent_rom_changes[];
extern const size_t agent_rom_changes_len;

#endif
