/* SPDX-License-Identifier: MIT */
#include "share/share_session.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/agent_parts.h"
#include "agent/launch.h"
#include "agent/tail.h"
#include "base/say.h"
#include "share/attention.h"
#include "share/incoming.h"
#include "share/terminal.h"
#include "share/typed.h"

enum {
	CHANNEL = 1,
	CTRL_C = 3,
	CTRL_RIGHT_BRACKET = 0x1d,
	TWICE_US = 2000000,    /* a Ctrl-C so soon after another leaves */
	PROMPT_US = 1500000,   /* how long a board may take from the program's end to its prompt */
	LEAVE_US = 5000000,    /* how long a program that was interrupted may take to its end before it is made to */
	GIVE_UP_US = 2000000,  /* how long the board is waited for when nobody wants it any more */
	STOP_US = 1500000,     /* how long a program that is to stop may take before more is done */
	RESET_US = 300000,     /* the silence behind a banner and a prompt that tells that the board was reset */
	BACKGROUND_US = 500000 /* between two looks whether this program is in the foreground again */
};

enum { SLOT_SIGNALS, SLOT_STDIN, SLOT_WATCH };

enum state {
	RUNNING,
	ENDED,   /* SHARE_END has come, the prompt has not */
	LEAVING, /* nobody wants to see more of the program */
	DONE,
	RESET,   /* the board was reset, and is at its prompt */
	WAITING, /* for a change, after the program's end */
	CHANGED,
};

struct share_session {
	const struct share_session_options *options;
	struct bytelink *link;
	struct attention *attention;
	int signals; /* a signalfd */
	bool repl;

	enum state state;
	int64_t ended_at;
	int status;       /* this program's exit status, once it is known */
	bool more_words;  /* SHARE_END comes in several parts */
	bool soft_reset;  /* the board has said that it resets */
	bool quiet;       /* its prompt is on the screen already */
	char banner[128]; /* the start of what it says when it has started; "": not known yet */
	struct diag *diag;

	struct incoming incoming;
	struct tail tail; /* the end of the program's output */
	int64_t heard;
	struct share_answer answer;
	uint8_t out[INCOMING_FRAME_MAX]; /* the answer's frame */
	size_t out_len, out_sent, out_read;
	unsigned window;
	bool open, gave_back; /* a request is under way; it was SHARE_BYTES */
	bool goes_on;         /* its answer has more parts */
	uint8_t sequence;     /* its own */
	int64_t closed_at;    /* when the last one ended */

	struct typed typed;
	bool stdin_ended, is_terminal;
	int64_t look_at; /* when to look again whether stdin may be read; 0: it is asked for */
	bool interrupt;  /* Ctrl-C has to reach the program */
	int64_t interrupted_at;
	int output_error; /* why stdout takes no more, positive */
	int refused;      /* a negative errno: the board takes no such share */
};

/* --- Starting --- */

static int load_plan(struct share_session *session, struct launch *launch)
{
	size_t len;
	char *python = share_plan_python(&session->options->plan, &len);
	int error;

	if (!python)
		return diag_fail(session->diag, DIAG_AGENT, ENOMEM, "not enough memory");
	error = launch_load(launch, python, len, session->diag);
	free(python);
	return error;
}

/* The agent waits for these few bytes before it says anything: by then nobody else reads what comes. */
static void put_go(struct share_session *session)
{
	static const uint8_t payload[2];

	session->out_len = frame_encode_channel(session->out, AGENT_DONE, CHANNEL, 0, payload, sizeof(payload));
	session->out_sent = session->out_read = 0;
}

