// The file of save(): atomic, private, and what happens when it cannot be written or read.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { busOf, folder, names, synapsesOf, taught } from './files.js';
import { codeOfPromise } from './support.js';

describe('the file', () => {
  it('appears whole under its name and leaves nothing else behind', async () => {
    const dir = folder();
    const bus = taught();
    await Promise.all(Array.from({ length: 5 }, () => bus.save(join(dir, 'bus.json'))));
    expect(readdirSync(dir)).toEqual(['bus.json']);
    expect((await busOf(...names).load(join(dir, 'bus.json'))).neurons).toBe(10);
    if (process.platform !== 'win32') expect(statSync(join(dir, 'bus.json')).mode & 0o077).toBe(0);
  });

  it('replaces an older one', async () => {
    const path = join(folder(), 'bus.json');
    writeFileSync(path, 'old');
    await busOf('a').save(path);
    expect((await busOf('a').load(path)).neurons).toBe(1);
  });

  it('that cannot be written is ERR_NB_FILE_IO with the cause, and nothing is left or changed', async () => {
    const dir = folder();
    mkdirSync(join(dir, 'directory'));
    mkdirSync(join(dir, 'full', 'inside'), { recursive: true });
    writeFileSync(join(dir, 'file'), 'keep me');
    for (const path of ['missing/bus.json', 'file/bus.json', 'directory', 'full', 'x'.repeat(300)]) {
      const bus = taught();
      const before = synapsesOf(bus);
      const saving = bus.save(join(dir, path));
      expect(await codeOfPromise(saving)).toBe('ERR_NB_FILE_IO');
      await saving.catch((error) => {
        expect(error.cause).toBeInstanceOf(Error);
        expect(error.message).toContain(path);
      });
      expect(synapsesOf(bus)).toEqual(before);
    }
    expect(readdirSync(dir).sort()).toEqual(['directory', 'file', 'full']);
    expect(readFileSync(join(dir, 'file'), 'utf8')).toBe('keep me');
  });

  it.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'in a directory without permission is ERR_NB_FILE_IO',
    async () => {
      const dir = folder();
      chmodSync(dir, 0o500);
      expect(await codeOfPromise(taught().save(join(dir, 'bus.json')))).toBe('ERR_NB_FILE_IO');
      chmodSync(dir, 0o700);
      expect(readdirSync(dir)).toEqual([]);
    },
  );

  it('that cannot be read is ERR_NB_FILE_IO with the cause', async () => {
    const dir = folder();
    for (const path of ['missing.json', '.', 'missing/bus.json']) {
      const loading = busOf('a').load(join(dir, path));
      expect(await codeOfPromise(loading)).toBe('ERR_NB_FILE_IO');
      await loading.catch((error) => expect(error.cause).toBeInstanceOf(Error));
    }
  });

  it.each([undefined, null, 5, ''])('%j is no path', async (path) => {
    const bus = busOf('a');
    const before = existsSync('undefined');
    expect(['ERR_NB_FILE_IO', 'ERR_NB_INVALID_ARGUMENT']).toContain(
      await codeOfPromise(bus.save(path as string)),
    );
    expect(['ERR_NB_FILE_IO', 'ERR_NB_INVALID_ARGUMENT']).toContain(
      await codeOfPromise(bus.load(path as string)),
    );
    expect(existsSync('undefined')).toBe(before);
  });
});

describe('close meanwhile', () => {
  it('does not hurt a save that has begun', async () => {
    const path = join(folder(), 'bus.json');
    const bus = taught();
    const expected = synapsesOf(bus);
    const saving = bus.save(path);
    bus.close();
    await saving;
    const other = busOf(...names);
    await other.load(path);
    expect(synapsesOf(other)).toEqual(expected);
  });

  it('ends a load with ERR_NB_CLOSED', async () => {
    const path = join(folder(), 'bus.json');
    await taught().save(path);
    const bus = busOf(...names);
    const loading = bus.load(path);
    bus.close();
    expect(await codeOfPromise(loading)).toBe('ERR_NB_CLOSED');
  });
});
