import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as L from '../../../lib/memory/layout.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

// The generator works on the folder above its own, so a copy of it works on a copy of the headers.
describe('gen-layout', () => {
  let copy: string;
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(copy, 'tools/gen-layout.mjs'), ...args], { encoding: 'utf8' });
  const edit = (file: string, from: string | RegExp, to: string) => {
    const path = join(copy, file);
    const before = readFileSync(path, 'utf8');
    const after = before.replace(from, to);
    expect(after).not.toBe(before);
    writeFileSync(path, after);
  };

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'neuronbus-test-'));
    mkdirSync(join(copy, 'lib/memory'), { recursive: true });
    for (const path of [
      'include',
      'tools/gen-layout.mjs',
      'lib/memory/layout.ts',
      'lib/memory/error_table.ts',
    ]) {
      cpSync(join(root, path), join(copy, path), { recursive: true });
    }
  });

  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  it('finds that the files of this checkout match the headers', () => {
    execFileSync(process.execPath, [join(root, 'tools/gen-layout.mjs'), '--check']);
  });

  it('fails in check mode when a struct changed, names the file, and writes nothing', () => {
    edit('include/neuronbus/segment.h', 'uint32_t sample_every;', 'uint32_t sample_often;');
    const result = run('--check');
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('lib/memory/layout.ts does not match the headers');
    expect(readFileSync(join(copy, 'lib/memory/layout.ts'), 'utf8')).toContain('AXON_SAMPLE_EVERY');
  });

  it('fails in check mode when an error changed, and passes after writing', () => {
    edit('include/neuronbus/errors.h', 'The ring is full', 'The ring has no room');
    expect(run('--check').stderr).toContain('lib/memory/error_table.ts');
    expect(run().status).toBe(0);
    expect(run('--check').status).toBe(0);
    expect(readFileSync(join(copy, 'lib/memory/error_table.ts'), 'utf8')).toContain('The ring has no room');
  });

  it('fails when a generated file was edited by hand', () => {
    edit('lib/memory/layout.ts', 'export const AXON_HEAD = 128;', 'export const AXON_HEAD = 64;');
    expect(run('--check').status).toBe(1);
  });

  it('says so when the headers do not compile', () => {
    edit('include/neuronbus/spike.h', 'uint8_t payload[46];', 'uint8_t payload[47];');
    const result = run('--check');
    expect(result.status).toBe(1);
    expect(result.stderr).toContain('could not compile the headers');
    expect(result.stderr).toContain('a spike is one cache line');
  });

  it('names constants, sizes and offsets as its banner promises', () => {
    expect([L.SPIKE_BYTES, L.SPIKE_PAYLOAD, L.INLINE_BYTES, L.LENGTH_ARENA, L.BROADCAST]).toEqual([
      64, 18, 46, 63, 0xffff,
    ]);
    expect([L.AXON_HEAD, L.AXON_INTENT, L.AXON_TAIL, L.AXON_BYTES]).toEqual([128, 256, 384, 640]);
    expect(L.HEADER_SEGMENT_BYTES).toBe(16);
    expect(L.NONE).toBe(0xffffffff);
  });
});
