# SPDX-License-Identifier: MIT
"""The other side of the scenario foreign_agents, in Python with ctypes. Does what agent.c does; see there."""

import ctypes as c
import os
import select
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "agents"))
import echo  # noqa: E402

RECORD = 64
PAYLOAD = 18
BURST = 64
FULL = 4  # NB_ERR_FULL


def library():
    lib = echo.library()
    bus = c.c_void_p
    lib.nb_connect.argtypes = [bus, c.c_uint16, c.c_uint16, c.c_double, c.c_void_p]
    lib.nb_discover.argtypes = [bus, c.c_char_p, c.POINTER(c.c_uint16), c.c_uint32]
    lib.nb_discover.restype = c.c_uint32
    lib.nb_fire.argtypes = [bus, c.c_uint16, c.c_uint16, c.c_uint8, c.c_uint8, c.c_char_p, c.c_uint32]
    return lib


def on_bus(name):
    lib = library()
    bus = c.c_void_p()

    def check(status):
        if status != 0:
            sys.exit(f"agent: {lib.nb_bus_errmsg(bus).decode()}")

    check(lib.nb_bus_open(name.encode(), c.byref(bus)))
    card = echo.Card(name=b"agent in Python", capabilities=(c.c_char_p * 1)(b"foreign"), capability_count=1)
    own = c.c_uint16()
    check(lib.nb_register(bus, c.byref(card), c.byref(own)))
    others = (c.c_uint16 * 8)()
    for other in others[: lib.nb_discover(bus, b"here", others, 8)]:
        check(lib.nb_connect(bus, own, other, 0.8, None))
    print("ready", flush=True)

    batch = c.POINTER(echo.Delivery)()
    poll, fire, id = lib.nb_poll, lib.nb_fire, own.value

    def flood(target):
        sent = 0
        while poll(bus, batch, 1) == 0:
            for _ in range(BURST):
                status = fire(bus, id, target, 0, 0, None, 0)
                if status == FULL:
                    break
                check(status)
                sent += 1
        return str(sent).encode()

    parent = os.getppid()
    while os.getppid() == parent:  # nobody else would end it when the benchmark fails
        lib.nb_wait(bus, 250)
        if poll(bus, batch, 1) == 0:
            continue
        one = batch[0]
        word = c.string_at(one.payload, one.length) if one.length else b""
        if word == b"stop":
            break
        if word == b"flood":
            target = one.spike[0].source
            text = flood(target)
            while fire(bus, id, target, 0, 0, text, len(text)) == FULL:
                lib.nb_wait(bus, 0)
        else:
            check(lib.nb_reply(bus, id, one.spike, None, 0))
    lib.nb_bus_close(bus)


def on_pipe():
    incoming, outgoing = sys.stdin.buffer.raw, sys.stdout.buffer
    while (record := incoming.read(RECORD)) and record[:1] != b"s":
        if record[:1] == b"f":
            empty = bytes(RECORD)
            sent = 0
            while not select.select([incoming], [], [], 0)[0]:
                for _ in range(BURST):
                    outgoing.write(empty)
                outgoing.flush()
                sent += BURST
            incoming.read(RECORD)
            record = empty[:PAYLOAD] + str(sent).encode().ljust(RECORD - PAYLOAD, b"\0")
        outgoing.write(record)
        outgoing.flush()


if sys.argv[1] == "--pipe":
    on_pipe()
else:
    on_bus(sys.argv[1])
