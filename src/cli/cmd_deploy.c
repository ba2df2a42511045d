/* SPDX-License-Identifier: MIT */
/* mpremote-romfs deploy */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "cli/boot.h"
#include "cli/command.h"
#include "cli/image.h"
#include "cli/pack.h"
#include "cli/partition.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/view.h"

enum boot { BOOT_AS_IT_IS, BOOT_YES, BOOT_NO };

struct deploy {
	struct device_args args;
	const char *path; /* of an image or a directory */
	unsigned number;
	bool force, mount, json;
	enum boot boot;
	struct pack_options pack_options;
	/* what is done */
	struct session session;
	struct partition partition;
	struct image file; /* where PATH is one */
	uint8_t *copy;     /* of its bytes */
	struct pack pack;  /* where it is a directory */
	struct romfs_reader *reader;
	struct progress progress;
	struct romfs_deploy_result result;
	double seconds;                /* that it took, verified, once the board was reached */
	bool was_at_rom, was_at_romfs; /* the board had it there, until it was unmounted */
	bool needs_reset;              /* the board has its old state until then */
	struct boot_change boot_change;
};

/* --- The image --- */

/* The image is copied: the file may change while the board is written to. */
static int copy_image(struct deploy *deploy, struct diag *diag)
{
	struct romfs_reader *reader = &deploy->file.reader;

	deploy->copy = malloc(reader->size);
	if (!deploy->copy)
		return diag_fail(diag, DIAG_ROMFS, ENOMEM, "not enough memory");
	memcpy(deploy->copy, reader->bytes, reader->size);
	reader->bytes = deploy->copy;
	return romfs_file_check(&deploy->file.file, deploy->path, diag);
}

static int open_image(struct deploy *deploy, struct failure *failure)
{
	int rc = image_open(&deploy->file, deploy->path, &failure->diag);
	char words[sizeof(failure->diag.text)];

	deploy->reader = &deploy->file.reader;
	if (rc == 0)
		rc = copy_image(deploy, &failure->diag);
	if (rc != -EBADMSG)
		return failure_is(failure, FAILURE_OTHER, rc);
	snprintf(words, sizeof(words), "%s", failure->diag.text);
	return failure_is(failure, FAILURE_IMAGE, diag_fail(&failure->diag, DIAG_ROMFS, EBADMSG, "not a romfs image: %s", words));
}

static unsigned arch_of(int mpy)
{
	return (unsigned)mpy >> 10 & 0x3f;
}

static int build_image(struct deploy *deploy, struct failure *failure)
{
	int mpy = board_rom_mpy(deploy->session.agent), rc;
	const char *march = mpy > 0 && arch_of(mpy) ? mpy_arch_name(arch_of(mpy)) : NULL;

	if (march && mpy_arch_number(march) >= 0)
		deploy->pack_options.compiler.march = march;
	rc = pack_make(&deploy->pack, deploy->path, &deploy->pack_options, &failure->diag);
	deploy->reader = &deploy->pack.reader;
	failure_is(failure, FAILURE_OTHER, rc);
	/* Ctrl-C ends the compiler, too, which is no fault of it. */
	return session_is_stopped(&deploy->session) ? session_check(&deploy->session, failure) : rc;
}

/* --- Whether the board loads its bytecode --- */

struct bytecode {
	int mpy;        /* sys.implementation._mpy */
	size_t refused; /* files */
	char first[ROMFS_PATH_MAX + 1];
	char why[128]; /* of the first */
};

/* Why a board whose `_mpy` is MPY does not load a file, into WHY; false: it does. */
static bool refuses(int mpy, const struct mpy_header *header, char *why, size_t size)
{
	unsigned version = (unsigned)mpy & 0xff, sub_version = (unsigned)mpy >> 8 & 3, arch = arch_of(mpy);

	if (header->version == 0)
		snprintf(why, size, "it is no .mpy file");
	else if (mpy <= 0)
		snprintf(why, size, "the board loads no .mpy files");
	else if (header->version != version)
		snprintf(why, size, "it is of version %u, the board loads version %u", header->version, version);
	else if (header->arch && header->sub_version != sub_version)
		snprintf(why, size, "its native code is of version %u.%u, the board loads %u.%u", header->version,
			 header->sub_version, version, sub_version);
	else if (!mpy_arch_runs_on(header->arch, arch))
		snprintf(why, size, "it has native code for %s, the board %s%s", mpy_arch_name(header->arch),
			 arch ? "is " : "loads none", arch ? mpy_arch_name(arch) : "");
	else
		return false;
	return true;
}

