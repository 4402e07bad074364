// The classic spiking neuron: leaky integrate-and-fire, rest -70 mV, threshold -55 mV, 2 ms refractory. How fast it fires for
// what drives it, beside the closed form; and what the leak and the refractory period make of two spikes that come to it.
import { lif, SpikingNetwork } from 'neuronbus/population';

const neuron = { tauMs: 10, restMv: -70, thresholdMv: -55, resetMv: -70, refractoryMs: 2 };
const net = new SpikingNetwork({ dtMs: 0.01, seed: 1 });

// A steady drive: v goes from rest towards rest + drive, and reaches the threshold, 15 mV up, after tau ln(drive / (drive - 15)).
const drivesMv = [10, 15.5, 20, 30, 60];
const driven = net.population(drivesMv.length, lif({ ...neuron, driveMv: drivesMv }));

// Two spikes of 9 mV each: 1 ms apart, or 15 ms; and twice two of them, the second two within the refractory period, or after it.
const trains = [
  [5, 6],
  [5, 20],
  [5, 6, 6.5, 7.5],
  [5, 6, 16, 17],
];
const spikes = trains.flatMap((timesMs, neuron) => timesMs.map((timeMs) => ({ neuron, timeMs })));
const input = net.spikeSource(trains.length, spikes);
const told = net.population(trains.length, lif({ ...neuron, synapseTauMs: 0 })); // a spike is a jump of the potential
net.connect(input, told, { pattern: 'one-to-one', weightMv: 9, delayMs: 0.1 });

const seconds = 1;
await net.run(seconds * 1000);

console.log('drive    spikes/s   closed form');
for (const [i, driveMv] of drivesMv.entries()) {
  const toThresholdMs =
    driveMv > 15 ? neuron.tauMs * Math.log(driveMv / (driveMv - 15)) : Number.POSITIVE_INFINITY;
  const rateHz = driven.spikeCounts[i] / seconds;
  const expectedHz = 1000 / (toThresholdMs + neuron.refractoryMs);
  console.log(
    `${driveMv.toFixed(1).padStart(4)} mV ${rateHz.toFixed(1).padStart(10)} ${expectedHz.toFixed(1).padStart(13)}`,
  );
}
console.log('\nspikes of 9 mV at          fires');
for (const [i, timesMs] of trains.entries())
  console.log(`${`${timesMs.join(', ')} ms`.padEnd(26)} ${told.spikeCounts[i]} times`);
net.close();
