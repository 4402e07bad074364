// SPDX-License-Identifier: MIT
//
// Checks the models of proofs/ exhaustively with SPIN: the protocols must hold, and every mutant of them must fail, for the
// reason that is expected of it. A model that cannot fail proves nothing.
//
//   node tools/check-models.mjs [TEXT]     only the runs whose name contains TEXT
//
// Everything made is in .build/proofs/<name>. A line per run, `N passed, N failed` as the last one; exit code 2 and the word
// "skipped" without spin or a C compiler.

import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, which } from './setup/shared.mjs';

/** Of one run. Two run at a time, and all must fit into 2 GB. */
const MEMORY_MB = 900;
const RUN_MS = 110_000;
const SEARCH_DEPTH = 100_000;

// What a mutant violates, as SPIN prints it: the text of the assertion after the preprocessor, without spaces.
const TORN = /first==(tail|position)\)&&\(second==/;
const OVERWRITTEN = /read_below-buffer/;
const INEXACT = /read_below==memory|memory\[.*==at\)/;
const LOST_WAKE_UP = /delivered\[ring\]!=memory/;
const STUCK = /ended\[ring\]\|\|killed\[ring\]/;
const NEVER_DELIVERED = /acceptancecycle/;
const ASLEEP = /ended\[each\]/;
const NOT_WRITTEN = /seen>=mark/;

const TWO = ['PRODUCERS=2', 'DEPTH=3', 'SPURIOUS=1'];
const BELL = ['BELL', 'SPURIOUS=1'];
const LIVE = ['LIVENESS', 'MESSAGES=2', 'SPURIOUS=1'];

/** `fails`: a mutant, and how it must end. The long ones stand first, so that no processor idles at the end. */
const RUNS = [
  { name: 'parking-delivery', flags: LIVE },
  { name: 'observer-pso', flags: ['PSO', 'MESSAGES=5'] },
  { name: 'parking-two-producers', flags: [...TWO, 'MESSAGES=2', 'MORTALS=0'] },
  { name: 'parking-two-producers-death', flags: [...TWO, 'MESSAGES=1', 'MORTALS=1'] },
  { name: 'ring', flags: [] },
  { name: 'ring-pso', flags: ['PSO'] },
  { name: 'ring-four-slots', flags: ['N=4', 'MESSAGES=7'] },
  { name: 'observer', flags: [] },
  { name: 'observer-stride', flags: ['STRIDE=2'] },
  { name: 'parking', flags: [] },
  { name: 'parking-pso', flags: ['PSO'] },
  { name: 'parking-bell', flags: [...BELL, 'MORTALS=0'] },
  { name: 'parking-bell-death', flags: [...BELL, 'MESSAGES=2', 'MORTALS=1'] },
  { name: 'team', flags: [] },
  { name: 'team-pso', flags: ['PSO'] },
  { name: 'team-lead', flags: ['MARKS=4', 'LEAD=2'] },
  { name: 'team-together', flags: ['LEAD=0'] },
  { name: 'team-three', flags: ['WORKERS=3', 'MARKS=1', 'LEAD=0', 'DEPTH=3'] },

  // Not needed on x86, which the first two show; needed as soon as stores may pass each other.
  { name: 'ring-tso-plain-head', flags: ['NO_RELEASE'] },
  { name: 'observer-tso-no-intent-fence', flags: ['NO_INTENT_FENCE'] },
  { name: 'ring-pso-plain-head', flags: ['PSO', 'NO_RELEASE'], fails: TORN },
  { name: 'observer-pso-no-intent-fence', flags: ['PSO', 'NO_INTENT_FENCE'], fails: TORN },

  { name: 'ring-cursor-before-slot', flags: ['CURSOR_BEFORE_SLOT'], fails: TORN },
  { name: 'ring-tail-before-read', flags: ['TAIL_BEFORE_READ'], fails: OVERWRITTEN },
  { name: 'ring-no-room-check', flags: ['NO_ROOM_CHECK'], fails: OVERWRITTEN },
  { name: 'ring-room-off-by-one', flags: ['ROOM_OFF_BY_ONE'], fails: OVERWRITTEN },
  { name: 'ring-plain-compare', flags: ['PLAIN_COMPARE'], fails: INEXACT },

  { name: 'observer-cursor-before-slot', flags: ['CURSOR_BEFORE_SLOT'], fails: TORN },
  { name: 'observer-intent-after-slot', flags: ['INTENT_AFTER_SLOT'], fails: TORN },
  { name: 'observer-intent-before-copy', flags: ['INTENT_BEFORE_COPY'], fails: TORN },
  { name: 'observer-no-check', flags: ['NO_CHECK'], fails: TORN },
  { name: 'observer-check-off-by-one', flags: ['CHECK_OFF_BY_ONE'], fails: TORN },

  { name: 'parking-no-fence', flags: ['NO_FENCE'], fails: LOST_WAKE_UP },
  { name: 'parking-no-fence-producer', flags: ['NO_FENCE_PRODUCER'], fails: LOST_WAKE_UP },
  { name: 'parking-no-fence-consumer', flags: ['NO_FENCE_CONSUMER'], fails: LOST_WAKE_UP },
  { name: 'parking-no-recheck', flags: ['NO_RECHECK'], fails: LOST_WAKE_UP },
  { name: 'parking-wait-anyway', flags: ['WAIT_ANYWAY'], fails: LOST_WAKE_UP },
  { name: 'parking-wake-without-clear', flags: ['WAKE_WITHOUT_CLEAR'], fails: LOST_WAKE_UP },
  { name: 'parking-clear-without-wake', flags: ['CLEAR_WITHOUT_WAKE'], fails: STUCK },
  { name: 'parking-no-reaper', flags: ['NO_REAPER'], fails: LOST_WAKE_UP },
  { name: 'parking-reaper-by-flag', flags: ['REAPER_BY_FLAG'], fails: LOST_WAKE_UP },
  { name: 'parking-reaper-leaves-flag', flags: ['REAPER_LEAVES_FLAG'], fails: LOST_WAKE_UP },
  { name: 'parking-reaper-early', flags: ['REAPER_EARLY'], fails: LOST_WAKE_UP },
  { name: 'parking-bell-no-fence', flags: [...BELL, 'NO_FENCE'], fails: LOST_WAKE_UP },
  { name: 'parking-bell-no-recheck', flags: [...BELL, 'NO_RECHECK'], fails: LOST_WAKE_UP },
  {
    name: 'parking-bell-no-reaper',
    flags: [...BELL, 'MESSAGES=2', 'MORTALS=1', 'NO_REAPER'],
    fails: LOST_WAKE_UP,
  },
  { name: 'parking-bell-forgets', flags: [...BELL, 'MORTALS=0', 'BELL_FORGETS'], fails: LOST_WAKE_UP },
  {
    name: 'parking-bell-late-listener',
    flags: [...BELL, 'MESSAGES=2', 'MORTALS=0', 'LATE_LISTENER'],
    fails: LOST_WAKE_UP,
  },
  { name: 'parking-delivery-no-fence', flags: [...LIVE, 'NO_FENCE'], fails: NEVER_DELIVERED },
  { name: 'parking-delivery-no-recheck', flags: [...LIVE, 'NO_RECHECK'], fails: NEVER_DELIVERED },

  { name: 'team-no-call', flags: ['NO_CALL'], fails: ASLEEP },
  { name: 'team-no-call-at-end', flags: ['NO_CALL_AT_END'], fails: ASLEEP },
  { name: 'team-no-fence', flags: ['NO_FENCE'], fails: ASLEEP },
  { name: 'team-no-sleeper-fence', flags: ['NO_SLEEPER_FENCE'], fails: ASLEEP },
  { name: 'team-no-recheck', flags: ['NO_RECHECK'], fails: ASLEEP },
  { name: 'team-wake-without-lock', flags: ['WAKE_WITHOUT_LOCK'], fails: ASLEEP },
  { name: 'team-mark-before-data', flags: ['MARK_BEFORE_DATA'], fails: NOT_WRITTEN },
];

/** Runs a program to its end: exit code (-1: killed) and everything it printed. */
function outputOf(folder, program, args) {
  return new Promise((resolve) => {
    let text = '';
    const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_MS });
    const add = (chunk) => {
      text += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', (error) => resolve({ code: -1, text: String(error) }));
    child.on('close', (code) => resolve({ code: code ?? -1, text }));
  });
}

