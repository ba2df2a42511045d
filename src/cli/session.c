/* SPDX-License-Identifier: MIT */
#include "cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <unistd.h>

#include "board/board_agent.h"
#include "board/board_cache.h"
#include "board/board_mend.h"
#include "cli/say.h"

enum { REMEMBERED_US = 20000000 }; /* what is known of the board's files, as a mount has it */

static void log_words(void *context, int level, const char *text)
{
	(void)context;
	if (level <= LOG_WARNING)
		say("%s", text);
}

static bool is_ending(void *context)
{
	struct session *session = context;

	return session->signals >= 0 && session_is_stopped(session);
}

static int start(struct session *session, const struct device_args *args, const char *command, enum board_agent_use use,
		 struct diag *diag)
{
	struct board_agent_options options = {
		.device = args->options,
		.timeout_us = args->options.timeout_us,
		.read_only = use != BOARD_AGENT_FILES,
		.use = use,
		.ending = is_ending,
		.ending_context = session,
		.log = log_words,
	};
	char purpose[64];
	int rc;

	snprintf(purpose, sizeof(purpose), "for mpremote-romfs %s", command);
	options.device.purpose = purpose;
	rc = board_agent_open(&session->agent, args->device, &options, diag);
	if (rc < 0)
		return rc;
	session->board = session->agent;
	rc = board_cache_open(&session->board, session->agent, REMEMBERED_US, NULL);
	if (rc == 0)
		rc = board_mend_open(&session->board, session->board, log_words, NULL);
	return rc < 0 ? diag_fail(diag, DIAG_BOARD, -rc, "not enough memory") : 0;
}

/* The line's thread leaves signals to the main one. */
static int run(struct session *session, struct diag *diag)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = board_agent_run(session->agent);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc < 0 ? diag_fail(diag, DIAG_BOARD, -rc, "cannot start the line's thread: %s", strerror(-rc)) : 0;
}

static void hold_signals(struct session *session)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGHUP);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	session->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	if (session->signals >= 0)
		pthread_sigmask(SIG_BLOCK, &ends, NULL);
}

int session_open(struct session *session, const struct device_args *args, const char *command, enum board_agent_use use,
		 struct failure *failure)
{
	int rc;

	*session = (struct session){.signals = -1};
	rc = failure_is(failure, FAILURE_DEVICE, start(session, args, command, use, &failure->diag));
	if (rc < 0)
		return rc;
	if (*board_info(session->board)->warning)
		say("%s", board_info(session->board)->warning);
	hold_signals(session);
	return failure_is(failure, FAILURE_OTHER, run(session, &failure->diag));
}

bool session_is_stopped(struct session *session)
{
	struct signalfd_siginfo info;

	if (session->signals >= 0 && read(session->signals, &info, sizeof(info)) > 0)
		session->stopped = true;
	return session->stopped;
}

int session_check(struct session *session, struct failure *failure)
{
	if (!session_is_stopped(session))
		return 0;
	failure->kind = FAILURE_INTERRUPTED;
	return diag_fail(&failure->diag, DIAG_BOARD, EINTR, "interrupted");
}

void session_close(struct session *session)
{
	board_close(session->board);
	if (session->signals >= 0)
		close(session->signals);
}
