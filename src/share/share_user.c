/* SPDX-License-Identifier: MIT */
#include "share/share_user.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "share/terminal.h"

enum {
	TWICE_US = 2000000,    /* a Ctrl-C so soon after another leaves */
	BACKGROUND_US = 500000 /* between two looks whether this program is in the foreground again */
};

enum { SLOT_SIGNALS, SLOT_STDIN, SLOT_OUTLET };

/* --- stdin --- */

static void ask_for_stdin(struct share_user *user)
{
	user->look_at = 0;
	if (user->ended_at)
		return;
	if (!terminal_is_ours() || !typed_room(&user->typed))
		user->look_at = bytelink_now(user->link) + BACKGROUND_US;
	else
		attention_ask(user->attention, SLOT_STDIN, STDIN_FILENO, POLLIN);
}

/* What was typed into a REPL, up to the key that leaves. */
static size_t until_leaving(struct share_user *user, const uint8_t *bytes, size_t len)
{
	const uint8_t *key = user->repl && user->is_terminal ? memchr(bytes, TYPED_CTRL_RIGHT_BRACKET, len) : NULL;

	if (key)
		user->leaves = true;
	return key ? (size_t)(key - bytes) : len;
}

/* Ctrl-C, which was typed into a REPL, goes before all that was typed: that is dropped, as terminals do. Returns what is dropped of BYTES. */
static size_t until_interrupt(struct share_user *user, const uint8_t *bytes, size_t len)
{
	const uint8_t *key = user->repl && user->is_terminal ? memrchr(bytes, TYPED_CTRL_C, len) : NULL;

	if (!key)
		return 0;
	typed_drop(&user->typed);
	user->interrupt = true;
	return (size_t)(key - bytes) + 1;
}

static void add_typed(struct share_user *user, const uint8_t *bytes, size_t len)
{
	typed_add(&user->typed, bytes, len, !user->is_terminal);
	if (len)
		user->half_line = bytes[len - 1] >= ' ';
}

/* Nobody would press Enter behind a REPL's last line that has no end. */
static void end_stdin(struct share_user *user)
{
	if (user->repl && user->half_line && !user->is_terminal)
		add_typed(user, (const uint8_t *)"\n", 1);
	user->ended_at = bytelink_now(user->link);
}

/* Whether LEN, which a read has returned, tells that nothing will come any more. */
static bool is_end(const struct share_user *user, ssize_t len)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	if (len == 0 && user->is_terminal) /* so does one without a key */
		return poll(&in, 1, 0) > 0 && in.revents & (POLLHUP | POLLERR | POLLNVAL);
	return len == 0 || (errno != EINTR && errno != EAGAIN);
}

static void read_stdin(struct share_user *user)
{
	uint8_t bytes[TYPED_WAITING];
	size_t room = typed_room(&user->typed);
	ssize_t len;

	if (room && terminal_is_ours()) {
		len = read(STDIN_FILENO, bytes, room);
		if (len > 0) {
			size_t typed = until_leaving(user, bytes, (size_t)len);
			size_t dropped = until_interrupt(user, bytes, typed);

			add_typed(user, bytes + dropped, typed - dropped);
		} else if (is_end(user, len)) {
			end_stdin(user);
		}
	}
	ask_for_stdin(user);
}

/* --- Signals --- */

static void suspend(void)
{
	terminal_suspend();
	kill(getpid(), SIGSTOP);
	terminal_resume();
}

static void take_signal(struct share_user *user, int number)
{
	int64_t now = bytelink_now(user->link);

	if (number == SIGTSTP) {
		suspend();
	} else if (number == SIGCONT) {
		terminal_resume();
	} else if (number == SIGINT && !user->impatient && (!user->interrupted_at || now > user->interrupted_at + TWICE_US)) {
		user->interrupt = true;
		user->interrupted_at = now;
	} else if (!user->leaves) {
		user->leaves = true;
		user->leaves_by = number;
		user->left_at = now;
	} else if (now > user->left_at + TWICE_US) {
		user->gives_up = true;
	}
}

static void take_signals(struct share_user *user)
{
	struct signalfd_siginfo info;

	while (read(user->signals, &info, sizeof(info)) == sizeof(info))
		take_signal(user, (int)info.ssi_signo);
}

