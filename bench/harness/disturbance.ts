// SPDX-License-Identifier: MIT
//
// Who else used the processor while something was measured, from /proc; elsewhere it is never known and counts as nobody.
//
// Cheap, for the driver (whole machine) and the measuring process (its own share). Ticks are hundredths of a second.

import { readFileSync } from 'node:fs';

/** Share of one core that others may use before a measurement counts as disturbed. */
export const disturbedAbove = 0.15;

const isLinux = process.platform === 'linux';

/** Ticks in which any core of the machine was busy, stolen time included. */
export function machineTicks(): number {
  if (!isLinux) return 0;
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0];
  const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** Ticks of this process, all its threads and the children it has waited for. */
export function ownTicks(): number {
  if (!isLinux) return 0;
  const text = readFileSync('/proc/self/stat', 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
}

/** Share of one core that went to others; a few ticks are rounding. */
export function shareOfOthers(machine: number, own: number, wallMs: number): number {
  const others = machine - own - 3;
  return isLinux && others > 0 ? others / (wallMs / 10) : 0;
}
