/* SPDX-License-Identifier: MIT */
#include "share/share_session.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/earlier.h"
#include "base/say.h"
#include "share/attention.h"
#include "share/printed.h"
#include "share/share_agent.h"
#include "share/share_input.h"
#include "share/share_line.h"
#include "share/share_user.h"

enum {
	PROMPT_US = 2500000,  /* how long a board may take from the program's end to its prompt, or to tell it again */
	LEAVE_US = 5000000,   /* how long a program that was interrupted may take to its end before it is made to */
	GIVE_UP_US = 4000000, /* how long the board is waited for when nobody wants it any more */
	FAILED_US = 1000000,  /* the silence behind what looks like the agent's end... */
	DUMB_US = 20000000,   /* ... and behind damage, where nothing does: an agent has asked nine times then */
	DOUBTS_MAX = 3,       /* how often it is looked at: the line may damage the answer, too */
	STOP_US = 1500000,    /* how long a program that is to stop may take before more is done */
	RESET_US = 300000     /* the silence behind a banner and a prompt that tells that the board was reset */
};

enum { SLOT_WATCH = SHARE_USER_SLOTS };

enum state {
	RUNNING,
	ENDED,   /* SHARE_END has come, the prompt has not */
	LEAVING, /* nobody wants to see more of the program */
	DONE,
	FAILED,  /* the board is at its prompt, and SHARE_END has not come */
	RESET,   /* the board was reset, and is at its prompt */
	WAITING, /* for a change, after the program's end */
	CHANGED,
};

struct share_session {
	const struct share_session_options *options;
	struct bytelink *link;
	struct attention *attention;
	struct diag *diag;
	bool repl;

	enum state state;
	int64_t ended_at;
	int status;       /* this program's exit status, once it is known */
	bool proved;      /* the board is at its prompt, beyond doubt */
	bool more_words;  /* SHARE_END comes in several parts */
	bool begun;       /* SHARE_HELLO has come */
	int64_t begins;   /* when the agent was told to begin */
	unsigned doubts;  /* how often what looked like the agent's end was looked at */
	bool quiet;       /* the board's prompt is on the screen already */
	uint8_t sequence; /* the number of the last request... */
	bool goes_on;     /* ... its answer has more parts */
	bool answered;    /* ... an answer to an earlier TRY of it has gone, or some of one */
	int refused;      /* a negative errno: the board takes no such share */

	struct share_line line;
	struct share_user user;
	struct printed printed;
	struct share_input input;
	struct share_answer answer;
};

/* --- The user --- */

/* Whoever waits for the program, or for a change, may have had enough of it, and a program whose output nobody takes is ended. */
static void heed_user(struct share_session *session)
{
	const struct share_user *user = &session->user;
	/* Behind a soft reset the board's main.py may run for ever. */
	bool over = session->state == DONE || (session->state == ENDED && !session->printed.soft_reset);

	if ((!user->leaves && !user->output_error) || over || session->state == LEAVING)
		return;
	session->status = user->leaves_by ? 128 + user->leaves_by : 0;
	session->state = LEAVING;
}

static void print(struct share_session *session, int fd, const uint8_t *bytes, size_t len)
{
	if (session->state == RUNNING)
		share_user_print(&session->user, fd, bytes, len);
	heed_user(session);
}

/* How much of what the board says may be taken in. */
static size_t room(const struct share_session *session)
{
	return session->state == RUNNING ? share_user_room(&session->user) : SIZE_MAX;
}

