/* SPDX-License-Identifier: MIT */
/*
 * The agent's protocol, version 1: what goes over the line while the agent runs. src/agent/board/ is the other side.
 *
 * FRAMES are the same in both directions. Integers are little-endian.
 *
 *   offset  size
 *        0     1  0xFA, a byte that never occurs in UTF-8
 *        1     1  type: of a request (enum agent_op), or of an answer (enum agent_answer)
 *        2     1  channel: 0, the files; 1, a share (SHARE below). The others are for what shares the line later
 *        3     1  sequence number: the request's own, and in each answer that of its request
 *        4     2  length of the payload
 *        6     2  the low half of the CRC-32 of the six bytes before it, so that a damaged length is never waited for
 *        8   len  payload
 *    8+len     4  CRC-32 of all before it
 *
 * What the board sends outside a frame is its program's output. A NUL outside a frame means nothing: the board adds one where a
 * frame would end on a multiple of 64 bytes, a full USB packet, which could stick in its driver (micropython #19656, #15960).
 *
 * EXCHANGES. The host asks, the board answers in order: AGENT_DONE or AGENT_FAILED, or AGENT_MORE any number of times
 * before it. Requests that only read may be under way together, as many as fit into the window, since asking twice does no harm. A request that
 * changes something, and one longer than the window, is under way alone: while a board writes its flash, bytes that reach a
 * UART are lost (micropython #17236). It may be sent twice: a board that gets the number of its last request again repeats its
 * answer and does nothing else. AGENT_PING is no request in this sense: the pings of a host that waits have numbers from 128 on,
 * so that they never bring the last request's number back, and requests those below.
 *
 * CREDITS. At most a window of bytes is on its way to the board unread. For a frame longer than the window the board sends
 * 0xFB, sequence number, count, ~(sequence ^ count) each time that it has read half a window more; COUNT of halves has been
 * read of this frame. The window is 240 bytes, less than any board's ring, until AGENT_PING sets another.
 *
 * REPAIR. A board that reads nonsense or half a frame waits until its line is quiet and answers AGENT_NAK: the host sends all
 * that is unanswered again. So does a host that reads nonsense or nothing for a while. A board that gets no frame for
 * AGENT_IDLE_US takes its host for dead: it ends the agent, Ctrl-C works again, and the friendly REPL is back. A host that has
 * nothing to ask sends AGENT_PING now and then. Junk of at most 8 bytes that ends on Ctrl-C ends the agent at once.
 *
 * TEXT. Where board or line cannot do binary, the host has the raw REPL run __mpremotefs__("..."), a request's frame in base64, and
 * the board prints the frames of the answer in base64, a line each. Requests, answers, repetitions and AGENT_NAK are the same;
 * there are no credits, no AGENT_PING and no AGENT_HOLD, and between two requests the board is in its raw REPL.
 */
#ifndef AGENT_PROTOCOL_H
#define AGENT_PROTOCOL_H

enum {
	AGENT_FRAME_MARK = 0xfa,
	AGENT_CREDIT_MARK = 0xfb,
	AGENT_HEADER_SIZE = 8,
	AGENT_TRAILER_SIZE = 4,
	AGENT_CREDIT_SIZE = 4,
	AGENT_PAYLOAD_MAX = 4096, /* of any frame; a small board says less in its AGENT_HELLO */
	AGENT_WINDOW = 240,       /* the window that any line holds */
	AGENT_IDLE_US = 5000000,  /* how long the board waits for a frame before it takes its host for dead */
};

/* Requests: payload -> answer's payload. PATH is bytes without NUL. STAT is u8 is_dir, u32 size, u32 mtime in the board's epoch. */
enum agent_op {
	AGENT_PING = 'P',    /* nothing, or u16 window from now on (0: a line that holds back its writer) -> nothing */
	AGENT_LOAD = 'X',    /* u8 enum agent_load, Python -> nothing: a part of the agent; deflated, parts with NUL between */
	AGENT_HOLD = 'B',    /* u8 milliseconds, at most 200 -> nothing, after having read nothing for so long */
	AGENT_QUIT = 'Q',    /* nothing -> nothing: leave for the friendly REPL */
	AGENT_INFO = 'I',    /* PATH of the top -> lines of text, see greeting.c */
	AGENT_STAT = 'S',    /* PATH -> STAT */
	AGENT_LIST = 'L',    /* PATH -> u8 number of the payload, then any number of (u8 name length, name, STAT), none cut */
	AGENT_READ = 'R',    /* u32 offset, u32 length, PATH -> content, shorter only at the file's end */
	AGENT_HASH = 'H',    /* u32 size, PATH -> STAT, then 32 bytes of SHA-256 if it is a file of this size */
	AGENT_WRITE = 'W',   /* u8 enum agent_write, u8 window bits, u16 length inflated, u16 length of PATH, u8 base, PATH, data
	                       -> STAT if LAST, or nothing */
	AGENT_MKDIR = 'M',   /* PATH -> nothing */
	AGENT_RMDIR = 'd',   /* PATH -> nothing */
	AGENT_REMOVE = 'u',  /* PATH -> nothing */
	AGENT_RENAME = 'N',  /* u16 length of FROM, u16 length of TO, FROM, TO, ASIDE or nothing -> nothing, see below */
	AGENT_STATVFS = 'V', /* PATH -> u32 block size, fragment size, blocks, free blocks, name max */

