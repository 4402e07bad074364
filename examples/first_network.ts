// A spiking network in a few lines: noise drives neurons over synapses that learn by the timing of spikes, until those that help
// a neuron to fire are strong and the others weak.
import { lif, pairStdp, SpikingNetwork } from 'neuronbus/population';

const net = new SpikingNetwork({ dtMs: 0.1, seed: 1 });
const noise = net.poisson(1000, { rateHz: 15 });
const cells = net.population(100, lif({ tauMs: 10, restMv: -70, thresholdMv: -55, synapseTauMs: 5 }));
const synapses = net.connect(noise, cells, {
  pattern: 'all-to-all',
  weightMv: { uniform: [0, 0.5] },
  delayMs: 1,
  plasticity: pairStdp({ aPlus: 0.005, aMinus: 0.00525, tauPlusMs: 20, tauMinusMs: 20, wMin: 0, wMax: 0.5 }),
});
const recording = net.record(cells, { spikes: true });
await net.run(5000);

const { neuron, timeMs } = recording.spikes; // typed arrays, in the order of time
const inFirst = timeMs.filter((ms) => ms < 1000).length;
const inLast = timeMs.filter((ms) => ms >= 4000).length;
console.log(
  `${neuron.length} spikes: ${inFirst / 100} Hz a cell in the first second, ${inLast / 100} Hz in the last`,
);
const strong = synapses.weights.filter((weight) => weight > 0.4).length; // by pre, then by post
console.log(
  `${((100 * strong) / synapses.synapses).toFixed(0)} % of ${synapses.synapses} synapses are strong`,
);
net.close();
