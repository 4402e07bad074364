// Test projects, by what they prove. Tests see the sources of the library, not dist; but those with
// worker threads see dist, as the threads do, and test/package sees only the tarball.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { TEST_MS } from './test/hang.js';

const source = fileURLToPath(new URL('lib/index.ts', import.meta.url));
const population = fileURLToPath(new URL('lib/population/population.ts', import.meta.url));
const telemetry = fileURLToPath(new URL('lib/telemetry/telemetry.ts', import.meta.url));
const plots = fileURLToPath(new URL('lib/plots/plots.ts', import.meta.url));
const built = fileURLToPath(new URL('dist/index.js', import.meta.url));

function project(name: string, options: { parallel?: boolean; globalSetup?: string; library?: string } = {}) {
  return {
    extends: true as const,
    resolve: {
      alias: [
        { find: /^neuronbus$/, replacement: options.library ?? source },
        { find: /^neuronbus\/population$/, replacement: population },
        { find: /^neuronbus\/telemetry$/, replacement: telemetry },
        { find: /^neuronbus\/plots$/, replacement: plots },
      ],
    },
    test: {
      name,
      include: [`test/${name}/**/*.test.ts`],
      fileParallelism: options.parallel ?? true,
      globalSetup: options.globalSetup ?? [],
    },
  };
}

// Once more, with memory that native code borrows (lib/memory/memory.ts): what has a segment of its own, but for texts; and
// threads, but for what floods them.
const env = { NEURONBUS_COPY: '1' };
const copy = project('copy');
copy.test.include.push('test/unit/**/*.test.ts', 'test/model/bus*.test.ts');
Object.assign(copy.test, { exclude: ['test/unit/readme.test.ts'], env });
const copyWorkers = project('copy-workers', { parallel: false, library: built });
copyWorkers.test.include = [
  'test/workers/{attach,payloads,together}.test.ts',
  'test/lifetime/memory.test.ts',
];
Object.assign(copyWorkers.test, { env });

// The oracles judge every set of kernels; a set that this processor does not have is skipped.
const oracles = ['scalar', 'avx2', 'avx512', 'neon'].map((kernels) => {
  const oracle = project(`oracle-${kernels}`);
  Object.assign(oracle.test, {
    include: ['test/oracle/**/*.test.ts'],
    env: { NEURONBUS_KERNELS: kernels },
  });
  return oracle;
});

export default defineConfig({
  test: {
    pool: 'forks',
    testTimeout: TEST_MS,
    hookTimeout: TEST_MS,
    teardownTimeout: 10_000,
    maxWorkers: availableParallelism(), // the default leaves out one processor, which is half of two
    projects: [
      project('unit'),
      project('model'),
      project('stress', { parallel: false }),
      project('lifetime', { parallel: false }),
      project('workers', { parallel: false, library: built }),
      project('examples', { parallel: false }),
      copy,
      copyWorkers,
      project('agents', { parallel: false }),
      ...oracles,
      project('processes', { parallel: false }),
      project('package', { parallel: false, globalSetup: 'test/package/pack.ts' }),
    ],
  },
});
