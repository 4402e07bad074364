// Questions and answers between processes, and sudden death in the middle of them.
import { expect, it, onTestFinished } from 'vitest';
import { lost, open, Place, until } from './participant.js';

async function scene() {
  const place = new Place();
  onTestFinished(() => place.end());
  const asker = await place.creator('talk', { deathMs: 50 });
  const server = await place.opener('talk', {}, false);
  const { neuron } = await server.ask<{ neuron: number }>('serve');
  const ask = (how: string, value?: unknown, options = {}) =>
    asker.ask<{ value: unknown; from: number }>('request', {
      to: { capability: 'server' },
      value: { how, value },
      options,
    });
  const pending = async () => (await asker.state()).stats.pending;
  return { place, asker, server, neuron, ask, pending };
}

it('questions are answered by another process: values, errors, streams, many at once', async () => {
  const { asker, server, neuron, ask, pending } = await scene();
  for (const value of ['x', 'é'.repeat(16), 'y'.repeat(1 << 20), [null, { a: 1 }]]) {
    expect(await ask('echo', value)).toMatchObject({
      value: { value, from: server.process.pid },
      from: neuron,
    });
  }
  await expect(ask('fail', 'oops')).rejects.toMatchObject({
    code: 'ERR_NB_REMOTE',
    message: expect.stringContaining('RangeError: oops'),
  });
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask('echo', i)));
  expect(answers.map(({ value }) => (value as { value: number }).value)).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  );
  const to = neuron;
  const whole = await asker.ask('stream', { to, value: { how: 'stream', parts: 300 } });
  expect(whole).toMatchObject({ parts: 300, last: 'part 299' });
  const part = await asker.ask('stream', { to, value: { how: 'stream', parts: 300 }, until: 40 });
  expect(part).toMatchObject({ parts: 40 });
  await expect(ask('mute', 0, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'ERR_NB_TIMEOUT' });
  await until(asker, 'nothing under way', ({ stats }) => open(stats) === 0);
  expect(await server.ask('served')).toMatchObject({ aborted: 1, ended: 2 });
  expect(await pending()).toBe(0);
});

it('a question to a process that is killed ends; the next one finds nobody', async () => {
  const { asker, server, ask, pending } = await scene();
  const asked = [ask('mute'), ask('mute')].map((one) => one.catch((error) => error.code));
  await until(asker, 'two questions', ({ stats }) => stats.pending === 2);
  await server.kill();
  expect(await Promise.all(asked)).toEqual(['ERR_NB_DEAD_TARGET', 'ERR_NB_DEAD_TARGET']);
  await expect(ask('echo')).rejects.toMatchObject({ code: 'ERR_NB_NO_ROUTE' });
  expect(await pending()).toBe(0);
  const { stats } = await until(asker, 'a balanced account', ({ stats }) => open(stats) === 0);
  expect(stats.published).toBe(stats.delivered + lost(stats));
});

it('what lay in the mailbox of a process that is killed was not delivered', async () => {
  const { place, asker } = await scene();
  const busy = await place.opener('talk', {}, false);
  const { neuron: to } = await busy.ask<{ neuron: number }>('serve', {
    concurrency: 1,
    card: { name: 'busy' },
  });
  const before = (await until(asker, 'nothing under way', ({ stats }) => open(stats) === 0)).stats;
  const asked = Array.from({ length: 10 }, () =>
    asker.ask('request', { to, value: { how: 'mute' } }).catch((error) => error.code),
  );
  const { stats } = await until(
    asker,
    'one in hand and nine in the mailbox',
    ({ stats }) => stats.delivered - before.delivered === 1 && open(stats) === 9,
  );
  expect(stats.queued).toBe(9);
  await busy.kill();
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['ERR_NB_DEAD_TARGET']));
  const after = (await until(asker, 'a balanced account', ({ stats }) => open(stats) === 0)).stats;
  expect([after.delivered - before.delivered, after.dropped.deadTarget - before.dropped.deadTarget]).toEqual([
    1, 9,
  ]);
});

it('an idempotent question survives the death of who works on it', async () => {
  const { place, asker, server, ask } = await scene();
  const asked = ask('mute', 0, { idempotent: true, retries: 20, timeoutMs: 60_000 }).catch(
    (error) => error.code,
  );
  await until(asker, 'the question', ({ stats }) => stats.pending === 1);
  const second = await place.opener('talk', {}, false);
  await second.ask('serve');
  await server.kill();
  for (let asks = 0; asks === 0; ) asks = (await second.ask<{ asked: number }>('served')).asked;
  await second.kill();
  expect(['ERR_NB_DEAD_TARGET', 'ERR_NB_NO_ROUTE']).toContain(await asked);
});

it('a question of a process that is killed is cancelled where it is worked on', async () => {
  const { place, server } = await scene();
  const other = await place.opener('talk');
  other.ask('request', { to: { capability: 'server' }, value: { how: 'mute' } }).catch(() => {});
  for (let asks = 0; asks === 0; ) asks = (await server.ask<{ asked: number }>('served')).asked;
  await other.kill();
  for (let aborted = 0; aborted === 0; ) aborted = (await server.ask<{ aborted: number }>('served')).aborted;
});
