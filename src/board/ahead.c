/* SPDX-License-Identifier: MIT */
#include "board/ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 *          ahead_start           ahead_take            its content is copied
 *   EMPTY -------------> ASKED -----------------> TAKEN ---------------------> EMPTY
 *                          | ahead_forget
 *                          v             ahead_start, once it is finished
 *                        UNWANTED ---------------------------------------> ASKED
 */
enum state { EMPTY, ASKED, UNWANTED, TAKEN };

struct ahead {
	struct agent *agent;
	pthread_mutex_t lock; /* guards all below; the request is the agent's until it is finished */
	enum state state;
	char *path;
	uint8_t *payload;
	unsigned session;
	struct exchange_request request;
	uint8_t content[AGENT_PAYLOAD_MAX];
};

struct ahead *ahead_open(struct agent *agent)
{
	struct ahead *ahead = calloc(1, sizeof(*ahead));

	if (!ahead)
		return NULL;
	ahead->agent = agent;
	pthread_mutex_init(&ahead->lock, NULL);
	return ahead;
}

static void clear(struct ahead *ahead)
{
	free(ahead->path);
	free(ahead->payload);
	ahead->path = NULL;
	ahead->payload = NULL;
	ahead->state = EMPTY;
}

void ahead_close(struct ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->state != EMPTY)
		agent_wait(ahead->agent, &ahead->request);
	clear(ahead);
	pthread_mutex_destroy(&ahead->lock);
	free(ahead);
}

/* Whether there is room to ask for PATH. With the lock held. */
static bool make_room(struct ahead *ahead, const char *path)
{
	if (ahead->state == TAKEN || (ahead->state == ASKED && !strcmp(ahead->path, path)))
		return false;
	if (ahead->state != EMPTY && !agent_is_finished(ahead->agent, &ahead->request))
		return false;
	clear(ahead);
	return true;
}

void ahead_start(struct ahead *ahead, const char *path, uint8_t *payload, size_t len, size_t size)
{
	pthread_mutex_lock(&ahead->lock);
	if (size && size <= sizeof(ahead->content) && make_room(ahead, path) && (ahead->path = strdup(path))) {
		ahead->payload = payload;
		ahead->session = agent_session(ahead->agent).number;
		ahead->request = (struct exchange_request){.op = AGENT_READ,
							   .bulk = true,
							   .payload = payload,
							   .len = len,
							   .answer = ahead->content,
							   .answer_room = size};
		ahead->state = ASKED;
		agent_submit(ahead->agent, &ahead->request);
		payload = NULL;
	}
	pthread_mutex_unlock(&ahead->lock);
	free(payload);
}

size_t ahead_take(struct ahead *ahead, const char *path, void *buf, size_t len)
{
	size_t got = 0;

	pthread_mutex_lock(&ahead->lock);
	bool here = ahead->state == ASKED && !strcmp(ahead->path, path);
	if (here)
		ahead->state = TAKEN;
	pthread_mutex_unlock(&ahead->lock);
	if (!here)
		return 0;
	if (!agent_wait(ahead->agent, &ahead->request) && ahead->session == agent_session(ahead->agent).number)
		got = ahead->request.answer_len < len ? ahead->request.answer_len : len;
	memcpy(buf, ahead->content, got);
	pthread_mutex_lock(&ahead->lock);
	clear(ahead);
	pthread_mutex_unlock(&ahead->lock);
	return got;
}

void ahead_forget(struct ahead *ahead)
{
	pthread_mutex_lock(&ahead->lock);
	if (ahead->state == ASKED)
		ahead->state = UNWANTED;
	pthread_mutex_unlock(&ahead->lock);
}
