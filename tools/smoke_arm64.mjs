// SPDX-License-Identifier: MIT
//
// Runs the cross-compiled binary: an arm64 Node.js under qemu-user loads it and passes spikes through a bus.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { nodeLinuxArm64 } from './runtimes.mjs';
import { root, SetupError, say, which } from './setup/shared.mjs';

const SYSROOT = '/usr/aarch64-linux-gnu';

export function smokeArm64() {
  const qemu = ['qemu-aarch64', 'qemu-aarch64-static'].find((name) => which(name) !== undefined);
  if (qemu === undefined) {
    throw new SetupError(
      'the arm64 binary is made but not tried: install qemu-user (Debian: apt-get install qemu-user).',
    );
  }
  const result = spawnSync(
    qemu,
    ['-L', SYSROOT, nodeLinuxArm64(20), join(root, 'test', 'package', 'programs', 'import.mjs')],
    {
      cwd: root,
      encoding: 'utf8',
      env: {
        ...process.env,
        NEURONBUS_BINARY: join(root, 'prebuilds', 'linux-arm64', 'neuronbus.glibc.node'),
      },
    },
  );
  if (result.status !== 0)
    throw new SetupError(`the arm64 binary does not work:\n${result.stdout}${result.stderr}`);
  say(`arm64 under ${qemu}: ${result.stdout.trim()}`);
}
