// What opening and creating refuse, and how they say so.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Place, until } from './participant.js';

const root = process.getuid?.() === 0;
const SOMEBODY_ELSE = 65534;
const LAYOUT_VERSION_OFFSET = 8;
const OPTIONS = { maxGanglia: 2, arenaCapacity: 1 << 16 };

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.end());

const directory = () => join(place.path, `neuronbus-${process.getuid?.()}`);
const file = (name: string) => join(directory(), `${name}.bus`);

async function refusal(
  what: 'create' | 'open',
  name: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<string> {
  const child = await place.participant(environment);
  const question = what === 'create' ? { options: { name } } : { name, options: {} };
  try {
    await child.ask(what, question);
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await child.kill();
  }
}

test('a name is not cut off at a NUL, into that of another bus', async () => {
  const creator = await place.creator('live', OPTIONS);
  expect(await refusal('open', 'live\0zzz')).toBe('ERR_NB_INVALID_ARGUMENT');
  expect(await refusal('create', 'dead\0zzz')).toBe('ERR_NB_INVALID_ARGUMENT');
  expect((await creator.state()).stats.ganglia).toBe(1);
  expect(readdirSync(directory()).filter((name) => name.endsWith('.bus'))).toEqual(['live.bus']);
});

test('a bus that is not there, a name that is taken, a name that is none', async () => {
  expect(await refusal('open', 'nothing')).toBe('ERR_NB_NO_SUCH_BUS');
  await place.creator('taken', OPTIONS);
  expect(await refusal('create', 'taken')).toBe('ERR_NB_NAME_TAKEN');
  expect(await refusal('open', '../taken')).toBe('ERR_NB_INVALID_ARGUMENT');
  expect(await refusal('open', 'nothing')).toBe('ERR_NB_NO_SUCH_BUS');
});

test('leftovers of the dead are no bus, and no obstacle', async () => {
  const creator = await place.creator('leftover', OPTIONS);
  await creator.kill();
  expect(readdirSync(directory())).toContain('leftover.bus');
  expect(await refusal('open', 'leftover')).toBe('ERR_NB_NO_SUCH_BUS');
  expect(readdirSync(directory())).not.toContain('leftover.bus');
  await place.creator('leftover', OPTIONS);
});

test.skipIf(!root)('a file of another user, or one that others may touch', async () => {
  await place.creator('foreign', OPTIONS);
  chmodSync(file('foreign'), 0o640);
  expect(await refusal('open', 'foreign')).toBe('ERR_NB_NOT_OWNER');
  chmodSync(file('foreign'), 0o600);
  expect(await refusal('open', 'foreign')).toBe('none');
  chownSync(file('foreign'), SOMEBODY_ELSE, SOMEBODY_ELSE);
  expect(await refusal('open', 'foreign')).toBe('ERR_NB_NOT_OWNER');
  expect(await refusal('create', 'foreign')).toBe('ERR_NB_NOT_OWNER');
});

test.skipIf(!root)('a directory of another user', async () => {
  mkdirSync(directory(), { mode: 0o700 });
  chownSync(directory(), SOMEBODY_ELSE, SOMEBODY_ELSE);
  expect(await refusal('create', 'theirs')).toBe('ERR_NB_NOT_OWNER');
  expect(await refusal('open', 'theirs')).toBe('ERR_NB_NOT_OWNER');
});

test('another layout version, a file that was cut', async () => {
  await place.creator('newer', OPTIONS);
  const fd = openSync(file('newer'), 'r+');
  writeSync(fd, new Uint8Array([99, 0, 0, 0]), 0, 4, LAYOUT_VERSION_OFFSET);
  closeSync(fd);
  expect(await refusal('open', 'newer')).toBe('ERR_NB_VERSION');
  for (const bytes of [1 << 16, 100]) {
    const creator = await place.creator(`cut${bytes}`, OPTIONS);
    creator.signal('SIGSTOP'); // it has its lock, but touches nothing: what is cut is a SIGBUS
    truncateSync(file(`cut${bytes}`), bytes);
    expect(await refusal('open', `cut${bytes}`)).toBe('ERR_NB_BAD_SEGMENT');
    await creator.kill();
  }
});

/** Mounts a small tmpfs for `use`, or says why not. */
async function withTmpfs(use: (path: string) => Promise<void>): Promise<string | undefined> {
  const path = mkdtempSync(join(tmpdir(), 'nb-full-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    rmdirSync(path);
    return `no tmpfs can be mounted here: ${stderr?.trim()}`;
  }
  try {
    await use(path);
  } finally {
    execFileSync('umount', ['-l', path]);
    rmdirSync(path);
  }
  return undefined;
}

/** Takes all the room that is left. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  const block = new Uint8Array(4096);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(fd);
  }
}

test('a full filesystem is an error and no signal, and leaves nothing behind', async ({ skip }) => {
  const reason = await withTmpfs(async (path) => {
    expect(await refusal('create', 'large', { NEURONBUS_DIR: path })).toBe('ERR_NB_NO_ROOM');
    const inside = join(path, `neuronbus-${process.getuid?.()}`);
    expect(readdirSync(inside).filter((name) => name !== '.lock')).toEqual([]);
    const small = {
      maxNeurons: 16,
      maxSynapses: 64,
      axonCapacity: 1024,
      arenaCapacity: 1 << 16,
      maxGanglia: 64,
    };
    const creator = await place.participant({ NEURONBUS_DIR: path });
    await creator.ask('create', { options: { name: 'small', ...small } });
    await creator.begin(true);
    // Each that joins takes its tables and its axon, until there is no room.
    const joined = [];
    for (let code = ''; code === '' && joined.length < 64; ) {
      const child = await place.participant({ NEURONBUS_DIR: path });
      code = await child.ask('open', { name: 'small', options: {} }).then(
        () => '',
        (error) => error.code,
      );
      if (code !== '') expect(code).toBe('ERR_NB_NO_ROOM');
      else joined.push(await child.begin(true));
      if (joined.length > 0 && code !== '') await child.kill();
    }
    expect(joined.length).toBeGreaterThan(0);
    expect(joined.length).toBeLessThan(63);
    // A ring to somebody else is memory too; the arena is there since the creation.
    const filler = join(inside, 'filler');
    fill(filler);
    const letter = { target: joined[0].neuron, count: 1, bytes: 300, strict: true };
    await expect(creator.ask('fire', letter)).rejects.toMatchObject({ code: 'ERR_NB_NO_ROOM' });
    expect((await creator.state()).stats).toMatchObject({ published: 0, queued: 0 });
    rmSync(filler);
    await creator.ask('fire', letter);
    fill(filler);
    await creator.ask('fire', { ...letter, count: 20 });
    await until(joined[0], 'delivered', ({ received }) => received === 21);
    await Promise.all([creator, ...joined].map((child) => child.kill()));
  });
  if (reason !== undefined) skip(reason);
});
