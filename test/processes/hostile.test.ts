// A bus among processes that write where they should not: what they write is found out or harms only what they say themselves.
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as L from '../../lib/memory/layout.js';
import { type Participant, Place, until } from './participant.js';

const DEATH_MS = 100;
const OPTIONS = { deathMs: DEATH_MS, axonCapacity: 1024, maxGanglia: 4, arenaCapacity: 1 << 20 };

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

/** The memory of a bus, for somebody who has the file. */
class Meddler {
  readonly #fd: number;
  constructor(name: string) {
    this.#fd = openSync(join(place.path, `neuronbus-${process.getuid?.()}`, `${name}.bus`), 'r+');
  }

  read(offset: number, bytes: number): DataView {
    const buffer = new Uint8Array(bytes);
    expect(readSync(this.#fd, buffer, 0, bytes, offset)).toBe(bytes);
    return new DataView(buffer.buffer);
  }

  u32(offset: number): number {
    return this.read(offset, 4).getUint32(0, true);
  }

  write(offset: number, bytes: Uint8Array): void {
    expect(writeSync(this.#fd, bytes, 0, bytes.length, offset)).toBe(bytes.length);
  }

  setU32(offset: number, value: number): void {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value >>> 0, true);
    this.write(offset, new Uint8Array(view.buffer));
  }

  /** Where the axon between two ganglia lies. */
  axon(from: number, to: number): number {
    const header = this.read(0, L.HEADER_BYTES);
    const at = (offset: number) => Number(header.getBigUint64(offset, true));
    for (let i = 0; i < header.getUint32(L.HEADER_MAX_AXONS, true); i++) {
      const axon = at(L.HEADER_AXONS_OFFSET) + i * at(L.HEADER_AXON_STRIDE);
      const ends = [this.u32(axon + L.AXON_FROM_GANGLION), this.u32(axon + L.AXON_TO_GANGLION)];
      if (this.u32(axon + L.AXON_STATE) === L.LIVE && ends[0] === from && ends[1] === to) return axon;
    }
    throw new Error(`no axon from ${from} to ${to}`);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

test('whatever bit of a header is wrong, nobody comes in, and those who are in go on', async () => {
  const creator = await place.creator('header', OPTIONS);
  const opener = await place.opener('header', { deathMs: DEATH_MS });
  const latecomer = await place.participant();
  const meddler = new Meddler('header');
  for (let bit = 0; bit < 8 * L.HEADER_BYTES; bit += 1 + Math.floor(Math.random() * 40)) {
    const byte = bit >> 3;
    const right = meddler.read(byte, 1).getUint8(0);
    meddler.write(byte, Uint8Array.of(right ^ (1 << (bit & 7))));
    const inVersion = [L.HEADER_LAYOUT_VERSION, L.HEADER_HEADER_BYTES].includes(byte & ~3);
    await expect(latecomer.ask('open', { name: 'header', options: {} }), `bit ${bit}`).rejects.toMatchObject({
      code: inVersion ? 'ERR_NB_VERSION' : 'ERR_NB_BAD_SEGMENT',
    });
    meddler.write(byte, Uint8Array.of(right));
  }
  meddler.close();
  await creator.ask('fire', { target: opener.neuron, count: 10, bytes: 300 });
  await until(opener, 'delivered', ({ received }) => received === 10);
  await latecomer.ask('open', { name: 'header', options: {} });
});

test('spikes and cursors that no writer of this library makes are counted, and cost nobody else a spike', async () => {
  const victim = await place.creator('rings', OPTIONS);
  const hostile = await place.opener('rings', { deathMs: DEATH_MS });
  const honest = await place.opener('rings', { deathMs: DEATH_MS });
  await hostile.ask('fire', { target: victim.neuron, count: 5, bytes: 100 });
  await until(victim, 'delivered', ({ received }) => received === 5);
  hostile.signal('SIGSTOP');
  let expected = 5;
  const honestly = async (sender: Participant) => {
    await sender.ask('fire', { target: victim.neuron, count: 100, bytes: 100 });
    expected += 100;
    return until(victim, 'delivered', ({ received }) => received === expected);
  };

  const meddler = new Meddler('rings');
  const axon = meddler.axon(1, 0);
  const slot = (position: number) =>
    axon + L.AXON_BYTES + (position & (OPTIONS.axonCapacity - 1)) * L.SPIKE_BYTES;
  const put = (position: number, source: number, kind: number) => {
    meddler.write(slot(position), new Uint8Array(L.SPIKE_BYTES));
    meddler.setU32(slot(position) + 12, source | (victim.neuron << 16));
    meddler.write(slot(position) + 16, Uint8Array.of(kind));
  };
  const head = meddler.u32(axon + L.AXON_HEAD);
  const lengths = [47, 50, 62].map((length) => [hostile.neuron, length << 2]);
  const wrong = [...lengths, [hostile.neuron, 3], [65_534, 0], [65_535, 4], [60_000, 8]];
  wrong.forEach(([source, kind], i) => {
    put(head + i, source, kind);
  });
  meddler.setU32(axon + L.AXON_HEAD, head + wrong.length);
  expect((await honestly(honest)).stats.dropped.corrupt).toBe(wrong.length);

  // Cursors: far ahead, behind, anywhere. The first that cannot be puts the ring into quarantine.
  const cursors = [head + 2 ** 31 - 5, head - 5, head + OPTIONS.axonCapacity * 1000, 0xffffffff, 0x80000000];
  for (const cursor of cursors) {
    meddler.setU32(axon + L.AXON_HEAD, cursor);
    expect((await honestly(honest)).stats.dropped.corrupt).toBe(wrong.length + 1);
  }
  for (const word of [
    L.AXON_CAPACITY,
    L.AXON_MODE,
    L.AXON_TAIL,
    L.AXON_INTENT,
    L.AXON_READER,
    L.AXON_HEAD_HIGH,
  ]) {
    meddler.setU32(axon + word, 0xdeadbeef);
    await honestly(honest);
  }
  meddler.close();

  await hostile.kill();
  await until(
    victim,
    'cleared',
    ({ stats, peers }) => stats.ganglia === 2 && !peers.includes(hostile.neuron),
  );
  await honestly(honest);
  await honestly(await place.opener('rings', { deathMs: DEATH_MS }));
  const { neuron } = honest;
  await victim.ask('fire', { target: neuron, count: 10, bytes: 300 });
  await until(honest, 'answered', ({ received }) => received === 10);
});
