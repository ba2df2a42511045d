/* SPDX-License-Identifier: MIT */
/* mpremote-share: directories of this computer on a MicroPython board, while a program runs there. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/say.h"
#include "base/standard_io.h"
#include "base/utf8.h"
#include "bytelink/device_args.h"
#include "share/share_program.h"
#include "share/share_session.h"
#include "share/share_volume.h"

struct arguments {
	struct device_args device;
	struct share_volume volumes[SHARE_SERVER_SHARES];
	unsigned volume_count;
	bool watches;
	/* what is run */
	struct share_program program;
	const char *name;
	char *const *argv;
};

static int print_help(void)
{
	puts("usage: mpremote-share [OPTIONS] run FILE [ARG]... | exec CODE | repl\n\n"
	     "A directory of this computer on a MicroPython board, while a program runs there.\n\n"
	     "  run FILE [ARG]...    runs FILE, of this computer, on the board\n"
	     "  exec CODE            runs a statement there\n"
	     "  repl                 the board's prompt in this terminal; Ctrl-] leaves, Ctrl-D resets\n\n"
	     "  -v, --volume DIR[:BOARDDIR][:ro|rw]\n"
	     "                       DIR appears on the board as BOARDDIR, read-only unless rw is said; can be given\n"
	     "                       several times, the first is the current directory there (.:/remote:ro)\n"
	     "  --watch              runs it again, after a soft reset, whenever a file in a shared directory changes\n" DEVICE_ARGS_HELP
	     "\n  -h, --help\n"
	     "  -V, --version");
	return EXIT_SUCCESS;
}

static int add_volume(struct arguments *arguments, const char *words, struct diag *diag)
{
	if (arguments->volume_count == SHARE_SERVER_SHARES)
		return diag_fail(diag, DIAG_USAGE, EINVAL, "-v %s: %d directories at a time are enough", words,
				 SHARE_SERVER_SHARES);
	int error = share_volume_parse(&arguments->volumes[arguments->volume_count], words, diag);
	if (!error)
		arguments->volume_count++;
	return error;
}

/* The file's name in tracebacks. It is what was typed; but the board would look for an absolute one in a file system of its own. */
static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return *path == '/' ? slash + 1 : path;
}

/* Takes the command, which is ARGV. */
static int take_command(struct arguments *arguments, int argc, char **argv, struct diag *diag)
{
	static char no_name[] = "";
	static char *const nameless[] = {no_name, NULL}; /* sys.argv of a statement, as at the board's prompt */

	if (!strcmp(argv[0], "repl") && argc == 1) {
		arguments->name = "";
		arguments->argv = argv + 1;
		return 0;
	}
	if (!strcmp(argv[0], "exec") && argc == 2) {
		arguments->name = "<exec>";
		arguments->argv = nameless;
		return share_program_statement(&arguments->program, argv[1], diag);
	}
	if (!strcmp(argv[0], "run") && argc > 1) {
		arguments->name = name_of(argv[1]);
		arguments->argv = argv + 1;
		for (int i = 1; i < argc; i++)
			if (!utf8_is_valid(argv[i], strlen(argv[i])))
				return diag_fail(diag, DIAG_USAGE, EINVAL, "%s: a board takes UTF-8 only", argv[i]);
		return share_program_file(&arguments->program, argv[1], diag);
	}
	if (!strcmp(argv[0], "run"))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "run: a FILE is missing; see mpremote-share --help");
	if (!strcmp(argv[0], "exec"))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "exec takes one CODE, %s; see mpremote-share --help",
				 argc == 1 ? "which is missing" : "in quotes");
	if (!strcmp(argv[0], "repl"))
		return diag_fail(diag, DIAG_USAGE, EINVAL, "repl takes no words; see mpremote-share --help");
	return diag_fail(diag, DIAG_USAGE, EINVAL, "there is no command '%s'; see mpremote-share --help", argv[0]);
}

static int open_server(struct share_server **server, const struct arguments *arguments, struct diag *diag)
{
	int error = 0;

	*server = share_server_open();
	if (!*server)
		return diag_fail(diag, DIAG_AGENT, ENOMEM, "not enough memory");
	for (unsigned i = 0; i < arguments->volume_count && !error; i++) {
		const struct share_volume *volume = &arguments->volumes[i];
		struct share_tree *tree;

		error = share_tree_open(&tree, volume->dir, volume->writable, diag);
		if (error == -ENOENT)
			share_volume_explain(volume, diag);
		if (!error)
			error = share_server_add(*server, tree) < 0 ? -EMFILE : 0;
	}
	share_server_set_program(*server, arguments->program.bytes, arguments->program.len);
	return error;
}

/* What is shared, and who looks after it. */
struct share {
	struct arguments *arguments;
	struct share_server *server;
	struct watch *watch; /* NULL: nobody */
	struct bytelink *link;
};

static bool writes(const struct arguments *arguments)
{
	for (unsigned i = 0; i < arguments->volume_count; i++)
		if (arguments->volumes[i].writable)
			return true;
	return false;
}

/* Watches the file itself, and what it leads to if it is a link. */
static int watch_program(struct share *share, struct diag *diag)
{
	const struct share_program *program = &share->arguments->program;
	int error = program->name ? watch_add_file(share->watch, program->name, diag) : 0;

	return !error && program->name ? watch_add_file(share->watch, program->target, diag) : error;
}

/* The program may be what has changed. */
static void run_again(void *context)
{
	struct share *share = context;
	struct arguments *arguments = share->arguments;
	struct diag diag = {0};

	if (arguments->program.path && (share_program_read(&arguments->program, writes(arguments), &diag) < 0 ||
					(share->watch && watch_program(share, &diag) < 0)))
		say("%s; it runs as it was read last", diag.text);
	share_server_set_program(share->server, arguments->program.bytes, arguments->program.len);
}

