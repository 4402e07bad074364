#!/usr/bin/env python3
"""Asks an agent a question, and prints its answer: whoever has a capability, in whatever language. As ask.c does.

    NEURONBUS_LIB=$(npx neuronbus-config --library) python3 ask.py my-bus summary "What is a spike?"

Nothing but the standard library, and echo.py beside it. Exit code 0: there was an answer.
"""

import ctypes as c
import struct
import sys

from echo import Card, Delivery, library

ANSWER = 4  # NB_DELIVERY_ANSWER
IN_ARENA = 63  # NB_LENGTH_ARENA
REPLY = 3  # NB_MESSAGE_REPLY
TEXT = 1  # NB_VALUE_TEXT


def message(spike):
    """What a message says of itself, and the number of its question: nb_spike_message(), which only C and C++ have."""
    at = 16 if spike.kind >> 2 == IN_ARENA else 0  # behind an nb_arena_ref
    what, _, exchange = struct.unpack_from("<BBI", bytes(spike.payload), at)
    return what, exchange


def ask(lib, bus, capability, question):
    """The exit code."""

    def check(status, what):
        if status != 0:
            sys.exit(f"ask: {what}: {lib.nb_bus_errmsg(bus).decode()}")

    card = Card(name=b"ask")
    neuron, who, exchange = c.c_uint16(), c.c_uint16(), c.c_uint32()
    check(lib.nb_register(bus, c.byref(card), c.byref(neuron)), "not registered")
    if lib.nb_discover(bus, capability.encode(), c.byref(who), 1) == 0:
        sys.exit(f"ask: nobody has the capability {capability}")
    text = question.encode()
    check(lib.nb_request(bus, neuron, who, TEXT, text, len(text), 5000, c.byref(exchange)), "not asked")

    batch = c.POINTER(Delivery)()
    while True:
        lib.nb_wait(bus, 250)  # not for ever: Python handles Ctrl-C between calls
        for i in range(lib.nb_poll(bus, c.byref(batch), 64)):
            one = batch[i]
            if one.flags & ANSWER == 0:
                continue
            what, of = message(one.spike.contents)
            if of != exchange.value:
                continue
            good = what == REPLY  # else the payload is JSON: name, message and code of an error
            out = sys.stdout if good else sys.stderr
            out.buffer.write(c.string_at(one.payload, one.length) + b"\n")
            return 0 if good else 1


def main(name, capability, question):
    lib = library()
    bus = c.c_void_p()
    id, word = c.c_uint16, c.c_uint32
    lib.nb_request.argtypes = [c.c_void_p, id, id, word, c.c_char_p, word, word, c.POINTER(word)]
    lib.nb_discover.argtypes = [c.c_void_p, c.c_char_p, c.POINTER(id), word]
    lib.nb_discover.restype = word
    if lib.nb_bus_open(name.encode(), c.byref(bus)) != 0:
        sys.exit(f"ask: no bus: {lib.nb_bus_errmsg(None).decode()}")
    try:
        return ask(lib, bus, capability, question)
    finally:
        lib.nb_bus_close(bus)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        print("usage: ask BUS CAPABILITY QUESTION", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(*sys.argv[1:]))
