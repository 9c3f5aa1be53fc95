// The near end of a measured stream, in C because Node cannot write 250 bytes at a time as fast as a dispatcher can read
// them. producer.ts takes the same arguments, for machines without a compiler.
//
//   producer -f STREAM -r RECORD_BYTES [-k RECORDS_A_WRITE] [-w MILLIS] -t MILLIS [-p A_SECOND] [-s STAMP_AT] [-i] -- COMMAND...
//
// Starts COMMAND with one end of a socket pair as stdin and writes the records of STREAM, over and over, into the other.
// Prints "pid NUMBER NANOSECONDS" (of the start), waits for a line on stdin (not with -i), writes for -w MILLIS to warm
// COMMAND up and lets it come to rest, then writes for -t MILLIS and lets it come to rest again: that is what is measured.
// Closes, waits for COMMAND, prints one line of JSON. -p paces the writes, -s puts the time of each write, 20 digits of
// CLOCK_MONOTONIC, into the record at that offset.

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STAMP_DIGITS = 20, WRITES_A_CLOCK = 32, EXIT_USAGE = 64, EXIT_SYSTEM = 71 };

#define SECOND_NS 1000000000ULL
#define MILLISECOND_NS 1000000ULL
// A consumer that has used no CPU for this long, with nothing unread, has done all there was to do.
#define REST_NS (25 * MILLISECOND_NS)
#define LOOK_NS (MILLISECOND_NS / 2)

struct feed {
	const char *path;
	size_t record_bytes;
	size_t records_a_write;
	uint64_t warm_up_millis;
	uint64_t millis;
	uint64_t a_second;
	ssize_t stamp_at;
	int immediately;
	char *stream;
	size_t stream_bytes;
};

struct consumer {
	pid_t pid;
	int writer;
	clockid_t cpu_clock;
};

// Time and the consumer's CPU time, together.
struct look {
	uint64_t ns;
	uint64_t cpu_ns;
};

static void fail(const char *what)
{
	fprintf(stderr, "producer: %s: %s\n", what, strerror(errno));
	exit(EXIT_SYSTEM);
}

static uint64_t now_on(clockid_t clock)
{
	struct timespec at;
	if (clock_gettime(clock, &at))
		fail("clock_gettime");
	return (uint64_t)at.tv_sec * SECOND_NS + (uint64_t)at.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec at = { .tv_sec = (time_t)(ns / SECOND_NS), .tv_nsec = (long)(ns % SECOND_NS) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		;
}

static char *read_stream(const char *path, size_t *size)
{
	FILE *file = fopen(path, "r");
	if (!file || fseek(file, 0, SEEK_END))
		fail(path);
	*size = (size_t)ftell(file);
	rewind(file);
	char *bytes = malloc(*size);
	if (!bytes || fread(bytes, 1, *size, file) != *size)
		fail(path);
	fclose(file);
	return bytes;
}

static struct consumer start(char **command)
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		fail("socketpair");
	struct consumer consumer = { .pid = fork(), .writer = ends[0] };
	if (consumer.pid < 0)
		fail("fork");
	if (consumer.pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(ends[1], 0);
		dup2(null, 1);
		execvp(command[0], command);
		fail(command[0]);
	}
	close(ends[1]);
	if (clock_getcpuclockid(consumer.pid, &consumer.cpu_clock))
		fail("clock_getcpuclockid");
	return consumer;
}

static struct look look_at(const struct consumer *consumer)
{
	return (struct look){ .ns = now_on(CLOCK_MONOTONIC), .cpu_ns = now_on(consumer->cpu_clock) };
}

// Waits until the consumer has nothing more to do; returns the look at the moment it came to rest.
static struct look wait_for_rest(const struct consumer *consumer)
{
	struct look last = look_at(consumer);
	for (;;) {
		sleep_until(now_on(CLOCK_MONOTONIC) + LOOK_NS);
		struct look look = look_at(consumer);
		int unread = 0;
		if (ioctl(consumer->writer, SIOCOUTQ, &unread))
			fail("SIOCOUTQ");
		if (unread > 0 || look.cpu_ns != last.cpu_ns)
			last = look;
		else if (look.ns - last.ns >= REST_NS)
			return last;
	}
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t count = write(fd, bytes, size);
		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return 0;
		bytes += count;
		size -= (size_t)count;
	}
	return 1;
}

