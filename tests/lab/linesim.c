/* SPDX-License-Identifier: MIT */
/*
 * linesim: a board's command on the far end of a simulated serial line (see --help).
 *
 *     host  -- pseudo-terminal -->  channel "up"  -- pseudo-terminal -->  the board's command
 *           <----- (LINK) ------    channel "down"  <----------------
 *
 * The channels say when a byte arrives; this file moves the bytes, keeps the board's buffers as small as the real ones, starts
 * the board again when it ends, and cuts it off when it was told to.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/lab/board_process.h"
#include "tests/lab/channel.h"
#include "tests/lab/linesim_options.h"

#define CTRL_A "\x01"
#define CTRL_C 3
#define NEVER UINT64_MAX

enum {
	PIECE = 4096,          /* bytes moved by one call */
	SETTLE_NS = 10000000,  /* after this, FIONREAD knows what was written to the other end, also on a busy computer */
	LATE_NS = 8000000,     /* how much of its time the line may catch up after the simulator was kept waiting */
	WAIT_MIN_NS = 50000,   /* how often to look at a board whose buffer is full: first, ... */
	WAIT_MAX_NS = 2000000, /* ... and after a while */
};

/* What a board prints at the end of a soft reset from the raw REPL, which its successor starts with then. */
static const uint8_t raw_goodbye[] = {'>', 'O', 'K', '\r', '\n'};

struct terminal {
	int master, slave; /* -1: none */
};

struct linesim {
	const struct linesim_options *options;
	struct terminal host, board;
	struct board_process process;
	struct channel up, down;
	int signals, control;
	FILE *trace;
	int64_t started;
	int status; /* to exit with */
	bool done;

	uint64_t to_board, from_board, lost, interrupts, restarts;
	int64_t late_ns, held_ns;
	uint64_t kill_at, unplug_at; /* in terms of to_board; NEVER */
	int64_t replug_at;           /* 0: plugged in, or never again by itself */
	char *swapped;               /* the last argument of the board's command, once that was changed */

	/* The board's receive buffer: see board_unread. */
	uint64_t handed, settled, consumed;
	int64_t handed_at;
	int64_t held_since;  /* since when the board's buffer is full; 0: it is not */
	int64_t debt;        /* how far the line is behind because the simulator was: it may catch that up */
	bool host_full;      /* the host does not read */
	bool output_stopped; /* the board may not write now */

	bool spoke; /* the board has written since it started */
	uint8_t said_last[sizeof(raw_goodbye)];
};

static int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int fail(const char *what)
{
	fprintf(stderr, "linesim: %s: %s\n", what, strerror(errno));
	return -1;
}

/* --- What happened: trace and counters --- */

static void trace_event(struct linesim *sim, const char *what)
{
	if (sim->trace)
		fprintf(sim->trace, "%12.6f # %s\n", (double)(clock_now() - sim->started) / 1e9, what);
}

/* BYTES so that they can be read, into OUT of four times their size. Returns its length. */
static size_t escape(char *out, const uint8_t *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *end = out;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] >= ' ' && bytes[i] < 127 && bytes[i] != '\\') {
			*end++ = (char)bytes[i];
		} else {
			*end++ = '\\';
			*end++ = 'x';
			*end++ = hex[bytes[i] >> 4];
			*end++ = hex[bytes[i] & 15];
		}
	}
	return (size_t)(end - out);
}

static void trace_bytes(struct linesim *sim, char direction, const uint8_t *bytes, size_t len)
{
	char text[4 * PIECE];
	size_t text_len;

	if (!sim->trace)
		return;
	text_len = escape(text, bytes, len);
	fprintf(sim->trace, "%12.6f %c %4zu ", (double)(clock_now() - sim->started) / 1e9, direction, len);
	fwrite(text, 1, text_len, sim->trace);
	fputc('\n', sim->trace);
}

static void write_channel_counters(FILE *file, const char *name, const struct channel *channel)
{
	const struct channel_counters *counters = &channel->counters;

	fprintf(file, "  \"%s_flipped\": %" PRIu64 ",\n", name, counters->flipped);
	fprintf(file, "  \"%s_dropped\": %" PRIu64 ",\n", name, counters->dropped);
	fprintf(file, "  \"%s_repeated\": %" PRIu64 ",\n", name, counters->repeated);
	fprintf(file, "  \"%s_delayed\": %" PRIu64 ",\n", name, counters->delayed);
}

