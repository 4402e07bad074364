#!/usr/bin/env python3
"""An agent in Python: joins a bus by name and answers every spike with its payload in upper case (ASCII).

    NEURONBUS_LIB=$(npx neuronbus-config --library) python3 echo.py my-bus

Nothing but the standard library. Ends when it receives b"stop".
"""

import ctypes as c
import os
import sys


class Spike(c.LittleEndianStructure):  # nb_spike, layout.h
    _fields_ = [
        ("timestamp_ns", c.c_uint64),
        ("sequence", c.c_uint32),
        ("source", c.c_uint16),
        ("target", c.c_uint16),
        ("kind", c.c_uint8),
        ("priority", c.c_uint8),
        ("payload", c.c_uint8 * 46),
    ]


class Card(c.Structure):  # nb_card
    _fields_ = [
        ("name", c.c_char_p),
        ("description", c.c_char_p),
        ("version", c.c_char_p),
        ("capabilities", c.POINTER(c.c_char_p)),
        ("regions", c.POINTER(c.c_char_p)),
        ("tags", c.POINTER(c.c_char_p)),
        ("capability_count", c.c_uint32),
        ("region_count", c.c_uint32),
        ("tag_count", c.c_uint32),
        ("reserved", c.c_uint32 * 5),
    ]


class Delivery(c.Structure):  # nb_delivery
    _fields_ = [
        ("spike", c.POINTER(Spike)),
        ("payload", c.c_void_p),
        ("length", c.c_uint32),
        ("neuron", c.c_uint16),
        ("flags", c.c_uint16),
    ]


def library():
    lib = c.CDLL(os.environ.get("NEURONBUS_LIB", "libneuronbus.so"))
    bus = c.c_void_p
    lib.nb_api_version.restype = c.c_uint32
    lib.nb_bus_open.argtypes = [c.c_char_p, c.POINTER(bus)]
    lib.nb_bus_close.argtypes = [bus]
    lib.nb_bus_errmsg.argtypes = [bus]
    lib.nb_bus_errmsg.restype = c.c_char_p
    lib.nb_register.argtypes = [bus, c.POINTER(Card), c.POINTER(c.c_uint16)]
    lib.nb_wait.argtypes = [bus, c.c_int32]
    lib.nb_poll.argtypes = [bus, c.POINTER(c.POINTER(Delivery)), c.c_uint32]
    lib.nb_poll.restype = c.c_uint32
    lib.nb_reply.argtypes = [bus, c.c_uint16, c.POINTER(Spike), c.c_char_p, c.c_uint32]
    if lib.nb_api_version() < 1:
        sys.exit("echo: this libneuronbus is too old")
    return lib


def main(name):
    lib = library()
    bus = c.c_void_p()

    def check(status, what):
        if status != 0:
            sys.exit(f"echo: {what}: {lib.nb_bus_errmsg(bus).decode()}")

    check(lib.nb_bus_open(name.encode(), c.byref(bus)), "no bus")
    try:
        capabilities = (c.c_char_p * 1)(b"echo-python")
        card = Card(name=b"echo in Python", capabilities=capabilities, capability_count=1)
        neuron = c.c_uint16()
        check(lib.nb_register(bus, c.byref(card), c.byref(neuron)), "not registered")
        print("neuron", neuron.value, flush=True)

        batch = c.POINTER(Delivery)()
        while True:
            lib.nb_wait(bus, 250)  # not for ever: Python handles Ctrl-C between calls
            for i in range(lib.nb_poll(bus, c.byref(batch), 64)):
                one = batch[i]
                payload = c.string_at(one.payload, one.length)
                if payload == b"stop":
                    return
                check(lib.nb_reply(bus, neuron, one.spike, payload.upper(), one.length), "no answer")
    finally:
        lib.nb_bus_close(bus)  # the neuron leaves discovery


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "echo")
