// Makes buses and forgets them without closing; prints how many were collected and what they left behind.
import { mappings, residentMiB, usedBus } from './scene.mjs';

let collected = 0;
const registry = new FinalizationRegistry(() => collected++);

async function round(count) {
  for (let i = 0; i < count; i++) {
    registry.register(usedBus({ clock: 'virtual' }), i);
    if (i % 50 === 0) await residentMiB();
  }
  for (let i = 0; i < 20; i++) await residentMiB();
  return { rss: await residentMiB(), maps: mappings() };
}

await round(200);
const before = await round(1);
const already = collected;
const after = await round(1200);
console.log(
  JSON.stringify({
    collected: collected - already,
    grownMiB: after.rss - before.rss,
    mappings: (after.maps ?? 0) - (before.maps ?? 0),
  }),
);
