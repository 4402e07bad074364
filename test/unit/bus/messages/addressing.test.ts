// Whom a message means, and over which channel.
import { defineChannel, NeuronBusError, type StandardSchema, type To } from 'neuronbus';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { codeOf, codeOfPromise, makeBus, messageOf } from '../support.js';
import { addAgent, outcome, settle } from './support.js';

describe('a message goes to', () => {
  const cards = [
    { name: 'Ann', capabilities: ['add'], regions: ['app/core'] },
    { name: 'Ben', capabilities: ['add', 'mul'], regions: ['application'] },
    { name: 'Cas', capabilities: ['div'], regions: ['app'], tags: ['slow'] },
  ];
  const scene = () => {
    const bus = makeBus();
    const asker = addAgent(bus, undefined, { name: 'asker', capabilities: ['add', 'ask'] });
    return { bus, asker, agents: cards.map((card) => addAgent(bus, undefined, card)) };
  };

  it.each<[string, To, string]>([
    ['a name', 'Ben', 'Ben'],
    ['a capability', { capability: 'mul' }, 'Ben'],
    ['a region and what lies below it', { region: 'app/core' }, 'Ann'],
    ['whoever a predicate says', (card) => card.tags.includes('slow'), 'Cas'],
  ])('%s', async (_, to, name) => {
    const { bus, asker, agents } = scene();
    asker.send(to, 'x');
    const asked = outcome(asker.handle.request(to, 'x'));
    await settle(bus);
    expect(agents.map((agent) => agent.texts.length + agent.requests.length)).toEqual(
      cards.map((card) => (card.name === name ? 2 : 0)),
    );
    expect(bus.card(asked.value!.from)?.name).toBe(name);
  });

  it('an id, also its own', async () => {
    const { bus, asker, agents } = scene();
    asker.send(agents[2].id, 'x');
    asker.send(asker.id, 'me');
    expect([agents[2].id, asker.id].map((id) => asker.handle.sendAll(id, 'all'))).toEqual([1, 1]);
    bus.tick();
    expect([agents[2].texts, asker.texts]).toEqual([
      ['x', 'all'],
      ['me', 'all'],
    ]);
  });

  it('one of several, never itself, each of them in the long run', async () => {
    const { bus, asker, agents } = scene();
    for (let i = 0; i < 100; i++) {
      asker.send({ capability: 'add' }, 'x');
      bus.tick();
    }
    expect(asker.texts).toEqual([]);
    const got = agents.map(({ texts }) => texts.length);
    expect([got[0] + got[1], got[2]]).toEqual([100, 0]);
    expect(Math.min(got[0], got[1])).toBeGreaterThan(0);
  });

  it.each<[string, To]>([
    ['an id that nobody has', 9],
    ['no id at all', -1],
    ['a fraction', 0.5],
    ['the broadcast id', 0xffff],
    ['an unknown name', 'Zoe'],
    ['an unknown capability', { capability: 'fly' }],
    ['a capability that only the asker has', { capability: 'ask' }],
    ['an unknown region', { region: 'ap' }],
    ['a predicate that nobody fits', () => false],
  ])('nobody: %s', async (_, to) => {
    const { bus, asker } = scene();
    expect(codeOf(() => asker.send(to, 'x'))).toBe('ERR_NB_NO_ROUTE');
    expect(codeOf(() => asker.handle.stream(to, 'x'))).toBe('ERR_NB_NO_ROUTE');
    expect(await codeOfPromise(asker.handle.request(to, 'x'))).toBe('ERR_NB_NO_ROUTE');
    expect(asker.handle.sendAll(to, 'x')).toBe(0);
    expect([bus.stats().pending, bus.stats().published]).toEqual([0, 0]);
  });

  it('no such thing', async () => {
    const { asker } = scene();
    for (const to of [null, undefined, {}, { name: 'Ann' }, { capability: 3 }, true]) {
      expect(codeOf(() => asker.send(to as never, 'x'))).toBe('ERR_NB_INVALID_ARGUMENT');
      expect(await codeOfPromise(asker.handle.request(to as never, 'x'))).toBe('ERR_NB_INVALID_ARGUMENT');
    }
  });

  it.each(['0', 'x', 9, -1, 0.5, undefined, null, 70_000])('in the name of nobody: %s', async (nobody) => {
    const { bus, agents } = scene();
    const from = nobody as number;
    for (const to of [agents[0].id, 'Ann', { capability: 'add' }, () => true]) {
      expect(codeOf(() => bus.send(from, to, 'x'))).toBe('ERR_NB_UNKNOWN_NEURON');
      expect(codeOf(() => bus.sendAll(from, to, 'x'))).toBe('ERR_NB_UNKNOWN_NEURON');
      expect(await codeOfPromise(bus.request(from, to, 'x'))).toBe('ERR_NB_UNKNOWN_NEURON');
    }
    expect(bus.stats().published).toBe(0);
  });

  it('what the predicate throws is thrown', async () => {
    const { asker } = scene();
    const to = () => {
      throw new RangeError('mine');
    };
    expect(() => asker.send(to, 'x')).toThrow(RangeError);
    await expect(asker.handle.request(to, 'x')).rejects.toThrow('mine');
  });
});