/* Until all that was printed has been taken. What the user does not wait for is lost, which the exit status tells. */
static void flush(struct share_session *session)
{
	struct share_user *user = &session->user;

	user->impatient = true;
	if (!share_user_flush(user) && user->leaves_by)
		session->status = 128 + user->leaves_by;
	user->impatient = false;
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

/* At what an attention may have told of; also to be called where somebody else has waited at the link. */
static void look_around(struct share_session *session)
{
	share_user_look(&session->user);
	heed_user(session);
	look_at_watch(session);
}

/* While the board is reset, or the agent put there: whoever leaves does not wait for the end of that. */
static int64_t meanwhile(void *context)
{
	struct share_session *session = context;

	share_user_look_at_signals(&session->user);
	heed_user(session);
	return session->state == LEAVING ? -EINTR : INT64_MAX;
}

/* While the board is brought to its prompt at the end. */
static int64_t until_given_up(void *context)
{
	struct share_session *session = context;

	share_user_look_at_signals(&session->user);
	return session->user.gives_up ? -EINTR : INT64_MAX;
}

/* --- Output and requests --- */

static void take_output(struct share_session *session)
{
	const uint8_t *bytes = session->line.incoming.output;
	size_t len = session->line.incoming.output_len;

	typed_heard(&session->user.typed, session->line.heard);
	printed_add(&session->printed, bytes, len);
	/* Behind the program's end comes the board's prompt, where it does not wait for its answer. */
	if (!session->quiet && !session->ended_at)
		print(session, STDOUT_FILENO, bytes, len);
	else if (printed_at_prompt(&session->printed))
		session->quiet = false;
}

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
		print(session, STDERR_FILENO, answer->bytes, answer->bytes_len);
	if (session->more_words)
		return;
	if (!session->ended_at)
		session->ended_at = bytelink_now(session->link);
	if (session->state == RUNNING)
		session->status = answer->how == SHARE_RAISED ? EXIT_FAILURE : answer->code & 0xff;
}

/* What SHARE_HELLO has behind its numbers. */
static void note_banner(struct share_session *session)
{
	const struct frame *frame = &session->line.incoming.frame;
	size_t head = 1 + 2 + 4 + 1, tail = frame->payload[0] & SHARE_PADDED ? 1 : 0;

	printed_know_banner(&session->printed, frame->payload + head, frame->len > head + tail ? frame->len - head - tail : 0);
}

static void take_event(struct share_session *session)
{
	switch (session->answer.event) {
	case SHARE_EVENT_STARTED:
		session->begun = true;
		note_banner(session);
		break;
	case SHARE_EVENT_END:
		take_end(session);
		break;
	default:
		break;
	}
}

/* Has the answer sent, or the next part of it. */
static void put_answer(struct share_session *session)
{
	struct share_answer *answer = &session->answer;

	if (session->state == LEAVING)
		answer->payload[1] |= SHARE_STOP;
	session->goes_on = answer->type == AGENT_MORE;
	share_line_answer(&session->line, answer->type, session->sequence, answer->payload, answer->len);
}

/* What the request tells of the bytes that were typed. */
static void note_asked(struct share_session *session, const struct frame *frame)
{
	const struct share_answer *answer = &session->answer;
	struct typed *typed = &session->user.typed;
	unsigned tries = frame->payload[0] & SHARE_COUNT;
	bool again = answer->event == SHARE_EVENT_NONE && frame->sequence == session->sequence;

	session->answered = again && (session->answered || session->line.begun);
	if (answer->event == SHARE_EVENT_BYTES)
		typed_returned(typed, tries, answer->sure, answer->maybe, answer->seen);
	else if (again)
		typed_asked_again(typed, tries, session->answered);
	else
		typed_asked(typed, tries);
}

static void take_request(struct share_session *session)
{
	const struct frame *frame = &session->line.incoming.frame;
	struct share_answer *answer = &session->answer;

	share_server_answer(session->options->server, frame, session->user.interrupt || session->state == LEAVING, answer);
	if (!answer->type)
		return;
	session->user.interrupt = false;
	note_asked(session, frame);
	session->sequence = frame->sequence;
	put_answer(session);
	take_event(session);
}

