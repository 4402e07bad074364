// Snapshots of a running bus, and a restart from the last one.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { folder } from './files.js';
import { add, makeBus } from './support.js';

function makePair(bus: NeuronBus): [number, number] {
  return [add(bus, undefined, { name: 'a' }).id, add(bus, undefined, { name: 'b' }).id];
}

describe('checkpoints', () => {
  it('are written again and again, and a new bus begins with the last', async () => {
    const path = join(folder(), 'bus.json');
    const bus = makeBus({});
    const [a, b] = makePair(bus);
    const synapse = bus.connect(a, b).weight(0.25).build();
    const checkpoints = bus.checkpoint(path, { intervalMs: 5 });
    while (checkpoints.count < 2) await sleep(5);
    synapse.weight = 0.75;
    await checkpoints.stop();
    const { count } = checkpoints;
    await sleep(20);
    expect(checkpoints.count).toBe(count);
    bus.close();

    const again = makeBus({});
    const [c, d] = makePair(again);
    await again.load(path);
    expect(again.synapse(c, d)?.weight).toBe(0.75);
  });

  it('end with the bus', async () => {
    const path = join(folder(), 'bus.json');
    const bus = makeBus({});
    const checkpoints = bus.checkpoint(path, { intervalMs: 2 });
    bus.close();
    await sleep(20);
    expect(existsSync(path)).toBe(false);
    await checkpoints.stop();
    expect(checkpoints.count).toBe(0);
  });

  it('report what goes wrong, and go on', async () => {
    const here = folder();
    const bus = makeBus({});
    const errors: unknown[] = [];
    bus.on('error', (error) => errors.push(error));
    const checkpoints = bus.checkpoint(join(here, 'nowhere', 'bus.json'), { intervalMs: 2 });
    while (errors.length < 2) await sleep(2);
    expect(errors[0]).toMatchObject({ code: 'ERR_NB_FILE_IO' });
    await expect(checkpoints.stop()).rejects.toMatchObject({ code: 'ERR_NB_FILE_IO' });
  });

  it.each([5, undefined, null, ''])('and files refuse %s as a path', async (path) => {
    const bus = makeBus({});
    const bad = { code: 'ERR_NB_INVALID_ARGUMENT', message: expect.stringMatching(/^path is /) };
    expect(() => bus.checkpoint(path as string)).toThrow(expect.objectContaining(bad));
    await expect(bus.save(path as string)).rejects.toMatchObject(bad);
    await expect(bus.load(path as string)).rejects.toMatchObject(bad);
  });

  it.each([0, Number.NaN, '5'])('refuse an interval of %s', (intervalMs) => {
    expect(() => makeBus({}).checkpoint('x', { intervalMs: intervalMs as number })).toThrow(/intervalMs/);
  });
});
