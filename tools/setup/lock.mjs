// SPDX-License-Identifier: MIT
//
// One set-up at a time in one checkout. The lock is a file that is linked into place, naming the process that holds it;
// a holder that is no longer alive does not hold it.

import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, say } from './shared.mjs';

const path = join(root, '.build', 'setup.lock');

export async function withLock(work) {
  mkdirSync(join(root, '.build'), { recursive: true });
  let waiting = false;
  while (!take()) {
    if (!alive(holder())) continue;
    if (!waiting) say('another set-up is running in this checkout, waiting for it');
    waiting = true;
    await sleep(200);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take() {
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!alive(holder())) rmSync(path, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function holder() {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

function alive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
