/* SPDX-License-Identifier: MIT */
#include "share/share_agent.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/agent_parts.h"
#include "agent/launch.h"

enum { RESET_US = 1500000 /* how long the one byte that resets may take to go */ };

static int load_plan(struct launch *launch, const struct share_plan *plan, struct diag *diag)
{
	size_t len;
	char *python = share_plan_python(plan, &len);
	int error;

	if (!python)
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory");
	error = launch_load(launch, python, len, diag);
	free(python);
	return error;
}

int share_agent_start(struct bytelink *link, const struct share_plan *plan, int64_t timeout_us, unsigned *window,
		      struct diag *diag)
{
	static const struct agent_part parts[] = {{agent_share, &agent_share_len}};
	const struct launch_options options = {.timeout_us = timeout_us, .frames_only = true, .parts = parts, .part_count = 1};
	struct launch *launch;
	int error = launch_open(&launch, link, &options, diag);

	if (error)
		return error;
	error = load_plan(launch, plan, diag);
	*window = launch_session(launch)->window;
	launch_quit(launch);
	launch_close(launch);
	return error;
}

int share_agent_end(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	const struct rawrepl_options options = {.timeout_us = timeout_us};
	struct rawrepl repl;
	int error = rawrepl_enter(&repl, link, &options, diag);

	if (!error)
		error = rawrepl_leave(&repl, timeout_us, diag);
	return error ? error : rawrepl_type(&repl, "__import__('sys').modules.get('__mpremotefs__',int)()");
}

int share_agent_reset(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	static const uint8_t ctrl_d = 4;
	const struct rawrepl_options options = {.timeout_us = timeout_us};
	struct rawrepl repl;
	int error = rawrepl_enter(&repl, link, &options, diag);

	if (!error && bytelink_write_all(link, &ctrl_d, 1, bytelink_now(link) + RESET_US) < 0)
		error = diag_fail(diag, DIAG_BYTELINK, EIO, "%s %s", bytelink_device(link), bytelink_ended(link));
	return error;
}

int share_agent_drop(struct bytelink *link, int64_t timeout_us, struct diag *diag)
{
	const struct rawrepl_options options = {.timeout_us = timeout_us};
	struct rawrepl repl;
	int error = rawrepl_enter(&repl, link, &options, diag);

	return error ? error : rawrepl_leave(&repl, timeout_us, diag);
}
