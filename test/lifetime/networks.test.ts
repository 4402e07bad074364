// Spiking networks and the end: of the process, of a thread, of whoever held them.
import { describe, expect, it } from 'vitest';
import { clean, run } from './child.js';

describe('a process with a network ends by itself, without a crash or a warning', () => {
  it.each([
    ['closed', ''],
    ['not closed', ''],
    ['closed in a run', 'ERR_NB_CLOSED\n'],
    ['process.exit in a run', ''],
    ['process.exit in onProgress', ''],
    ['process.exit in work of hours', ''],
    ['a run keeps the process alive', 'ran 50 ms\n'],
    ['an aborted run', 'ERR_NB_ABORTED\n'],
  ])('%s', async (ending, output) => {
    expect(await run('networks', ending)).toEqual(clean(output));
  });
});

describe('memory', () => {
  it('of networks that were forgotten or closed is given back', async () => {
    const ending = await run('networks', 'memory');
    expect(ending).toEqual(clean(ending.output));
    const { collected, grownMiB } = JSON.parse(ending.output);
    expect(collected).toBeGreaterThan(90);
    expect(grownMiB).toBeLessThan(40); // a hundred networks of more than a megabyte each
  });

  it('of a network is known to the collector', async () => {
    const ending = await run('networks', 'the collector knows');
    expect(ending).toEqual(clean(ending.output));
    expect(JSON.parse(ending.output).most).toBeLessThan(12);
  });
});

it('threads that are terminated in a run, or while they hold a network, leave the process well and nothing behind', async () => {
  const ending = await run('networks', 'workers');
  expect(ending).toEqual(clean(ending.output));
  const { timeMs, grownMiB } = JSON.parse(ending.output);
  expect(timeMs).toBe(10);
  expect(grownMiB).toBeLessThan(60);
});
