// A bus that works for long: memory must not grow with the number of spikes.
import { residentMiB, usedBus } from './scene.mjs';

const bus = usedBus({ checks: process.argv[2], axonCapacity: 1024 });
const [a, b] = bus.neurons().map((card) => card.id);

async function work(spikes) {
  for (let i = 0; i < spikes; i++) {
    bus.fire(a, { target: b, payload: i % 10 === 0 ? 'long '.repeat(30) : 'short', priority: i & 255 });
    if (i % 100 === 0) bus.tick();
  }
  bus.run(3);
  return residentMiB();
}

const before = await work(500_000);
const after = await work(3_000_000);
const { published, delivered, queued, dropped, arena } = bus.stats();
const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
console.log(
  JSON.stringify({
    grownMiB: after - before,
    missing: published - delivered - queued - lost,
    blocks: arena.blocks,
  }),
);
bus.close();