/* Sends what can be sent of the answer. Returns as share_line_send_answer. */
static int send_answer(struct share_session *session, bool *full)
{
	int rc;

	while ((rc = share_line_send_answer(&session->line, full)) > 0 && session->goes_on && !session->line.given_up) {
		share_server_go_on(session->options->server, &session->answer);
		put_answer(session);
	}
	return rc;
}

static void take_incoming(struct share_session *session)
{
	enum incoming_event event;

	while ((event = share_line_next(&session->line)) != INCOMING_NONE) {
		if (event == INCOMING_OUTPUT)
			take_output(session);
		else
			take_request(session);
	}
}

/* --- One turn --- */

static void close_exchange(struct share_session *session)
{
	typed_exchanged(&session->user.typed, session->line.closed_at);
	if (session->line.given_up && session->state == RUNNING && session->answer.payload[1] & SHARE_INTERRUPT)
		session->user.interrupt = true; /* it has not got there */
	if (!session->ended_at)
		return;
	printed_forget(&session->printed); /* what the board says from now on is no program's */
	if (session->state == RUNNING)
		session->state = ENDED;
}

/* All that may go now. */
static int send_due(struct share_session *session, bool *full, int64_t *next)
{
	int rc = send_answer(session, full);

	*next = INT64_MAX;
	if (rc > 0)
		close_exchange(session);
	if (rc < 0 || *full || session->ended_at)
		return rc < 0 ? rc : 0;
	return share_input_send(&session->input, session->state == RUNNING && !share_line_is_behind(&session->line), full, next);
}

static bool may_be_reset(const struct share_session *session)
{
	return session->state == RUNNING && !share_line_is_open(&session->line) && printed_was_reset(&session->printed);
}

/* When a REPL whose stdin has ended is over. */
static int64_t input_over_at(const struct share_session *session)
{
	return session->repl && session->state == RUNNING ? share_input_over_at(&session->input) : INT64_MAX;
}

/*
 * When the agent may be taken for dead: its end looks as the board's REPL shows it; or its last requests came damaged, and it has given up,
 * maybe the one that tells of the program's end.
 */
static int64_t failed_at(const struct share_session *session)
{
	const struct share_line *line = &session->line;
	enum incoming_damage damage = line->incoming.damage;

	if (session->state != RUNNING)
		return INT64_MAX;
	if (!session->begun) /* no program prints yet */
		return printed_at_prompt(&session->printed) ? line->heard + FAILED_US : session->begins + DUMB_US;
	if (session->repl || session->doubts >= (damage ? DOUBTS_MAX : 1))
		return INT64_MAX;
	if (share_line_is_busy(line)) /* with an answer whose credits may be lost, too */
		return damage ? line->heard + DUMB_US : INT64_MAX;
	if (printed_agent_failed(&session->printed) || (damage && printed_at_prompt(&session->printed)))
		return line->heard + FAILED_US;
	return damage == INCOMING_END_DAMAGED ? line->heard + DUMB_US : INT64_MAX;
}

static void look_at_state(struct share_session *session)
{
	int64_t now = bytelink_now(session->link);
	bool soft_reset = session->printed.soft_reset;

	if (may_be_reset(session) && now >= session->line.heard + RESET_US)
		session->state = RESET;
	if (now >= input_over_at(session) && share_input_end(&session->input))
		session->state = LEAVING;
	if (now >= failed_at(session))
		session->state = FAILED;
	if (session->state == ENDED && printed_at_prompt(&session->printed))
		session->state = soft_reset ? RESET : DONE;
	else if (session->state == ENDED && !soft_reset && now >= session->ended_at + PROMPT_US)
		session->state = DONE;
}

static int64_t deadline_of(const struct share_session *session, int64_t next)
{
	int64_t deadline = earlier(next, share_user_deadline(&session->user));

	if (session->options->watch)
		deadline = earlier(deadline, watch_deadline(session->options->watch));
	if (session->state == ENDED && !session->printed.soft_reset)
		deadline = earlier(deadline, session->ended_at + PROMPT_US);
	if (may_be_reset(session))
		deadline = earlier(deadline, session->line.heard + RESET_US);
	return earlier(deadline, earlier(input_over_at(session), failed_at(session)));
}

