#!/usr/bin/python3
"""@NAME@: a plugin of audispd. It takes each record and acknowledges it, and sends others.

Records are bytes, and lines end at LF alone: so os.read and not sys.stdin, which decodes; and os.write and not print(),
which holds back what it is given. There is no PATH and no locale, and the working directory is /.
"""

import os

READ_BYTES = 64 * 1024


def say(line):
    while line:
        line = line[os.write(1, line):]


def whole_lines():
    """Lists of whole lines without their LF. A piece before the end of input is no line, and comes again whole."""
    rest = b""
    while True:
        data = os.read(0, READ_BYTES)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        yield lines


def complain(text):
    """For the log of audispd."""
    os.write(2, text + b"\n")


def take(record):
    """Your work: `[node=… ]type=… msg=audit(…): …`, as bytes. What raises here ends the process, and the record comes again."""


def miss(count, first, last, reason):
    """So many records will never come, from one seq to another, and why."""
    complain(b"lost %d records: %s" % (count, reason))


class Source:
    """Sends records, and no more of them at a time than may be unsettled."""

    def __init__(self, in_window):
        self.in_window = in_window
        self.sent = 0
        self.settled = 0
        # Your source: here a file of records beside this script.
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "records.txt"), "rb") as records:
            self.records = iter(records.read().rstrip(b"\n").split(b"\n"))

    def send(self):
        while self.sent - self.settled < self.in_window:
            record = next(self.records, None)
            if record is None:
                return
            self.sent += 1
            say(b"RECORD %d %s\n" % (self.sent, record))

    def settle(self, n):
        self.settled = max(self.settled, n)
        self.send()


def converse():
    source = None
    for lines in whole_lines():
        seq = 0
        for line in lines:
            verb, _, fields = line.partition(b" ")
            if verb == b"HELLO":
                keys = dict(pair.partition(b"=")[::2] for pair in fields.split(b" "))
                source = Source(int(keys.get(b"in-window", 1)))
                say(b"READY 1 ack\n")
                source.send()
            elif verb == b"ACK":
                # Settled up to n: taken by all who want them, or refused, which is told by ERR.
                source.settle(int(fields))
            elif verb == b"RECORD":
                number, _, record = fields.partition(b" ")
                take(record)
                seq = int(number)
            elif verb == b"LOST":
                count, first, last, reason = fields.split(b" ")[:4]
                miss(int(count), int(first), int(last), reason)
                seq = int(last)
            elif verb == b"PING":
                say(b"PONG %s\n" % fields)
            elif verb == b"ERR":
                complain(line)
            elif verb == b"STOP":
                if seq:
                    say(b"ACK %d\n" % seq)
                return
            # RELOAD: read your configuration again, if there is one. Anything else means nothing here.
        # Once for all that came together: everything up to seq is done.
        if seq:
            say(b"ACK %d\n" % seq)


if __name__ == "__main__":
    converse()
