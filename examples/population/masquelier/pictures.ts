// What one run of the experiment looks like. SVG files in a folder.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { linePlot, weightHistogram } from 'neuronbus/plots';
import { PATTERN_MS, type Result } from './experiment.js';
import { latencies } from './score.js';

const BIN_MS = 2000;

/** `masquelier-learning.svg`, `masquelier-latency.svg` and `masquelier-weights.svg`. */
export async function drawTrial(result: Result, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, svg: string) => writeFile(join(folder, `masquelier-${name}.svg`), svg);
  const { time, hits, outside, latencyMs } = overTime(result);
  const xLabel = 'simulated time (s)';
  await write(
    'learning',
    await linePlot(
      [
        { name: 'patterns noticed', x: time, y: hits },
        { name: 'spikes outside', x: time, y: outside },
      ],
      { title: 'A neuron finds a hidden pattern', xLabel, yLabel: 'share (%)', yRange: [0, 100] },
    ),
  );
  await write(
    'latency',
    await linePlot([{ name: 'mean of 2 s', x: time, y: latencyMs }], {
      ...{ title: 'From the beginning of the pattern to the spike', xLabel, yLabel: 'latency (ms)' },
      yRange: [0, PATTERN_MS],
    }),
  );
  await write(
    'weights',
    await weightHistogram(result.weights, { title: 'Weights in the end', bins: 40, range: [0, 1], unit: '' }),
  );
}

/** In each 2 s: the share of patterns with a spike, of spikes without a pattern, and the mean latency. */
function overTime({ spikesMs, patternsMs }: Result) {
  const since = latencies(spikesMs, patternsMs, PATTERN_MS);
  const bins = Math.ceil((patternsMs.at(-1)! + 1) / BIN_MS);
  const [spikes, outside, sums, counts, patterns] = Array.from(
    { length: 5 },
    () => new Float64Array(bins + 1),
  );
  const noticed = Array.from({ length: bins + 1 }, () => new Set<number>());
  for (const pattern of patternsMs) patterns![Math.floor(pattern / BIN_MS)]!++;
  spikesMs.forEach((time, i) => {
    const ms = since[i]!;
    const bin = Math.floor(time / BIN_MS);
    if (bin > bins) return;
    spikes![bin]!++;
    if (Number.isNaN(ms)) outside![bin]!++;
    else {
      const begin = Math.round(time - ms);
      noticed[Math.floor(begin / BIN_MS)]!.add(begin);
      sums![bin]! += ms;
      counts![bin]!++;
    }
  });
  const each = (value: (bin: number) => number) =>
    Float64Array.from({ length: bins }, (_, bin) => value(bin));
  return {
    time: each((bin) => ((bin + 0.5) * BIN_MS) / 1000),
    hits: each((bin) => (100 * noticed[bin]!.size) / patterns![bin]!),
    outside: each((bin) => (spikes![bin]! > 0 ? (100 * outside![bin]!) / spikes![bin]! : Number.NaN)),
    latencyMs: each((bin) => sums![bin]! / counts![bin]!),
  };
}