/* One round of all there is to do; it waits until UNTIL at most. */
static int turn(struct share_session *session, int64_t until)
{
	int64_t next;
	bool full;
	int error = send_due(session, &full, &next);

	if (!error)
		error = share_line_wait(&session->line, room(session), full,
					earlier(deadline_of(session, full ? INT64_MAX : next), until));
	if (error)
		return error;
	take_incoming(session);
	look_around(session);
	look_at_state(session);
	return 0;
}

/* --- From the start to the end --- */

static int start(struct share_session *session)
{
	const struct share_session_options *options = session->options;
	unsigned window;

	session->state = RUNNING;
	session->user.impatient = true;
	session->user.interrupt = false; /* that was for what ran before */
	bytelink_set_meanwhile(session->link, meanwhile, session);
	int error = share_agent_start(session->link, &options->plan, options->timeout_us, &window, session->diag);
	bytelink_set_meanwhile(session->link, NULL, NULL);
	session->user.impatient = false;
	if (error || session->state == LEAVING)
		return error ? error : -EINTR;
	share_line_start(&session->line, session->link, window, session->diag);
	typed_begin(&session->user.typed, window && !session->user.is_terminal);
	printed_forget(&session->printed);
	session->ended_at = 0;
	session->refused = 0;
	session->proved = session->begun = false;
	session->begins = bytelink_now(session->link);
	session->doubts = 0;
	return 0;
}

/* A banner may as well have come of Ctrl-B: then the shares are there, and so is the prompt that is on the screen. */
static void check_reset(struct share_session *session)
{
	static const uint8_t prompt[] = ">>> ";

	session->state = RUNNING;
	bytelink_set_meanwhile(session->link, meanwhile, session);
	bool there = share_agent_is_there(session->link, session->options->timeout_us);
	bytelink_set_meanwhile(session->link, NULL, NULL);
	share_line_forget(&session->line); /* others have read there */
	printed_forget(&session->printed);
	printed_add(&session->printed, prompt, sizeof(prompt) - 1);
	if (session->state == RUNNING && !there)
		session->state = RESET;
}

/* Until the last request is answered, and the board at its prompt again. */
static int await_prompt(struct share_session *session)
{
	const struct share_line *line = &session->line;
	int64_t until = bytelink_now(session->link) + LEAVE_US;
	int error = 0;

	while (!error && (share_line_is_busy(line) || !printed_at_prompt(&session->printed)) &&
	       bytelink_now(session->link) < until)
		error = turn(session, until);
	return error;
}

/* The next request of the program, or a Ctrl-C, ends it. Returns whether it has ended. */
static bool has_stopped(struct share_session *session)
{
	int64_t until = bytelink_now(session->link) + STOP_US;

	session->user.interrupt = true;
	while (!session->ended_at && bytelink_now(session->link) < until)
		if (turn(session, until) < 0)
			return false;
	return session->ended_at != 0;
}

/* Has the board leave what it does, whatever that is, and the agent end. */
static int make_end(struct share_session *session)
{
	bytelink_set_meanwhile(session->link, until_given_up, session);
	int error = share_agent_end(session->link, session->options->timeout_us, session->diag);

	if (!error) {
		share_line_forget(&session->line);
		printed_forget(&session->printed);
		error = await_prompt(session);
	}
	bytelink_set_meanwhile(session->link, NULL, NULL);
	return error;
}

static int fail_untold(struct share_session *session, enum incoming_damage damage)
{
	const char *device = bytelink_device(session->link);

	if (!session->begun)
		return diag_fail(session->diag, DIAG_AGENT, EIO, "%s: the agent on the board does not say that it begins",
				 device);
	if (damage)
		return diag_fail(session->diag, DIAG_AGENT, EIO,
				 "%s: the board has not told how the program ended; the line may damage what it says", device);
	return diag_fail(session->diag, DIAG_AGENT, EIO,
			 "%s: the board has not told how the program ended; its last words are above", device);
}

