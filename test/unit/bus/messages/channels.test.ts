// Typed channels with the validators that people use: zod, valibot and arktype, as they come from npm.
import { type } from 'arktype';
import { type Channel, defineChannel, NeuronBusError } from 'neuronbus';
import * as v from 'valibot';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { codeOf, makeBus, messageOf } from '../support.js';
import { type Answer, addAgent, collect, outcome, settle } from './support.js';

interface Task {
  text: string;
  steps: number[];
}
interface Result {
  score: number;
}

const libraries = {
  zod: defineChannel('task', {
    validate: z.object({ text: z.string(), steps: z.array(z.number()) }),
    validateAnswer: z.object({ score: z.number() }),
  }),
  valibot: defineChannel('task', {
    validate: v.object({ text: v.string(), steps: v.array(v.number()) }),
    validateAnswer: v.object({ score: v.number() }),
  }),
  arktype: defineChannel('task', {
    validate: type({ text: 'string', steps: 'number[]' }),
    validateAnswer: type({ score: 'number' }),
  }),
};

/** Validators that look something up first. */
const later = {
  zod: defineChannel('task', {
    validate: z.object({ text: z.string().refine(async (text) => text !== 'taken', 'is taken') }),
    validateAnswer: z.object({ score: z.number().refine(async (score) => score >= 0, 'is negative') }),
  }),
  valibot: defineChannel('task', {
    validate: v.objectAsync({
      text: v.pipeAsync(
        v.string(),
        v.checkAsync(async (text) => text !== 'taken', 'is taken'),
      ),
    }),
    validateAnswer: v.objectAsync({
      score: v.pipeAsync(
        v.number(),
        v.checkAsync(async (score) => score >= 0, 'is negative'),
      ),
    }),
  }),
  'a function': defineChannel('task', {
    validate: async (value): Promise<{ text: string }> => {
      if ((value as { text: unknown }).text === 'taken') throw new RangeError('text is taken');
      return value as { text: string };
    },
    validateAnswer: async (value): Promise<Result> => {
      if ((value as Result).score < 0) throw new RangeError('score is negative');
      return value as Result;
    },
  }),
};

function scene(answer: Answer) {
  const bus = makeBus();
  return { bus, asker: addAgent(bus), other: addAgent(bus, answer) };
}

async function message(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(() => undefined).catch((error) => error);
  expect(error).toBeInstanceOf(NeuronBusError);
  expect((error as NeuronBusError).code).toBe('ERR_NB_BAD_PAYLOAD');
  return (error as Error).message;
}

describe.each(Object.entries(libraries))('with %s a channel', (_, channel: Channel<Task, Result>) => {
  it('carries what is valid, there and back', async () => {
    const { bus, asker, other } = scene((request) => ({ score: channel.read(request).steps.length }));
    const asked = asker.handle.request(other.id, channel.of({ text: 'x', steps: [1, 2] }));
    await settle(bus);
    expect((await asked).value.score).toBe(2);
  });

  it('refuses what is not, and says where: here, there, and in the answer', async () => {
    const { bus, asker, other } = scene((request) => {
      channel.read(request);
      return { score: 'high' };
    });
    const bad = { text: 'x', steps: [1, '2'] };
    expect(messageOf(() => channel.of(bad as never))).toMatch(/'task': steps\.1: .*number/i);
    const forged = outcome(asker.handle.request(other.id, defineChannel<unknown>('task').of(bad)));
    const answered = asker.handle.request(other.id, channel.of({ text: 'x', steps: [] }));
    await settle(bus);
    expect(forged.is).toBe('ERR_NB_REMOTE');
    expect(forged.error!.message).toMatch(/'task': steps\.1: .*number/i);
    const reply = await answered;
    expect(messageOf(() => reply.value)).toMatch(/'task': score: .*number/i);
    expect(codeOf(() => channel.of(undefined as never))).toBe('ERR_NB_BAD_PAYLOAD');
  });

  it('checks each part of a stream', async () => {
    const { bus, asker, other } = scene(async function* () {
      yield { score: 1 };
      yield { score: 'two' };
    });
    const read = collect(asker.handle.stream(other.id, channel.of({ text: 'x', steps: [] })));
    await settle(bus);
    expect(await read).toEqual([{ score: 1 }, 'ERR_NB_BAD_PAYLOAD']);
  });
});

