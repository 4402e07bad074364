// Agents in other languages on the bus of this process: they find each other, payloads go both ways, the account comes out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Neuron, type NeuronBus, type NeuronHandle, type Spike } from 'neuronbus';
import { beforeAll, describe, expect, it } from 'vitest';
import { agents, buildLibrary, buildTests, compileC, compileRust, present, root, run } from './build.js';
import { makeBus as openBus, start, until } from './support.js';

const linux = process.platform === 'linux';
const LENGTHS = [0, 11, 46, 47, 100 * 1024];

let library: string;

/** Remembers the payloads that come, as text. */
class Asker extends Neuron {
  readonly heard: string[] = [];
  override onSpike(spike: Spike, _handle: NeuronHandle): void {
    this.heard.push(Buffer.from(spike.bytes()).toString('latin1'));
  }
}

/** Says back what it hears. */
class Parrot extends Neuron {
  readonly seen: string[] = [];
  override onSpike(spike: Spike, handle: NeuronHandle): void {
    this.seen.push(`${spike.type} ${spike.priority} ${spike.length}`);
    handle.reply(spike, spike.bytes());
  }
}

function makeBus(): { bus: NeuronBus; asker: Asker; id: number } {
  const bus = openBus();
  const asker = new Asker();
  const id = bus.register(asker, { name: 'asker', capabilities: ['asking'], regions: ['test/agents'] });
  return { bus, asker, id };
}

