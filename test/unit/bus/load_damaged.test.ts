// Files that are not a complete snapshot: refused with a clear error, and nothing changes.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NeuronBus } from 'neuronbus';
import { describe, expect, it } from 'vitest';
import { busOf, folder, forge, synapsesOf } from './files.js';
import { codeOfPromise, randomFrom } from './support.js';

interface Scene {
  path: string;
  bad: string;
  bus: NeuronBus;
  before: unknown;
  bytes: Buffer;
}

/** A good file, a place for a bad one, and a bus that must not change. */
async function scene(): Promise<Scene> {
  const dir = folder();
  const path = join(dir, 'good.json');
  const saved = busOf('a', 'b', 'ç');
  saved.connect(0, 1).weight(0.123456789).filter({ prefix: 'x' }).build();
  saved.connect(1, 2).weight(0.5).stdp({ rule: 'pair' }).build();
  await saved.save(path);
  const bus = busOf('a', 'b', 'ç');
  bus.connect(0, 1).weight(0.9).build();
  bus.clock.advance(100);
  return { path, bad: join(dir, 'bad.json'), bus, before: state(bus), bytes: readFileSync(path) };
}

const state = (bus: NeuronBus) => [
  synapsesOf(bus),
  bus.synapses().map((synapse) => synapse.lastUsed),
  bus.neurons(),
  bus.stats(),
];

async function refusal({ bad, bus, before }: Scene, content: Buffer | string): Promise<string> {
  writeFileSync(bad, content);
  const code = await codeOfPromise(bus.load(bad));
  expect(state(bus)).toEqual(before);
  return code;
}

describe('truncated', () => {
  it('at every byte but the closing line feed is ERR_NB_BAD_FILE', async () => {
    const it = await scene();
    const codes = new Set<string>();
    for (let length = 0; length < it.bytes.length - 1; length++) {
      codes.add(await refusal(it, it.bytes.subarray(0, length)));
    }
    expect([...codes]).toEqual(['ERR_NB_BAD_FILE']);
  });

  it('by the closing line feed alone nothing is missing', async () => {
    const { path, bad, bus, bytes } = await scene();
    writeFileSync(bad, bytes.subarray(0, -1));
    await bus.load(bad);
    const whole = busOf('a', 'b', 'ç');
    await whole.load(path);
    expect(synapsesOf(bus)).toEqual(synapsesOf(whole));
  });
});

describe('damaged', () => {
  it('by any flipped bit is refused, or means exactly the same', async () => {
    const it = await scene();
    const whole = busOf('a', 'b', 'ç');
    await whole.load(it.path);
    const meant = synapsesOf(whole);
    for (let at = 0; at < it.bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Buffer.from(it.bytes);
        damaged[at]! ^= 1 << bit;
        writeFileSync(it.bad, damaged);
        const code = await codeOfPromise(it.bus.load(it.bad));
        if (code === 'no error') {
          expect([at, bit, synapsesOf(it.bus)]).toEqual([at, bit, meant]);
          it.before = state(it.bus);
        } else {
          expect([at, bit, code]).toEqual([at, bit, code === 'ERR_NB_VERSION' ? code : 'ERR_NB_BAD_FILE']);
          expect(state(it.bus)).toEqual(it.before);
        }
      }
    }
  });

  it('by random bytes, insertions and deletions is refused', async () => {
    const it = await scene();
    const random = randomFrom(11);
    for (let round = 0; round < 500; round++) {
      const at = Math.floor(random() * (it.bytes.length - 2));
      const junk = Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 4) }, () => Math.floor(random() * 256)),
      );
      const cut = Math.floor(random() * 4);
      const damaged = Buffer.concat([it.bytes.subarray(0, at), junk, it.bytes.subarray(at + cut)]);
      if (damaged.equals(it.bytes)) continue;
      expect(['ERR_NB_BAD_FILE', 'ERR_NB_VERSION']).toContain(await refusal(it, damaged));
    }
  });

  it('by something behind its end is refused', async () => {
    const it = await scene();
    for (const rest of ['x', '{}', '\u0000', it.bytes.toString()]) {
      expect(await refusal(it, it.bytes.toString() + rest)).toBe('ERR_NB_BAD_FILE');
    }
    appendFileSync(it.bad, ' ');
  });
});

describe('foreign', () => {
  const good = '{"format":"neuronbus-snapshot","version":1';
  const foreign = [
    '',
    ' ',
    '\n',
    'hello',
    'null',
    '5',
    '"neuronbus-snapshot"',
    '[]',
    '{}',
    '{"format":"other","version":1}',
    `${good}}`,
    `${good},"checksum":null,"body":null}`,
    `${good},"checksum":"","body":{}}`,
    `${good},"body":{"name":"x","neurons":[],"synapses":[]}}`,
    `${good},"checksum":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b","body":null}`,
    '\u007fELF\u0002\u0001\u0001',
    'PK\u0003\u0004',
  ];
  it.each(foreign)('%j is ERR_NB_BAD_FILE', async (content) => {
    expect(await refusal(await scene(), content)).toBe('ERR_NB_BAD_FILE');
  });

  it('names the file and what is wrong', async () => {
    const { bad, bus } = await scene();
    writeFileSync(bad, 'hello');
    await expect(bus.load(bad)).rejects.toThrow(/bad\.json.*nothing was changed/);
  });
});

