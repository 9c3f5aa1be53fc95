#!/usr/bin/python3
"""exactly-once: every record once in a file, whatever dies. A plugin with `format = protocol`, standard library alone.
Usage: exactly-once.py FILE

FILE gets the records; FILE.state says which of them count: the run of the dispatcher, the seq of the last record, and how
long FILE was then. Both are synced before a record is acknowledged, FILE first. So after a kill, and after a power
failure, FILE has what FILE.state says, and perhaps more; what is more was never acknowledged, is cut off, and comes again.
Only that is ever cut off: a FILE without a FILE.state, and one that is shorter than FILE.state says because it was rotated
or emptied, is gone on with at its end. What was acknowledged into a FILE that was rotated does not come again.

What to know about Python here:
- sys.stdin decodes, translates line ends and raises at odd bytes: records are bytes, read by os.read.
- `for line in sys.stdin.buffer` gives the piece of a line before the end of input as if it were a line. It is none.
- print() holds back what is not written to a terminal, and an ACK with it: os.write does not.
- There is no PATH and no locale, and the working directory is /: every path is absolute.
"""

import os
import sys

READ_BYTES = 64 * 1024
EXIT_BAD_CONFIGURATION = 78


class Store:
    """FILE and FILE.state."""

    def __init__(self, path):
        self.path = path
        self.run, self.seq, length = read_state(path + ".state")
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self.file).st_size
        if length is not None and length < size:
            os.ftruncate(self.file, length)
        elif length is not None and length > size:
            complain("%s has %d bytes, not %d: it is gone on with as it is" % (path, size, length))

    def begin(self, run):
        """A new run counts anew: what was kept of another one says nothing about it."""
        if run != self.run:
            self.run, self.seq = run, 0
        # Before anything is written to FILE: what is to be cut off stands behind a length that is known.
        self.keep_state()

    def keep(self, records, seq):
        """When this returns, the records are safe, up to and including seq."""
        write_all(self.file, b"".join(records))
        os.fsync(self.file)
        self.seq = seq
        self.keep_state()

    def keep_state(self):
        size = os.fstat(self.file).st_size
        new = os.open(self.path + ".state.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        write_all(new, b"%s %d %d\n" % (self.run.encode(), self.seq, size))
        os.fsync(new)
        os.close(new)
        # Whole or not at all; the directory is synced so that the new name is there after a power failure too.
        os.rename(self.path + ".state.new", self.path + ".state")
        directory = os.open(os.path.dirname(self.path), os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def read_state(path):
    """Run, seq and length; no length when there is no state yet. Raises what main() says."""
    try:
        with open(path, encoding="ascii") as state:
            text = state.read()
    except FileNotFoundError:
        return "", 0, None
    words = text.split()
    if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
        raise ValueError("%s is not a run, a seq and a length: %r" % (path, text[:100]))
    return words[0], int(words[1]), int(words[2])


def write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def say(line):
    write_all(1, line)


def complain(text):
    """For the log of audispd."""
    write_all(2, text.encode("ascii", "backslashreplace") + b"\n")


def whole_lines():
    """Lists of whole lines without their LF, as many as were waiting: so many are synced and acknowledged at once."""
    rest = b""
    while True:
        data = os.read(0, READ_BYTES)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield lines


def converse(store):
    for lines in whole_lines():
        records = []
        seq = 0
        is_stopped = False
        for line in lines:
            verb, _, fields = line.partition(b" ")
            if verb == b"RECORD":
                number, _, record = fields.partition(b" ")
                seq = int(number)
                records.append(record + b"\n")
            elif verb == b"LOST":
                # LOST <count> <first seq> <last seq> <reason>: it comes again until it is acknowledged, as a record does.
                seq = int(fields.split(b" ")[2])
                records.append(b"# " + line + b"\n")
            elif verb == b"HELLO":
                keys = dict(pair.partition(b"=")[::2] for pair in fields.split(b" ")[1:])
                store.begin(keys[b"run"].decode("ascii"))
                say(b"READY 1 ack from=%d\n" % (store.seq + 1) if store.seq else b"READY 1 ack\n")
            elif verb == b"PING":
                say(b"PONG %s\n" % fields)
            elif verb == b"ERR":
                sys.stderr.buffer.write(line + b"\n")
                sys.stderr.flush()
            elif verb == b"STOP":
                is_stopped = True
            # RELOAD: there is no configuration to read again. Comments, empty lines, and whatever later versions may
            # have, mean nothing here.
        if records:
            store.keep(records, seq)
            say(b"ACK %d\n" % seq)
        if is_stopped:
            return


def main():
    if len(sys.argv) != 2 or not os.path.isabs(sys.argv[1]):
        sys.stderr.write("usage: exactly-once.py FILE, an absolute path\n")
        return EXIT_BAD_CONFIGURATION
    try:
        store = Store(sys.argv[1])
    except (OSError, ValueError) as error:
        # Nothing that another start would mend, and nothing to be guessed.
        complain("exactly-once: %s" % error)
        return EXIT_BAD_CONFIGURATION
    converse(store)
    return 0


if __name__ == "__main__":
    sys.exit(main())
