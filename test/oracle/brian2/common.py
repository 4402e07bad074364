# SPDX-License-Identifier: MIT
"""What the networks recorded with Brian2 share: parameters, random input, groups, and how a result is written.

A step of Brian2 is: state update, thresholds, synapses (those of pre before those of post), resets. A spike at step k is one that
the threshold found after the integration from k dt to (k + 1) dt.
"""

import json
import os

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, Synapses, defaultclock, ms, prefs, start_scope

prefs.codegen.target = os.environ.get("ORACLE_TARGET", "numpy")

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def parameters(name):
    with open(os.path.join(FOLDER, "parameters.json"), encoding="utf8") as file:
        return json.load(file)[name]


def begin(dt_ms):
    start_scope()
    defaultclock.dt = dt_ms * ms


def spread(random, value, count):
    """One number of {from, to} for each of `count`, at random but whole 1/1024, so exact in float32; any other value as it is."""
    if not isinstance(value, dict):
        return value
    return (np.rint(random.uniform(value["from"], value["to"], count) * 1024) / 1024).tolist()


def trains(random, count, steps, probability):
    """Independent spikes with `probability` a step, as {neuron, step}, by step."""
    step, neuron = np.nonzero(random.random_sample((steps, count)) < probability)
    return {"neuron": neuron.tolist(), "step": step.tolist()}


def pairs(random, pre, post, rules, same=False):
    """Random pairs by pre, then by post, each with its delay; when both are of the `same` group, no neuron with itself."""
    delay = rules["delaySteps"]
    low, high = delay if isinstance(delay, list) else (delay, delay)
    found = [(i, j) for i in pre for j in post if not (same and i == j)]
    found = [pair for pair in found if random.random_sample() < rules["probability"]]
    return {
        "pre": [i for i, _ in found],
        "post": [j for _, j in found],
        "delay": random.randint(low, high + 1, len(found)).tolist(),
    }


def generator(count, spikes, dt_ms):
    return SpikeGeneratorGroup(count, spikes["neuron"], np.array(spikes["step"]) * dt_ms * ms)


def wire(pre, post, connections, on_pre, dt_ms, namespace):
    synapses = Synapses(pre, post, on_pre=on_pre, namespace=namespace)
    synapses.connect(i=connections["pre"], j=connections["post"])
    synapses.delay = np.array(connections["delay"]) * dt_ms * ms
    return synapses


def spikes_of(monitor, dt_ms):
    step = np.rint(np.asarray(monitor.t / ms) / dt_ms).astype(int)
    order = np.lexsort((np.asarray(monitor.i), step))
    return {"neuron": np.asarray(monitor.i)[order].tolist(), "step": step[order].tolist()}


def matrix(weights, pre, post):
    """Weights of an all-to-all connection by pre, then by post, to nine digits."""
    return [float(f"{value:.9g}") for value in np.asarray(weights).reshape(pre, post).ravel()]


def run(parts, steps, dt_ms):
    network = Network(parts)
    network.run(steps * dt_ms * ms)
    return network


def write(name, result):
    path = os.path.join(FOLDER, "recorded", f"{name}.json")
    with open(path, "w", encoding="utf8") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")
    print(f"{name}: {os.path.getsize(path)} bytes")


__all__ = [
    "Network",
    "NeuronGroup",
    "SpikeMonitor",
    "Synapses",
    "begin",
    "generator",
    "matrix",
    "ms",
    "np",
    "pairs",
    "parameters",
    "run",
    "spikes_of",
    "spread",
    "trains",
    "wire",
    "write",
]