/*
 * A program may print what looks like the agent's end, and wait for its user; but it works out no sum. Where the line damages the sum, too,
 * requests that tell of the end are enough.
 */
static int judge_failure(struct share_session *session)
{
	enum incoming_damage damage = session->line.incoming.damage;
	int rc = share_agent_has_ended(session->link, session->diag);

	session->doubts++;
	session->state = RUNNING;
	share_line_forget(&session->line);
	session->line.incoming.damage = damage;
	look_around(session);
	if (session->begun && !rc && (damage != INCOMING_END_DAMAGED || session->doubts < DOUBTS_MAX))
		return 0;
	if (rc < 0)
		return rc;
	session->state = LEAVING; /* what the agent is told now is nothing for the user */
	rc = make_end(session);
	return rc ? rc : fail_untold(session, damage);
}

static int go_on(struct share_session *session)
{
	int error = 0;

	while (!error && (session->state == RUNNING || session->state == ENDED)) {
		error = turn(session, INT64_MAX);
		if (!error && session->state == FAILED)
			error = judge_failure(session);
		if (!error && session->state == RESET && session->repl && !session->printed.soft_reset)
			check_reset(session);
	}
	return error;
}

/* Has the program end in a friendly way. Returns 1: the board is at its prompt, 0: it may not be, or a negative errno. */
static int ask_to_end(struct share_session *session)
{
	int rc = 0;

	bytelink_set_meanwhile(session->link, until_given_up, session);
	if (has_stopped(session)) {
		rc = await_prompt(session);
		if (!rc)
			rc = share_agent_has_ended(session->link, session->diag);
	}
	bytelink_set_meanwhile(session->link, NULL, NULL);
	return rc;
}

/* Brings the board to its prompt, in a friendly way if that does. */
static int leave(struct share_session *session)
{
	int rc = 0;

	session->state = LEAVING;
	if (!session->repl && !session->printed.soft_reset)
		rc = ask_to_end(session);
	if (!rc && session->user.gives_up)
		return -EINTR;
	return rc < 0 ? rc : rc > 0 ? 0 : make_end(session);
}

/* The program may have printed what its end looks like: the board has to be at its prompt. */
static int prove_end(struct share_session *session)
{
	int rc = share_agent_has_ended(session->link, session->diag);

	session->proved = rc > 0;
	if (rc)
		return rc < 0 ? rc : 0;
	share_line_forget(&session->line); /* what has come meanwhile was not for us to keep */
	session->ended_at = 0;
	rc = leave(session);
	return rc ? rc
		  : diag_fail(session->diag, DIAG_AGENT, EPROTO,
			      "%s: the program printed what tells of its end, but went on; it was stopped",
			      bytelink_device(session->link));
}

/* To the board's prompt after a soft reset. Nothing runs there meanwhile that Ctrl-C could interrupt: it leaves. */
static int reset_board(struct share_session *session)
{
	session->user.impatient = true;
	session->state = LEAVING;
	if (!session->ended_at)
		has_stopped(session);
	session->state = CHANGED;
	heed_user(session);
	if (session->state == LEAVING)
		return 0;
	bytelink_set_meanwhile(session->link, meanwhile, session);
	int error = share_agent_reset(session->link, session->options->timeout_us, session->diag);
	bytelink_set_meanwhile(session->link, NULL, NULL);
	return error;
}

/* After the program's end, until something changes. */
static int await_change(struct share_session *session)
{
	int error = 0;

	flush(session);
	share_user_end_line(&session->user);
	say("the program has ended (exit status %d); it runs again when a file changes, Ctrl-C leaves", session->status);
	session->state = WAITING;
	session->user.impatient = true;
	look_around(session);
	while (!error && session->state == WAITING)
		error = turn(session, INT64_MAX);
	session->user.impatient = false;
	return error;
}