static void stamp(char *at)
{
	char digits[STAMP_DIGITS + 1];
	snprintf(digits, sizeof digits, "%0*" PRIu64, STAMP_DIGITS, now_on(CLOCK_MONOTONIC));
	memcpy(at, digits, STAMP_DIGITS);
}

// Returns how many records went out before the time was up, or nobody read any more.
static uint64_t write_stream(const struct feed *feed, int writer, uint64_t millis)
{
	const uint64_t begin = now_on(CLOCK_MONOTONIC);
	const uint64_t end = begin + millis * MILLISECOND_NS;
	const size_t write_bytes = feed->records_a_write * feed->record_bytes;
	uint64_t written = 0;
	size_t at = 0;
	for (uint64_t writes = 1;; writes++) {
		if ((feed->a_second || writes % WRITES_A_CLOCK == 0) && now_on(CLOCK_MONOTONIC) >= end)
			return written;
		if (feed->a_second)
			sleep_until(begin + written * SECOND_NS / feed->a_second);
		if (feed->stamp_at >= 0)
			stamp(feed->stream + at + feed->stamp_at);
		if (!write_all(writer, feed->stream + at, write_bytes))
			return written;
		written += feed->records_a_write;
		at += write_bytes;
		if (at + write_bytes > feed->stream_bytes)
			at = 0;
	}
}

static int run_feed(struct feed *feed, char **command)
{
	feed->stream = read_stream(feed->path, &feed->stream_bytes);
	signal(SIGPIPE, SIG_IGN);
	const uint64_t started = now_on(CLOCK_MONOTONIC);
	const struct consumer consumer = start(command);
	printf("pid %d %" PRIu64 "\n", (int)consumer.pid, started);
	fflush(stdout);
	char line[16];
	if (!feed->immediately && !fgets(line, sizeof line, stdin))
		return EXIT_USAGE;
	uint64_t warm_up = 0;
	if (feed->warm_up_millis) {
		warm_up = write_stream(feed, consumer.writer, feed->warm_up_millis);
		wait_for_rest(&consumer);
	}
	const struct look before = look_at(&consumer);
	const uint64_t records = write_stream(feed, consumer.writer, feed->millis);
	const struct look after = wait_for_rest(&consumer);
	close(consumer.writer);
	int status;
	struct rusage usage;
	if (wait4(consumer.pid, &status, 0, &usage) != consumer.pid)
		fail("wait4");
	// The CPU time is not wait4's: there, that of the plugins is in it.
	printf("{\"warmUp\":%" PRIu64 ",\"records\":%" PRIu64 ",\"ns\":%" PRIu64 ",\"cpuNs\":%" PRIu64
	       ",\"peakKib\":%ld,\"exitStatus\":%d}\n",
	       warm_up, records, after.ns - before.ns, after.cpu_ns - before.cpu_ns, usage.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

static int usage(void)
{
	fputs("usage: producer -f STREAM -r RECORD_BYTES -t MILLIS [OPTIONS] -- COMMAND...\n", stderr);
	return EXIT_USAGE;
}

int main(int count, char **words)
{
	struct feed feed = { .records_a_write = 1, .stamp_at = -1 };
	for (int option; (option = getopt(count, words, "+f:r:k:w:t:p:s:i")) != -1;) {
		switch (option) {
		case 'f': feed.path = optarg; break;
		case 'r': feed.record_bytes = strtoul(optarg, NULL, 10); break;
		case 'k': feed.records_a_write = strtoul(optarg, NULL, 10); break;
		case 'w': feed.warm_up_millis = strtoull(optarg, NULL, 10); break;
		case 't': feed.millis = strtoull(optarg, NULL, 10); break;
		case 'p': feed.a_second = strtoull(optarg, NULL, 10); break;
		case 's': feed.stamp_at = strtol(optarg, NULL, 10); break;
		case 'i': feed.immediately = 1; break;
		default: return usage();
		}
	}
	char **command = words + optind;
	if (!feed.path || !feed.record_bytes || !feed.millis || !*command)
		return usage();
	return run_feed(&feed, command);
}