/* A reader sees the old file or the new one, whole. */
static int write_counters(struct linesim *sim)
{
	char path[4096];
	FILE *file;

	if (!sim->options->counters)
		return 0;
	snprintf(path, sizeof(path), "%s.new", sim->options->counters);
	file = fopen(path, "we");
	if (!file)
		return fail(path);
	fprintf(file, "{\n  \"to_board\": %" PRIu64 ",\n  \"from_board\": %" PRIu64 ",\n", sim->to_board, sim->from_board);
	fprintf(file, "  \"lost\": %" PRIu64 ",\n  \"interrupts\": %" PRIu64 ",\n", sim->lost, sim->interrupts);
	write_channel_counters(file, "to_board", &sim->up);
	write_channel_counters(file, "from_board", &sim->down);
	fprintf(file, "  \"restarts\": %" PRIu64 ",\n", sim->restarts);
	fprintf(file, "  \"late_us\": %" PRId64 ",\n  \"held_us\": %" PRId64 "\n}\n", sim->late_ns / 1000, sim->held_ns / 1000);
	if (fclose(file) || rename(path, sim->options->counters))
		return fail(sim->options->counters);
	return 0;
}

/* --- The two ends --- */

static void terminal_close(struct terminal *terminal)
{
	if (terminal->master >= 0)
		close(terminal->master);
	if (terminal->slave >= 0)
		close(terminal->slave);
	terminal->master = terminal->slave = -1;
}

/* The slave is kept open as well: so the terminal survives the programs that open it. */
static int terminal_open(struct terminal *terminal)
{
	struct termios raw;

	if (openpty(&terminal->master, &terminal->slave, NULL, NULL, NULL))
		return fail("cannot make a pseudo-terminal");
	if (tcgetattr(terminal->slave, &raw))
		return fail("tcgetattr");
	cfmakeraw(&raw);
	if (tcsetattr(terminal->slave, TCSANOW, &raw))
		return fail("tcsetattr");
	fcntl(terminal->master, F_SETFL, O_NONBLOCK);
	fcntl(terminal->master, F_SETFD, FD_CLOEXEC);
	fcntl(terminal->slave, F_SETFD, FD_CLOEXEC);
	return 0;
}

static int plug_in(struct linesim *sim)
{
	char path[4096], name[64];

	if (terminal_open(&sim->host))
		return -1;
	if (ttyname_r(sim->host.slave, name, sizeof(name)))
		return fail("ttyname");
	snprintf(path, sizeof(path), "%s.new", sim->options->link);
	unlink(path);
	if (symlink(name, path) || rename(path, sim->options->link))
		return fail(sim->options->link);
	sim->replug_at = 0;
	return 0;
}

static void forget_board_input(struct linesim *sim)
{
	tcflush(sim->board.slave, TCIFLUSH);
	sim->handed = sim->settled = sim->consumed = 0;
	sim->held_since = 0;
}

static void board_output(struct linesim *sim, bool stop)
{
	if (stop == sim->output_stopped)
		return;
	tcflow(sim->board.slave, stop ? TCOOFF : TCOON);
	sim->output_stopped = stop;
}

static int start_board(struct linesim *sim, const char *boot_mode)
{
	sim->spoke = false;
	memset(sim->said_last, 0, sizeof(sim->said_last));
	board_output(sim, false);
	trace_event(sim, boot_mode);
	if (board_process_start(&sim->process, sim->options->command, sim->board.slave, boot_mode))
		return fail("cannot start the board");
	return 0;
}

static void pull_plug(struct linesim *sim)
{
	trace_event(sim, "unplugged");
	if (!sim->options->powered)
		board_process_kill(&sim->process);
	unlink(sim->options->link);
	terminal_close(&sim->host);
	channel_clear(&sim->up);
	channel_clear(&sim->down);
	sim->host_full = false;
	if (sim->options->replug_ns)
		sim->replug_at = clock_now() + sim->options->replug_ns;
}

