// One blackboard for several processes, and what becomes of it when its process is killed.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seen } from '../hang.js';
import { type Participant, Place } from './participant.js';

const DEATH_MS = 100;
const OPTIONS = { deathMs: DEATH_MS, axonCapacity: 1024, maxGanglia: 4, arenaCapacity: 1 << 20 };
const KEY = 'a "key"\nof \0 several \\ lines';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

async function call<Result>(participant: Participant, method: string, ...values: unknown[]): Promise<Result> {
  return (await participant.ask<{ result: Result }>('board', { method, values })).result;
}

type Watched = { value?: unknown; version?: number; code?: string }[];

function watched(participant: Participant, holds: (seen: Watched) => boolean): Promise<Watched> {
  let last: Watched;
  return seen(
    async () => {
      last = (await participant.ask<{ watched: Watched }>('watched')).watched;
      return holds(last) ? last : undefined;
    },
    () => `it saw only ${JSON.stringify(last)}`,
  );
}

test('a blackboard is the same from every process, counts exactly, and shows watchers the last value', async () => {
  const owner = await place.creator('board', OPTIONS);
  const [one, two] = [await place.opener('board'), await place.opener('board')];
  await owner.ask('owner');
  const version = await call<number>(one, 'set', KEY, { text: KEY });
  for (const participant of [owner, two]) {
    expect(await call(participant, 'get', KEY)).toEqual({ value: { text: KEY }, version });
  }
  await expect(two.ask('owner')).rejects.toMatchObject({ code: 'ERR_NB_CAPABILITY_TAKEN' });
  await two.ask('watch', { key: 'count' });
  await Promise.all(
    [owner, one, two].map((participant) => participant.ask('count', { key: 'count', times: 300 })),
  );
  expect(await call(two, 'get', 'count')).toMatchObject({ value: 900 });
  const seen = await watched(two, (changes) => changes.at(-1)?.value === 900);
  const versions = seen.map(({ version }) => version!);
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
});

test('when its process is killed, watchers and callers are told, and another process begins a new one', async () => {
  const creator = await place.creator('board', OPTIONS);
  const owner = await place.opener('board', { deathMs: DEATH_MS });
  await owner.ask('owner');
  const old = await call<number>(creator, 'set', KEY, 1);
  await creator.ask('watch', { key: KEY });
  await watched(creator, (changes) => changes.length === 1);
  await owner.kill();
  const seen = await watched(creator, (changes) => changes.length === 2);
  expect(seen).toEqual([{ value: 1, version: old }, { code: 'ERR_NB_DEAD_TARGET' }]);
  await expect(call(creator, 'get', KEY)).rejects.toMatchObject({ code: 'ERR_NB_NO_ROUTE' });
  await creator.ask('owner');
  expect(await call(creator, 'get', KEY)).toBeUndefined();
  expect(await call<number>(creator, 'set', KEY, 2)).toBeGreaterThan(old);
});