static int start(struct share_session *session)
{
	static const struct agent_part parts[] = {{agent_share, &agent_share_len}};
	const struct launch_options options = {
		.timeout_us = session->options->timeout_us, .frames_only = true, .parts = parts, .part_count = 1};
	struct launch *launch;

	session->state = RUNNING;
	int error = launch_open(&launch, session->link, &options, session->diag);
	if (error)
		return error;
	error = load_plan(session, launch);
	session->window = launch_session(launch)->window;
	launch_quit(launch);
	launch_close(launch);
	if (error || session->state == LEAVING)
		return error ? error : -EINTR;
	incoming_init(&session->incoming);
	session->tail = (struct tail){0};
	session->soft_reset = session->open = session->goes_on = false;
	session->ended_at = 0;
	session->heard = session->closed_at = bytelink_now(session->link);
	put_go(session);
	return 0;
}

/* --- Output --- */

static void take_signals(struct share_session *session);

/* Waits until FD takes something, or a signal wants out. A write that blocks would keep Ctrl-C waiting, too. */
static void await_taker(struct share_session *session, int fd)
{
	struct pollfd polled[] = {{.fd = fd, .events = POLLOUT}, {.fd = session->signals, .events = POLLIN}};

	if (poll(polled, 2, -1) > 0 && polled[1].revents)
		take_signals(session);
}

