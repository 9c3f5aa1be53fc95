#!/usr/bin/python3
"""@NAME@: a plugin of audispd. It takes each record, and acknowledges it.

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


def converse():
    for lines in whole_lines():
        seq = 0
        for line in lines:
            verb, _, fields = line.partition(b" ")
            if verb == b"HELLO":
                say(b"READY 1 ack\n")
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
