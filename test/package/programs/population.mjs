// A spiking network on native threads, run, aborted, saved and loaded; prints one line that says on what.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lif, pairStdp, SpikingNetwork } from 'neuronbus/population';
import { runtime } from './exercise.mjs';

const net = new SpikingNetwork({ dtMs: 0.5, seed: 3, threads: 2 });
const noise = net.poisson(100, { rateHz: (timeMs) => 50 + timeMs });
const out = net.population(50, lif(), { name: 'out' });
net.connect(noise, out, { pattern: 'all-to-all', weightMv: 1.5, plasticity: pairStdp({ wMax: 3 }) });
const recording = net.record(out, { spikes: true });
let told = 0;
await net.run(100, { onProgress: () => told++ });
assert.ok(told > 0);
const fired = out.spikeCounts.reduce((sum, count) => sum + count, 0);
assert.ok(fired > 0);
assert.equal(recording.spikes.neuron.length, fired);

const control = new AbortController();
setTimeout(() => control.abort(), 5);
await assert.rejects(net.run(1e9, { signal: control.signal }), { code: 'ERR_NB_ABORTED' });
assert.throws(() => lif({ tauMs: -1 }), { code: 'ERR_NB_INVALID_ARGUMENT', message: /^tauMs is -1/ });

const folder = mkdtempSync(join(tmpdir(), 'neuronbus-population-'));
try {
  net.save(join(folder, 'network'));
  const copy = SpikingNetwork.load(join(folder, 'network'));
  assert.equal(copy.timeMs, net.timeMs);
  assert.deepEqual(copy.projections[0].weights, net.projections[0].weights);
  copy.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
net.close();
console.log(`works on ${runtime()} ${process.platform}-${process.arch}, ${net.kernels}`);