/* Writes what the program prints. Where nobody takes it, the program is ended. */
static void write_all(struct share_session *session, int fd, const uint8_t *bytes, size_t len)
{
	while (len > 0 && session->state == RUNNING) {
		await_taker(session, fd);
		if (session->state != RUNNING)
			break;
		/* A pipe that takes anything takes so much at once (pipe(7)). */
		ssize_t n = write(fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);

		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			session->output_error = errno;
			session->state = LEAVING;
		}
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

static bool has_words(const struct tail *tail, const uint8_t *bytes, size_t len, const char *words)
{
	return memmem(tail->text, tail->len, words, strlen(words)) || memmem(bytes, len, words, strlen(words));
}

static bool ends_with(const struct tail *tail, const char *words)
{
	size_t len = strlen(words);

	return tail->len >= len && !memcmp(tail->text + tail->len - len, words, len);
}

static void take_output(struct share_session *session)
{
	const uint8_t *bytes = session->incoming.output;
	size_t len = session->incoming.output_len;

	tail_add(&session->tail, bytes, len);
	if (has_words(&session->tail, bytes, len, "soft reboot\r\n"))
		session->soft_reset = true;
	if (!session->quiet)
		write_all(session, STDOUT_FILENO, bytes, len);
	else if (ends_with(&session->tail, ">>> "))
		session->quiet = false;
}

/* --- Requests --- */

/* Why there is no program, in words. Returns the negative errno. */
static int refuse(struct share_session *session)
{
	const struct share_answer *answer = &session->answer;
	const char *device = bytelink_device(session->link);
	char words[512];

	diag_printable(words, sizeof(words), answer->bytes, answer->bytes_len);
	char *reason = strchr(words, '\n');
	if (!reason)
		return diag_fail(session->diag, DIAG_AGENT, EEXIST,
				 "%s: the board has %s already: remove it there, or choose another place with -v DIR:BOARDDIR",
				 device, words);
	*reason++ = '\0';
	return diag_fail(session->diag, DIAG_AGENT, EPERM,
			 "%s: the board mounts nothing at %s (%s), since it is below another mount: choose another place with -v "
			 "DIR:BOARDDIR",
			 device, words, reason);
}

static void take_end(struct share_session *session)
{
	const struct share_answer *answer = &session->answer;

	session->more_words = answer->how == SHARE_MORE;
	if (answer->how == SHARE_REFUSED)
		session->refused = refuse(session);
	else
		write_all(session, STDERR_FILENO, answer->bytes, answer->bytes_len);
	if (session->more_words)
		return;
	session->ended_at = bytelink_now(session->link);
	if (session->state == RUNNING)
		session->status = answer->how == SHARE_RAISED ? EXIT_FAILURE : answer->code & 0xff;
}

/* What SHARE_HELLO has behind its numbers. */
static void note_banner(struct share_session *session)
{
	const struct frame *frame = &session->incoming.frame;
	size_t head = 1 + 2 + 4 + 1, tail = frame->payload[0] & SHARE_PADDED ? 1 : 0;
	size_t len = frame->len > head + tail ? frame->len - head - tail : 0;

	if (len >= sizeof(session->banner))
		len = sizeof(session->banner) - 1;
	memcpy(session->banner, frame->payload + head, len);
	session->banner[len] = '\0';
}

static void take_event(struct share_session *session)
{
	switch (session->answer.event) {
	case SHARE_EVENT_STARTED:
		note_banner(session);
		break;
	case SHARE_EVENT_BYTES:
		typed_returned(&session->typed, session->answer.bytes, session->answer.bytes_len);
		break;
	case SHARE_EVENT_END:
		take_end(session);
		break;
	default:
		break;
	}
}

/* The answer, or the next part of it, is what is sent now. */
static void put_answer(struct share_session *session)
{
	struct share_answer *answer = &session->answer;

	if (session->state == LEAVING)
		answer->payload[1] |= SHARE_STOP;
	session->goes_on = answer->type == AGENT_MORE;
	session->out_len =
		frame_encode_channel(session->out, answer->type, CHANNEL, session->sequence, answer->payload, answer->len);
	session->out_sent = session->out_read = 0;
}

static void take_request(struct share_session *session)
{
	const struct frame *frame = &session->incoming.frame;
	struct share_answer *answer = &session->answer;

	share_server_answer(session->options->server, frame, session->interrupt || session->state == LEAVING, answer);
	if (!answer->type)
		return;
	session->interrupt = false;
	session->sequence = frame->sequence;
	put_answer(session);
	session->open = true;
	session->gave_back = frame->type == SHARE_BYTES;
	incoming_expect_credits(&session->incoming, session->window && session->out_len > session->window);
	take_event(session);
}

static void take_credit(struct share_session *session)
{
	size_t half = session->window / 2;
	size_t read = session->incoming.credit_count * half;

	if (read > session->out_read && read <= session->out_sent)
		session->out_read = read;
	if (read + half >= session->out_len)
		incoming_expect_credits(&session->incoming, false);
}

static void take_incoming(struct share_session *session)
{
	enum incoming_event event;

	while ((event = incoming_next(&session->incoming)) != INCOMING_NONE) {
		if (event == INCOMING_OUTPUT)
			take_output(session);
		else if (event == INCOMING_REQUEST)
			take_request(session);
		else
			take_credit(session);
	}
}

/* --- The line --- */

static int link_failed(struct share_session *session, int error)
{
	if (error == -EINTR)
		return error;
	return diag_fail(session->diag, DIAG_BYTELINK, -error, "%s %s", bytelink_device(session->link),
			 bytelink_ended(session->link));
}

/* When the silence is long enough for what has come to be what it is. */
static int64_t silence_at(const struct share_session *session)
{
	int64_t patience = incoming_patience(&session->incoming);

	return patience < INT64_MAX ? session->heard + patience : INT64_MAX;
}

static int receive(struct share_session *session)
{
	size_t room;
	uint8_t *bytes = incoming_room(&session->incoming, &room);
	ssize_t len = bytelink_read(session->link, bytes, room);
	int64_t now = bytelink_now(session->link);

	if (len < 0)
		return link_failed(session, (int)len);
	if (len > 0) {
		session->heard = now;
		incoming_fed(&session->incoming, (size_t)len);
	} else if (now >= silence_at(session)) {
		incoming_silence(&session->incoming);
	}
	take_incoming(session);
	return 0;
}

/* How much of the answer may go now. */
static size_t may_send(const struct share_session *session)
{
	size_t left = session->out_len - session->out_sent;

	if (!session->window || session->out_len <= session->window)
		return left;
	size_t unread = session->out_sent - session->out_read;
	size_t room = unread < session->window ? session->window - unread : 0;
	return left < room ? left : room;
}

static void close_exchange(struct share_session *session)
{
	int64_t now = bytelink_now(session->link);

	session->open = false;
	session->closed_at = now;
	typed_exchanged(&session->typed, session->gave_back, now);
	if (session->ended_at && session->state == RUNNING) {
		session->state = ENDED;
		session->soft_reset = false; /* what the board says of it from now on is no program's */
		session->tail = (struct tail){0};
	}
}

/* Writes LEN BYTES. Returns how many have gone, or a negative errno with DIAG. */
static ssize_t send_bytes(struct share_session *session, const uint8_t *bytes, size_t len, bool *full)
{
	ssize_t sent = bytelink_write(session->link, bytes, len);

	*full = sent >= 0 && (size_t)sent < len;
	return sent < 0 ? link_failed(session, (int)sent) : sent;
}

static int send_answer(struct share_session *session, bool *full)
{
	size_t len;

	*full = false;
	while (!*full && (len = may_send(session)) > 0) {
		ssize_t sent = send_bytes(session, session->out + session->out_sent, len, full);

		if (sent < 0)
			return (int)sent;
		session->out_sent += (size_t)sent;
		if (session->goes_on && session->out_sent == session->out_len) {
			share_server_go_on(session->options->server, &session->answer);
			put_answer(session);
		}
	}
	if (session->open && session->out_sent == session->out_len)
		close_exchange(session);
	return 0;
}

/* Where the line behind the one at AT begins, in the text up to END; NULL: it ends before. */
static const char *next_line(const char *at, const char *end)
{
	const char *line = memchr(at, '\n', (size_t)(end - at));

	return line ? line + 1 : NULL;
}

/*
 * Whether this board's banner, which is two lines, and the prompt behind it are among the last that was heard. Behind them the prompt may
 * have shown what was on its way to the program, as one types there.
 */
static bool was_reset(const struct share_session *session)
{
	const char *at = session->tail.text, *end = at + session->tail.len, *prompt;
	size_t len = strlen(session->banner);

	while (len && (at = memmem(at, (size_t)(end - at), session->banner, len))) {
		prompt = next_line(at, end);
		prompt = prompt ? next_line(prompt, end) : NULL;
		if (prompt && end - prompt >= 4 && !memcmp(prompt, ">>> ", 4))
			return true;
		at += len;
	}
	return false;
}

/* Between two exchanges: Ctrl-C, then what was typed. *NEXT is when there is more to send. */
static int send_typed(struct share_session *session, bool *full, int64_t *next)
{
	static const uint8_t ctrl_c = CTRL_C;
	int64_t now = bytelink_now(session->link);
	ssize_t sent;

	*next = INT64_MAX;
	if (session->open || session->out_sent < session->out_len || session->ended_at)
		return 0;
	if (session->interrupt && now < session->closed_at + TYPED_QUIET_US) {
		*next = session->closed_at + TYPED_QUIET_US;
		return 0;
	}
	if (session->interrupt) {
		sent = send_bytes(session, &ctrl_c, 1, full);
		session->interrupt = sent == 0;
		return sent < 0 ? (int)sent : 0;
	}
	/* Behind a banner it waits for the shares to be there again: what is typed then would keep them from it, and not find them. */
	size_t len = session->state == RUNNING && !was_reset(session) ? typed_due(&session->typed, now, next) : 0;
	if (!len)
		return 0;
	sent = send_bytes(session, session->typed.bytes, len, full);
	if (sent < 0)
		return (int)sent;
	typed_sent(&session->typed, (size_t)sent, now);
	typed_due(&session->typed, now, next);
	return 0;
}

/* --- The user --- */

static void ask_for_stdin(struct share_session *session)
{
	session->look_at = 0;
	if (session->stdin_ended)
		return;
	if (!terminal_is_ours() || !typed_room(&session->typed))
		session->look_at = bytelink_now(session->link) + BACKGROUND_US;
	else
		attention_ask(session->attention, SLOT_STDIN, STDIN_FILENO, POLLIN);
}

/* What was typed into a REPL, up to the key that leaves. */
static size_t until_leaving(struct share_session *session, const uint8_t *bytes, size_t len)
{
	const uint8_t *key = session->repl && session->is_terminal ? memchr(bytes, CTRL_RIGHT_BRACKET, len) : NULL;

	if (key)
		session->state = LEAVING;
	return key ? (size_t)(key - bytes) : len;
}

/* Ctrl-C, which was typed into a REPL, goes before all that was typed: that is dropped, as terminals do. Returns what is dropped of BYTES. */
static size_t until_interrupt(struct share_session *session, const uint8_t *bytes, size_t len)
{
	const uint8_t *key = session->repl && session->is_terminal ? memrchr(bytes, CTRL_C, len) : NULL;

	if (!key)
		return 0;
	typed_init(&session->typed);
	session->interrupt = true;
	return (size_t)(key - bytes) + 1;
}

static void read_stdin(struct share_session *session)
{
	uint8_t bytes[TYPED_MAX];
	size_t room = typed_room(&session->typed);
	ssize_t len;

	if (room && terminal_is_ours()) {
		len = read(STDIN_FILENO, bytes, room);
		if (len > 0) {
			size_t typed = until_leaving(session, bytes, (size_t)len);
			size_t dropped = until_interrupt(session, bytes, typed);

			typed_add(&session->typed, bytes + dropped, typed - dropped, !session->is_terminal);
		} else if (len == 0 || (errno != EINTR && errno != EAGAIN))
			session->stdin_ended = true;
	}
	ask_for_stdin(session);
}

static void suspend(void)
{
	terminal_suspend();
	kill(getpid(), SIGSTOP);
	terminal_resume();
}

static void take_signal(struct share_session *session, int number)
{
	int64_t now = bytelink_now(session->link);

	if (number == SIGTSTP) {
		suspend();
	} else if (number == SIGCONT) {
		terminal_resume();
	} else if (number == SIGINT && session->state != WAITING &&
		   (!session->interrupted_at || now > session->interrupted_at + TWICE_US)) {
		session->interrupt = true;
		session->interrupted_at = now;
	} else if (session->state == RUNNING || session->state == WAITING) {
		session->status = 128 + number;
		session->state = LEAVING;
	}
}

static void take_signals(struct share_session *session)
{
	struct signalfd_siginfo info;

	while (read(session->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(session, (int)info.ssi_signo);
	attention_ask(session->attention, SLOT_SIGNALS, session->signals, POLLIN);
}

static void look_at_watch(struct share_session *session)
{
	struct watch *watch = session->options->watch;
	int64_t now = bytelink_now(session->link);
	struct diag diag;

	if (!watch)
		return;
	if (attention_has(session->attention, SLOT_WATCH)) {
		if (watch_read(watch, now, &diag) < 0)
			say("%s", diag.text);
		attention_ask(session->attention, SLOT_WATCH, watch_fd(watch), POLLIN);
	}
	if (watch_fired(watch, now) && session->state != LEAVING)
		session->state = CHANGED;
}

static void look_at_user(struct share_session *session)
{
	if (attention_has(session->attention, SLOT_SIGNALS))
		take_signals(session);
	if (attention_has(session->attention, SLOT_STDIN) ||
	    (session->look_at && bytelink_now(session->link) >= session->look_at))
		read_stdin(session);
}

/* While the agent is put on the board, or the board brought to its prompt: Ctrl-C gives up. */
static int64_t meanwhile(void *context)
{
	struct share_session *session = context;

	if (attention_has(session->attention, SLOT_SIGNALS)) {
		session->interrupted_at = bytelink_now(session->link); /* one Ctrl-C is enough */
		take_signals(session);
		if (session->state == LEAVING)
			return -EINTR;
	}
	return INT64_MAX;
}

/* --- From the start to the end --- */

static void look_at_state(struct share_session *session)
{
	int64_t now = bytelink_now(session->link);

	if (session->state == RUNNING && !session->open && was_reset(session) && now >= session->heard + RESET_US)
		session->state = RESET;
	if (session->state == ENDED && ends_with(&session->tail, ">>> "))
		session->state = session->soft_reset ? RESET : DONE;
	else if (session->state == ENDED && !session->soft_reset && now >= session->ended_at + PROMPT_US)
		session->state = DONE;
}

static int64_t deadline_of(const struct share_session *session, int64_t next)
{
	int64_t deadline = next;

	if (silence_at(session) < deadline)
		deadline = silence_at(session);
	if (session->options->watch && watch_deadline(session->options->watch) < deadline)
		deadline = watch_deadline(session->options->watch);
	if (session->look_at && session->look_at < deadline)
		deadline = session->look_at;
	if (session->state == ENDED && session->ended_at + PROMPT_US < deadline)
		deadline = session->ended_at + PROMPT_US;
	if (session->state == RUNNING && was_reset(session) && session->heard + RESET_US < deadline)
		deadline = session->heard + RESET_US;
	return deadline;
}

/* One round of all there is to do; it waits until UNTIL at most. */
static int turn(struct share_session *session, int64_t until)
{
	int64_t next;
	bool full;
	int error = send_answer(session, &full);

	if (!error && !full)
		error = send_typed(session, &full, &next);
	if (!error) {
		unsigned events = BYTELINK_READABLE | (full ? BYTELINK_WRITABLE : 0u);
		int64_t deadline = deadline_of(session, full ? INT64_MAX : next);
		int rc = bytelink_wait(session->link, events, deadline < until ? deadline : until);

		error = rc < 0 ? link_failed(session, rc) : receive(session);
	}
	if (!error) {
		look_at_user(session);
		look_at_watch(session);
		look_at_state(session);
	}
	return error;
}

static int go_on(struct share_session *session)
{
	int error = 0;

	while (!error && (session->state == RUNNING || session->state == ENDED))
		error = turn(session, INT64_MAX);
	return error;
}

/* Until the board is at its prompt again. */
static int await_prompt(struct share_session *session)
{
	int64_t until = bytelink_now(session->link) + LEAVE_US;
	int error = 0;

	while (!error && !ends_with(&session->tail, ">>> ") && bytelink_now(session->link) < until)
		error = turn(session, until);
	return error;
}

/* The next request of the program, or a Ctrl-C, ends it. Returns whether it has ended. */
static bool has_stopped(struct share_session *session)
{
	int64_t until = bytelink_now(session->link) + STOP_US;

	session->interrupt = true;
	while (!session->ended_at && bytelink_now(session->link) < until)
		if (turn(session, until) < 0)
			return false;
	return session->ended_at != 0;
}

/* Makes the board leave what it does, whatever that is, and has the agent end. */
static int leave(struct share_session *session)
{
	const struct rawrepl_options options = {.timeout_us = session->options->timeout_us};
	struct rawrepl repl;
	int error;

	if (!session->repl && has_stopped(session))
		return await_prompt(session);
	error = rawrepl_enter(&repl, session->link, &options, session->diag);
	if (!error)
		error = rawrepl_leave(&repl, session->options->timeout_us, session->diag);
	if (!error)
		error = rawrepl_type(&repl, "__import__('sys').modules.get('__mpremotefs__',int)()");
	if (error)
		return error;
	incoming_init(&session->incoming);
	session->tail = (struct tail){0};
	session->out_len = session->out_sent = 0;
	session->open = session->goes_on = false;
	return await_prompt(session);
}

/* To the board's prompt after a soft reset. That of the raw REPL runs boot.py, but not the board's main.py. */
static int reset_board(struct share_session *session)
{
	static const uint8_t ctrl_d = 4;
	const struct rawrepl_options options = {.timeout_us = session->options->timeout_us};
	struct rawrepl repl;
	int error;

	session->state = LEAVING;
	if (!session->ended_at)
		has_stopped(session);
	error = rawrepl_enter(&repl, session->link, &options, session->diag);
	session->state = CHANGED;
	if (!error && bytelink_write_all(session->link, &ctrl_d, 1, bytelink_now(session->link) + PROMPT_US) < 0)
		error = link_failed(session, -EIO);
	return error;
}

/* After the program's end, until something changes. */
static int await_change(struct share_session *session)
{
	int error = 0;

	say("the program has ended (exit status %d); it runs again when a file changes, Ctrl-C leaves", session->status);
	session->state = WAITING;
	while (!error && session->state == WAITING)
		error = turn(session, INT64_MAX);
	return error;
}

/* Runs it once. */
static int run_once(struct share_session *session)
{
	int error;

	bytelink_set_meanwhile(session->link, meanwhile, session);
	error = start(session);
	bytelink_set_meanwhile(session->link, NULL, NULL);
	if (!error)
		error = go_on(session);
	if (!error && session->state == DONE && session->options->watch && !session->refused)
		error = await_change(session);
	if (!error && session->state == CHANGED)
		error = reset_board(session);
	else if (!error && session->state == RESET && !session->repl && !session->soft_reset)
		error = diag_fail(session->diag, DIAG_AGENT, ECONNRESET, "%s: the board was reset while the program ran",
				  bytelink_device(session->link));
	return error;
}

/* Somebody has given up while the agent was put on the board, which is at its prompt then, as far as it can be in a moment. */
static int give_up(struct share_session *session)
{
	const struct rawrepl_options options = {.timeout_us = GIVE_UP_US};
	struct rawrepl repl;

	if (rawrepl_enter(&repl, session->link, &options, session->diag) == 0)
		rawrepl_leave(&repl, GIVE_UP_US, session->diag);
	return session->status;
}

static bool runs_again(const struct share_session *session)
{
	return session->state == RESET || session->state == CHANGED;
}

static int run(struct share_session *session)
{
	int error;

	while (!(error = run_once(session)) && runs_again(session)) {
		session->quiet = session->repl;
		if (session->options->again)
			session->options->again(session->options->context);
	}
	if (!error && session->state == LEAVING && !session->ended_at)
		error = leave(session);
	if (!error)
		error = session->refused;
	if (error && session->state == LEAVING && session->status >= 128)
		return give_up(session);
	if (session->output_error)
		return diag_fail(session->diag, DIAG_AGENT, session->output_error, "cannot write what the program prints: %s",
				 strerror(session->output_error));
	return error ? error : session->status;
}

static int hold_signals(struct share_session *session)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	session->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return session->signals < 0 ? diag_fail(session->diag, DIAG_AGENT, errno, "no signalfd: %s", strerror(errno)) : 0;
}

int share_session_run(const struct share_session_options *options, struct diag *diag)
{
	struct share_session *session = calloc(1, sizeof(*session));
	int error;

	if (!session)
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory");
	session->options = options;
	session->link = options->link;
	session->diag = diag;
	session->repl = !*options->plan.name;
	typed_init(&session->typed);
	error = hold_signals(session);
	if (!error)
		error = attention_open(&session->attention, session->link);
	if (!error) {
		attention_ask(session->attention, SLOT_SIGNALS, session->signals, POLLIN);
		if (options->watch)
			attention_ask(session->attention, SLOT_WATCH, watch_fd(options->watch), POLLIN);
		session->is_terminal = terminal_take(session->repl ? TERMINAL_ALL : TERMINAL_SIGNALS);
		ask_for_stdin(session);
		error = run(session);
		terminal_give_back();
		attention_close(session->attention);
	}
	if (session->signals >= 0)
		close(session->signals);
	free(session);
	return error;
}