describe('of another version', () => {
  it.each([2, 99, 0, -1, 1.5, '1', null])(
    '%j is ERR_NB_VERSION, which says what this library reads',
    async (version) => {
      const it = await scene();
      const text = it.bytes.toString().replace('"version":1', `"version":${JSON.stringify(version)}`);
      expect(await refusal(it, text)).toBe('ERR_NB_VERSION');
      await expect(it.bus.load(it.bad)).rejects.toThrow(/reads 1/);
    },
  );
});

describe('well-formed, but such as no bus could hold', () => {
  type Body = Parameters<Parameters<typeof forge>[2]>[0];
  const cases: [string, (body: Body) => void][] = [
    ['no neurons', (body) => Reflect.deleteProperty(body, 'neurons')],
    ['no synapses', (body) => Reflect.deleteProperty(body, 'synapses')],
    ['neurons that are no list', (body) => Object.assign(body, { neurons: {} })],
    ['a neuron twice', ({ neurons }) => neurons.push(neurons[0]!)],
    ['a neuron without a card', ({ neurons }) => Reflect.deleteProperty(neurons[0]!, 'card')],
    ['a neuron without a name', ({ neurons }) => Object.assign(neurons[0]!, { card: {} })],
    ['a neuron id out of range', ({ neurons }) => Object.assign(neurons[0]!, { id: 70000 })],
    ['a neuron without id', ({ neurons }) => Reflect.deleteProperty(neurons[2]!, 'id')],
    ['a synapse of an unknown neuron', ({ synapses }) => Object.assign(synapses[0]!, { pre: 9 })],
    ['a synapse with itself', ({ synapses }) => Object.assign(synapses[0]!, { pre: 1, post: 1 })],
    ['a synapse twice', ({ synapses }) => synapses.push(synapses[0]!)],
    ['an unknown rule', ({ synapses }) => Object.assign(synapses[0]!, { rule: 'hebb' })],
    ['a weight beyond its bounds', ({ synapses }) => Object.assign(synapses[0]!, { weight: 2 })],
    ['a weight that is no number', ({ synapses }) => Object.assign(synapses[0]!, { weight: '0.5' })],
    ['no weight', ({ synapses }) => Reflect.deleteProperty(synapses[0]!, 'weight')],
    ['too few parameters', ({ synapses }) => (synapses[0]!.parameters as number[]).pop()],
    ['too many parameters', ({ synapses }) => (synapses[0]!.parameters as number[]).push(1)],
    ['a parameter out of range', ({ synapses }) => ((synapses[0]!.parameters as number[])[0] = 7)],
    ['a negative idle time', ({ synapses }) => Object.assign(synapses[0]!, { idleNs: -1 })],
    ['an idle time that is no number', ({ synapses }) => Object.assign(synapses[0]!, { idleNs: '5' })],
    [
      'a prefix too long',
      ({ synapses }) => filterOf(synapses, { prefix: Buffer.alloc(47).toString('base64') }),
    ],
    ['a prefix that is no text', ({ synapses }) => filterOf(synapses, { prefix: 5 })],
    ['types that do not exist', ({ synapses }) => filterOf(synapses, { typeMask: 255 })],
    ['no types', ({ synapses }) => filterOf(synapses, { typeMask: 0 })],
    ['a priority out of range', ({ synapses }) => filterOf(synapses, { minPriority: 300 })],
    ['a filter that is none', ({ synapses }) => Object.assign(synapses[0]!, { filter: 5 })],
  ];
  function filterOf(synapses: Record<string, unknown>[], change: object): void {
    const filtered = synapses.find((synapse) => synapse.filter !== null)!;
    Object.assign(filtered.filter as object, change);
  }

  it.each(cases)('%s is ERR_NB_BAD_FILE and changes nothing', async (_, change) => {
    const it = await scene();
    forge(it.path, it.bad, change);
    expect(await codeOfPromise(it.bus.load(it.bad))).toBe('ERR_NB_BAD_FILE');
    expect(state(it.bus)).toEqual(it.before);
  });

  it('a change that is allowed is loaded, so the test above forges well', async () => {
    const it = await scene();
    forge(it.path, it.bad, ({ synapses }) => Object.assign(synapses[0]!, { weight: 0.25 }));
    await it.bus.load(it.bad);
    expect(it.bus.synapse(0, 1)!.weight).toBe(0.25);
  });
});