/* What has happened by now was not the board. */
static void note_others(const struct share *share)
{
	struct diag diag = {0};

	if (watch_read(share->watch, bytelink_now(share->link), &diag) < 0)
		say("%s", diag.text);
}

/* The board is about to change what is at PATH. */
static void note_own(void *context, const struct share_tree *tree, const char *path, size_t len)
{
	const struct share *share = context;
	char name[SHARE_TREE_NAME_MAX + 1];
	struct stat status;

	note_others(share);
	if (share_tree_place(tree, path, len, &status, name) == 0)
		watch_own_name(share->watch, &status, name);
	if (share_tree_stat(tree, path, len, &status) == 0)
		watch_own_file(share->watch, &status); /* one that is opened is closed again where that fails late */
}

static void note_own_close(void *context, const struct stat *file)
{
	const struct share *share = context;

	note_others(share);
	watch_own_file(share->watch, file);
}

static void note_own_done(void *context)
{
	const struct share *share = context;
	struct diag diag = {0};

	if (watch_own_done(share->watch, bytelink_now(share->link), &diag) < 0)
		say("%s", diag.text);
}

static int open_watch(struct share *share, struct diag *diag)
{
	const struct arguments *arguments = share->arguments;
	int error = watch_open(&share->watch, diag);

	for (unsigned i = 0; i < arguments->volume_count && !error; i++)
		error = watch_add(share->watch, arguments->volumes[i].dir, diag);
	if (!error)
		error = watch_program(share, diag);
	if (!error)
		share_server_on_change(share->server,
				       &(struct share_server_listener){note_own, note_own_close, note_own_done, share});
	return error;
}

static int run_session(struct share *share, struct diag *diag)
{
	const struct arguments *arguments = share->arguments;
	char *paths[SHARE_SERVER_SHARES];
	struct share_session_options options = {
		.link = share->link,
		.server = share->server,
		.watch = share->watch,
		.again = run_again,
		.context = share,
		.plan = {.paths = paths, .count = arguments->volume_count, .name = arguments->name, .argv = arguments->argv},
		.timeout_us = arguments->device.options.timeout_us,
	};

	for (unsigned i = 0; i < arguments->volume_count; i++)
		paths[i] = arguments->volumes[i].board;
	if (!*arguments->name && isatty(STDIN_FILENO))
		say("Ctrl-] leaves, Ctrl-D resets the board; %s is %s there%s", arguments->volumes[0].dir,
		    arguments->volumes[0].board, arguments->volume_count > 1 ? ", and so on" : "");
	return share_session_run(&options, diag);
}

/* What can be wrong on this computer is found before the board is touched. */
static int share_all(struct arguments *arguments, struct diag *diag)
{
	struct share share = {.arguments = arguments};
	int error = share_volume_check(arguments->volumes, arguments->volume_count, diag);

	if (!error && arguments->watches && !*arguments->name)
		error = diag_fail(diag, DIAG_USAGE, EINVAL, "--watch is for run and exec: a REPL is not run again");
	if (error)
		return error;
	error = open_server(&share.server, arguments, diag);
	if (!error && arguments->watches)
		error = open_watch(&share, diag);
	arguments->device.options.purpose = "for mpremote-share";
	if (!error)
		error = device_open(&share.link, arguments->device.device, &arguments->device.options, diag);
	if (!error)
		error = run_session(&share, diag);
	share_server_close(share.server); /* the files that it closes are told, which takes the link's clock */
	if (share.link)
		bytelink_close(share.link);
	watch_close(share.watch);
	return error;
}

static int take_option(struct arguments *arguments, int option, struct diag *diag)
{
	if (option == 'v')
		return add_volume(arguments, optarg, diag);
	if (option == 'w') {
		arguments->watches = true;
		return 0;
	}
	return device_args_take(&arguments->device, option, optarg, diag);
}

static int run(struct arguments *arguments, int argc, char **argv)
{
	static const struct option options[] = {
		DEVICE_ARGS_LONG,
		{"volume", required_argument, NULL, 'v'},
		{"watch", no_argument, NULL, 'w'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	struct diag diag = {0};
	int option, rc = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:v:hV" DEVICE_ARGS_LETTERS, options, NULL)) != -1) {
		if (option == 'h')
			return print_help();
		if (option == 'V')
			return puts("mpremote-share " PACKAGE_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		if (option == ':' || option == '?') {
			say("%s option '%s'; see mpremote-share --help", option == ':' ? "a value is missing for" : "unknown",
			    argv[optind > 1 ? optind - 1 : 1]);
			return EXIT_USAGE;
		}
		if (take_option(arguments, option, &diag) < 0)
			return say_failure(&diag);
	}
	if (optind == argc) {
		say("a command is missing: run, exec or repl; see mpremote-share --help");
		return EXIT_USAGE;
	}
	if (!arguments->volume_count)
		rc = add_volume(arguments, ".", &diag);
	if (rc == 0)
		rc = take_command(arguments, argc - optind, argv + optind, &diag);
	if (rc == 0)
		rc = share_all(arguments, &diag);
	return rc < 0 ? say_failure(&diag) : rc;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	int status;

	if (standard_io_fill() < 0)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write beyond a limit fails then, which the board is told */
	device_args_start(&arguments.device);
	status = say_end(run(&arguments, argc, argv));
	while (arguments.volume_count)
		share_volume_clear(&arguments.volumes[--arguments.volume_count]);
	share_program_clear(&arguments.program);
	return status;
}
