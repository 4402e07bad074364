// Taps without a callback: `for await` over them, what they keep meanwhile, and how they end.
import { describe, expect, it } from 'vitest';
import { add, makeBus, turn } from './support.js';

const MINUTE = 60_000;

describe('iterating over a tap', () => {
  it('gives what is there at once and waits for what is not', async () => {
    const bus = makeBus();
    const a = add(bus);
    const texts: string[] = [];
    const loop = (async () => {
      for await (const spike of bus.tap({ intervalMs: 1 })) {
        texts.push(spike.text());
        if (texts.length === 5) break;
      }
    })();
    for (let i = 0; i < 5; i++) {
      bus.fire(a.id, { target: a.id, payload: `${i}` });
      bus.tick();
      if (i === 2) await turn();
    }
    await loop;
    expect(texts).toEqual(['0', '1', '2', '3', '4']);
  });

  it('ends when it breaks, which closes the tap', async () => {
    const bus = makeBus();
    const a = add(bus);
    const tap = bus.tap();
    for (const payload of ['x', 'y']) bus.fire(a.id, { target: a.id, payload });
    bus.tick();
    for await (const spike of tap) {
      expect(spike.text()).toBe('x');
      break;
    }
    expect(tap.closed).toBe(true);
    expect(await tap.next()).toEqual({ done: true, value: undefined });
    expect(tap.poll()).toBe(0);
  });

  it('ends with close(), also for one that waits, and discards what is queued', async () => {
    const bus = makeBus();
    const a = add(bus);
    const tap = bus.tap({ intervalMs: MINUTE });
    const waiting = [tap.next(), tap.next()];
    tap.close();
    tap.close();
    expect(await Promise.all(waiting)).toEqual(
      [{ done: true }, { done: true }].map((r) => ({ ...r, value: undefined })),
    );
    const other = bus.tap({ intervalMs: MINUTE });
    bus.fire(a.id, { target: a.id });
    bus.tick();
    other.poll();
    other.close();
    expect((await other.next()).done).toBe(true);
    expect({ seen: other.seen, lost: other.lost }).toEqual({ seen: 1, lost: 0 });
  });

  it('ends with the signal', async () => {
    const bus = makeBus();
    const controller = new AbortController();
    const tap = bus.tap({ signal: controller.signal });
    const loop = (async () => {
      for await (const _ of tap);
      return 'done';
    })();
    controller.abort();
    expect(await loop).toBe('done');
    expect(tap.closed).toBe(true);
    const late = bus.tap({ signal: controller.signal });
    expect(late.closed).toBe(true);
    expect((await late.next()).done).toBe(true);
    expect(bus.tap({ signal: controller.signal }, () => {}).closed).toBe(true);
  });

  it('ends with the bus, after what was seen until then', async () => {
    const bus = makeBus();
    const a = add(bus);
    const tap = bus.tap({ intervalMs: MINUTE });
    const idle = bus.tap({ intervalMs: MINUTE, source: 9 });
    const waiting = idle.next();
    for (let i = 0; i < 3; i++) bus.fire(a.id, { target: a.id, payload: `${i}` });
    bus.tick();
    bus.close();
    const texts: string[] = [];
    for await (const spike of tap) texts.push(spike.text());
    expect(texts).toEqual(['0', '1', '2']);
    expect((await waiting).done).toBe(true);
    expect(tap.closed).toBe(true);
  });

  it('takes any number in order, by halves of its queue', async () => {
    const bus = makeBus({ axonCapacity: 1024 });
    const a = add(bus);
    const tap = bus.tap({ intervalMs: MINUTE });
    let next = 0;
    for (let sent = 0, size = 1; sent < 5000; size = (size * 7) % 601) {
      for (let i = 0; i < size; i++) bus.fire(a.id, { target: a.id, payload: `${sent++}` });
      bus.tick();
      tap.poll();
      for (let i = 0; i < size - 1 || next < sent - 700; i++)
        expect((await tap.next()).value!.text()).toBe(`${next++}`);
    }
  });
});