static void cut_where_told(struct linesim *sim)
{
	if (sim->to_board >= sim->kill_at) {
		sim->kill_at = NEVER;
		trace_event(sim, "power cut");
		board_process_kill(&sim->process);
	}
	if (sim->to_board >= sim->unplug_at) {
		sim->unplug_at = NEVER;
		if (sim->host.master >= 0)
			pull_plug(sim);
	}
}

/* How many bytes may go to the board before the next cut, of LEN. */
static size_t until_cut(const struct linesim *sim, size_t len)
{
	uint64_t left = (sim->kill_at < sim->unplug_at ? sim->kill_at : sim->unplug_at) - sim->to_board;

	return left < len ? (size_t)left : len;
}

/* --- From the board to the host --- */

static void remember_last(struct linesim *sim, const uint8_t *bytes, size_t len)
{
	size_t size = sizeof(sim->said_last), keep = len < size ? size - len : 0;

	memmove(sim->said_last, sim->said_last + size - keep, keep);
	memcpy(sim->said_last + keep, bytes + len - (size - keep), size - keep);
}

/* Stops the board's writing while it is too far ahead of the line. Returns when to look again. */
static int64_t push_board_back(struct linesim *sim, int64_t now)
{
	size_t ahead = (size_t)sim->options->output;
	bool stop = ahead && channel_unsent(&sim->down, now) > ahead;

	board_output(sim, stop);
	return stop && sim->options->down.byte_ns ? channel_unsent_at(&sim->down, ahead) : INT64_MAX;
}

static bool may_read_board(const struct linesim *sim)
{
	return channel_count(&sim->down) < CHANNEL_SIZE / 2 - PIECE;
}

/* Takes what the board has written, all of it: what is too much for the line holds up what it writes next. */
static void read_board(struct linesim *sim)
{
	uint8_t bytes[PIECE];
	ssize_t len;

	board_output(sim, sim->options->output > 0); /* or it would go on while this reads */
	while (may_read_board(sim) && (len = read(sim->board.master, bytes, sizeof(bytes))) > 0) {
		sim->spoke = true;
		remember_last(sim, bytes, (size_t)len);
		channel_put(&sim->down, bytes, (size_t)len, clock_now());
	}
	push_board_back(sim, clock_now());
}

static void deliver_to_host(struct linesim *sim, int64_t now)
{
	uint8_t bytes[PIECE];
	size_t len;
	ssize_t written;

	sim->host_full = false;
	while (sim->host.master >= 0 && (len = channel_arrived(&sim->down, now, bytes, sizeof(bytes)))) {
		written = write(sim->host.master, bytes, len);
		if (written <= 0) {
			sim->host_full = true;
			channel_slip(&sim->down, now, 0);
			return;
		}
		trace_bytes(sim, '<', bytes, (size_t)written);
		channel_take(&sim->down, (size_t)written);
		sim->from_board += (uint64_t)written;
	}
}

/* --- From the host to the board --- */

static void read_host(struct linesim *sim, int64_t now)
{
	uint8_t bytes[PIECE];
	size_t room = channel_room(&sim->up, now);
	ssize_t len = read(sim->host.master, bytes, room < sizeof(bytes) ? room : sizeof(bytes));

	if (len > 0)
		channel_put(&sim->up, bytes, (size_t)len, now);
}

/*
 * The bytes that the board has not read. The kernel carries what was written to the other end of a terminal a moment later, and
 * FIONREAD does not see it before. Where nothing can be read, poll sees to it that all is there: so the board has read all. Where
 * something can, it is believed to have read more only when what is missing has had the time to appear.
 */
static uint64_t board_unread(struct linesim *sim, int64_t now)
{
	struct pollfd look = {.fd = sim->board.slave, .events = POLLIN};
	int visible = 0;

	if (poll(&look, 1, 0) == 0) {
		sim->settled = sim->consumed = sim->handed;
		return 0;
	}
	ioctl(sim->board.slave, FIONREAD, &visible);
	if (now - sim->handed_at >= SETTLE_NS || sim->consumed + (uint64_t)visible == sim->handed)
		sim->settled = sim->handed;
	if (sim->settled > sim->consumed + (uint64_t)visible)
		sim->consumed = sim->settled - (uint64_t)visible;
	return sim->handed - sim->consumed;
}