static void look_at_bytecode(void *context, const char *path, const struct mpy_header *header, const char *fault)
{
	struct bytecode *seen = context;
	char why[sizeof(seen->why)];

	(void)fault;
	if (!refuses(seen->mpy, header, why, sizeof(why)))
		return;
	if (seen->refused++ > 0)
		return;
	snprintf(seen->first, sizeof(seen->first), "%s", path);
	snprintf(seen->why, sizeof(seen->why), "%s", why);
}

static int check_bytecode(struct deploy *deploy, struct failure *failure)
{
	struct bytecode seen = {.mpy = board_rom_mpy(deploy->session.agent)};
	struct romfs_check check = {0};
	char others[64] = "";

	romfs_check_bytecode(&check, deploy->reader, look_at_bytecode, &seen);
	if (!seen.refused)
		return 0;
	if (seen.refused > 1)
		snprintf(others, sizeof(others), " (and %zu more such files)", seen.refused - 1);
	if (deploy->force) {
		say("warning: the board cannot import %s: %s%s", seen.first, seen.why, others);
		return 0;
	}
	failure->kind = FAILURE_BYTECODE;
	return diag_fail(
		&failure->diag, DIAG_ROMFS, EINVAL,
		"the board cannot import %s: %s%s; nothing was written. --no-mpy packs sources, --force deploys it all the "
		"same",
		seen.first, seen.why, others);
}

/* --- What the board's programs see of the partition --- */

static void path_of(const struct deploy *deploy, char *path, size_t size)
{
	snprintf(path, size, "/romfs%u", deploy->number);
}

static bool take_away(struct deploy *deploy, const char *path)
{
	int rc = board_rom_umount(deploy->session.agent, path);

	deploy->needs_reset = deploy->needs_reset || rc < 0;
	return rc > 0;
}

/* A program that reads files must not see a partition change under it. */
static void unmount(struct deploy *deploy)
{
	char path[32];

	path_of(deploy, path, sizeof(path));
	deploy->was_at_rom = deploy->number == 0 && take_away(deploy, "/rom");
	deploy->was_at_romfs = take_away(deploy, path);
}

static void mount_at(struct deploy *deploy, const char *path)
{
	deploy->needs_reset = board_rom_mount(deploy->session.agent, deploy->number, path) < 0 || deploy->needs_reset;
}

/* The first partition is at /rom whenever the board starts with an image in it, so now, too. */
static void mount_again(struct deploy *deploy, bool is_whole)
{
	char path[32];

	path_of(deploy, path, sizeof(path));
	if (deploy->number == 0 && (deploy->was_at_rom || is_whole))
		mount_at(deploy, "/rom");
	if (deploy->was_at_romfs && !(deploy->mount && is_whole)) /* else that is done with what is asked for */
		mount_at(deploy, path);
}

static int mount_for_good(struct deploy *deploy, struct failure *failure)
{
	char path[32];
	int rc = 0;

	path_of(deploy, path, sizeof(path));
	if (deploy->mount)
		rc = board_rom_mount(deploy->session.agent, deploy->number, path);
	if (rc < 0)
		return failure_is(failure, FAILURE_BOARD,
				  diag_fail(&failure->diag, DIAG_BOARD, -rc, "the board cannot mount partition %u at %s: %s",
					    deploy->number, path, strerror(-rc)));
	if (deploy->boot == BOOT_AS_IT_IS)
		return 0;
	return failure_is(
		failure, FAILURE_BOARD,
		boot_set(&deploy->session, deploy->number, deploy->boot == BOOT_YES, &deploy->boot_change, &failure->diag));
}

/* --- The deploy itself --- */

static int watch(void *context, size_t done, size_t total)
{
	struct deploy *deploy = context;

	progress_show(&deploy->progress, done, total);
	return session_is_stopped(&deploy->session);
}

static enum failure_kind kind_of(const struct deploy *deploy, int rc)
{
	if (deploy->result.lied)
		return FAILURE_VERIFICATION;
	return rc == -EINTR ? FAILURE_INTERRUPTED : rc == -ENOSPC ? FAILURE_SPACE : FAILURE_BOARD;
}

