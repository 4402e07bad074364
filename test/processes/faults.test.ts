// What goes wrong around a bus: processes that are stopped, unburied or elsewhere, clocks that jump, files that others touch.
// Each test has a place of its own, and they run at once: one of them waits for half a minute.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { seen } from '../hang.js';
import { open, type Participant, Place, until } from './participant.js';

const DEATH_MS = 100;
const STOPPED_MS = 30_000;
const OPTIONS = { deathMs: DEATH_MS, axonCapacity: 1024, maxGanglia: 4, arenaCapacity: 1 << 20 };
const HOUR_S = 3600;

async function inPlace(use: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  await use(place).finally(() => place.end());
}

const fileOf = (place: Place, name: string) =>
  join(place.path, `neuronbus-${process.getuid?.()}`, `${name}.bus`);

/** 10 spikes each way, all delivered. */
async function exchange(one: Participant, two: Participant): Promise<void> {
  const before = [(await one.state()).received, (await two.state()).received];
  await one.ask('fire', { target: two.neuron, count: 10, bytes: 100 });
  await two.ask('fire', { target: one.neuron, count: 10, bytes: 100 });
  await until(one, 'delivered', ({ received }) => received >= before[0] + 10);
  await until(two, 'delivered', ({ received }) => received >= before[1] + 10);
}

function left(observer: Participant, gone: Participant) {
  return until(observer, 'noticed', ({ peers }) => !peers.includes(gone.neuron));
}

test.concurrent('a participant that is stopped for half a minute is slow, not dead, and loses nothing but what did not fit', () =>
  inPlace(async (place) => {
    const sender = await place.creator('stopped', OPTIONS);
    const receiver = await place.opener('stopped', { deathMs: DEATH_MS });
    receiver.signal('SIGSTOP');
    const some = await sender.ask('fire', { target: receiver.neuron, count: 100, bytes: 200 });
    expect(some).toMatchObject({ accepted: 100, refused: 0 });
    await sleep(STOPPED_MS);
    const many = await sender.ask('fire', { target: receiver.neuron, count: 2000, bytes: 20 });
    expect(many).toMatchObject({ accepted: 1024, refused: 1076 });
    const during = await sender.state();
    expect(during.stats).toMatchObject({ ganglia: 2, neurons: 2, queued: 1024 });
    expect(during.peers).toContain(receiver.neuron);
    receiver.signal('SIGCONT');
    const after = await until(sender, 'after SIGCONT', ({ stats }) => open(stats) === 0);
    expect(after.stats.delivered).toBe(1024);
    expect(after.stats.dropped.full).toBe(1076);
    expect((await receiver.state()).received).toBe(1024);
    expect(after.stats.arena.blocks).toBe(2);
  }));

test.concurrent('a participant that was killed and that nobody buries is dead', () =>
  inPlace(async (place) => {
    const observer = await place.creator('unburied', OPTIONS);
    // The shell starts it and becomes a program that never waits for it.
    const script = 'exec 3<&0; "$@" <&3 & exec sleep 600';
    const victim = await place.opener('unburied', { deathMs: DEATH_MS }, true, ['sh', '-c', script, 'sh']);
    await exchange(observer, victim);
    const { pid } = await victim.ask<{ pid: number }>('process');
    process.kill(pid, 'SIGKILL');
    await left(observer, victim);
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toMatch(/\) Z /);
    await until(observer, 'cleared', ({ stats }) => stats.ganglia === 1 && stats.neurons === 1);
    await place.opener('unburied', { deathMs: DEATH_MS });
    expect((await observer.state()).stats.ganglia).toBe(2);
  }));

const NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const namespaces = spawnSync(NAMESPACE[0], [...NAMESPACE.slice(1), 'true'], { encoding: 'utf8' });

