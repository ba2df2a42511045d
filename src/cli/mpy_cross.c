/* SPDX-License-Identifier: MIT */
#include "cli/mpy_cross.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/child.h"
#include "cli/compiler.h"
#include "romfs/mpy.h"

/* A compiler that runs. */
struct job {
	struct child child;
	struct source *source;
};

struct compilation {
	struct source_tree *tree;
	const char *program;
	char *march; /* "-march=ARCH", or NULL */
	struct diag *diag;
	struct job *jobs;
	size_t job_count, running;
};

static bool is_compiled(const struct source *source)
{
	size_t len = strlen(source->name);

	return !source->is_dir && !source->has_mpy && len >= 3 && strcmp(source->name + len - 3, ".py") == 0;
}

static size_t count_compiled(const struct source_tree *tree)
{
	size_t count = 0;

	for (size_t i = 0; i < tree->count; i++)
		count += is_compiled(&tree->sources[i]);
	return count;
}

static size_t processors(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count > 1 ? (size_t)count : 1;
}

/* --- One compiler --- */

/* The compiler reads the file IN, and NAME is the source's name in the bytecode. */
static int run_compiler(struct job *job, const struct compilation *compilation, char *name, int in)
{
	char *argv[8];
	size_t count = 0;

	argv[count++] = (char *)(uintptr_t)compilation->program;
	argv[count++] = (char *)(uintptr_t) "-o";
	argv[count++] = (char *)(uintptr_t) "/dev/stdout";
	argv[count++] = (char *)(uintptr_t) "-s";
	argv[count++] = name;
	if (compilation->march)
		argv[count++] = compilation->march;
	argv[count++] = (char *)(uintptr_t) "-";
	argv[count] = NULL;
	return child_start(&job->child, argv, in);
}

static int start_job(struct compilation *compilation, struct job *job, struct source *source)
{
	struct source_tree *tree = compilation->tree;
	int in = source_tree_open_file(tree, source, compilation->diag), rc = -ENOMEM;
	char *name;

	if (in < 0)
		return in;
	job->source = source;
	if (asprintf(&name, "%s%s%s", tree->dir, tree->slash, source->path) < 0)
		name = NULL;
	if (name)
		rc = run_compiler(job, compilation, name, in);
	free(name);
	close(in);
	if (rc < 0)
		return diag_fail(compilation->diag, DIAG_ROMFS, -rc, "%s cannot be run: %s", compilation->program, strerror(-rc));
	compilation->running++;
	return 0;
}

/* --- What it has made --- */

/* Appends LEN bytes of WORDS to TEXT of SIZE bytes, as far as there is room. */
static void append(char *text, size_t size, const char *words, size_t len)
{
	size_t used = strlen(text);

	if (len > size - 1 - used)
		len = size - 1 - used;
	memcpy(text + used, words, len);
	text[used + len] = '\0';
}

/* The compiler's own words, of which the last lines are the ones that count. It does not know the name of the file that it has read. */
static void take_words(const struct compilation *compilation, const struct job *job, char *words, size_t room)
{
	static const char unnamed[] = "\"<stdin>\"";
	const struct source_tree *tree = compilation->tree;
	char printable[600], name[300];
	const char *from = printable, *at;
	uint8_t *bytes;
	size_t size;

	*words = '\0';
	if (child_output(job->child.err, &bytes, &size) < 0 || !bytes)
		return;
	while (size > 0 && bytes[size - 1] == '\n')
		size--;
	at = (const char *)bytes + (size > sizeof(printable) - 1 ? size - (sizeof(printable) - 1) : 0);
	diag_printable(printable, sizeof(printable), at, (size_t)((const char *)bytes + size - at));
	free(bytes);
	snprintf(name, sizeof(name), "\"%s%s%s\"", tree->dir, tree->slash, job->source->path);
	while ((at = strstr(from, unnamed))) {
		append(words, room, from, (size_t)(at - from));
		append(words, room, name, strlen(name));
		from = at + sizeof(unnamed) - 1;
	}
	append(words, room, from, strlen(from));
}

