// Makes and closes very many buses; prints how much memory and how many mappings that costs in the long run.
import { mappings, residentMiB, usedBus } from './scene.mjs';

const warnings = [];
process.on('warning', (warning) => warnings.push(warning.name));

async function round(count) {
  for (let i = 0; i < count; i++) {
    const bus = usedBus({
      checks: i % 2 === 0 ? 'development' : 'production',
      clock: i % 3 === 0 ? 'real' : 'virtual',
    });
    if (i % 4 === 0) bus.start();
    bus.close();
    if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return { rss: await residentMiB(), maps: mappings() };
}

const before = await round(3000); // what the heap and the allocator keep for later is in here
const after = await round(3000);
console.log(
  JSON.stringify({
    grownMiB: after.rss - before.rss,
    mappings: (after.maps ?? 0) - (before.maps ?? 0),
    warnings,
  }),
);
