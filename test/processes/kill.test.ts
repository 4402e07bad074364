// SIGKILL at random moments: whoever is left must not notice more than that somebody is gone.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { open, type Participant, Place, until } from './participant.js';

const KILLS = Number(process.env.NEURONBUS_KILLS ?? 200);
const CROWD = 4;
const DEATH_MS = 100;

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

const all = (crowd: Participant[], what: string) => Promise.all(crowd.map((child) => child.ask(what)));

async function settled(observer: Participant, crowd: Participant[], what: string) {
  const living = crowd.map((child) => child.neuron).sort((a, b) => a - b);
  const state = await until(observer, what, ({ stats, peers }) => {
    const cards = stats.arena.blocks === living.length;
    const seen = peers.length === living.length && stats.neurons === living.length;
    return open(stats) === 0 && cards && seen && stats.ganglia === living.length + 1;
  });
  expect(state.peers.sort((a, b) => a - b)).toEqual(living);
}

for (const backpressure of ['drop-newest', 'drop-oldest'] as const) {
  test(`${KILLS / 2} kills under load wedge and corrupt nothing, and the accounts come out (${backpressure})`, async () => {
    const options = { backpressure, axonCapacity: 256, maxGanglia: CROWD + 2, arenaCapacity: 1 << 20 };
    const observer = await place.creator(
      'crowd',
      { ...options, maxNeurons: 64, maxSynapses: 1024, deathMs: DEATH_MS },
      false,
    );
    const join = () => place.opener('crowd', { deathMs: DEATH_MS });
    let crowd = await Promise.all(Array.from({ length: CROWD }, join));
    for (let kill = 0; kill < KILLS / 2; kill++) {
      await all(crowd, 'load');
      await new Promise((resolve) => setTimeout(resolve, 5 + 60 * Math.random()));
      const victims = crowd.slice(0, kill % 8 === 7 ? 2 : 1);
      kill += victims.length - 1;
      await Promise.all(victims.map((victim) => victim.kill()));
      crowd = crowd.slice(victims.length);
      await all(crowd, 'quiet');
      expect(place.bad).toEqual([]);
      await settled(observer, crowd, `after kill ${kill}`);
      crowd.push(...(await Promise.all(victims.map(join))));
    }
    await all(crowd, 'quiet');
    await settled(observer, crowd, 'at the end');
    expect((await observer.state()).stats.delivered).toBeGreaterThan(0);
  });
}
