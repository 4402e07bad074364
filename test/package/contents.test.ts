// What is in the tarball, and what must not be: a binding.gyp at its root makes npm compile on every install.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { child } from './child.js';

const require = createRequire(import.meta.url);

function tool(name: string, bin: string): string {
  const entry = require.resolve.paths(name)!.map((folder) => join(folder, name, 'package.json'));
  const manifest = entry.find((path) => {
    try {
      return readFileSync(path) !== undefined;
    } catch {
      return false;
    }
  });
  if (manifest === undefined) throw new Error(`${name} is not installed`);
  const { bin: bins } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  return join(dirname(manifest), bins[bin]!);
}

function entries(): string[] {
  const list = spawnSync('tar', ['-tzf', inject('tarball')], { encoding: 'utf8' });
  return list.stdout
    .trim()
    .split('\n')
    .map((line) => line.replace(/^package\//, ''));
}

describe('the tarball', () => {
  it('has no binding.gyp that npm would compile', () => {
    expect(entries().filter((file) => file.endsWith('binding.gyp'))).toEqual([]);
  });

  it('brings the library with types, the command, the C headers and the sources to rebuild from', () => {
    expect(entries()).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'dist/index.js',
        'dist/index.d.ts',
        'dist/population/population.js',
        'dist/population/population.d.ts',
        'dist/telemetry/telemetry.js',
        'dist/telemetry/telemetry.d.ts',
        'dist/plots/plots.js',
        'dist/plots/plots.d.ts',
        'bin/neuronbus.mjs',
        'include/neuronbus/layout.h',
        'include/neuronbus/errors.h',
        'include/neuronbus/neuronbus.h',
        'bin/neuronbus-config.mjs',
        'native/addon.gypi',
        'native/sources.gypi',
        'CMakeLists.txt',
      ]),
    );
  });

  it('brings every source that sources.gypi lists', () => {
    const list = readFileSync(
      join(inject('installed'), 'node_modules/neuronbus/native/sources.gypi'),
      'utf8',
    );
    const sources = [...list.matchAll(/'(native\/[^']+)'/g)].map(([, path]) => path);
    expect(sources.length).toBeGreaterThan(0);
    expect(entries()).toEqual(expect.arrayContaining(sources));
  });

  it('brings the pictures of its documents', () => {
    const files = entries();
    const pictures = files
      .filter((file) => /^docs\/.*\.md$/.test(file))
      .flatMap((file) => {
        const text = readFileSync(join(inject('installed'), 'node_modules/neuronbus', file), 'utf8');
        return [...text.matchAll(/!\[[^\]]*\]\((?!https?:)([^)]+)\)/g)].map(([, to]) =>
          join(dirname(file), to!),
        );
      });
    expect(pictures.length).toBeGreaterThan(0);
    expect(pictures.filter((picture) => !files.includes(picture))).toEqual([]);
  });

  it('brings a binary for this platform', () => {
    const ours = `prebuilds/${process.platform}-${process.arch}/`;
    expect(entries().filter((file) => file.startsWith(ours) && file.endsWith('.node'))).not.toEqual([]);
    if (process.platform === 'linux') expect(entries()).toContain(`${ours}libneuronbus.so`);
  });

  it('brings nothing else: no tests, tools, examples, settings or build output', () => {
    const known =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|CMakeLists\.txt)$|^(dist|prebuilds|bin|include|native|cmake|docs)\//;
    expect(entries().filter((file) => !known.test(file))).toEqual([]);
    expect(entries().filter((file) => /test|\.tsbuildinfo$|(?<!\.d)\.ts$|^docs\/api\//.test(file))).toEqual(
      [],
    );
  });

  it('runs no script when it is installed and asks for no other package', () => {
    const manifest = JSON.parse(
      readFileSync(join(inject('installed'), 'node_modules/neuronbus/package.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(manifest.gypfile).toBe(false);
    expect(manifest.dependencies).toBeUndefined();
    expect(manifest.scripts).not.toHaveProperty('install');
    expect(manifest.scripts).not.toHaveProperty('preinstall');
    expect(manifest.scripts).not.toHaveProperty('postinstall');
    expect(manifest.scripts).not.toHaveProperty('prepare');
  });

  it('satisfies publint', () => {
    const { code, stdout, stderr } = child(process.execPath, [
      tool('publint', 'publint'),
      'run',
      '--strict',
      inject('tarball'),
    ]);
    expect(`${stdout}\n${stderr}`).toContain('All good!');
    expect(code).toBe(0);
  });

  it('satisfies attw: types resolve as the code does', () => {
    const attw = tool('@arethetypeswrong/cli', 'attw');
    const { code, stdout } = child(process.execPath, [
      attw,
      inject('tarball'),
      '--profile',
      'esm-only',
      '--format',
      'ascii',
    ]);
    expect(stdout).toContain('node16 (from ESM): 🟢 (ESM)');
    expect(code).toBe(0);
  });
});
