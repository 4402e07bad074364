// How processes end that have a bus: by themselves, cleanly, at whatever moment.
import { describe, expect, it } from 'vitest';
import { clean, run } from './child.js';

describe('a process ends by itself, without a crash or a warning', () => {
  it.each([
    ['not started', ''],
    ['closed', ''],
    ['started, then stopped', ''],
    ['started, then closed', ''],
    ['started with beats, then stopped later', ''],
    ['closed by a handler of a started bus', ''],
    ['several buses, some closed', ''],
    ['process.exit with a started bus', ''],
    ['process.exit inside a handler', ''],
    ["close in 'exit'", 'closed true\n'],
    ["use and close in 'exit' after process.exit", 'queued 0\n'],
    ["close in 'beforeExit'", 'closed\n'],
  ])('%s', async (ending, output) => {
    expect(await run('exit', ending)).toEqual(clean(output));
  });
});

describe('a started bus', () => {
  it('keeps the process alive until it is closed', async () => {
    expect(await run('exit', 'kept alive by a started bus')).toEqual(clean('alive\n'));
  });

  it('goes on although nobody holds it and everything is collected again and again', async () => {
    const { output, ...ending } = await run('exit', 'goes on although nobody holds it');
    expect({ ...ending, output: '' }).toEqual(clean(''));
    expect(output).toMatch(/^\d+ delivered\n$/);
    expect(Number.parseInt(output, 10)).toBeGreaterThanOrEqual(29);
  });

  it('does not hide or change an exception that nobody catches', async () => {
    const { code, signal, errors } = await run('crash');
    expect([code, signal]).toEqual([1, null]);
    expect(errors).toContain('Error: on purpose');
  });
});

describe('a process that asked questions ends by itself', () => {
  it.each([
    ['answered, then stopped', 'x\n'],
    ['closed with everything pending', '4 ERR_NB_CLOSED\n'],
    ['never started, with a question that times out', 'ERR_NB_TIMEOUT\n'],
    ['process.exit in a handler', ''],
  ])('%s', async (ending, output) => {
    expect(await run('messages', ending)).toEqual(clean(output));
  });
});
