// SPDX-License-Identifier: MIT
//
// Kills participants of a bus under load for as long as one likes:
//
//   npm run soak -- --kills 5000

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './setup/shared.mjs';

const at = process.argv.indexOf('--kills');
const kills = at < 0 ? 2000 : Number(process.argv[at + 1]);
if (!Number.isInteger(kills) || kills < 2) {
  console.error('usage: npm run soak -- --kills N    (N at least 2)');
  process.exit(1);
}
const vitest = join('node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--project=processes', 'kill', '--testTimeout=0'],
  { cwd: root, stdio: 'inherit', env: { ...process.env, NEURONBUS_KILLS: String(kills) } },
);
process.exitCode = status ?? 1;