/* What is ignored stays ignored, as nohup(1), and a shell for what it runs in the background, want it. */
static int hold_signals(struct share_user *user, struct diag *diag)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT};
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, numbers[i]);
	pthread_sigmask(SIG_BLOCK, &set, &user->mask);
	user->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return user->signals < 0 ? diag_fail(diag, DIAG_AGENT, errno, "no signalfd: %s", strerror(errno)) : 0;
}

/* --- All of it --- */

int share_user_open(struct share_user *user, struct bytelink *link, struct attention *attention, bool repl, struct diag *diag)
{
	*user = (struct share_user){.link = link, .attention = attention, .repl = repl};
	typed_init(&user->typed);
	outlet_open(&user->outlet);
	int error = hold_signals(user, diag);

	if (error)
		return error;
	attention_ask(attention, SLOT_SIGNALS, user->signals, POLLIN);
	user->is_terminal = terminal_take(repl ? TERMINAL_ALL : TERMINAL_SIGNALS);
	ask_for_stdin(user);
	return 0;
}

/* Behind a prompt that nobody answers. */
static void end_line(const struct share_user *user)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	if (user->repl && user->in_line && poll(&out, 1, 0) > 0 && write(STDOUT_FILENO, "\r\n", 2) < 0)
		return; /* who reads nothing misses nothing */
}

void share_user_close(struct share_user *user)
{
	end_line(user);
	attention_ask(user->attention, SLOT_OUTLET, -1, 0);
	outlet_close(&user->outlet);
	terminal_give_back();
	if (user->signals >= 0)
		close(user->signals);
	pthread_sigmask(SIG_SETMASK, &user->mask, NULL);
}

void share_user_look_at_signals(struct share_user *user)
{
	bool asks = attention_has(user->attention, SLOT_SIGNALS);

	take_signals(user);
	if (asks)
		attention_ask(user->attention, SLOT_SIGNALS, user->signals, POLLIN);
}

/* ERROR, if it is one, is why nobody takes what is printed. Whoever takes more of it later is waited for. */
static void note_output(struct share_user *user, int error)
{
	if (error)
		user->output_error = error;
	if (outlet_waits_for(&user->outlet) >= 0)
		attention_ask(user->attention, SLOT_OUTLET, outlet_waits_for(&user->outlet), POLLOUT);
}

void share_user_print(struct share_user *user, int fd, const uint8_t *bytes, size_t len)
{
	bool waits = outlet_waits_for(&user->outlet) >= 0;
	int error = outlet_put(&user->outlet, fd, bytes, len);

	if (len)
		user->in_line = bytes[len - 1] != '\n';
	if (error || !waits)
		note_output(user, error);
}

void share_user_end_line(struct share_user *user)
{
	static const uint8_t end[] = "\n";

	if (user->in_line && isatty(STDOUT_FILENO) && isatty(STDERR_FILENO))
		share_user_print(user, STDERR_FILENO, end, 1);
}

size_t share_user_room(const struct share_user *user)
{
	return outlet_room(&user->outlet);
}

void share_user_look(struct share_user *user)
{
	share_user_look_at_signals(user);
	if (attention_has(user->attention, SLOT_STDIN)) {
		read_stdin(user);
	} else if (user->look_at && bytelink_now(user->link) >= user->look_at) {
		terminal_resume(); /* nobody tells of having brought it to the foreground */
		ask_for_stdin(user);
	}
	if (attention_has(user->attention, SLOT_OUTLET))
		note_output(user, outlet_write(&user->outlet));
}

int64_t share_user_deadline(const struct share_user *user)
{
	return user->look_at ? user->look_at : INT64_MAX;
}

/* Waits until FD takes something, or a signal wants out. */
static void await_taker(struct share_user *user, int fd)
{
	struct pollfd polled[] = {{.fd = fd, .events = POLLOUT}, {.fd = user->signals, .events = POLLIN}};

	if (poll(polled, 2, -1) > 0 && polled[1].revents)
		take_signals(user);
}

bool share_user_flush(struct share_user *user)
{
	int fd;

	while (!user->leaves && (fd = outlet_waits_for(&user->outlet)) >= 0) {
		await_taker(user, fd);
		note_output(user, outlet_write(&user->outlet));
	}
	return outlet_waits_for(&user->outlet) < 0;
}