	/* ROM partitions, u8 their NUMBER, by board/rom.py */
	AGENT_ROM = 'i',      /* NUMBER -> u8 1: memory, 0: a block device; u32 size, u32 size of its blocks, 0: not told */
	AGENT_ROM_READ = 'o', /* NUMBER, u32 offset, u32 length -> content, shorter at the partition's end */
	AGENT_ROM_HASH = 'h', /* NUMBER, u32 offset, u32 length, u32 step, u8 n -> the first n bytes of SHA-256 for each step */
	AGENT_ROM_RECORDS = 'k', /* NUMBER, u8 1: with headers of .mpy, PLACE -> PLACE, pieces of the image, see below */

	/* The same, by board/rom_changes.py */
	AGENT_ROM_PREPARE = 'E', /* NUMBER, u32 offset, u32 length -> u32 smallest write, after erasing */
	AGENT_ROM_WRITE = 'w', /* u8 enum agent_write, u8 window bits, NUMBER, u8 0, u32 offset, u16 length inflated, u16 0, data
	                             -> nothing. Data come as with AGENT_WRITE, in the same deflate stream; flags: DEFLATED and RESET */
	AGENT_ROM_COMPLETE = 'c', /* NUMBER -> nothing */
	AGENT_ROM_MOUNT = 'm'     /* NUMBER, PATH -> nothing; NUMBER 255 unmounts PATH -> u8 0: nothing was mounted there */
};

enum agent_answer {
	AGENT_HELLO = 'H',  /* sent once at the agent's start: u16 largest payload, u32 free heap in bytes, u8 1: has deflate */
	AGENT_DONE = 'A',   /* the request's answer, or its last part */
	AGENT_MORE = 'M',   /* a part of the answer, more follow; each part, also the last, begins with u8 its number from 0 */
	AGENT_FAILED = 'E', /* i32 errno of the board (0: none), the exception in words */
	AGENT_NAK = 'N'     /* what was under way to the board is lost: send it again */
};

/*
 * AGENT_RENAME with an ASIDE: TO, a file, is opened to be written, which fails where it cannot be removed either; goes there, comes back
 * if the rename fails, and is removed in the end.
 */

/*
 * A walk through a ROM image goes in steps of a payload. PLACE, where it is: first u32 0 and nothing else; in an answer u32 offset of the
 * next record (0: the walk is over), u8 number of directories that it lies in, and for each u32 where it ends, the outermost first,
 * which the next request has without the u8. A piece of the image: the gap between its start and the end of the one before, or what
 * the request's PLACE said; its length; how many bytes of its start, and how many of its end, are those of the piece before in the same
 * payload, together no more than either has; all these as numbers with 7 bits a byte, the lowest first, all but the last with 0x80; and
 * its other bytes.
 */

enum agent_load { AGENT_LOAD_DEFLATED = 1, AGENT_LOAD_MORE = 2 };

/*
 * A file's content comes in one or more AGENT_WRITE, the first with FIRST and the last with LAST; only these need the path. It goes to a
 * temporary file that LAST renames to PATH. BASE, which all of them tell alike, says where it lies: 0 is beside PATH, otherwise it is the
 * length of the start of PATH that is the directory (with its slash). With TWO_STEPS the temporary is renamed to say that it is complete
 * before it becomes PATH. board/leftovers.h has the names. The payloads marked DEFLATED are one raw deflate stream, each ended by a
 * Z_SYNC_FLUSH, that runs through all files until RESET starts it anew, with the window bits that come with it; the host has to do that
 * after each answer that is not AGENT_DONE.
 */