function text(length: number): string {
  return Array.from({ length }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
}

async function accountComesOut(bus: NeuronBus): Promise<void> {
  const stats = await until('the account', () => {
    const now = bus.stats();
    return now.queued === 0 && now;
  });
  const dropped = Object.values(stats.dropped).reduce((a, b) => a + b, 0);
  expect(stats.published).toBe(stats.delivered + dropped);
}

interface Language {
  title: string;
  capability: string;
  answer: (payload: string) => string;
  missing?: boolean;
  command: () => string[];
}

const reversed = (payload: string) => [...payload].reverse().join('');

const LANGUAGES: Language[] = [
  {
    title: 'C11',
    capability: 'echo-c',
    answer: reversed,
    command: () => [compileC(library, 'echo_c11', 'gcc', ['-std=c11'])],
  },
  {
    title: 'C++17',
    capability: 'echo-c',
    answer: reversed,
    command: () => [compileC(library, 'echo_cxx17', 'g++', ['-x', 'c++', '-std=c++17'])],
  },
  {
    title: 'Python',
    capability: 'echo-python',
    answer: (payload) => payload.toUpperCase(),
    missing: !present('python3'),
    command: () => ['python3', join(agents, 'echo.py')],
  },
  {
    title: 'Rust',
    capability: 'echo-rust',
    answer: reversed,
    missing: !present('rustc'),
    command: () => [compileRust(library)],
  },
];

beforeAll(async () => {
  if (linux) library = await buildLibrary();
});

describe.runIf(linux).each(LANGUAGES)('an agent in $title', ({ capability, answer, missing, command }) => {
  it.skipIf(missing)('answers payloads inside the spike and in the arena, then leaves', async () => {
    const { bus, asker, id } = makeBus();
    const agent = await start(bus, library, capability, command());
    bus.connect(id, agent.id).build();
    const before = bus.synapse(id, agent.id)!.weight;
    for (const length of LENGTHS) {
      bus.fire(id, { target: agent.id, payload: text(length) });
      await until(`the answer to ${length} bytes`, () => asker.heard.length > LENGTHS.indexOf(length));
      expect(asker.heard.at(-1)).toBe(answer(text(length)));
    }
    // Who answers at once is connected more strongly.
    await until('the synapse to learn', () => bus.synapse(id, agent.id)!.weight > before);
    await accountComesOut(bus);

    bus.fire(id, { target: agent.id, payload: 'stop' });
    expect(await agent.ended).toEqual({ code: 0, signal: null, errors: '' });
    expect(bus.discover(capability)).toEqual([]);
    await accountComesOut(bus);
    expect(bus.stats()).toMatchObject({ ganglia: 1, neurons: 1 });
    expect(() => bus.fire(id, { target: agent.id })).toThrow(
      expect.objectContaining({ code: 'ERR_NB_UNKNOWN_NEURON' }),
    );
  });

  it.skipIf(missing)('answers many, in order, and nothing is lost', async () => {
    const { bus, asker, id } = makeBus();
    const agent = await start(bus, library, capability, command());
    const count = 5000;
    for (let i = 0; i < count; i++) {
      bus.fire(id, { target: agent.id, payload: i % 50 === 0 ? text(200) : `number ${i}` });
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until('all answers', () => asker.heard.length === count);
    const expected = Array.from({ length: count }, (_, i) =>
      answer(i % 50 === 0 ? text(200) : `number ${i}`),
    );
    expect(asker.heard).toEqual(expected);
    bus.fire(id, { target: agent.id, payload: 'stop' });
    expect((await agent.ended).code).toBe(0);
    await accountComesOut(bus);
    expect(bus.stats().dropped.full).toBe(0);
    expect(bus.stats().arena.blocks).toBe(1); // the card of the asker
  });
});

describe.runIf(linux)('a program in C', () => {
  it('finds an agent in TypeScript and asks it; its card is what it said', async () => {
    const { bus, id } = makeBus();
    bus.unregister(id);
    const parrot = new Parrot();
    bus.register(parrot, { name: 'parrot', capabilities: ['asking'], regions: ['test/agents'] });
    const program = compileC(library, 'seeker', 'gcc', ['-std=c11'], join(root, 'test/agents/seeker.c'));
    const agent = await start(bus, library, 'seeking', [program]);
    const card = bus.card(agent.id);
    expect(await agent.ended).toEqual({ code: 0, signal: null, errors: '' });
    expect({ ...card }).toEqual({
      id: agent.id,
      name: 'seeker',
      description: 'written in C',
      version: '2.1.0',
      capabilities: ['seeking "\\ é 🧠', 'seeking'],
      regions: ['test/agents/c'],
      tags: ['tab\there'],
      consumes: [],
      produces: [],
      cost: 0,
    });
    expect(parrot.seen).toEqual([...LENGTHS.map((length) => `0 9 ${length}`), '2 0 6']);
    await accountComesOut(bus);
    expect(bus.discoverInRegion('test/agents/c')).toEqual([]);
  });

  it('that is killed leaves nothing behind', async () => {
    const { bus, id } = makeBus();
    const agent = await start(bus, library, 'echo-c', [compileC(library, 'echo_c11', 'gcc', ['-std=c11'])]);
    bus.fire(id, { target: agent.id, payload: 'kill' });
    agent.kill();
    expect((await agent.ended).signal).toBe('SIGKILL');
    await until('its departure', () => bus.discover('echo-c').length === 0);
    await accountComesOut(bus);
    expect(bus.stats().ganglia).toBe(1);
  });
});

describe('docs/c-api.md', () => {
  it.each([
    ['c', 'echo.c'],
    ['python', 'echo.py'],
  ])('shows a whole agent in %s as it is', (language, name) => {
    const file = `examples/agents/${name}`;
    const block = `<!-- code: ${file} -->\n\`\`\`${language}\n${readFileSync(join(root, file), 'utf8')}\`\`\`\n`;
    expect(readFileSync(join(root, 'docs/c-api.md'), 'utf8')).toContain(block);
  });
});

describe.runIf(linux)('libneuronbus', () => {
  it('exports what neuronbus.h declares and nothing else', () => {
    const header = readFileSync(join(root, 'include/neuronbus/neuronbus.h'), 'utf8');
    const declared = [...header.matchAll(/^NB_API [^(]*?\b(nb_\w+)\(/gm)].map(([, name]) => name);
    const table = run('nm', ['-D', '--defined-only', join(library, 'libneuronbus.so')]);
    const exported = table
      .trim()
      .split('\n')
      .map((line) => line.split(' ').at(-1)!.replace(/@.*$/, ''));
    expect(declared.length).toBeGreaterThan(20);
    expect(exported.sort()).toEqual(declared.sort());
  });

  it('passes its own tests under AddressSanitizer', async () => {
    for (const program of await buildTests()) expect(run(program, [])).toMatch(/^\d+ passed, 0 failed$/m);
  });
});
