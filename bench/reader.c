// The far end of a measured stream: two plugins in C, so that they add little to what is measured. reader.ts knows the same.
//
//   reader stamp FILE    notes for each "stamp=DIGITS" in its stdin when it arrived, and at the end writes lines of
//                        "SENT ARRIVED", nanoseconds of CLOCK_MONOTONIC, to FILE
//   reader sink FILE     reads, and at the end writes to FILE how many bytes there were

#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { STAMP_DIGITS = 20, READ_BYTES = 128 * 1024, EXIT_USAGE = 64, EXIT_SYSTEM = 71 };

#define SECOND_NS 1000000000ULL

static void fail(const char *what)
{
	fprintf(stderr, "reader: %s: %s\n", what, strerror(errno));
	exit(EXIT_SYSTEM);
}

static uint64_t now(void)
{
	struct timespec at;
	if (clock_gettime(CLOCK_MONOTONIC, &at))
		fail("clock_gettime");
	return (uint64_t)at.tv_sec * SECOND_NS + (uint64_t)at.tv_nsec;
}

static void note_stamps(FILE *notes, char *bytes, size_t *held, uint64_t arrived)
{
	static const char MARK[] = "stamp=";
	const size_t mark_bytes = sizeof MARK - 1;
	char *from = bytes;
	char *const end = bytes + *held;
	for (char *mark; (mark = memmem(from, (size_t)(end - from), MARK, mark_bytes));) {
		if ((size_t)(end - mark) < mark_bytes + STAMP_DIGITS)
			break;
		fprintf(notes, "%.*s %" PRIu64 "\n", STAMP_DIGITS, mark + mark_bytes, arrived);
		from = mark + mark_bytes + STAMP_DIGITS;
	}
	// A mark may lie across two reads, so its length is kept even where there is none.
	const size_t longest = mark_bytes + STAMP_DIGITS;
	if ((size_t)(end - from) > longest)
		from = end - longest;
	*held = (size_t)(end - from);
	memmove(bytes, from, *held);
}

// Under its own name only when it is whole, as somebody may be waiting for it.
static void write_file(const char *path, const char *text, size_t size)
{
	char part[PATH_MAX];
	snprintf(part, sizeof part, "%s.part", path);
	FILE *file = fopen(part, "w");
	if (!file || fwrite(text, 1, size, file) != size || fclose(file) || rename(part, path))
		fail(path);
}

static int run_stamp(const char *path)
{
	static char bytes[2 * READ_BYTES];
	char *text;
	size_t text_bytes, held = 0;
	FILE *notes = open_memstream(&text, &text_bytes);
	for (ssize_t count; (count = read(0, bytes + held, READ_BYTES)) > 0;) {
		const uint64_t arrived = now();
		held += (size_t)count;
		note_stamps(notes, bytes, &held, arrived);
	}
	fclose(notes);
	write_file(path, text, text_bytes);
	return 0;
}

static int run_sink(const char *path)
{
	static char bytes[READ_BYTES];
	uint64_t total = 0;
	for (ssize_t count; (count = read(0, bytes, sizeof bytes)) > 0;)
		total += (uint64_t)count;
	char text[32];
	write_file(path, text, (size_t)snprintf(text, sizeof text, "%" PRIu64 "\n", total));
	return 0;
}

int main(int count, char **words)
{
	if (count == 3 && !strcmp(words[1], "stamp"))
		return run_stamp(words[2]);
	if (count == 3 && !strcmp(words[1], "sink"))
		return run_sink(words[2]);
	fputs("usage: reader stamp FILE | sink FILE\n", stderr);
	return EXIT_USAGE;
}