describe.each(Object.entries(later))('with an asynchronous validator of %s', (_, channel) => {
  type Text = { text: string };
  const typed: Channel<Text, Result> = channel;

  it('a channel waits for it on both sides', async () => {
    const { bus, asker, other } = scene(async (request) => ({
      score: (await typed.readAsync(request)).text.length,
    }));
    const asked = asker.handle.request(other.id, await typed.ofAsync({ text: 'four' }));
    await settle(bus);
    expect(await (await asked).valueAsync()).toEqual({ score: 4 });
  });

  it('it refuses, and says where', async () => {
    const { bus, asker, other } = scene(async (request) => {
      await typed.readAsync(request);
      return { score: -1 };
    });
    expect(await message(typed.ofAsync({ text: 'taken' }))).toMatch(/'task': .*text.* is taken/);
    const forged = outcome(asker.handle.request(other.id, defineChannel<Text>('task').of({ text: 'taken' })));
    const answered = asker.handle.request(other.id, await typed.ofAsync({ text: 'free' }));
    await settle(bus);
    expect(forged.is).toBe('ERR_NB_REMOTE');
    expect(await message((await answered).valueAsync())).toMatch(/'task': .*score.* is negative/);
  });

  it('what cannot wait says what can', async () => {
    const { bus, asker, other } = scene(() => ({ score: 1 }));
    expect(messageOf(() => typed.of({ text: 'x' }))).toContain('use ofAsync()');
    const asked = asker.handle.request(other.id, await typed.ofAsync({ text: 'x' }));
    await settle(bus);
    expect(messageOf(() => typed.read(other.requests[0]))).toContain('use readAsync()');
    const reply = await asked;
    expect(messageOf(() => reply.value)).toContain('use valueAsync()');
    expect(codeOf(() => reply.value)).toBe('ERR_NB_BAD_PAYLOAD');
  });

  it('parts of a stream come checked, in order', async () => {
    const { bus, asker, other } = scene(async function* () {
      yield* [{ score: 1 }, { score: 2 }, { score: -3 }];
    });
    const read = collect(asker.handle.stream(other.id, await typed.ofAsync({ text: 'x' })));
    await settle(bus);
    expect(await read).toEqual([{ score: 1 }, { score: 2 }, 'ERR_NB_BAD_PAYLOAD']);
  });
});

describe('what a schema makes of a value is what the receiver reads', () => {
  const channels = {
    zod: defineChannel('when', {
      validate: z.object({
        at: z.iso.datetime().transform((text) => new Date(text)),
        retries: z.number().default(3),
      }),
    }),
    valibot: defineChannel('when', {
      validate: v.object({
        at: v.pipe(
          v.string(),
          v.isoTimestamp(),
          v.transform((text) => new Date(text)),
        ),
        retries: v.optional(v.number(), 3),
      }),
    }),
    arktype: defineChannel('when', {
      validate: type({ at: 'string.date.iso.parse', retries: 'number = 3', '+': 'delete' }),
    }),
  };

  it.each(Object.keys(channels) as (keyof typeof channels)[])('%s', (library) => {
    const channel: Channel<{ at: Date; retries: number }, unknown, { at: string; retries?: number }> =
      channels[library];
    const { bus, asker, other } = scene(() => undefined);
    asker.send(other.id, channel.of({ at: '2026-01-02T03:04:05.000Z', more: 1 } as { at: string }));
    bus.tick();
    const { at, retries, ...more } = channel.read(other.messages[0]);
    expect([at.getUTCFullYear(), retries, more]).toEqual([2026, 3, {}]);
    expect(codeOf(() => channel.of({ at: 'soon' }))).toBe('ERR_NB_BAD_PAYLOAD');
  });

  it('and its types are inferred: what is given, what is read, what is answered', () => {
    const { bus, asker, other } = scene(() => undefined);
    for (const channel of [channels.zod, channels.valibot, channels.arktype]) {
      expectTypeOf(channel.read).returns.toEqualTypeOf<{ at: Date; retries: number }>();
      expectTypeOf(channel.readAsync).returns.resolves.toEqualTypeOf<{ at: Date; retries: number }>();
      expectTypeOf(channel.of).parameter(0).toExtend<{ at: string; retries?: number | undefined }>();
      // @ts-expect-error a date is not what the schema takes
      expect(codeOf(() => channel.of({ at: new Date() }))).toBe('ERR_NB_BAD_PAYLOAD');
    }
    for (const channel of Object.values(libraries)) {
      expectTypeOf(channel).toExtend<Channel<Task, Result>>();
      const asked = asker.handle.request(other.id, channel.of({ text: 'x', steps: [] }));
      asked.catch(() => {});
      expectTypeOf(asked).resolves.toHaveProperty('value').toEqualTypeOf<Result>();
      const stream = asker.handle.stream(other.id, channel.of({ text: 'x', steps: [] }));
      expectTypeOf(stream.next).returns.resolves.toEqualTypeOf<IteratorResult<Result>>();
      // @ts-expect-error steps are missing
      expect(codeOf(() => channel.of({ text: 'x' }))).toBe('ERR_NB_BAD_PAYLOAD');
    }
    for (const channel of Object.values(later)) {
      expectTypeOf<Awaited<ReturnType<typeof channel.readAsync>>>().toEqualTypeOf<{ text: string }>();
      expectTypeOf<Parameters<typeof channel.ofAsync>[0]>().toEqualTypeOf<{ text: string }>();
    }
    const given = defineChannel<Task, Result>('given');
    expectTypeOf(given.read).returns.toEqualTypeOf<Task>();
    expectTypeOf(given.of).parameter(0).toEqualTypeOf<Task>();
    expectTypeOf(defineChannel('any').read).returns.toEqualTypeOf<unknown>();
    expectTypeOf(defineChannel('f', { validate: Number }).read).returns.toEqualTypeOf<number>();
    expectTypeOf(defineChannel('a', { validateAnswer: Number }).read).returns.toEqualTypeOf<unknown>();
    bus.close();
  });
});
