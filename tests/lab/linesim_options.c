/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lab/linesim_options.h"

enum { DONE_HELP = 1, DONE_USAGE = 3 };

enum {
	OPT_UART = 256,
	OPT_USB,
	OPT_RATE,
	OPT_LATENCY,
	OPT_BUFFER,
	OPT_OUTPUT,
	OPT_LOSES,
	OPT_HOLDS,
	OPT_TO_BOARD,
	OPT_TO_HOST,
	OPT_SEVEN_BIT,
	OPT_SEED,
	OPT_KILL,
	OPT_UNPLUG,
	OPT_REPLUG,
	OPT_POWERED,
	OPT_NO_RESTART,
	OPT_COUNTERS,
	OPT_TRACE,
	OPT_CONTROL,
};

static const struct option long_options[] = {
	{"link", required_argument, NULL, 'l'},
	{"uart", no_argument, NULL, OPT_UART},
	{"usb", no_argument, NULL, OPT_USB},
	{"rate", required_argument, NULL, OPT_RATE},
	{"latency", required_argument, NULL, OPT_LATENCY},
	{"buffer", required_argument, NULL, OPT_BUFFER},
	{"output", required_argument, NULL, OPT_OUTPUT},
	{"loses", no_argument, NULL, OPT_LOSES},
	{"holds", no_argument, NULL, OPT_HOLDS},
	{"to-board", required_argument, NULL, OPT_TO_BOARD},
	{"to-host", required_argument, NULL, OPT_TO_HOST},
	{"seven-bit", required_argument, NULL, OPT_SEVEN_BIT},
	{"seed", required_argument, NULL, OPT_SEED},
	{"kill", required_argument, NULL, OPT_KILL},
	{"unplug", required_argument, NULL, OPT_UNPLUG},
	{"replug", required_argument, NULL, OPT_REPLUG},
	{"powered", no_argument, NULL, OPT_POWERED},
	{"no-restart", no_argument, NULL, OPT_NO_RESTART},
	{"counters", required_argument, NULL, OPT_COUNTERS},
	{"trace", required_argument, NULL, OPT_TRACE},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char help[] =
	"usage: linesim [OPTIONS] --link LINK -- COMMAND [ARG...]\n"
	"\n"
	"Puts COMMAND on the far end of a simulated serial line. LINK becomes a link to the pseudo-terminal that the host\n"
	"opens; a line \"ready LINK\" on stdout says that it is there. Ends on SIGTERM or SIGINT.\n"
	"\n"
	"The line:\n"
	"  --uart             115,200 baud, 1 ms, the board receives into 260 bytes and loses what does not fit\n"
	"  --usb              800,000 bytes a second, 0.25 ms, 512 bytes, and the line waits\n"
	"  --rate N           bytes a second, each way (0: no limit, the default)\n"
	"  --latency USEC     on the way, each way\n"
	"  --buffer BYTES     what the board can receive before its program reads\n"
	"  --loses, --holds   what happens when that is full: bytes are lost, or the line waits\n"
	"  --output BYTES     what the board can write ahead of the line, beside what it writes before it can be stopped\n"
	"Options later on the command line change what a preset has set.\n"
	"\n"
	"Damage, in bytes of a million:\n"
	"  --to-board LIST, --to-host LIST   LIST: flip=N,lose=N,repeat=N,delay=N,delay-us=USEC\n"
	"  --seven-bit HOW    bytes above 127 lose their top bit (strip) or do not arrive (eat), each way\n"
	"  --seed N           the same seed damages the same bytes (1)\n"
	"\n"
	"The board:\n"
	"  --kill N           its power fails when N bytes have reached it, and is back at once\n"
	"  --unplug N         its plug is pulled then: LINK is gone, ...\n"
	"  --replug MSEC      ... and comes back after so long (1000; 0: never)\n"
	"  --powered          it has power of its own: it runs on while it is unplugged\n"
	"  --no-restart       a board that ended stays silent; without it, it starts again\n"
	"\n"
	"What happens:\n"
	"  --counters FILE    counters as JSON, at the end and on SIGUSR1\n"
	"  --trace FILE       each batch of bytes that arrived, with its time\n"
	"  --control FIFO     reads commands there, lines of:\n"
	"     kill [N], unplug [N]   now, or when N more bytes have reached the board\n"
	"     replug [MSEC]          plugs it in again, now or after so long\n"
	"     swap ARG               what is plugged in next is COMMAND with ARG in place of its last argument\n"
	"     to-board LIST, to-host LIST   damage from now on; what is not in LIST stays\n";

static int usage_error(const char *what, const char *value)
{
	fprintf(stderr, "linesim: %s%s%s; see linesim --help\n", what, value ? ": " : "", value ? value : "");
	return DONE_USAGE;
}

/* A whole number without a sign. */
static int read_number(uint64_t *out, const char *text)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno || end == text || *end || strchr(text, '-') || *out > INT64_MAX / 1000000000)
		return usage_error("not a number", text);
	return 0;
}

