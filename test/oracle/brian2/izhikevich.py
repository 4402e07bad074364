# SPDX-License-Identifier: MIT
"""Izhikevich neurons of six kinds, recurrent, with exponential currents, driven by given spikes.

Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569: as its listing, two half steps of v, then u with the new v; the input of a step is
that of its beginning.
"""

from common import *

MODEL = """
v : 1
u : 1
excitatory : 1
a : 1 (constant)
b : 1 (constant)
c : 1 (constant)
d : 1 (constant)
drive : 1 (constant)
"""
STEP = """
half = 0.5 * dt / ms
current = drive + excitatory
v += half * (0.04 * v ** 2 + 5 * v + 140 - u + current)
v += half * (0.04 * v ** 2 + 5 * v + 140 - u + current)
u += 2 * half * a * (b * v - u)
excitatory *= exp(-dt / excitatoryTau)
"""


def main():
    p = parameters("izhikevich")
    step_ms, steps = p["dtMs"], p["steps"]
    kinds = p["neurons"] * p["copies"]
    begin(step_ms)
    random = np.random.RandomState(p["seed"])
    everyone = range(len(kinds))
    result = {
        "drive": spread(random, p["drive"], len(kinds)),
        "inputSpikes": trains(random, p["inputs"], steps, p["inputHz"] * step_ms / 1000),
        "input": pairs(random, range(p["inputs"]), everyone, p["input"]),
        "excitatory": pairs(random, everyone, everyone, p["excitatory"], same=True),
    }
    group = NeuronGroup(
        len(kinds),
        MODEL,
        threshold="v >= peak",
        reset="v = c\nu += d",
        namespace={"peak": p["peakMv"], "excitatoryTau": p["excitatoryTauMs"] * ms},
    )
    for key in "abcd":
        setattr(group, key, [kind[key] for kind in kinds])
    group.drive = result["drive"]
    group.v = "c"
    group.u = "b * c"
    group.run_regularly(STEP, dt=step_ms * ms, when="groups")
    source = generator(p["inputs"], result["inputSpikes"], step_ms)
    monitor = SpikeMonitor(group)
    parts = [group, source, monitor]
    for kind, pre in (("input", source), ("excitatory", group)):
        namespace = {"weight": p[kind]["weight"]}
        parts.append(wire(pre, group, result[kind], "excitatory_post += weight", step_ms, namespace))
    run(parts, steps, step_ms)
    result["spikes"] = spikes_of(monitor, step_ms)
    result["finalMv"] = [float(value) for value in group.v]
    write("izhikevich", result)


if __name__ == "__main__":
    main()
