# SPDX-License-Identifier: MIT
"""Compiles a network of Brian2 to a program of its own: build.py NETWORK THREADS SIMULATED_MS FOLDER

Networks: plastic (STDP with traces in the synapses, as Brian2's documentation writes it), plastic_lean (the same rule with traces in
the neurons, which spares it most of the exponentials), cuba. The numbers are those of networks.json.

The program, run in FOLDER, prints how many seconds of wall clock the steps took, without preparation; it leaves the spike counts
of the groups called inputs and outputs in results/.
"""

import json
import os
import sys

from brian2 import Hz, Network, NeuronGroup, PoissonGroup, SpikeMonitor, Synapses, defaultclock, device, ms, prefs, set_device

network, threads, simulated, folder = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

with open(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "networks.json"), encoding="utf8") as file:
    p = json.load(file)[network.split("_")[0]]

# What Brian2's documentation recommends: C++ standalone, all optimizations, OpenMP only for more than one thread.
set_device("cpp_standalone", build_on_run=False)
prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-fno-finite-math-only", "-march=native", "-std=c++11"]
prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
defaultclock.dt = p["dtMs"] * ms
constants = {key[:-2]: value for key, value in p.items() if key.endswith("Mv")}
constants.update({key[:-2]: value * ms for key, value in p.items() if key.endswith("Ms") and key not in ("dtMs", "delayMs")})

LIF = """
dv/dt = (rest - v + excitatory) / tau : 1 (unless refractory)
dexcitatory/dt = -excitatory / synapseTau : 1
"""


def lif(model, reset="v = reset"):
    group = NeuronGroup(
        p["neurons"], model, threshold="v >= threshold", reset=reset, refractory="refractory", method="exact", namespace=constants
    )
    group.v = "rest"
    return group


def plastic():
    rule = {**constants, "aPlus": p["aPlus"], "aMinus": p["aMinus"], "wMax": p["weightMax"]}
    inputs = PoissonGroup(p["inputs"], p["rateHz"] * Hz)
    outputs = lif(LIF)
    synapses = Synapses(
        inputs,
        outputs,
        """w : 1
        dx/dt = -x / tauPlus : 1 (event-driven)
        dy/dt = -y / tauMinus : 1 (event-driven)""",
        on_pre="""excitatory_post += w
        w = clip(w - aMinus * y, 0, wMax)
        x += 1""",
        on_post="""w = clip(w + aPlus * x, 0, wMax)
        y += 1""",
        namespace=rule,
    )
    synapses.connect()
    synapses.pre.delay = p["delayMs"] * ms
    synapses.w = "rand() * wMax"
    return inputs, outputs, [synapses]


def plastic_lean():
    rule = {"aPlus": p["aPlus"], "aMinus": p["aMinus"], "wMax": p["weightMax"]}
    inputs = NeuronGroup(
        p["inputs"],
        "dx/dt = -x / tauPlus : 1",
        threshold="rand() < rate * dt",
        reset="",
        method="exact",
        namespace={**constants, "rate": p["rateHz"] * Hz},
    )
    outputs = lif(LIF + "dy/dt = -y / tauMinus : 1\n", "v = reset\ny += 1")
    synapses = Synapses(
        inputs,
        outputs,
        "w : 1",
        on_pre="""excitatory_post += w
        w = clip(w - aMinus * y_post, 0, wMax)""",
        on_post="w = clip(w + aPlus * x_pre, 0, wMax)",
        namespace=rule,
    )
    synapses.connect()
    synapses.pre.delay = p["delayMs"] * ms
    synapses.w = "rand() * wMax"
    # A pre-spike counts in its trace when it arrives.
    arrivals = Synapses(inputs, inputs, on_pre="x_post += 1")
    arrivals.connect(j="i")
    arrivals.delay = p["delayMs"] * ms
    return inputs, outputs, [synapses, arrivals]


def cuba():
    """Brian2's example CUBA, with its zero delays made one step long."""
    group = NeuronGroup(
        p["excitatory"] + p["inhibitory"],
        """dv/dt = (excitatory + inhibitory - (v - rest)) / tau : 1 (unless refractory)
        dexcitatory/dt = -excitatory / excitatoryTau : 1
        dinhibitory/dt = -inhibitory / inhibitoryTau : 1""",
        threshold="v >= threshold",
        reset="v = reset",
        refractory="refractory",
        method="exact",
        namespace={key: value for key, value in constants.items() if key not in ("excitatory", "inhibitory")},
    )
    group.v = "reset + rand() * (threshold - reset)"
    parts = []
    for name, condition in (("excitatory", f"i < {p['excitatory']}"), ("inhibitory", f"i >= {p['excitatory']}")):
        synapses = Synapses(group, group, on_pre=f"{name}_post += weight", namespace={"weight": p[name + "Mv"]})
        synapses.connect(condition, p=p["probability"])
        synapses.delay = p["delayMs"] * ms
        parts.append(synapses)
    return None, group, parts


inputs, outputs, parts = {"plastic": plastic, "plastic_lean": plastic_lean, "cuba": cuba}[network]()
groups = {name: group for name, group in (("inputs", inputs), ("outputs", outputs)) if group is not None}
monitors = [SpikeMonitor(group, record=False, name=name) for name, group in groups.items()]
NOW = "struct timespec {0}; clock_gettime(CLOCK_MONOTONIC, &{0});"
device.insert_code("before_network_run", NOW.format("began"))
device.insert_code("after_network_run", NOW.format("ended"))
device.insert_code("after_network_run", r'printf("%.6f\n", ended.tv_sec - began.tv_sec + 1e-9 * (ended.tv_nsec - began.tv_nsec));')
whole = Network(*groups.values(), *parts, *monitors)
whole.run(simulated * ms)
device.build(directory=folder, compile=True, run=False, debug=False)
