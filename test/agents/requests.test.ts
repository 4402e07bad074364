// Agents in C ask agents in TypeScript, and get what comes of it through their poll loop.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Neuron, type NeuronBus, type Request } from 'neuronbus';
import { beforeAll, describe, expect, it } from 'vitest';
import { agents, buildLibrary, compileC, present, root } from './build.js';
import { makeBus, start, until } from './support.js';

const linux = process.platform === 'linux';
const programs: string[] = [];
let library: string;
beforeAll(async () => {
  if (!linux) return;
  library = await buildLibrary();
  for (const name of ['asker', 'answerer'])
    programs.push(compileC(library, name, 'gcc', ['-std=c11'], join(root, `test/agents/${name}.c`)));
});

/** Answers as the text of a question says; hears what came of questions that it ordered. */
class Local extends Neuron {
  readonly heard: string[] = [];
  readonly asked: { text: string; scale: number; correlationId: number }[] = [];
  override onMessage(message: { text(): string }): void {
    this.heard.push(message.text());
  }
  override onRequest(request: Request): unknown {
    const text = request.text();
    const { scale } = request as unknown as { scale: number }; // internal: what came with the question
    this.asked.push({ text, scale, correlationId: request.correlationId });
    if (text === 'throw') throw Object.assign(new TypeError('not "now"'), { code: 'E_OWN' });
    if (text === 'quiet') return undefined;
    if (text === 'later') return new Promise((resolve) => setTimeout(() => resolve('at last'), 5));
    if (text === 'json') return { a: [1] };
    if (text === 'parts')
      return (async function* () {
        yield 1;
        yield 2;
      })();
    return text;
  }
}

async function scene() {
  const bus = makeBus();
  const local = new Local();
  const id = bus.register(local, { name: 'local', capabilities: ['local'] });
  const asker = await start(bus, library, 'asking', [programs[0]]);
  const outcome = async (to: number, value: string, timeoutMs = 0) => {
    const before = local.heard.length;
    bus.send(id, asker.id, `${to} ${timeoutMs} ${value}`);
    await until(`what came of ${value}`, () => local.heard.length > before);
    return local.heard[before]!;
  };
  const stop = () => {
    bus.send(id, asker.id, 'stop');
    return asker.ended;
  };
  return { bus, local, id, asker, outcome, stop };
}

const GOOD_END = { code: 0, signal: null, errors: '' };

async function expectAccount(bus: NeuronBus): Promise<void> {
  await until('the account', () => bus.stats().queued === 0);
  const { published, delivered, dropped } = bus.stats();
  expect(published).toBe(delivered + Object.values(dropped).reduce((a, b) => a + b));
}

