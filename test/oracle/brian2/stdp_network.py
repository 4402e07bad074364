# SPDX-License-Identifier: MIT
"""Given spikes into LIF neurons over plastic synapses (pair rule, additive), with lateral inhibition: weights decide what fires."""

from common import *

LIF = """
dv/dt = (rest - v + excitatory + inhibitory) / tau : 1 (unless refractory)
dexcitatory/dt = -excitatory / excitatoryTau : 1
dinhibitory/dt = -inhibitory / inhibitoryTau : 1
"""
PLASTIC = """
w : 1
dx/dt = -x / tauPlus : 1 (event-driven)
dy/dt = -y / tauMinus : 1 (event-driven)
"""
ON_PRE = """
excitatory_post += w
w = clip(w - aMinus * y, 0, wMax)
x += 1
"""
ON_POST = """
w = clip(w + aPlus * x, 0, wMax)
y += 1
"""


def main():
    p = parameters("stdp_network")
    step_ms, rule, inputs, count = p["dtMs"], p["plastic"], p["inputs"], p["neurons"]
    begin(step_ms)
    random = np.random.RandomState(p["seed"])
    spikes = trains(random, inputs, p["steps"], p["inputHz"] * step_ms / 1000)
    initial = spread(random, rule["weight"], inputs * count)
    namespace = {key[:-2]: value * ms for key, value in p.items() if key.endswith("Ms") and key != "dtMs"}
    namespace.update({key: p[key + "Mv"] for key in ("rest", "threshold", "reset")})
    group = NeuronGroup(
        count, LIF, threshold="v >= threshold", reset="v = reset", refractory="refractory", method="exact", namespace=namespace
    )
    group.v = p["restMv"]
    source = generator(inputs, spikes, step_ms)
    learned = {"tauPlus": rule["tauPlusMs"] * ms, "tauMinus": rule["tauMinusMs"] * ms, "wMax": rule["weightMax"]}
    learned.update({key: rule[key] for key in ("aPlus", "aMinus")})
    plastic = Synapses(source, group, PLASTIC, on_pre=ON_PRE, on_post=ON_POST, namespace=learned)
    plastic.connect()
    plastic.pre.delay = rule["delaySteps"] * step_ms * ms
    plastic.w = initial
    lateral = Synapses(group, group, on_pre="inhibitory_post += weight", namespace={"weight": p["lateral"]["weight"]})
    lateral.connect(condition="i != j")
    lateral.delay = p["lateral"]["delaySteps"] * step_ms * ms
    monitor = SpikeMonitor(group)
    network = Network(source, group, plastic, lateral, monitor)
    weights, now = [], 0
    for stop in p["checkpoints"]:
        network.run((stop - now) * step_ms * ms)
        now = stop
        weights.append(matrix(plastic.w, inputs, count))
    write(
        "stdp_network",
        {"initial": initial, "preSpikes": spikes, "postSpikes": spikes_of(monitor, step_ms), "weights": {"all additive": weights}},
    )


if __name__ == "__main__":
    main()