static size_t board_room(struct linesim *sim, int64_t now)
{
	uint64_t size = sim->options->buffer ? (uint64_t)sim->options->buffer : PIECE - 1, unread = board_unread(sim, now);

	return unread < size ? (size_t)(size - unread) : 0;
}

static void arrived(struct linesim *sim, const uint8_t *bytes, size_t len)
{
	trace_bytes(sim, '>', bytes, len);
	channel_take(&sim->up, len);
	sim->to_board += len;
	sim->held_since = 0;
	cut_where_told(sim);
}

static void lose_byte(struct linesim *sim, const uint8_t *byte)
{
	trace_event(sim, "the next byte is lost");
	trace_bytes(sim, '>', byte, 1);
	channel_take(&sim->up, 1);
	sim->lost++;
}

/* Gives LEN bytes to the board's terminal. False: it is full, and the line waits. */
static bool hand_over(struct linesim *sim, const uint8_t *bytes, size_t len, int64_t now)
{
	size_t room = board_room(sim, now);
	ssize_t written = 0;

	if (room)
		written = write(sim->board.master, bytes, room < len ? room : len);
	if (written > 0) {
		if (now - sim->handed_at >= SETTLE_NS)
			sim->settled = sim->handed;
		sim->handed += (uint64_t)written;
		sim->handed_at = now;
		arrived(sim, bytes, (size_t)written);
		return true;
	}
	if (sim->options->loses) {
		lose_byte(sim, bytes);
		return true;
	}
	if (!sim->held_since)
		sim->held_since = now;
	sim->held_ns += channel_slip(&sim->up, now, sim->debt);
	return false;
}

/* Ctrl-C as the first byte that has arrived. False: it is an ordinary byte now. */
static bool interrupted(struct linesim *sim, const uint8_t *bytes)
{
	enum board_interrupt how = board_process_interrupt(&sim->process);

	if (how == BOARD_INTERRUPT_BYTE)
		return false;
	trace_event(sim, how == BOARD_INTERRUPT_SENT ? "interrupt" : "interrupt, merged into the last one");
	sim->interrupts += how == BOARD_INTERRUPT_SENT;
	arrived(sim, bytes, 1);
	return true;
}

/* Moves the next bytes that have arrived by NOW. False: there are none, or they cannot move now. */
static bool deliver_some(struct linesim *sim, int64_t now)
{
	uint8_t bytes[PIECE];
	const uint8_t *ctrl_c;
	size_t len = until_cut(sim, channel_arrived(&sim->up, now, bytes, sizeof(bytes)));

	if (!len)
		return false;
	if (!board_process_alive(&sim->process)) {
		lose_byte(sim, bytes);
		return true;
	}
	if (bytes[0] == CTRL_C)
		return interrupted(sim, bytes) || hand_over(sim, bytes, 1, now);
	ctrl_c = memchr(bytes, CTRL_C, len);
	return hand_over(sim, bytes, ctrl_c ? (size_t)(ctrl_c - bytes) : len, now);
}

static void deliver_to_board(struct linesim *sim, int64_t now)
{
	bool more = true;

	if (sim->options->loses)
		sim->late_ns += channel_slip(&sim->up, now, LATE_NS);
	board_process_watch(&sim->process);
	while (more)
		more = deliver_some(sim, now);
	if (!sim->held_since)
		sim->debt = 0;
}

/* When to look at a full board again: soon at first, later less often. */
static int64_t next_look(const struct linesim *sim, int64_t now)
{
	int64_t wait = (now - sim->held_since) / 4;

	if (!sim->held_since)
		return channel_next(&sim->up);
	if (wait < WAIT_MIN_NS)
		wait = WAIT_MIN_NS;
	return now + (wait < WAIT_MAX_NS ? wait : WAIT_MAX_NS);
}

/* --- The board's end and beginning --- */

static void give_up(struct linesim *sim, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "linesim: the board %s was killed by signal %d\n", sim->options->command[0], WTERMSIG(status));
	else
		fprintf(stderr, "linesim: the board %s ended with status %d without a word\n", sim->options->command[0],
			WEXITSTATUS(status));
	sim->status = 1;
	sim->done = true;
}