enum agent_write {
	AGENT_WRITE_FIRST = 1,
	AGENT_WRITE_LAST = 2,
	AGENT_WRITE_DEFLATED = 4,
	AGENT_WRITE_IN_PLACE = 8, /* remove PATH first and write it directly: no room for both */
	AGENT_WRITE_APPEND = 16,  /* append to PATH directly; with FIRST and LAST, so that it is done whole or not at all */
	AGENT_WRITE_RESET = 32,
	AGENT_WRITE_TWO_STEPS = 64 /* in all of a file's; with BASE */
};

/* Starts the name of a temporary file on the board; such names are never shown. board/changes.py has it too. */
#define AGENT_HIDDEN ".mpremotefs~"

/*
 * The board's answer to an AGENT_WRITE without its FIRST, and to what is DEFLATED without a RESET before it (ESTALE on the unix port; no
 * board file system raises it).
 */
#define AGENT_ERRNO_NOT_OPEN 77

/*
 * SHARE, channel 1: directories of the host on the board (src/share/; board/share.py is the other side). The frames are the same, but here
 * the board asks and the host answers, each request with one frame (or parts, see SHARE_PARTS). The board has one request under way, or a
 * run of writes, see below, and starts the next when it has the answer, or has given up. A frame for the board that is longer than the
 * window goes over with credits, as above.
 *
 * A request's payload begins with u8 TRY (enum share_try). The sequence number counts requests, so that one asked again is known: the
 * host does nothing twice, and sends its last answer again, once for each TRY, maybe with less DATA; what is deflated then starts the
 * stream anew. Every answer, AGENT_DONE or AGENT_FAILED, begins with u8 TRY as it came and u8 flags (enum share_flag); AGENT_FAILED goes
 * on with i32 errno, as Linux and MicroPython number it.
 *
 * What the ops below speak of:
 *   SHARE   u8, which directory: their numbers begin with 0
 *   PATH    all that is left of the payload: where in the directory, in UTF-8, as "lib/a.py"; nothing: the directory itself. What has an
 *           empty part, `.`, `..` or NUL is refused
 *   HANDLE  u8, less than SHARE_HANDLES: an open file. The board chooses it; opening one that is taken closes what it was
 *   STAT    u8 enum share_kind, u32 size (0xFFFFFFFF: so much or more), u32 mtime in seconds from 1970
 *   WANTED  u16, the most bytes of DATA that the board has room for, inflated
 *   DATA    u16 how many bytes, and these bytes, up to the payload's end; with SHARE_DEFLATED they are the next part of one raw deflate
 *           stream with the window of SHARE_HELLO, ended by a Z_SYNC_FLUSH, that SHARE_RESET starts anew. What is not deflated is
 *           not in the stream. There is at least one byte unless nothing follows; with SHARE_LAST nothing follows them
 */
enum share_op {
	SHARE_HELLO =
		'H', /* u16 largest payload either way, u32 free heap, u8 window bits (9 to 15; 0: no deflate), the first line of
	                        the board's banner, or its start -> nothing. All that the agent before it had open is closed */
	SHARE_STAT = 'S',   /* SHARE, PATH -> STAT */
	SHARE_IMPORT = 'I', /* SHARE, WANTED, PATH of a module without .py -> all that import asks: STAT (SHARE_NOTHING: 0, 0), u8
	                        kind of the module's .py, u8 kind of its .mpy (PATH.py, or PATH/__init__.py where PATH is a directory),
	                        and of the first of these that is a file u32 size, u32 mtime, DATA from its start */
	SHARE_LIST = 'L',   /* SHARE, WANTED (at least 261), u8 length of AFTER, AFTER, PATH -> DATA: the entries whose names come
	                        behind AFTER in the order of bytes, each u8 enum share_kind, u32 size, u8 length of name, name */
	SHARE_OPEN = 'O',   /* SHARE, HANDLE, u8 enum share_open, WANTED, PATH -> u32 size, u32 mtime, DATA from the start */
	SHARE_READ = 'R',   /* HANDLE, u32 offset, WANTED -> DATA */
	SHARE_WRITE =
		'W', /* HANDLE, u8 enum share_write and 16 times BEFORE, u32 offset (0xFFFFFFFF: at the end), bytes -> u32 the
	                       file's size; see below */
	SHARE_SIZE = 's',    /* HANDLE -> u32 the file's size */
	SHARE_CLOSE = 'C',   /* HANDLE -> nothing */
	SHARE_MKDIR = 'M',   /* SHARE, PATH -> nothing */
	SHARE_RMDIR = 'd',   /* SHARE, PATH -> nothing */
	SHARE_REMOVE = 'u',  /* SHARE, PATH -> nothing */
	SHARE_RENAME = 'N',  /* SHARE, u16 length of FROM, FROM, PATH of its new place -> nothing */
	SHARE_STATVFS = 'V', /* SHARE, PATH -> ten u32, in the order of os.statvfs */
	SHARE_PROGRAM = 'P', /* u32 offset, WANTED -> u32 size, DATA: the program to run */
	SHARE_BYTES = 'Y',   /* u32 SURE, u32 MAYBE, u8 SEEN -> nothing; see below */
	SHARE_END = 'Z'      /* u8 enum share_how, i32 exit code, words -> nothing: the program has ended */
};