static int read_one_damage(struct channel_settings *settings, char *word)
{
	const struct {
		const char *name;
		unsigned *count;
	} kinds[] = {
		{"flip", &settings->flip},
		{"lose", &settings->lose},
		{"repeat", &settings->repeat},
		{"delay", &settings->delay},
	};
	const char *name = strsep(&word, "=");
	uint64_t number = 0;

	if (!word)
		return usage_error("damage without its number", name);
	if (read_number(&number, word))
		return DONE_USAGE;
	if (!strcmp(name, "delay-us")) {
		settings->delay_ns = (int64_t)number * 1000;
		return 0;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(name, kinds[i].name)) {
			*kinds[i].count = (unsigned)(number > 1000000 ? 1000000 : number);
			return 0;
		}
	return usage_error("not a kind of damage", name);
}

int linesim_options_damage(struct channel_settings *settings, char *list)
{
	char *word;

	while ((word = strsep(&list, ",")))
		if (read_one_damage(settings, word))
			return DONE_USAGE;
	return 0;
}

static int read_seven_bit(struct linesim_options *options, const char *how)
{
	if (strcmp(how, "strip") != 0 && strcmp(how, "eat") != 0)
		return usage_error("--seven-bit is strip or eat", how);
	options->up.high = options->down.high = strcmp(how, "eat") == 0 ? CHANNEL_EATS : CHANNEL_STRIPS;
	return 0;
}

static void set_line(struct linesim_options *options, int64_t byte_ns, int64_t latency_ns)
{
	options->up.byte_ns = options->down.byte_ns = byte_ns;
	options->up.latency_ns = options->down.latency_ns = latency_ns;
}

static void set_uart(struct linesim_options *options)
{
	set_line(options, 1000000000 / 11520, 1000000);
	options->buffer = 260;
	options->output = 128;
	options->loses = true;
}

static void set_usb(struct linesim_options *options)
{
	set_line(options, 1000000000 / 800000, 250000);
	options->buffer = 512;
	options->output = 512;
	options->loses = false;
}

/* An option that has a number for its argument. */
static int set_number(struct linesim_options *options, int option, const char *text)
{
	uint64_t number = 0;

	if (read_number(&number, text))
		return DONE_USAGE;
	switch (option) {
	case OPT_RATE:
		options->up.byte_ns = options->down.byte_ns = number ? 1000000000 / (int64_t)number : 0;
		break;
	case OPT_LATENCY:
		options->up.latency_ns = options->down.latency_ns = (int64_t)number * 1000;
		break;
	case OPT_BUFFER:
		options->buffer = (long)number;
		break;
	case OPT_OUTPUT:
		options->output = (long)number;
		break;
	case OPT_SEED:
		options->seed = number;
		break;
	case OPT_KILL:
		options->kill_at = number;
		break;
	case OPT_UNPLUG:
		options->unplug_at = number;
		break;
	case OPT_REPLUG:
		options->replug_ns = (int64_t)number * 1000000;
		break;
	}
	return 0;
}

static int set_option(struct linesim_options *options, int option, char *argument)
{
	switch (option) {
	case 'l':
		options->link = argument;
		return 0;
	case OPT_UART:
		set_uart(options);
		return 0;
	case OPT_USB:
		set_usb(options);
		return 0;
	case OPT_LOSES:
	case OPT_HOLDS:
		options->loses = option == OPT_LOSES;
		return 0;
	case OPT_TO_BOARD:
		return linesim_options_damage(&options->up, argument);
	case OPT_TO_HOST:
		return linesim_options_damage(&options->down, argument);
	case OPT_POWERED:
		options->powered = true;
		return 0;
	case OPT_SEVEN_BIT:
		return read_seven_bit(options, argument);
	case OPT_NO_RESTART:
		options->no_restart = true;
		return 0;
	case OPT_COUNTERS:
		options->counters = argument;
		return 0;
	case OPT_TRACE:
		options->trace = argument;
		return 0;
	case OPT_CONTROL:
		options->control = argument;
		return 0;
	case 'h':
		fputs(help, stdout);
		return DONE_HELP;
	case '?':
		fputs("See linesim --help.\n", stderr);
		return DONE_USAGE;
	default:
		return set_number(options, option, argument);
	}
}

int linesim_options_read(struct linesim_options *options, int argc, char *argv[])
{
	int option, done;

	*options = (struct linesim_options){.seed = 1, .replug_ns = 1000000000};
	while ((option = getopt_long(argc, argv, "+l:h", long_options, NULL)) != -1) {
		done = set_option(options, option, optarg);
		if (done)
			return done;
	}
	options->command = argv + optind;
	if (!options->link)
		return usage_error("no --link", NULL);
	if (!argv[optind])
		return usage_error("no COMMAND to be the board", NULL);
	return 0;
}