/* The board ended by itself, as for Ctrl-D. It keeps what it has received. */
static void soft_reset(struct linesim *sim)
{
	static const char words[] = "MPY: soft reboot\r\n";
	bool raw = !memcmp(sim->said_last, raw_goodbye, sizeof(raw_goodbye));

	channel_put(&sim->down, (const uint8_t *)words, sizeof(words) - 1, clock_now());
	if (raw && write(sim->board.master, CTRL_A, 1) == 1)
		sim->handed++;
	if (start_board(sim, raw ? "soft-reset-raw" : "soft-reset"))
		sim->done = true;
}

static void power_up(struct linesim *sim)
{
	forget_board_input(sim);
	if (start_board(sim, "power-up"))
		sim->done = true;
}

/* poll makes the kernel move the last words of the board to where read finds them. */
static void read_last_words(struct linesim *sim)
{
	struct pollfd look = {.fd = sim->board.master, .events = POLLIN};

	while (poll(&look, 1, 0) == 1 && may_read_board(sim))
		read_board(sim);
}

static void board_ended(struct linesim *sim, int status)
{
	read_last_words(sim);
	trace_event(sim, "the board ended");
	if (sim->host.master < 0 && !sim->options->powered)
		return;
	if (WIFEXITED(status) && !sim->spoke) {
		give_up(sim, status);
		return;
	}
	if (sim->options->no_restart)
		return;
	sim->restarts++;
	if (WIFEXITED(status))
		soft_reset(sim);
	else
		power_up(sim);
}

static void replug(struct linesim *sim)
{
	int status;

	trace_event(sim, "plugged in");
	if (plug_in(sim)) {
		sim->done = true;
		return;
	}
	if (board_process_alive(&sim->process))
		return; /* it has power of its own */
	board_process_reap(&sim->process, true, &status);
	sim->restarts++;
	power_up(sim);
}

/* The next board is the command with ARGUMENT as its last one. */
static void swap_board(struct linesim *sim, const char *argument)
{
	char **last = sim->options->command;
	char *copy = strdup(argument);

	if (!copy)
		return;
	while (last[1])
		last++;
	*last = copy;
	free(sim->swapped);
	sim->swapped = copy;
}

/* --- Commands and signals --- */

static void obey(struct linesim *sim, char *command)
{
	char *argument = command, *word;
	uint64_t more;

	trace_event(sim, command);
	word = strsep(&argument, " ");
	more = argument ? strtoull(argument, NULL, 10) : 0;
	if (!strcmp(word, "kill"))
		sim->kill_at = sim->to_board + more;
	else if (!strcmp(word, "unplug"))
		sim->unplug_at = sim->to_board + more;
	else if (!strcmp(word, "to-board") && argument)
		linesim_options_damage(&sim->up.settings, argument);
	else if (!strcmp(word, "to-host") && argument)
		linesim_options_damage(&sim->down.settings, argument);
	else if (!strcmp(word, "replug"))
		sim->replug_at = sim->host.master < 0 ? clock_now() + (int64_t)more * 1000000 : 0;
	else if (!strcmp(word, "swap") && argument)
		swap_board(sim, argument);
	else
		fprintf(stderr, "linesim: not a command: %s\n", word);
	cut_where_told(sim);
}

/* A command is a line that was written in one piece. */
static void read_control(struct linesim *sim)
{
	char text[PIECE], *rest = text, *line;
	ssize_t len;

	if (sim->control < 0)
		return;
	len = read(sim->control, text, sizeof(text) - 1);
	if (len <= 0)
		return;
	text[len] = '\0';
	while ((line = strsep(&rest, "\n")))
		if (*line)
			obey(sim, line);
}

static void read_signals(struct linesim *sim)
{
	struct signalfd_siginfo info;
	int status;

	while (read(sim->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGUSR1)
			write_counters(sim);
		else if (info.ssi_signo != SIGCHLD)
			sim->done = true;
	}
	if (board_process_reap(&sim->process, false, &status))
		board_ended(sim, status);
}

/* --- The loop --- */

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void wait_until(struct pollfd *fds, nfds_t count, int64_t when)
{
	int64_t wait = when - clock_now();
	struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};

	if (wait < 0)
		timeout = (struct timespec){0};
	if (ppoll(fds, count, when == INT64_MAX ? NULL : &timeout, NULL) < 0)
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
}

