// Buses in worker threads: independent of each other, and gone with their thread.
import { expect, it } from 'vitest';
import { clean, run } from './child.js';

it('buses in six workers at once do what they do alone, bit for bit', async () => {
  const ending = await run('workers', 'independent');
  expect(ending).toEqual(clean(`${JSON.stringify({ equal: true, different: 4 })}\n`));
});

it('workers that are terminated with a bus open, busy or started leave the process well and nothing behind', async () => {
  const ending = await run('workers', 'terminated');
  expect(ending).toEqual(clean(ending.output));
  const { queued, grownMiB, mappings } = JSON.parse(ending.output) as Record<string, number>;
  expect(queued).toBe(0);
  expect(grownMiB).toBeLessThan(60);
  expect(mappings).toBeLessThan(60);
});