static int write_partition(struct deploy *deploy, struct failure *failure)
{
	struct romfs_deploy_target target = partition_target(&deploy->partition);
	char words[sizeof(failure->diag.text)];
	int rc;

	if (deploy->reader->size > target.size) /* before anything is unmounted */
		return failure_is(failure, FAILURE_SPACE,
				  diag_fail(&failure->diag, DIAG_ROMFS, ENOSPC,
					    "insufficient space: the image has %zu bytes, partition %u has %u",
					    deploy->reader->size, deploy->number, target.size));
	unmount(deploy);
	progress_start(&deploy->progress, "deploying");
	rc = romfs_deploy(&target, deploy->reader->bytes, deploy->reader->size, watch, deploy, &deploy->result, &failure->diag);
	deploy->seconds = progress_end(&deploy->progress);
	if (rc == 0 || !deploy->result.destroyed)
		mount_again(deploy, rc == 0);
	if (rc == 0)
		return 0;
	if (deploy->result.destroyed) {
		snprintf(words, sizeof(words), "%s", failure->diag.text);
		diag_fail(&failure->diag, DIAG_ROMFS, -rc, "%s\npartition %u has %s now; the same command brings %s there", words,
			  deploy->number, deploy->result.unverified ? "nothing that was verified" : "no image",
			  deploy->result.unverified ? "the image" : "it");
	}
	return failure_is(failure, kind_of(deploy, rc), rc);
}

/* --- The words about it --- */

static void print_count(size_t count, const char *what)
{
	printf("%zu block%s %s", count, count == 1 ? "" : "s", what);
}

/* The command that does not reset the board, as mpremote does of itself. */
static void print_keeping(const struct deploy *deploy)
{
	const char *device = board_info(deploy->session.board)->device;

	printf("the board has it at /romfs%u until its reset. mpremote resets it, unless told otherwise:\n  mpremote ",
	       deploy->number);
	if (*device == '/')
		printf("connect %s ", device);
	printf("resume exec \"import os; print(os.listdir('/romfs%u'))\"\n", deploy->number);
}

static void print_boot(const struct deploy *deploy)
{
	if (deploy->boot == BOOT_YES)
		printf("%s %s it at /romfs%u at each start\n", deploy->boot_change.path,
		       deploy->boot_change.changed ? "now mounts" : "already mounts", deploy->number);
	if (deploy->boot == BOOT_NO)
		printf("%s %s /romfs%u\n", deploy->boot_change.path,
		       deploy->boot_change.changed ? "no longer mounts" : "does not mount", deploy->number);
}

static void print_text(const struct deploy *deploy)
{
	const struct romfs_deploy_result *result = &deploy->result;
	char words[128];

	partition_describe(&deploy->partition, words, sizeof(words));
	if (deploy->pack.image)
		view_tree(stdout, deploy->reader);
	say_name(stdout, deploy->path);
	printf(": %zu bytes onto partition %u (%s): ", deploy->reader->size, deploy->number, words);
	print_count(result->written, "written, ");
	print_count(result->skipped, "equal already, ");
	print_count(result->verified, "verified\n");
	if (deploy->needs_reset)
		puts("the board sees it after a reset");
	if (deploy->mount)
		print_keeping(deploy);
	print_boot(deploy);
}

static void print_json(const struct deploy *deploy)
{
	const struct romfs_deploy_result *result = &deploy->result;

	fputs("{\n  \"source\": ", stdout);
	json_print_string(stdout, deploy->path);
	printf(",\n  \"partition\": %u,\n  \"size\": %zu,\n  \"block_size\": %u,\n  \"written\": %zu,\n  \"skipped\": %zu,\n"
	       "  \"verified\": %zu,\n  \"seconds\": %.3f,\n  \"needs_reset\": %s",
	       deploy->number, deploy->reader->size, result->block, result->written, result->skipped, result->verified,
	       deploy->seconds, deploy->needs_reset ? "true" : "false");
	if (deploy->mount)
		printf(",\n  \"mounted\": \"/romfs%u\"", deploy->number);
	if (deploy->boot != BOOT_AS_IT_IS)
		printf(",\n  \"boot\": \"%s\",\n  \"boot_changed\": %s", deploy->boot_change.path,
		       deploy->boot_change.changed ? "true" : "false");
	fputs("\n}\n", stdout);
}

/* --- All of it --- */

static int run_steps(struct deploy *deploy, bool is_dir, struct failure *failure)
{
	int rc = session_open(&deploy->session, &deploy->args, "deploy",
			      deploy->boot == BOOT_AS_IT_IS ? BOARD_AGENT_ROM_CHANGES : BOARD_AGENT_FILES, failure);

	if (rc == 0)
		rc = partition_find(&deploy->partition, &deploy->session, deploy->number, failure);
	if (rc == 0 && is_dir)
		rc = build_image(deploy, failure);
	if (rc == 0)
		rc = check_bytecode(deploy, failure);
	if (rc == 0)
		rc = write_partition(deploy, failure);
	if (rc == 0)
		rc = mount_for_good(deploy, failure);
	if (rc == 0)
		(deploy->json ? print_json : print_text)(deploy);
	session_close(&deploy->session);
	return rc;
}

