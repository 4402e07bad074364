// Participants that stop, die or leave: what the others still can do, and what they are told.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lost, open, Place, until } from './participant.js';

const DEATH_MS = 100;
const OPTIONS = { deathMs: DEATH_MS, axonCapacity: 1024, maxGanglia: 4, arenaCapacity: 1 << 20 };

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

test('a request to a participant that is stopped runs out of time, and is not done when it goes on', async () => {
  const asker = await place.creator('asked', OPTIONS);
  const owner = await place.opener('asked', { deathMs: DEATH_MS });
  owner.signal('SIGSTOP');
  for (let i = 0; i < 2; i++) {
    await expect(asker.ask('connect', { to: owner.neuron })).rejects.toMatchObject({
      code: 'ERR_NB_TIMEOUT',
    });
  }
  owner.signal('SIGCONT');
  await sleep(200);
  expect((await asker.state()).stats.synapses).toBe(0);
  await asker.ask('connect', { to: owner.neuron });
  await until(asker, 'connected', ({ stats }) => stats.synapses === 1);
});

test('a request to a participant that is dead ends with that', async () => {
  const asker = await place.creator('dead', { ...OPTIONS, deathMs: 60_000 });
  const owner = await place.opener('dead', { deathMs: 60_000 });
  await owner.kill();
  await expect(asker.ask('connect', { to: owner.neuron })).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_NB_(TIMEOUT|DEAD_TARGET)$/),
  });
});

test('what a dead receiver held in the arena comes back once, and references to what a dead sender wrote are stale', async () => {
  const sender = await place.creator('blocks', OPTIONS);
  const receiver = await place.opener('blocks', { deathMs: DEATH_MS });
  const { ref } = await receiver.ask<{ ref: object }>('write', { bytes: 500 });
  await receiver.ask('busy', { ms: 20 });
  await sender.ask('fire', { target: receiver.neuron, count: 100, bytes: 1900 });
  await until(sender, 'blocks in the hands of the receiver', ({ stats }) => stats.arena.blocks > 50);
  await receiver.kill();
  const after = await until(sender, 'cleared', ({ stats }) => open(stats) === 0 && stats.ganglia === 1);
  expect(after.stats.arena.blocks).toBe(1);
  expect(after.stats.dropped.deadTarget).toBeGreaterThan(0);
  expect(lost(after.stats) + after.stats.delivered).toBe(100);
  await expect(sender.ask('read', { ref })).rejects.toMatchObject({ code: 'ERR_NB_STALE_REFERENCE' });
  // Everything is to be had again.
  const next = await place.opener('blocks', { deathMs: DEATH_MS });
  const again = await sender.ask<{ accepted: number }>('fire', {
    target: next.neuron,
    count: 400,
    bytes: 1900,
  });
  expect(again.accepted).toBe(500);
  await until(sender, 'delivered', ({ stats }) => open(stats) === 0 && stats.arena.blocks === 2);
});

test('without its creator a bus goes on, and its name is free when the last one left', async () => {
  const creator = await place.creator('orphan', OPTIONS);
  const [one, two] = [
    await place.opener('orphan', { deathMs: DEATH_MS }),
    await place.opener('orphan', { deathMs: DEATH_MS }),
  ];
  await creator.kill();
  await until(
    one,
    'the creator is gone',
    ({ peers, stats }) => !peers.includes(creator.neuron) && stats.ganglia === 2,
  );
  await one.ask('fire', { target: two.neuron, count: 10, bytes: 300 });
  await until(two, 'delivered', ({ received }) => received === 10);
  const third = await place.opener('orphan', { deathMs: DEATH_MS });
  await third.ask('fire', { target: one.neuron, count: 10, bytes: 30 });
  await until(one, 'delivered', ({ received }) => received === 10);
  const rival = await place.participant();
  await expect(rival.ask('create', { options: { name: 'orphan' } })).rejects.toMatchObject({
    code: 'ERR_NB_NAME_TAKEN',
  });
  await Promise.all([one.ask('close'), two.kill(), third.ask('close')]);
  await rival.ask('create', { options: { name: 'orphan', ...OPTIONS } });
  expect((await rival.state()).stats).toMatchObject({ published: 0, neurons: 0, ganglia: 1 });
});

test('two openers in one process are two participants', async () => {
  const first = await place.creator('twice', OPTIONS);
  const second = await place.participant();
  await second.ask('open', { name: 'twice', options: { deathMs: DEATH_MS } });
  await second.begin(true);
  const before = second.neuron;
  await second.ask('open', { name: 'twice', options: { deathMs: DEATH_MS } });
  await second.begin(true);
  expect(second.neuron).not.toBe(before);
  await first.ask('fire', { target: before, count: 5, bytes: 100 });
  await first.ask('fire', { target: second.neuron, count: 5, bytes: 100 });
  const state = await until(first, 'delivered', ({ stats }) => open(stats) === 0 && stats.delivered === 10);
  expect(state.stats).toMatchObject({ ganglia: 3, neurons: 3 });
  await second.ask('close');
  await until(first, 'one left', ({ stats }) => stats.ganglia === 2 && stats.neurons === 2);
  await second.kill();
  await until(first, 'both gone', ({ stats, peers }) => stats.ganglia === 1 && peers.length === 1);
});

test('a neuron that comes to an id of a dead one does not get what was meant for that', async () => {
  const sender = await place.creator('heir', { ...OPTIONS, deathMs: 10 });
  for (let round = 0; round < 5; round++) {
    const before = await place.opener('heir', { deathMs: 10 });
    await before.ask('busy', { ms: 5 });
    await sender.ask('fire', { target: before.neuron, count: 200, bytes: 100 });
    await before.kill();
    await until(sender, 'cleared', ({ stats }) => stats.ganglia === 1 && open(stats) === 0);
    const heir = await place.participant();
    await heir.ask('open', { name: 'heir', options: { deathMs: 10 } });
    await heir.ask('register', { card: { name: 'heir', id: before.neuron } });
    await heir.ask('start');
    await sender.ask('fire', { target: before.neuron, count: 3, bytes: 100 });
    await until(heir, 'its own', ({ received }) => received === 3);
    expect((await heir.state()).received).toBe(3);
    await heir.kill();
    await until(sender, 'cleared', ({ stats }) => stats.ganglia === 1);
  }
});
