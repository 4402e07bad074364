// Test projects, by what they prove. Tests see the sources of the library, not dist; but those with
// worker threads see dist, as the threads do, and test/package sees only the tarball.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = fileURLToPath(new URL('lib/index.ts', import.meta.url));
const built = fileURLToPath(new URL('dist/index.js', import.meta.url));

// A hang guard, not a measure: slow machines take the time they need.
const testTimeout = 300_000;

function project(name: string, options: { parallel?: boolean; globalSetup?: string; library?: string } = {}) {
  return {
    extends: true as const,
    resolve: { alias: [{ find: /^neuronbus$/, replacement: options.library ?? source }] },
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      fileParallelism: options.parallel ?? true,
      globalSetup: options.globalSetup ?? [],
    },
  };
}

// What has a segment of its own, once more in memory that native code borrows (lib/memory/memory.ts).
const borrowed = project('copy');
borrowed.test.include.push('test/unit/**/*.test.ts', 'test/model/bus*.test.ts');
Object.assign(borrowed.test, { env: { NEURONBUS_COPY: '1' } });

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout,
    hookTimeout: testTimeout,
    teardownTimeout: 10_000,
    projects: [
      project('unit'),
      project('model'),
      project('stress', { parallel: false }),
      project('lifetime', { parallel: false }),
      project('workers', { parallel: false, library: built }),
      project('examples', { parallel: false }),
      borrowed,
      project('agents', { parallel: false }),
      project('package', { parallel: false, globalSetup: 'test/package/pack.ts' }),
    ],
  },
});
