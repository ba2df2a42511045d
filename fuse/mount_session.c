/* SPDX-License-Identifier: MIT */
#include "fuse/mount_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_THREADS = 64, /* requests that wait for the board at the same time */
	IDLE_THREADS = 8, /* that stay for the next requests: each keeps a buffer */
};

/* For a message: what mount(8) and the kernel have against us, they say through mount_log. */
static int cannot_mount(struct diag *diag, const char *mount_point)
{
	return diag_fail(diag, DIAG_FUSE, EIO, "cannot mount at %s: the reason stands above", mount_point);
}

/* The words after -o, commas in names escaped. NULL: no memory. */
static char *mount_words(const struct options *options, bool read_only)
{
	char *words = NULL;
	char *name = NULL;
	bool ok = fuse_opt_add_opt(&words, "subtype=mpremotefs") == 0;

	if (ok && asprintf(&name, "fsname=%s", options->fsname ? options->fsname : options->device) < 0)
		name = NULL;
	ok = ok && name && fuse_opt_add_opt_escaped(&words, name) == 0;
	free(name);
	ok = ok && (!read_only || fuse_opt_add_opt(&words, "ro") == 0);
	ok = ok && (!options->allow_other || fuse_opt_add_opt(&words, "allow_other") == 0);
	ok = ok && (!options->default_permissions || fuse_opt_add_opt(&words, "default_permissions") == 0);
	ok = ok && (!options->kernel_flags || fuse_opt_add_opt(&words, options->kernel_flags) == 0);
	if (ok)
		return words;
	free(words);
	return NULL;
}

static struct fuse_session *new_session(struct operations *operations, const struct options *options, bool read_only)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_session *session = NULL;
	char *words = mount_words(options, read_only);

	if (words && fuse_opt_add_arg(&args, "mpremotefs") == 0 && fuse_opt_add_arg(&args, "-o") == 0 &&
	    fuse_opt_add_arg(&args, words) == 0)
		session = fuse_session_new(&args, &operations_table, sizeof(operations_table), operations);
	fuse_opt_free_args(&args);
	free(words);
	return session;
}

int mount_session_open(struct operations *operations, const struct options *options, const char *mount_point, bool read_only,
		       struct diag *diag)
{
	struct fuse_session *session = new_session(operations, options, read_only);

	operations->session = NULL;
	operations->mount_point = mount_point;
	if (!session)
		return cannot_mount(diag, mount_point);
	if (fuse_set_signal_handlers(session) < 0) {
		fuse_session_destroy(session);
		return cannot_mount(diag, mount_point);
	}
	if (fuse_session_mount(session, mount_point) < 0) {
		fuse_remove_signal_handlers(session);
		fuse_session_destroy(session);
		return cannot_mount(diag, mount_point);
	}
	pthread_mutex_lock(&operations->ending_lock);
	operations->session = session;
	pthread_mutex_unlock(&operations->ending_lock);
	return 0;
}

/* A signal that ends the session is no failure; libfuse tells its number. */
static int result_of(int rc)
{
	return rc < 0 ? rc : 0;
}

#if FUSE_MAJOR_VERSION > 3 || FUSE_MINOR_VERSION >= 12
int mount_session_run(struct operations *operations)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int rc;

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_loop_cfg_set_idle_threads(config, IDLE_THREADS);
	rc = fuse_session_loop_mt(operations->session, config);
	fuse_loop_cfg_destroy(config);
	return result_of(rc);
}
#else
int mount_session_run(struct operations *operations)
{
	struct fuse_loop_config config = {.max_idle_threads = IDLE_THREADS};

	return result_of(fuse_session_loop_mt(operations->session, &config));
}
#endif

bool mount_session_is_ending(struct operations *operations)
{
	bool ending;

	pthread_mutex_lock(&operations->ending_lock);
	ending = operations->closed || (operations->session && fuse_session_exited(operations->session));
	pthread_mutex_unlock(&operations->ending_lock);
	return ending;
}

void mount_session_close(struct operations *operations)
{
	struct fuse_session *session = operations->session;

	pthread_mutex_lock(&operations->ending_lock);
	operations->session = NULL;
	operations->closed = true;
	pthread_mutex_unlock(&operations->ending_lock);
	if (!session)
		return;
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
}