/* The board has lost the program. It may have been sent an answer that stands half-typed at its prompt now. */
static int end_reset(struct share_session *session)
{
	const char *device = bytelink_device(session->link);

	if (share_agent_drop(session->link, GIVE_UP_US, session->diag) < 0)
		say("%s", session->diag->text);
	return diag_fail(session->diag, DIAG_AGENT, ECONNRESET, "%s: the board was reset while the program ran", device);
}

/* A soft reset ends MicroPython's unix port, and with it the line of exec:COMMAND; COMMAND runs again then. */
static bool is_there_again(struct share_session *session)
{
	struct diag diag;

	return bytelink_has_failed(session->link) && !session->user.leaves && !bytelink_reopen(session->link, &diag);
}

/* Runs it once. */
static int run_once(struct share_session *session)
{
	bool was_reset = session->state == CHANGED;
	int error = start(session);

	if (error && was_reset && is_there_again(session))
		error = start(session);
	if (!error)
		error = go_on(session);
	if (!error && session->state == DONE)
		error = prove_end(session);
	if (!error && session->state == DONE && session->options->watch && !session->refused)
		error = await_change(session);
	if (!error && session->state == CHANGED)
		error = reset_board(session);
	else if (!error && session->state == RESET && !session->repl && !session->printed.soft_reset)
		error = end_reset(session);
	return error;
}

static bool runs_again(const struct share_session *session)
{
	return session->state == RESET || session->state == CHANGED;
}

/* Somebody has had enough of it. Says what that has left. Returns the exit status. */
static int say_left(struct share_session *session, int error)
{
	if (session->user.gives_up)
		say("%s: the board was left as it is: the program may still run there", bytelink_device(session->link));
	else if (error)
		say("%s", session->diag->text);
	return session->status;
}

/* Brings the board to its prompt, with what there was of an agent as it is. */
static int drop(struct share_session *session)
{
	bytelink_set_meanwhile(session->link, until_given_up, session);
	int error = share_agent_drop(session->link, GIVE_UP_US, session->diag);
	bytelink_set_meanwhile(session->link, NULL, NULL);
	return error;
}

/* Brings the board to its prompt, where it is not there. ERROR is what the run has ended with. */
static int finish(struct share_session *session, int error)
{
	if (!error && session->state == LEAVING && !session->proved)
		error = leave(session);
	else if (error && session->user.leaves) /* what was under way was given up, or has failed */
		error = drop(session);
	return error ? error : session->refused;
}

static int run(struct share_session *session)
{
	int error;

	while (!(error = run_once(session)) && runs_again(session)) {
		session->quiet = session->repl;
		if (session->options->again)
			session->options->again(session->options->context);
	}
	error = finish(session, error);
	flush(session);
	if (session->state == LEAVING && session->user.leaves_by)
		return say_left(session, error);
	if (session->user.output_error)
		return diag_fail(session->diag, DIAG_AGENT, -session->user.output_error,
				 "cannot write what the program prints: %s", strerror(-session->user.output_error));
	return error ? error : session->status;
}

static int run_for_user(struct share_session *session)
{
	const struct share_session_options *options = session->options;
	int error = share_user_open(&session->user, session->link, session->attention, session->repl, session->diag);

	if (!error && options->watch)
		attention_ask(session->attention, SLOT_WATCH, watch_fd(options->watch), POLLIN);
	if (!error)
		error = run(session);
	share_user_close(&session->user);
	return error;
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
	session->input = (struct share_input){.user = &session->user, .line = &session->line, .printed = &session->printed};
	error = attention_open(&session->attention, session->link);
	if (error)
		diag_fail(diag, DIAG_AGENT, -error, "no thread: %s", strerror(-error));
	else
		error = run_for_user(session);
	attention_close(session->attention);
	free(session);
	return error;
}