/** What is wrong with a run, or undefined; and how many states it had. */
async function check({ name, flags, fails }) {
  const folder = join(root, '.build', 'proofs', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const model = join(root, 'proofs', `${name.split('-')[0]}.pml`);
  const live = flags.includes('LIVENESS');

  const generated = await outputOf(folder, spin, [...flags.map((flag) => `-D${flag}`), '-a', model]);
  if (generated.code !== 0) return { wrong: `spin: ${generated.text.trim()}` };
  // NOREDUCE: the models are small enough to do without partial-order reduction, which is then nothing to be trusted.
  // NFAIR: room for the processes of the fair search. COLLAPSE: smaller states.
  const compiled = await outputOf(folder, compiler, [
    ...['-O2', '-w', '-DNOREDUCE', '-DCOLLAPSE', `-DMEMLIM=${MEMORY_MB}`, live ? '-DNFAIR=4' : '-DSAFETY'],
    ...['-o', 'pan', 'pan.c'],
  ]);
  if (compiled.code !== 0) return { wrong: `the verifier does not compile: ${compiled.text.trim()}` };
  const pan = await outputOf(folder, join(folder, 'pan'), [
    ...(live ? ['-a', '-f'] : []),
    ...[`-m${SEARCH_DEPTH}`, '-w20'],
  ]);
  return { states: /(\d+) states, stored/.exec(pan.text)?.[1], wrong: verdict(pan, fails, live) };
}

function verdict({ code, text }, fails, live) {
  const errors = Number(/errors: (\d+)/.exec(text)?.[1] ?? Number.NaN);
  const told = /^pan:\d+: .*$/m.exec(text)?.[0] ?? '';
  if (Number.isNaN(errors)) return `no result (exit code ${code}): ${text.trim().split('\n')[0]}`;
  if (/^(pan: )?error|MEMLIM bound|out of memory|max search depth too small|truncat/im.test(text))
    return 'the search is not complete: depth, memory or another bound was hit';
  if (fails !== undefined) {
    if (errors === 0) return 'a mutant that does not fail';
    return fails.test(told.replaceAll(' ', '')) ? undefined : `fails for another reason: ${told}`;
  }
  if (errors > 0) return told;
  if (code !== 0 || text.includes('Search not completed'))
    return `the search did not end (exit code ${code})`;
  if (live !== /acceptance +cycles\s+\+ \(fairness enabled\)/.test(text))
    return 'not the search that was asked for';
  if (!live && !/invalid end states\s+\+/.test(text)) return 'the search did not look at end states';
  return undefined;
}

const spin = which('spin');
const compiler = ['gcc', 'cc'].find((program) => which(program) !== undefined);
if (spin === undefined || compiler === undefined) {
  const missing = spin === undefined ? 'spin (Debian: apt-get install spin)' : 'a C compiler';
  console.error(`check-models: skipped, because there is no ${missing} on the PATH`);
  process.exit(2);
}

const wanted = RUNS.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const queue = [...wanted];
let failed = 0;
async function work() {
  for (let run = queue.shift(); run !== undefined; run = queue.shift()) {
    const { states, wrong } = await check(run);
    if (wrong !== undefined) failed++;
    console.log(wrong === undefined ? `ok   ${run.name} (${states})` : `FAIL ${run.name}: ${wrong}`);
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
if (wanted.length === 0) console.error(`check-models: no run is called ${process.argv[2]}`);
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 || wanted.length === 0 ? 1 : 0;
