// bus.spawn(): workers that join by themselves, and what becomes of those that fail.
import { NeuronBus, type NeuronBusError, type SpawnOptions, type WorkerEnd } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { add, codeOf, PUPPET, sleep, until } from './support.js';

const MISBEHAVE = new URL('./misbehave.mjs', import.meta.url);
const quick = { backoffMs: 1, maxBackoffMs: 4 };

function watched() {
  const bus = NeuronBus.create();
  const ends: WorkerEnd[] = [];
  const errors: { error: unknown; worker: number | undefined }[] = [];
  bus.on('worker', (end) => ends.push(end));
  bus.on('error', (error, { worker }) => errors.push({ error, worker }));
  onTestFinished(() => bus.close());
  return { bus, ends, errors };
}

describe('a pool', () => {
  it('is ready when every worker has registered what it has', async () => {
    const { bus, ends } = watched();
    const pool = bus.spawn(MISBEHAVE, { threads: 3, data: { how: 'well' } });
    await pool.ready;
    expect(
      bus
        .discover('mute')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([0, 1, 2].map((index) => `well ${index} of 3`));
    expect([pool.threads, pool.alive, pool.failed, bus.stats().ganglia]).toEqual([3, 3, undefined, 4]);
    expect(pool.url).toBe(MISBEHAVE.href);
    await pool.terminate();
    expect(ends).toEqual([]);
  });

  it('leaves nothing on the bus when it is terminated, by a second call like by the first', async () => {
    const { bus } = watched();
    const pool = bus.spawn(MISBEHAVE.pathname, { data: { how: 'well' } });
    await pool.ready;
    const ended = pool.terminate();
    expect(pool.terminate()).toBe(ended);
    await ended;
    expect([pool.terminated, pool.alive]).toEqual([true, 0]);
    expect([bus.neurons(), bus.stats().ganglia]).toEqual([[], 1]);
  });

  it('ends with its bus, and with asyncDispose', async () => {
    const { bus, ends, errors } = watched();
    const [first, second] = [1, 2].map(() => bus.spawn(PUPPET, { data: { channel: 'none' } }));
    await first!.ready;
    await first![Symbol.asyncDispose]();
    expect(first!.terminated).toBe(true);
    bus.close();
    expect(second!.terminated).toBe(true);
    await second!.terminate();
    expect([second!.alive, ends, errors]).toEqual([0, [], []]);
  });

  it.each(['never', 'busy'])('that is terminated before it was ready says so (%s)', async (how) => {
    const { bus } = watched();
    const pool = bus.spawn(MISBEHAVE, { data: { how } });
    await until(() => bus.neurons().length === 1);
    await pool.terminate();
    expect(await codeOf(() => pool.ready)).toBe('ERR_NB_CLOSED');
  });
});

describe('a worker that fails', () => {
  it.each([
    ['throw', { name: 'RangeError', message: 'on purpose' }, 1],
    ['reject', { name: 'RangeError', message: 'on purpose' }, 1],
    ['later', { name: 'RangeError', message: 'later' }, 1],
    ['exit', { code: 'ERR_NB_WORKER_FAILED' }, 5],
  ])('is reported, restarted, and given up after too many restarts (%s)', async (how, error, exitCode) => {
    const { bus, ends, errors } = watched();
    const pool = bus.spawn(MISBEHAVE, { threads: 2, data: { how, only: 1 }, maxRestarts: 2, ...quick });
    await until(() => pool.failed !== undefined);
    const end = { pool, index: 1, error, exitCode };
    expect(ends).toMatchObject([true, true, false].map((restarting) => ({ ...end, restarting })));
    expect(errors).toMatchObject(
      [error, error, { code: 'ERR_NB_WORKER_FAILED' }].map((e) => ({ error: e, worker: 1 })),
    );
    expect(errors[2]!.error).toBe(pool.failed);
    if (how === 'exit') {
      const told = ends.map((each) => (each.error as Error).message);
      for (const [i, what] of [
        'it is started again in',
        'it is started again in',
        'it is given up',
      ].entries()) {
        expect(told[i]).toContain(what);
        expect(told[i]).not.toContain('failed too often');
      }
    }
    expect(pool.failed!.cause).toBe(ends[2]!.error);
    expect(pool.failed!.message).toContain('worker 1');
    await until(() => bus.neurons().length === 1);
    expect(pool.alive).toBe(1); // the other one goes on
  });

  it('without a reason to live fails what waits for ready', async () => {
    const { bus } = watched();
    for (const [url, data] of [
      [MISBEHAVE, { how: 'throw' }],
      [new URL('./no_default.mjs', import.meta.url), {}],
    ] as const) {
      const pool = bus.spawn(url, { data, maxRestarts: 0 });
      const error = await pool.ready.catch((reason: NeuronBusError) => reason);
      expect(error).toBe(pool.failed);
      expect(error).toMatchObject({ code: 'ERR_NB_WORKER_FAILED' });
    }
  });

  it('by one spike comes back, under its number, and can be found again', async () => {
    const { bus, ends } = watched();
    const { id } = add(bus);
    bus.start();
    const pool = bus.spawn(MISBEHAVE, { threads: 2, data: { how: 'well' }, ...quick });
    await pool.ready;
    for (let round = 1; round <= 5; round++) {
      const victim = bus.discover('mute').find(({ name }) => name.startsWith('well 1'))!;
      bus.fire(id, { target: victim.id, payload: 'go' });
      await until(() => ends.length === round);
      expect(ends.at(-1)).toMatchObject({ index: 1, exitCode: 7, restarting: true });
      await until(() => bus.discover('mute').length === 2);
    }
    expect(pool.failed).toBeUndefined();
  });

  it('waits twice as long each time, up to a limit, and is forgiven after the window', async () => {
    const { bus, ends } = watched();
    const at: number[] = [];
    bus.on('worker', () => at.push(performance.now()));
    const options = { backoffMs: 40, maxBackoffMs: 160, maxRestarts: 4 };
    const pool = bus.spawn(MISBEHAVE, { data: { how: 'throw' }, ...options });
    await until(() => pool.failed !== undefined);
    const pauses = at.slice(1).map((time, i) => time - at[i]!);
    [40, 80, 160, 160].forEach((least, i) => void expect(pauses[i]).toBeGreaterThan(least - 2));
    expect(ends).toHaveLength(5);

    const forgiving = bus.spawn(MISBEHAVE, {
      data: { how: 'throw' },
      maxRestarts: 1,
      restartWindowMs: 0,
      ...quick,
    });
    await until(() => ends.length > 10);
    expect(forgiving.failed).toBeUndefined();
    await forgiving.terminate();
    const count = ends.length;
    await sleep(50);
    expect(ends).toHaveLength(count);
  });

  it('is a warning of the process when nobody listens', async () => {
    const bus = NeuronBus.create();
    onTestFinished(() => bus.close());
    const warnings: Error[] = [];
    const hear = (warning: Error) => warnings.push(warning);
    process.on('warning', hear);
    onTestFinished(() => void process.off('warning', hear));
    bus.spawn(MISBEHAVE, { data: { how: 'string' }, maxRestarts: 0 });
    await until(() => warnings.length > 0);
    expect(warnings.map(({ name }) => name)).toEqual(['NeuronBusWarning']);
    expect(warnings[0]!.message).toContain('a string');
  });

  it('may be terminated by whoever hears of it', async () => {
    const { bus, ends } = watched();
    const pool = bus.spawn(MISBEHAVE, { data: { how: 'throw' }, ...quick });
    bus.on('worker', ({ pool }) => void pool.terminate());
    await until(() => pool.terminated);
    await sleep(50);
    expect([ends.length, pool.alive, pool.failed]).toEqual([1, 0, undefined]);
  });
});

describe('spawn() refuses, before it starts anything,', () => {
  it.each<[string, unknown, unknown]>([
    ['url', 17, {}],
    ['url', './agents.mjs', {}],
    ['url', new URL('./nothing.mjs', import.meta.url), {}],
    ['options', PUPPET, null],
    ['options', PUPPET, { thread: 2 }],
    ['threads', PUPPET, { threads: 0 }],
    ['threads', PUPPET, { threads: 1.5 }],
    ['threads', PUPPET, { threads: 16 }],
    ['data', PUPPET, { data: () => {} }],
    ['attach', PUPPET, { attach: 3 }],
    ['axonCapacity', PUPPET, { attach: { axonCapacity: 64 } }],
    ['waitStrategy', PUPPET, { attach: { waitStrategy: 'sleep' } }],
    ['worker', PUPPET, { worker: { eval: true } }],
    ['worker', PUPPET, { worker: { execArgv: ['--nonsense'] } }],
    ['maxRestarts', PUPPET, { maxRestarts: 0.5 }],
    ['maxRestarts', PUPPET, { maxRestarts: -1 }],
    ['restartWindowMs', PUPPET, { restartWindowMs: Number.NaN }],
    ['backoffMs', PUPPET, { backoffMs: '1' }],
    ['maxBackoffMs', PUPPET, { maxBackoffMs: Number.POSITIVE_INFINITY }],
  ])('a wrong %s: %s %j', async (name, url, options) => {
    const { bus } = watched();
    const spawn = () => bus.spawn(url as URL, options as SpawnOptions);
    expect(await codeOf(spawn)).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(spawn).toThrow(name);
    expect(bus.stats().ganglia).toBe(1);
  });

  it('a bus with a virtual clock, and one that is closed', async () => {
    const bus = NeuronBus.create({ clock: 'virtual' });
    expect(() => bus.spawn(PUPPET)).toThrow('virtual');
    expect(await codeOf(() => bus.spawn(PUPPET))).toBe('ERR_NB_INVALID_ARGUMENT');
    bus.close();
    expect(await codeOf(() => bus.spawn(PUPPET))).toBe('ERR_NB_CLOSED');
  });
});
