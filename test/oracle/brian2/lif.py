# SPDX-License-Identifier: MIT
"""LIF neurons with currents and with conductances: recurrent, heterogeneous, with delays, driven by given spikes."""

from common import *

CURRENT = """
dv/dt = (rest - v + drive + excitatory + inhibitory) / tau : 1 (unless refractory)
dexcitatory/dt = -excitatory / excitatoryTau : 1
dinhibitory/dt = -inhibitory / inhibitoryTau : 1
"""

# Integrated by exponential Euler: within a step, v relaxes with the conductances of the step's beginning.
CONDUCTANCE = """
dv/dt = (rest - v + drive + excitatory * (excitatoryReversal - v) + inhibitory * (inhibitoryReversal - v)) / tau
    : 1 (unless refractory)
dexcitatory/dt = -excitatory / excitatoryTau : 1
dinhibitory/dt = -inhibitory / inhibitoryTau : 1
"""

PER_NEURON = """
tau : second (constant)
limit : 1 (constant)
drive : 1 (constant)
"""


def record(name, model, method, names):
    p = parameters(name)
    dt, steps, count = p["dtMs"], p["steps"], p["neurons"]
    begin(dt)
    random = np.random.RandomState(p["seed"])
    result = {
        "tauMs": spread(random, p["tauMs"], count),
        "thresholdMv": spread(random, p["thresholdMv"], count),
        "driveMv": spread(random, p["driveMv"], count),
        "initialMv": spread(random, {"from": p["resetMv"], "to": p["restMv"]}, count),
        "inputSpikes": trains(random, p["inputs"], steps, p["inputHz"] * dt / 1000),
    }
    everyone = list(range(count))
    excitatory, inhibitory = everyone[: count - p["inhibitory"]], everyone[count - p["inhibitory"] :]
    result["input"] = pairs(random, range(p["inputs"]), everyone, p["input"])
    result["excitatory"] = pairs(random, excitatory, everyone, p["excitatory"], same=True)
    result["inhibition"] = pairs(random, inhibitory, everyone, p["inhibition"], same=True)

    namespace = {key: p[key + "Mv"] for key in ("rest", "reset", *names)}
    for key in ("excitatoryTau", "inhibitoryTau", "refractory"):
        namespace[key] = p[key + "Ms"] * ms
    group = NeuronGroup(
        count,
        model + PER_NEURON,
        threshold="v >= limit",
        reset="v = reset",
        refractory="refractory",
        method=method,
        namespace=namespace,
    )
    group.tau = np.array(result["tauMs"]) * ms
    group.limit = np.array(result["thresholdMv"])
    group.drive = result["driveMv"]
    group.v = result["initialMv"]
    source = generator(p["inputs"], result["inputSpikes"], dt)
    monitor = SpikeMonitor(group)
    parts = [group, source, monitor]
    for kind, pre, receptor in (
        ("input", source, "excitatory"),
        ("excitatory", group, "excitatory"),
        ("inhibition", group, "inhibitory"),
    ):
        parts.append(wire(pre, group, result[kind], f"{receptor}_post += weight", dt, {"weight": p[kind]["weight"]}))
    run(parts, steps, dt)
    result["spikes"] = spikes_of(monitor, dt)
    result["finalMv"] = [float(value) for value in group.v]
    write(name, result)


def main():
    record("lif_current", CURRENT, "exact", ())
    record("lif_conductance", CONDUCTANCE, "exponential_euler", ("excitatoryReversal", "inhibitoryReversal"))


if __name__ == "__main__":
    main()