describe.runIf(linux)('a question of an agent in C', () => {
  const inC = (name: string, compiler: string, standard: readonly string[]) => () => [
    compileC(library, `ask_${name}`, compiler, standard, join(agents, 'ask.c')),
  ];
  it.for([
    { title: 'C11', command: inC('c11', 'gcc', ['-std=c11']) },
    { title: 'C++17', command: inC('cxx17', 'g++', ['-x', 'c++', '-std=c++17']) },
    { title: 'Python', missing: !present('python3'), command: () => ['python3', join(agents, 'ask.py')] },
  ])('is asked by the example in $title', async ({ command, missing = false }, { skip }) => {
    skip(missing, 'there is no interpreter');
    const bus = makeBus();
    bus.register(new Local(), { name: 'local', capabilities: ['local'] });
    const [program, ...first] = command() as [string, ...string[]];
    const env = {
      ...process.env,
      NEURONBUS_LIB: join(library, 'libneuronbus.so'),
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const ask = (...args: string[]) =>
      new Promise((resolve) => {
        execFile(program, [...first, bus.options.name, ...args], { env }, (error, stdout, stderr) =>
          resolve([error?.code ?? 0, stdout, stderr]),
        );
      });
    const long = 'é'.repeat(100);
    expect(await ask('local', 'what is a spike?')).toEqual([0, 'what is a spike?\n', '']);
    expect(await ask('local', long)).toEqual([0, `${long}\n`, '']);
    expect(await ask('local', 'throw')).toEqual([
      1,
      '',
      '{"name":"TypeError","message":"not \\"now\\"","code":"E_OWN"}\n',
    ]);
    expect(await ask('nothing', 'x')).toEqual([1, '', 'ask: nobody has the capability nothing\n']);
    expect(await ask()).toEqual([2, '', 'usage: ask BUS CAPABILITY QUESTION\n']);
    bus.close();
    expect(await ask('local', 'x')).toEqual([1, '', expect.stringMatching(/^ask: no bus: .*\n$/)]);
  });

  it('gets the answer of an agent in TypeScript, whatever it is', async () => {
    const { bus, local, id, outcome, stop } = await scene();
    expect(await outcome(id, 'x')).toBe('reply 1 x');
    expect(await outcome(id, 'é'.repeat(100))).toBe(`reply 1 ${'é'.repeat(100)}`);
    expect(await outcome(id, 'later')).toBe('reply 1 at last');
    expect(await outcome(id, 'json')).toBe('reply 3 {"a":[1]}');
    expect(await outcome(id, 'parts')).toBe('reply 3 [1,2]');
    expect(await outcome(id, 'throw')).toBe(
      'error 3 {"name":"TypeError","message":"not \\"now\\"","code":"E_OWN"}',
    );
    expect(new Set(local.asked.map(({ correlationId }) => correlationId)).size).toBe(6);
    // What it is used to goes with each question from the first answer on.
    expect(local.asked[0].scale).toBe(0);
    for (const { scale } of local.asked.slice(1)) expect(scale).toBeGreaterThan(0);
    expect(await stop()).toEqual(GOOD_END);
    await expectAccount(bus);
  });

  it('ends when its time is over, and when who was asked leaves', async () => {
    const { bus, local, id, asker, outcome, stop } = await scene();
    expect(await outcome(id, 'quiet', 20)).toMatch(/^timeout 3 .*"code":"ERR_NB_TIMEOUT"}$/);
    const gone = bus.register(new Local(), { name: 'gone' });
    bus.send(id, asker.id, `${gone} 0 quiet`);
    await until('the question', () => bus.health(gone).load === 1);
    bus.unregister(gone);
    await until('its end', () => local.heard.length === 2);
    expect(local.heard[1]).toMatch(/^dead 3 .*"code":"ERR_NB_DEAD_TARGET"}$/);
    expect(await outcome(id, 'x')).toBe('reply 1 x');
    expect(await stop()).toEqual(GOOD_END);
    await expectAccount(bus);
  });

  it('teaches the synapse to who was asked: answers, failure, silence', async () => {
    const { bus, id, asker, outcome, stop } = await scene();
    bus.connect(asker.id, id).weight(0.5).build();
    const weight = () => bus.synapse(asker.id, id)!.weight;
    await outcome(id, 'x');
    // The first answer is the scale that it is measured by.
    expect(weight()).toBeCloseTo(0.5 + 0.01 * Math.exp(-1) * 0.5, 12);
    const answered = weight();
    await outcome(id, 'throw');
    expect(weight()).toBeCloseTo(answered - 0.012 * (answered - 0.001), 12);
    const failed = weight();
    await outcome(id, 'quiet', 10);
    await until('the silence', () => weight() < failed);
    expect(weight()).toBeCloseTo(failed - 0.012 * (failed - 0.001), 12);
    expect(await stop()).toEqual(GOOD_END);
  });

  it('may be to another agent in C', async () => {
    const { bus, id, outcome, stop } = await scene();
    const answerer = await start(bus, library, 'answering', [programs[1]]);
    expect(await outcome(answerer.id, 'x')).toBe('reply 1 x');
    expect(await outcome(answerer.id, 'reject')).toMatch(/^error 3 .*"message":"not/);
    expect(await outcome(answerer.id, 'quiet', 20)).toMatch(/^timeout 3 /);
    bus.send(id, answerer.id, 'stop');
    expect(await answerer.ended).toEqual(GOOD_END);
    expect(await stop()).toEqual(GOOD_END);
    await expectAccount(bus);
  });

  it('does not keep others waiting', async () => {
    const { bus, local, id, asker, stop } = await scene();
    for (let i = 0; i < 300; i++) bus.send(id, asker.id, `${id} 0 ${i % 3 === 0 ? 'later' : i}`);
    await until('all answers', () => local.heard.length === 300);
    const expected = Array.from({ length: 300 }, (_, i) => `reply 1 ${i % 3 === 0 ? 'at last' : i}`);
    expect([...local.heard].sort()).toEqual(expected.sort());
    expect(await stop()).toEqual(GOOD_END);
    await expectAccount(bus);
  });
});