static int say_error(const struct compilation *compilation, const struct job *job, int status)
{
	const struct source_tree *tree = compilation->tree;
	const char *march = compilation->march ? strchr(compilation->march, '=') + 1 : NULL;
	char words[800], entry[DIAG_PATH_SIZE];
	const char *path = diag_path(entry, job->source->path);

	take_words(compilation, job, words, sizeof(words));
	if (*words)
		return diag_fail(compilation->diag, DIAG_ROMFS, EINVAL, "%s%s%s does not compile:\n%s", tree->dir, tree->slash,
				 path, words);
	return diag_fail(compilation->diag, DIAG_ROMFS, EINVAL, "%s%s%s does not compile: %s ended with status %d%s%s%s",
			 tree->dir, tree->slash, path, compilation->program,
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
	const struct source_tree *tree = compilation->tree;
	struct source *source = job->source;
	struct mpy_header header;
	const char *fault;
	int rc = child_output(job->child.out, &source->content, &source->size);

	if (rc == 0)
		rc = rename_source(source);
	if (rc < 0)
		return diag_fail(compilation->diag, DIAG_ROMFS, -rc, "%s: %s", source->path, strerror(-rc));
	fault = mpy_parse(&header, source->content, source->size);
	if (fault)
		return diag_fail(
			compilation->diag, DIAG_ROMFS, EBADMSG,
			"what %s makes of %s%s%s cannot be used: %s. Get the mpy-cross that belongs to the board's MicroPython",
			compilation->program, tree->dir, tree->slash, source->path, fault);
	return 0;
}

/* --- All of them --- */

static struct job *find_job(const struct compilation *compilation, pid_t pid)
{
	for (size_t i = 0; i < compilation->job_count; i++) {
		if (compilation->jobs[i].child.pid == pid)
			return &compilation->jobs[i];
	}
	return NULL;
}

/* Fewer run than there is room for. */
static struct job *free_job(const struct compilation *compilation)
{
	struct job *job = compilation->jobs;

	while (job->child.pid > 0)
		job++;
	return job;
}

/* Waits for a job's end: NULL with errno where that fails. Children that this process had when it was another program are no jobs. */
static struct job *await_job(const struct compilation *compilation, int *status)
{
	struct job *job = NULL;
	pid_t pid;

	while (!job && (pid = waitpid(-1, status, 0)) >= 0)
		job = find_job(compilation, pid);
	return job;
}

/* Waits for a job's end and takes what it has made. After that fewer run than there is room for. */
static int end_job(struct compilation *compilation)
{
	int status, rc;
	struct job *job = await_job(compilation, &status);

	if (!job)
		return diag_fail(compilation->diag, DIAG_ROMFS, errno, "waiting for mpy-cross: %s", strerror(errno));
	compilation->running--;
	job->child.pid = 0;
	rc = status == 0 ? take_bytecode(compilation, job) : say_error(compilation, job, status);
	child_close(&job->child);
	return rc;
}

static int compile_all(struct compilation *compilation)
{
	int rc = 0;

	for (size_t i = 0; i < compilation->tree->count && rc == 0; i++) {
		struct source *source = &compilation->tree->sources[i];

		if (!is_compiled(source))
			continue;
		if (compilation->running == compilation->job_count)
			rc = end_job(compilation);
		if (rc == 0)
			rc = start_job(compilation, free_job(compilation), source);
	}
	while (compilation->running > 0 && rc == 0)
		rc = end_job(compilation);
	return rc;
}

static int compile_with(struct compilation *compilation)
{
	int rc;

	compilation->job_count = processors() + 1; /* while we take what one has made and start the next, no processor waits */
	compilation->jobs = calloc(compilation->job_count, sizeof(*compilation->jobs));
	if (!compilation->jobs)
		return diag_fail(compilation->diag, DIAG_ROMFS, ENOMEM, "not enough memory");
	for (size_t i = 0; i < compilation->job_count; i++)
		compilation->jobs[i].child = CHILD_NONE;
	rc = compile_all(compilation);
	for (size_t i = 0; i < compilation->job_count; i++) /* after a failure those that still run are not needed */
		child_close(&compilation->jobs[i].child);
	free(compilation->jobs);
	return rc;
}

ssize_t mpy_cross_compile(struct source_tree *tree, const struct mpy_cross_options *options, struct diag *diag)
{
	struct compilation compilation = {.tree = tree, .diag = diag};
	size_t count = count_compiled(tree);
	char *program;
	int rc;

	if (count == 0)
		return 0;
	rc = compiler_find(options->program, &program, diag);
	if (rc < 0)
		return rc;
	compilation.program = program;
	if (options->march && asprintf(&compilation.march, "-march=%s", options->march) < 0)
		rc = diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
	else
		rc = compile_with(&compilation);
	free(compilation.march);
	free(program);
	return rc < 0 ? rc : (ssize_t)count;
}
