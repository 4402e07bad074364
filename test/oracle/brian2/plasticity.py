# SPDX-License-Identifier: MIT
"""Every rule between two groups whose spikes are given: pair (all, nearest; additive, multiplicative), triplet, reward.

The post side is a relay: a neuron that a kick of its own source drives over its threshold, so that it fires one step after the kick.
Traces are event-driven. Those of reward are clock-driven and integrated by Runge-Kutta, so that the closed form is put to the test.
"""

from common import *

RELAY = "dv/dt = (rest - v) / tau : 1"


def coincident(random, p):
    """Trains of both sides; of the kicks some come so that the relay fires in the step in which a pre-spike arrives."""
    probability = p["hz"] * p["dtMs"] / 1000
    pre = trains(random, p["pre"], p["steps"], probability)
    kicks = trains(random, p["post"], p["steps"], probability)
    chosen = set(zip(kicks["step"], kicks["neuron"]))
    for step in pre["step"]:
        if random.random_sample() < p["shared"]:
            # Arrival at step + delay; a kick is delivered a step after it was fired, and the relay fires a step later.
            chosen.add((step + p["delaySteps"] - 2, random.randint(p["post"])))
    ordered = sorted(pair for pair in chosen if pair[0] < p["steps"])
    return pre, {"neuron": [int(neuron) for _, neuron in ordered], "step": [int(step) for step, _ in ordered]}


def experiment(model, on_pre, on_post, namespace, rule, rewards=(), method=None, each_step=None):
    """Weights at the checkpoints, and everything else that the other side needs."""
    p = parameters("trains")
    step_ms, relay = p["dtMs"], p["relay"]
    begin(step_ms)
    random = np.random.RandomState(p["seed"])
    pre_spikes, kicks = coincident(random, p)
    weights = spread(random, rule["weight"], p["pre"] * p["post"])

    pre = generator(p["pre"], pre_spikes, step_ms)
    source = generator(p["post"], kicks, step_ms)
    post = NeuronGroup(
        p["post"],
        RELAY,
        threshold="v >= limit",
        reset="v = rest",
        method="exact",
        namespace={"rest": relay["restMv"], "tau": relay["tauMs"] * ms, "limit": relay["thresholdMv"]},
    )
    kick = Synapses(source, post, on_pre="v_post += kick", namespace={"kick": relay["kickMv"]})
    kick.connect(j="i")
    kick.delay = step_ms * ms
    extra = {} if method is None else {"method": method}
    plastic = Synapses(pre, post, model, on_pre="v_post += w\n" + on_pre, on_post=on_post, namespace=namespace, **extra)
    plastic.connect()
    plastic.pre.delay = p["delaySteps"] * step_ms * ms
    plastic.w = weights
    if each_step is not None:
        # A step's events come first, and the continuous part follows from its moment to that of the next step.
        plastic.state_updater.when = "end"
        plastic.run_regularly(each_step, dt=step_ms * ms, when="end", order=1)
    monitor = SpikeMonitor(post)
    network = Network(pre, source, post, kick, plastic, monitor)

    amounts = {event["step"]: event["amount"] for event in rewards}
    recorded, now = [], 0
    for stop in sorted({*p["checkpoints"], *amounts}):
        network.run((stop - now) * step_ms * ms)
        now = stop
        if stop in p["checkpoints"]:
            recorded.append(matrix(plastic.w, p["pre"], p["post"]))
        if stop in amounts:
            plastic.dopamine = plastic.dopamine[:] + amounts[stop]
    return {"initial": weights, "preSpikes": pre_spikes, "kicks": kicks, "postSpikes": spikes_of(monitor, step_ms), "weights": recorded}


def times(rule):
    return {key[:-2]: value * ms for key, value in rule.items() if key.endswith("Ms")}


PAIR = """
w : 1
dx/dt = -x / tauPlus : 1 (event-driven)
dy/dt = -y / tauMinus : 1 (event-driven)
"""
BOUNDS = {"additive": ("1", "1"), "multiplicative": ("(wMax - w)", "w")}


def pair():
    rule = parameters("pair")
    namespace = {**times(rule), "aPlus": rule["aPlus"], "aMinus": rule["aMinus"], "wMax": rule["weightMax"]}
    result = {}
    for pairing, joined in (("all", "+="), ("nearest", "=")):
        for bounds, (up, down) in BOUNDS.items():
            on_pre = f"w = clip(w - aMinus * {down} * y, 0, wMax)\nx {joined} 1"
            on_post = f"w = clip(w + aPlus * {up} * x, 0, wMax)\ny {joined} 1"
            result[f"{pairing} {bounds}"] = experiment(PAIR, on_pre, on_post, namespace, rule)
    write("pair", shared(result))


TRIPLET = """
w : 1
dr1/dt = -r1 / tauPlus : 1 (event-driven)
dr2/dt = -r2 / tauX : 1 (event-driven)
do1/dt = -o1 / tauMinus : 1 (event-driven)
do2/dt = -o2 / tauY : 1 (event-driven)
"""


def triplet():
    """Pfister & Gerstner 2006, J. Neurosci. 26:9673, equations 3 and 4: the slow traces count as they were before this spike."""
    rule = parameters("triplet")
    constants = {key: rule[key] for key in ("a2Plus", "a3Plus", "a2Minus", "a3Minus")}
    namespace = {**times(rule), **constants, "wMax": rule["weightMax"]}
    result = {}
    for pairing, joined in (("all", "+="), ("nearest", "=")):
        on_pre = f"w = clip(w - o1 * (a2Minus + a3Minus * r2), 0, wMax)\nr1 {joined} 1\nr2 {joined} 1"
        on_post = f"w = clip(w + r1 * (a2Plus + a3Plus * o2), 0, wMax)\no1 {joined} 1\no2 {joined} 1"
        result[f"{pairing} additive"] = experiment(TRIPLET, on_pre, on_post, namespace, rule)
    write("triplet", shared(result))


REWARD = """
dw/dt = eligibility * dopamine / tauDopamine : 1 (clock-driven)
deligibility/dt = -eligibility / tauEligibility : 1 (clock-driven)
ddopamine/dt = -dopamine / tauDopamine : 1 (clock-driven)
dx/dt = -x / tauPlus : 1 (clock-driven)
dy/dt = -y / tauMinus : 1 (clock-driven)
"""


def reward():
    """Izhikevich 2007, Cereb. Cortex 17:2443: pairs feed the eligibility, and the weight follows eligibility times dopamine.

    A reward adds to the dopamine; dopamine / tauDopamine has the area of the reward."""
    rule = parameters("reward")
    namespace = {**times(rule), "aPlus": rule["aPlus"], "aMinus": rule["aMinus"], "wMax": rule["weightMax"]}
    result = {}
    for pairing, joined in (("all", "+="), ("nearest", "=")):
        on_pre = f"eligibility -= aMinus * y\nx {joined} 1"
        on_post = f"eligibility += aPlus * x\ny {joined} 1"
        result[f"{pairing} additive"] = experiment(
            REWARD, on_pre, on_post, namespace, rule, rule["rewards"], "rk4", "w = clip(w, 0, wMax)"
        )
    write("reward", shared(result))


def shared(result):
    """The trains are the same for every variant: they stand once."""
    first = next(iter(result.values()))
    common = {key: first[key] for key in ("initial", "preSpikes", "kicks", "postSpikes")}
    for variant in result.values():
        assert all(variant[key] == common[key] for key in common), "the rule changed what fired"
    return {**common, "weights": {name: variant["weights"] for name, variant in result.items()}}


def main():
    pair()
    triplet()
    reward()


if __name__ == "__main__":
    main()