enum share_try {
	SHARE_COUNT = 0x1f, /* how often it was asked before */
	SHARE_PARTS =
		0x20, /* DATA may come in parts: AGENT_MORE up to 7 times, and AGENT_DONE, with the same TRY; see SHARE_PART */
	SHARE_FRESH = 0x40,  /* the board has lost the deflate stream: it has to start anew */
	SHARE_PADDED = 0x80, /* the payload's last byte means nothing: a frame never ends on a full USB packet */
};

enum share_flag {
	SHARE_INTERRUPT = 1, /* to be raised as KeyboardInterrupt after this exchange */
	SHARE_DEFLATED = 2,
	SHARE_RESET = 4,
	SHARE_LAST = 8,
	SHARE_STOP = 16, /* with INTERRUPT: the program is to end, as by sys.exit */
	SHARE_PART = 32, /* times the number of the part, from 0; all but the first have nothing before DATA, which go on */
};

enum share_kind { SHARE_NOTHING, SHARE_FILE, SHARE_DIRECTORY };

enum share_open {
	SHARE_OPEN_READ = 1,
	SHARE_OPEN_WRITE = 2,
	SHARE_OPEN_CREATE = 4,
	SHARE_OPEN_TRUNCATE = 8,
	SHARE_OPEN_APPEND = 16, /* every write goes to the end */
	SHARE_OPEN_NEW = 32,    /* with CREATE: fails where it is there already */
};

enum share_write {
	SHARE_WRITE_FLUSH = 1, /* then its content is on the disk */
	SHARE_WRITE_CLOSE = 2, /* also when the write fails */
	SHARE_WRITE_MORE = 4,  /* nothing is answered: it is one of a run */
};

/*
 * A run of SHARE_WRITE: some with MORE, and one without it that ends the run and is answered for all of them. All are for the same file,
 * their sequence numbers follow each other, and each tells how many with MORE came BEFORE it. The host writes them in this order and no
 * other: it takes no notice of one that it has, nor of one behind a gap, and writes nothing behind one that failed, which the answer tells.
 * Where some are missing at the run's end, nothing of that last one is done, and the answer is AGENT_NAK: u8 TRY, u8 flags, u8 how many the
 * host has. The board sends the others once more, and then the last one with the next TRY.
 */

/*
 * What the host sends between two exchanges is for the program. What the board finds of it when it asks for something, it counts and drops
 * (but for Ctrl-C, 3, which has its effect and is not counted), and tells how many bytes that were as its very next request, SHARE_BYTES:
 * so many of the last that went before the request are to go again. SURE were there before it asked; MAYBE came behind, but before the head
 * of the first answer that the board could read, that to the TRY (SHARE_COUNT of it) SEEN. If that was the first answer that went, they were
 * typed, else they may have been another answer, in pieces. What goes behind a request's first answer and before its last the board does not
 * count: all of it has to go again.
 */

enum share_how {
	SHARE_MORE,   /* the words go on in the next SHARE_END */
	SHARE_ENDED,  /* at the program's end, or that of a REPL */
	SHARE_EXITED, /* by sys.exit */
	SHARE_RAISED, /* by an exception, which the words show */
	SHARE_REFUSED, /* it never began: the path in the words' first line is there already, or cannot be one, as the next line says */
};

enum {
	SHARE_CHANNEL = 1,
	SHARE_HANDLES = 32,
	SHARE_RUN_MAX = 7,         /* with SHARE_WRITE_MORE */
	SHARE_ENTRY_HEAD = 6,      /* of an entry of a listing, what comes before its name */
	SHARE_PAYLOAD_MAX = 12320, /* of a frame on this channel, where the board has the memory */
	SHARE_PARTS_MAX = 8,
};

#endif