static void turn(struct linesim *sim)
{
	enum { SIGNALS, CONTROL, BOARD, HOST, FDS };
	int64_t now = clock_now(), when = push_board_back(sim, now);
	struct pollfd fds[FDS] = {
		[SIGNALS] = {sim->signals, POLLIN, 0},
		[CONTROL] = {sim->control, POLLIN, 0},
		[BOARD] = {sim->board.master, may_read_board(sim) ? POLLIN : 0, 0},
		[HOST] = {sim->host.master, sim->host_full ? POLLOUT : 0, 0},
	};

	if (channel_room(&sim->up, now))
		fds[HOST].events |= POLLIN;
	else
		when = earliest(when, channel_room_at(&sim->up));
	when = earliest(when, next_look(sim, now));
	if (!sim->host_full)
		when = earliest(when, channel_next(&sim->down));
	if (sim->replug_at)
		when = earliest(when, sim->replug_at);
	wait_until(fds, FDS, when);
	now = clock_now();
	if (now > when)
		sim->debt = earliest(sim->debt + now - when, LATE_NS);

	if (fds[SIGNALS].revents)
		read_signals(sim);
	now = clock_now();
	if (fds[HOST].revents & POLLIN && sim->host.master >= 0)
		read_host(sim, now);
	if (fds[BOARD].revents & POLLIN)
		read_board(sim);
	read_control(sim); /* after read_host: a command is there before the bytes that were written after it are delivered */
	if (sim->replug_at && now >= sim->replug_at)
		replug(sim);
	now = clock_now();
	deliver_to_board(sim, now);
	deliver_to_host(sim, now);
}

static int open_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Opened for writing too, so that it does not end when a writer does. */
static int open_control(const char *path)
{
	if (mkfifo(path, 0600) && errno != EEXIST)
		return fail(path);
	return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

/* Before others where we may (root), as a real line needs no processor; the board is an ordinary process all the same. */
static void be_punctual(void)
{
	struct sched_param param = {.sched_priority = 1};

	sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param);
	prctl(PR_SET_TIMERSLACK, 1UL);
}

static int linesim_open(struct linesim *sim, const struct linesim_options *options)
{
	sim->options = options;
	sim->host = sim->board = (struct terminal){-1, -1};
	sim->control = -1;
	sim->started = clock_now();
	sim->kill_at = options->kill_at ? options->kill_at : NEVER;
	sim->unplug_at = options->unplug_at ? options->unplug_at : NEVER;
	channel_init(&sim->up, &options->up, options->seed * 2);
	channel_init(&sim->down, &options->down, options->seed * 2 + 1);
	be_punctual();
	sim->signals = open_signals();
	if (options->trace && !(sim->trace = fopen(options->trace, "we")))
		return fail(options->trace);
	if (sim->trace)
		setvbuf(sim->trace, NULL, _IOLBF, 0);
	if (options->control && (sim->control = open_control(options->control)) < 0)
		return fail(options->control);
	if (terminal_open(&sim->board) || plug_in(sim))
		return -1;
	return start_board(sim, "power-up");
}

static void linesim_close(struct linesim *sim)
{
	int status;

	board_process_kill(&sim->process);
	board_process_reap(&sim->process, true, &status);
	if (sim->host.master >= 0)
		unlink(sim->options->link);
	if (write_counters(sim))
		sim->status = 1;
	terminal_close(&sim->host);
	terminal_close(&sim->board);
	free(sim->swapped);
	if (sim->trace)
		fclose(sim->trace);
	if (sim->control >= 0)
		close(sim->control);
	close(sim->signals);
}

int main(int argc, char *argv[])
{
	struct linesim_options options;
	struct linesim *sim;
	int status = linesim_options_read(&options, argc, argv);

	if (status)
		return status - 1;
	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return 1;
	sim->status = linesim_open(sim, &options) ? 1 : 0;
	if (!sim->status) {
		printf("ready %s\n", options.link);
		fflush(stdout);
	}
	while (!sim->status && !sim->done)
		turn(sim);
	linesim_close(sim);
	status = sim->status;
	free(sim);
	return status;
}