test.concurrent('participants in process namespaces of their own are alive while they live, and dead when they are dead', (context) =>
  inPlace(async (place) => {
    if (namespaces.status !== 0)
      return context.skip(`no process namespace can be made here: ${namespaces.stderr ?? namespaces.error}`);
    const outside = await place.creator('apart', OPTIONS);
    const [one, two] = [
      await place.opener('apart', { deathMs: DEATH_MS }, true, NAMESPACE),
      await place.opener('apart', { deathMs: DEATH_MS }, true, NAMESPACE),
    ];
    for (const child of [one, two]) expect((await child.ask<{ pid: number }>('process')).pid).toBe(1);
    await exchange(outside, one);
    await exchange(one, two);
    await sleep(10 * DEATH_MS);
    for (const child of [outside, one, two]) expect((await child.state()).stats.ganglia).toBe(3);
    await one.kill();
    for (const child of [outside, two]) await left(child, one);
    await exchange(outside, two);
    expect((await two.state()).stats).toMatchObject({ ganglia: 2, neurons: 2 });
    await outside.kill(); // two sees it from inside
    await left(two, outside);
    const next = await place.opener('apart', { deathMs: DEATH_MS });
    await exchange(two, next);
  }));

const faketime = readdirSync('/usr/lib', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join('/usr/lib', name, 'faketime', 'libfaketimeMT.so.1'))
  .find(existsSync);

