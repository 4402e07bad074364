// Options of a bus: defaults, both ways to give them, and what is refused.
import { NeuronBus, type NeuronBusOptions } from 'neuronbus';
import { describe, expect, it, onTestFinished } from 'vitest';
import { codeOf, makeBus, messageOf } from './support.js';

const create = (options: object) => NeuronBus.create(options as NeuronBusOptions);

describe('defaults', () => {
  it('a bus without options has the documented ones', () => {
    const bus = NeuronBus.create();
    onTestFinished(() => bus.close());
    expect(bus.options).toMatchObject({
      arenaCapacity: 1 << 24,
      axonCapacity: 1 << 14,
      maxNeurons: 4096,
      maxSynapses: 1 << 17,
      waitStrategy: 'park',
      backpressure: 'drop-newest',
      blockMs: 100,
      sampleEvery: 10,
      name: 'neuronbus',
      clock: 'real',
      seed: 1,
      stamps: 'burst',
      checks: 'development',
      plasticity: { halfLifeMs: 600_000, pruneGraceMs: 60_000, sweepIntervalMs: 1000 },
    });
  });

  it('an undefined option means its default, and a part of plasticity keeps the rest', () => {
    const bus = makeBus({ seed: undefined, plasticity: { halfLifeMs: 5 } });
    expect(bus.options.seed).toBe(1);
    expect(bus.options.plasticity).toEqual({ halfLifeMs: 5, pruneGraceMs: 60_000, sweepIntervalMs: 1000 });
  });

  it('checks follow NODE_ENV', () => {
    const before = process.env.NODE_ENV;
    onTestFinished(() => {
      process.env.NODE_ENV = before;
    });
    process.env.NODE_ENV = 'production';
    expect(makeBus().options.checks).toBe('production');
  });

  it('changing the object that was given changes nothing', () => {
    const given = { plasticity: { halfLifeMs: 5 }, seed: 7 };
    const bus = makeBus(given);
    given.seed = 8;
    given.plasticity.halfLifeMs = 6;
    expect([bus.options.seed, bus.options.plasticity.halfLifeMs]).toEqual([7, 5]);
  });
});

describe('the builder', () => {
  it('makes the same bus as the options object', () => {
    const options: NeuronBusOptions = {
      arenaCapacity: 1 << 20,
      axonCapacity: 128,
      maxNeurons: 32,
      maxSynapses: 99,
      waitStrategy: 'yield',
      backpressure: 'sample',
      sampleEvery: 3,
      blockMs: 5,
      name: 'built',
      clock: 'virtual',
      seed: 11,
      plasticity: { pruneGraceMs: 1 },
      stamps: 'each',
    };
    const built = NeuronBus.builder()
      .arenaCapacity(1 << 20)
      .axonCapacity(128)
      .maxNeurons(32)
      .maxSynapses(99)
      .waitStrategy('yield')
      .backpressure('sample', { sampleEvery: 3, blockMs: 5 })
      .name('built')
      .clock('virtual')
      .seed(11)
      .plasticity({ pruneGraceMs: 1 })
      .options({ stamps: 'each' })
      .build();
    onTestFinished(() => built.close());
    expect(built.options).toEqual(makeBus(options).options);
    expect(built.stats().name).toBe('built');
  });

  it('can build more than once, and refuses at build()', () => {
    const builder = NeuronBus.builder().clock('virtual').axonCapacity(64).maxNeurons(4);
    const buses = [builder.build(), builder.build()];
    onTestFinished(() => {
      for (const bus of buses) bus.close();
    });
    expect(buses[0]).not.toBe(buses[1]);
    builder.axonCapacity(100);
    expect(codeOf(() => builder.build())).toBe('ERR_NB_CAPACITY');
  });
});

describe('capacities', () => {
  it.each([0, 1, 3, 100, 2 ** 27, 2.5, Number.NaN, -2, Number.POSITIVE_INFINITY, '64', null])(
    'an axonCapacity of %s is refused, not rounded, and the message says what to do',
    (axonCapacity) => {
      expect(codeOf(() => create({ axonCapacity }))).toBe('ERR_NB_CAPACITY');
      expect(messageOf(() => create({ axonCapacity }))).toMatch(/axonCapacity.*power of two/);
    },
  );

  it.each([0, 1024, 65535, 65537, 3 << 20, 2 ** 35, Number.NaN])(
    'an arenaCapacity of %s is refused',
    (arenaCapacity) => {
      expect(codeOf(() => create({ arenaCapacity }))).toBe('ERR_NB_CAPACITY');
      expect(messageOf(() => create({ arenaCapacity }))).toMatch(/arenaCapacity.*power of two/);
    },
  );

  it('the smallest bus works', () => {
    const bus = makeBus({ axonCapacity: 2, arenaCapacity: 65536, maxNeurons: 1, maxSynapses: 1 });
    expect(bus.stats()).toMatchObject({ published: 0, neurons: 0, synapses: 0 });
  });
});

describe('everything else', () => {
  const cases: [string, unknown[]][] = [
    ['maxNeurons', [0, 65535, 1.5, Number.NaN, -1, '4']],
    ['maxSynapses', [0, 2 ** 28 + 1, 1.5, Number.NaN]],
    ['waitStrategy', ['sleep', '', 1]],
    ['backpressure', ['drop', 'block ', 0]],
    ['clock', ['fake', true]],
    ['stamps', ['all']],
    ['checks', ['none']],
    ['seed', [-1, 2 ** 32, 1.5, Number.NaN, '1']],
    ['budget', [0, 1.5, 1e9]],
    ['sampleEvery', [0, -1, 2.5]],
    ['blockMs', [-1, Number.NaN, Number.POSITIVE_INFINITY, '5']],
    ['tickIntervalMs', [0, -1, Number.NaN]],
    ['name', ['x'.repeat(64), 'é'.repeat(32), 5, null]],
  ];
  for (const [option, values] of cases) {
    it(`${option} out of range is refused by name`, () => {
      for (const value of values) {
        expect([value, codeOf(() => create({ [option]: value }))]).toEqual([
          value,
          'ERR_NB_INVALID_ARGUMENT',
        ]);
        expect(messageOf(() => create({ [option]: value }))).toContain(option);
      }
    });
  }

  it.each(['halfLifeMs', 'pruneGraceMs', 'sweepIntervalMs'])(
    'plasticity.%s out of range is refused',
    (key) => {
      for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1']) {
        expect(codeOf(() => create({ plasticity: { [key]: value } }))).toBe('ERR_NB_INVALID_ARGUMENT');
        expect(messageOf(() => create({ plasticity: { [key]: value } }))).toContain(`plasticity.${key}`);
      }
    },
  );

  it('an unknown option is refused and the known ones are listed', () => {
    expect(codeOf(() => create({ axonCapcity: 64 }))).toBe('ERR_NB_INVALID_ARGUMENT');
    expect(messageOf(() => create({ axonCapcity: 64 }))).toMatch(/axonCapcity.*axonCapacity/);
    expect(messageOf(() => create({ plasticity: { halfLife: 1 } }))).toMatch(
      /plasticity\.halfLife.*halfLifeMs/,
    );
    expect(codeOf(() => create({ __proto__: null, toString: 1 }))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it.each([null, 5, 'options'])('%s instead of options is refused', (options) => {
    expect(codeOf(() => create(options as never))).toBe('ERR_NB_INVALID_ARGUMENT');
  });

  it('a name of 63 bytes is kept whole', () => {
    const name = 'x'.repeat(63);
    expect(makeBus({ name }).stats().name).toBe(name);
  });
});