it('a handle of a neuron that left speaks no more, though its id is somebody else’s', async () => {
  const bus = makeBus();
  const old = addAgent(bus, undefined, { id: 3 });
  const other = addAgent(bus);
  bus.unregister(3);
  bus.tick();
  addAgent(bus, undefined, { id: 3 });
  for (const call of [
    () => old.handle.send(other.id, 'x'),
    () => old.handle.sendAll('agent', 'x'),
    () => old.handle.stream(other.id, 'x'),
    () => old.send(other.id, 'x'),
  ]) {
    expect(codeOf(call)).toBe('ERR_NB_UNKNOWN_NEURON');
  }
  expect(await codeOfPromise(old.handle.request(other.id, 'x'))).toBe('ERR_NB_UNKNOWN_NEURON');
});

interface Task {
  text: string;
}
/** As zod and valibot make them, by the text of the standard. */
const taskSchema: StandardSchema<Task> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof (value as Task | null)?.text === 'string'
        ? { value: { text: (value as Task).text.trim() } }
        : { issues: [{ message: 'must be a text', path: ['task', { key: 'text' }] }, { message: 'second' }] },
  },
};
const asText = (value: unknown): string => {
  if (typeof value !== 'string') throw new TypeError('no text');
  return value;
};

describe('a typed channel', () => {
  const scene = (answer: unknown) => {
    const bus = makeBus();
    const channel = defineChannel<Task, string>('translate', {
      validate: taskSchema,
      validateAnswer: asText,
    });
    const seen: unknown[] = [];
    const other = addAgent(bus, (request) => {
      seen.push(channel.has(request) && channel.read(request));
      return answer;
    });
    return { bus, channel, seen, other, asker: addAgent(bus) };
  };

  it('is checked and typed on both sides', async () => {
    const { bus, channel, seen, other, asker } = scene('hallo');
    const asked = asker.handle.request(other.id, channel.of({ text: ' hello ' }));
    expectTypeOf(asked).resolves.toHaveProperty('value').toEqualTypeOf<string>();
    await settle(bus);
    const reply = await asked;
    expect(reply.value.toUpperCase()).toBe('HALLO');
    expect(seen).toEqual([{ text: 'hello' }]);
    expect(other.requests[0].channel).toBe('translate');
    expectTypeOf(channel.read).returns.toEqualTypeOf<Task>();
  });

  it('refuses what is not valid: here, there, and in the answer', async () => {
    const { bus, channel, other, asker } = scene(7);
    expect(() => channel.of({ text: 3 } as never)).toThrow(/'translate': task.text: must be a text; second/);
    const plain = outcome(asker.handle.request(other.id, { text: 'x' }));
    const answered = asker.handle.request(other.id, channel.of({ text: 'x' }));
    await settle(bus);
    expect(plain.value?.value).toBe(7); // no channel, no check
    expect(codeOf(() => channel.read(other.requests[0]))).toBe('ERR_NB_BAD_PAYLOAD');
    const wrong = await answered;
    expect(codeOf(() => wrong.value)).toBe('ERR_NB_BAD_PAYLOAD');
    const forged = defineChannel<unknown>('translate');
    asker.send(other.id, forged.of({ text: 1 }));
    bus.tick();
    expect(codeOf(() => channel.read(other.messages[0]))).toBe('ERR_NB_BAD_PAYLOAD');
  });

  it.each<[string, unknown]>([
    ['text', 'héllo'],
    ['nothing', undefined],
    ['bytes', Uint8Array.of(0, 1, 0)],
    ['many bytes', new Uint8Array(5000).fill(7)],
    ['JSON', [null, { a: 1 }]],
  ])('carries %s, next to a trace', (_, value) => {
    const { bus, other, asker } = scene('');
    const channel = defineChannel<unknown>('kanal für alles');
    const traceparent = `00-${'1f'.repeat(16)}-${'2e'.repeat(8)}-00`;
    asker.send(other.id, channel.of(value), { traceparent });
    bus.tick();
    const [message] = other.messages;
    expect(channel.read(message)).toEqual(value);
    expect([message.channel, message.traceparent]).toEqual(['kanal für alles', traceparent]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no options', null, /^options is null/],
    ['options that are none', 5, /^options is 5/],
    ['a validator that is null', { validate: null }, /^validate is null/],
    ['a name that nobody reads', { validator: () => 1 }, /^options is "validator".*validate, validateAnswer/],
  ])('refuses %s, and says what', (_, options, message) => {
    const define = () => defineChannel('x', options as never);
    expect([codeOf(define), messageOf(define)]).toEqual([
      'ERR_NB_INVALID_ARGUMENT',
      expect.stringMatching(message),
    ]);
  });

  it.each<[string, (value: unknown) => unknown, unknown]>([
    [
      'throws',
      () => {
        throw new RangeError('inner');
      },
      'RangeError',
    ],
    [
      'rejects',
      async () => {
        throw new RangeError('inner');
      },
      'RangeError',
    ],
    ['gives nothing', () => undefined, undefined],
    ['promises nothing', async () => null, undefined],
  ])('is as good as refused by a schema that %s', async (_, validate, cause) => {
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema<unknown>;
    const channel = defineChannel('x', { validate: schema });
    await expect(channel.ofAsync(1)).rejects.toMatchObject({
      code: 'ERR_NB_BAD_PAYLOAD',
      message: expect.stringContaining("Channel 'x'"),
    });
    const error = await channel.ofAsync(1).catch((thrown: Error) => thrown);
    expect((error as { cause?: Error }).cause?.name).toBe(cause);
  });

  it('refuses names and validators that cannot work', () => {
    for (const name of ['', 3, 'a\0b'])
      expect(codeOf(() => defineChannel(name as never))).toBe('ERR_NB_INVALID_ARGUMENT');
    for (const validate of [3, {}, { '~standard': { version: 2 } }]) {
      expect(codeOf(() => defineChannel('x', { validate: validate as never }))).toBe(
        'ERR_NB_INVALID_ARGUMENT',
      );
    }
    const later = {
      '~standard': { version: 1, vendor: 'test', validate: async (value: unknown) => ({ value }) },
    } as const;
    expect(codeOf(() => defineChannel('x', { validate: later as never }).of(1 as never))).toBe(
      'ERR_NB_BAD_PAYLOAD',
    );
    const throws = () => {
      throw new NeuronBusError('CLOSED');
    };
    expect(codeOf(() => defineChannel('x', { validate: throws }).of(1 as never))).toBe('ERR_NB_BAD_PAYLOAD');
  });
});