test.concurrent('the wall clock may jump by an hour, back and forth: nobody dies of that', (context) =>
  inPlace(async (place) => {
    if (faketime === undefined) return context.skip('faketime is not installed');
    const offset = join(place.path, 'offset');
    const set = (seconds: number) => writeFileSync(offset, `${seconds < 0 ? '' : '+'}${seconds}`);
    set(0);
    const environment = {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
    const steady = await place.creator('clocks', OPTIONS);
    const jumping = [await place.participant(environment), await place.participant(environment)];
    for (const child of jumping) {
      await child.ask('open', { name: 'clocks', options: { deathMs: DEATH_MS } });
      await child.begin(true);
    }
    const everybody = [steady, ...jumping];
    for (const seconds of [HOUR_S, -HOUR_S, 0]) {
      set(seconds);
      for (const child of jumping) {
        const { wallMs } = await child.ask<{ wallMs: number }>('process');
        expect(Math.abs(wallMs - Date.now() - 1000 * seconds)).toBeLessThan(1000 * (HOUR_S / 2));
      }
      await sleep(5 * DEATH_MS);
      await exchange(jumping[0], jumping[1]);
      await exchange(steady, jumping[0]);
      for (const child of everybody) {
        const { stats, peers } = await child.state();
        expect(stats).toMatchObject({ ganglia: 3, neurons: 3 });
        expect(peers).toHaveLength(3);
        expect(stats.latencyNs.max).toBeLessThan(1e9 * (HOUR_S / 2));
      }
    }
    await jumping[0].ask('connect', { to: jumping[1].neuron });
    expect((await steady.state()).stats.synapses).toBe(1);
  }));

/** All of them hear that their file was cut, and close. */
async function hear(participants: Participant[]): Promise<void> {
  for (const child of participants) {
    await seen(
      async () => ('failure' in (await child.ask('failure')) ? true : undefined),
      () => 'it noticed that its file was cut',
    );
    expect(await child.ask('failure')).toMatchObject({ failure: 'ERR_NB_BAD_SEGMENT', closed: true });
    await expect(child.ask('state')).rejects.toMatchObject({ code: 'ERR_NB_BAD_SEGMENT' });
  }
}

test.concurrent.each([0, 4096, 1 << 16])(
  'a bus whose file is cut to %i bytes is ERR_NB_BAD_SEGMENT, and its name is free again',
  (bytes) =>
    inPlace(async (place) => {
      const options = { ...OPTIONS, deathMs: 10, plasticity: { sweepIntervalMs: 1e9 } };
      const quiet = { deathMs: 10, plasticity: options.plasticity };
      const creator = await place.creator('cut', options);
      const opener = await place.opener('cut', quiet);
      await exchange(creator, opener);
      await sleep(200);
      truncateSync(fileOf(place, 'cut'), bytes);
      await hear([creator, opener]);
      await creator.ask('create', { options: { name: 'cut', ...OPTIONS } });
      await creator.begin(true);
      await opener.ask('open', { name: 'cut', options: { deathMs: DEATH_MS } });
      await opener.begin(true);
      await exchange(creator, opener);
    }),
);

// What is gone is touched at once, by native code and by JavaScript, and must not end anybody.
test.concurrent.each([0, 4096, 1 << 16, 1 << 18])('it is cut to %i bytes under load', (bytes) =>
  inPlace(async (place) => {
    for (let round = 0; round < 3; round++) {
      const creator = await place.creator('busy', OPTIONS);
      const opener = await place.opener('busy', { deathMs: DEATH_MS });
      const both = [creator, opener];
      await Promise.all(both.map((child) => child.ask('load')));
      await sleep(50);
      expect(place.bad).toEqual([]);
      truncateSync(fileOf(place, 'busy'), bytes);
      await hear(both);
      await Promise.all(both.map((child) => child.kill()));
      expect(place.bad.filter((what) => what.includes('ended with'))).toEqual([]);
      place.bad.length = 0; // spikes of zeros, calls that came too late
    }
  }),
);

test.concurrent('a bus whose file is removed goes on, and is no obstacle to another one of its name', () =>
  inPlace(async (place) => {
    const creator = await place.creator('removed', OPTIONS);
    const opener = await place.opener('removed', { deathMs: DEATH_MS });
    unlinkSync(fileOf(place, 'removed'));
    await exchange(creator, opener);
    const latecomer = await place.participant();
    await expect(latecomer.ask('open', { name: 'removed', options: {} })).rejects.toMatchObject({
      code: 'ERR_NB_NO_SUCH_BUS',
    });
    const second = await place.creator('removed', OPTIONS);
    await latecomer.ask('open', { name: 'removed', options: { deathMs: DEATH_MS } });
    await latecomer.begin(true);
    await exchange(second, latecomer);
    await exchange(creator, opener);
    await opener.kill();
    await left(creator, opener);
    await creator.ask('close');
    expect(existsSync(fileOf(place, 'removed'))).toBe(true); // it is that of the second one
    await exchange(second, latecomer);
  }));

test.concurrent('a payload of nothing, at every limit and one over it, and a full ring', () =>
  inPlace(async (place) => {
    const sender = await place.creator('limits', { ...OPTIONS, arenaCapacity: 1 << 16, axonCapacity: 16 });
    const receiver = await place.opener('limits', { deathMs: DEATH_MS });
    const { capacityBytes } = (await sender.state()).stats.arena;
    const to = { target: receiver.neuron, count: 1, strict: true };
    const most = capacityBytes - 2 * 4096; // a chunk of each holds its card
    const sizes = [0, 9, 46, 47, 1984, 1985, 4096, 4097, most];
    for (const [i, bytes] of sizes.entries()) {
      await sender.ask('fire', { ...to, bytes });
      await until(receiver, `${bytes} bytes`, ({ received }) => received === i + 1);
    }
    await expect(sender.ask('fire', { ...to, bytes: capacityBytes + 1 })).rejects.toMatchObject({
      code: 'ERR_NB_TOO_LARGE',
    });
    await expect(sender.ask('fire', { ...to, bytes: most + 4097 })).rejects.toMatchObject({
      code: 'ERR_NB_ARENA_FULL',
    });
    receiver.signal('SIGSTOP');
    const { accepted, refused } = await sender.ask<Record<string, number>>('fire', {
      ...to,
      count: 20,
      bytes: 0,
    });
    expect({ accepted: accepted - sizes.length, refused }).toEqual({ accepted: 16, refused: 4 });
    receiver.signal('SIGCONT');
    const { stats } = await until(sender, 'all', (state) => open(state.stats) === 0);
    expect(stats).toMatchObject({ published: sizes.length + 20, delivered: sizes.length + 16 });
    expect(stats.dropped.full).toBe(4);
  }));