static int deploy_to_board(struct deploy *deploy)
{
	struct failure failure = {0};
	struct stat st;
	int rc = 0;

	if (stat(deploy->path, &st) < 0)
		rc = diag_fail(&failure.diag, DIAG_ROMFS, errno, "%s: %s", deploy->path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		rc = open_image(deploy, &failure);
	if (rc == 0)
		rc = run_steps(deploy, S_ISDIR(st.st_mode), &failure);
	image_close(&deploy->file);
	free(deploy->copy);
	pack_close(&deploy->pack);
	return rc < 0 ? failure_say(&failure, deploy->json) : EXIT_SUCCESS;
}

enum { OPTION_NO_MPY = 256, OPTION_MPY_CROSS, OPTION_FORCE, OPTION_MOUNT, OPTION_BOOT, OPTION_NO_BOOT, OPTION_JSON };

static const struct option options[] = {
	DEVICE_ARGS_LONG,
	{"partition", required_argument, NULL, 'p'},
	{"mpy", no_argument, NULL, 'm'},
	{"no-mpy", no_argument, NULL, OPTION_NO_MPY},
	{"mpy-cross", required_argument, NULL, OPTION_MPY_CROSS},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"mount", no_argument, NULL, OPTION_MOUNT},
	{"boot", no_argument, NULL, OPTION_BOOT},
	{"no-boot", no_argument, NULL, OPTION_NO_BOOT},
	{"json", no_argument, NULL, OPTION_JSON},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* False: unknown. */
static bool take_option(struct deploy *deploy, int option)
{
	switch (option) {
	case 'm':
	case OPTION_NO_MPY:
		deploy->pack_options.mpy = option == 'm';
		return true;
	case OPTION_MPY_CROSS:
		deploy->pack_options.compiler.program = optarg;
		return true;
	case OPTION_FORCE:
		return deploy->force = true;
	case OPTION_MOUNT:
		return deploy->mount = true;
	case OPTION_BOOT:
	case OPTION_NO_BOOT:
		deploy->boot = option == OPTION_BOOT ? BOOT_YES : BOOT_NO;
		return true;
	case OPTION_JSON:
		return deploy->json = true;
	default:
		return false;
	}
}

static int run(const struct command *command, int argc, char **argv)
{
	struct deploy deploy = {
		.pack_options = {.mpy = true, .compiler.program = "mpy-cross"},
		.pack.tree = SOURCE_TREE_NONE,
		.file.file = ROMFS_FILE_NONE,
	};
	struct diag diag = {0};
	int option;

	device_args_start(&deploy.args);
	while ((option = getopt_long(argc, argv, ":" DEVICE_ARGS_LETTERS "p:mh", options, NULL)) != -1) {
		if (option == 'h')
			return say_help(command);
		if (device_args_has(option)) {
			if (device_args_take(&deploy.args, option, optarg, &diag) < 0)
				return say_usage(command, "%s", diag.text);
		} else if (option == 'p') {
			if (partition_parse(optarg, &deploy.number) < 0)
				return say_usage(command, "--partition needs a number, not '%s'", optarg);
		} else if (!take_option(&deploy, option)) {
			return say_bad_option(command, option, argv);
		}
	}
	if (argc - optind != 1)
		return say_usage(command, "it takes one IMAGE or DIR");
	deploy.path = argv[optind];
	return deploy_to_board(&deploy);
}

const struct command cmd_deploy = {
	.name = "deploy",
	.arguments = "[OPTION]... IMAGE|DIR",
	.summary = "bring an image, or a directory as one, onto a board's ROM partition",
	.help = "  -p, --partition N    which (0)\n"
		"  -m, --mpy            of a directory: compile each .py for this board (the default)\n"
		"  --no-mpy             leave .py as it is\n"
		"  --mpy-cross PATH     the compiler (mpy-cross in $PATH)\n"
		"  --force              also where the board cannot import a .mpy\n"
		"  --mount              have it at /romfsN on the board, until its reset\n"
		"  --boot               have it there after each reset: a line in boot.py\n"
		"  --no-boot            take that line out\n"
		"  --json               for programs\n" DEVICE_ARGS_HELP
		"\nWhat is equal already is not written. All is verified. Interrupted, the same command finishes it.\n",
	.run = run,
};
