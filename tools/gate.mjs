// SPDX-License-Identifier: MIT
//
// Runs the checks of the project, adds up what they counted, and closes with the line `N passed, N failed`.
//
//   node tools/gate.mjs test         what `npm test` runs
//   node tools/gate.mjs lint         what `npm run lint` runs
//   node tools/gate.mjs package      what `npm run test:package` runs: the packed tarball, with what prebuild made
//   node tools/gate.mjs everything   what .ci/run runs: those two as a user calls them, and what takes longer
//   node tools/gate.mjs GROUP NAME…  only the parts with these names
//
// A part that prints such a line itself (its last one) counts by it; vitest by its report; any other part counts as one.
// A failing part does not stop the ones after it; what it said is said again at the end. A part that is `beside` the one before it
// runs at the same time, because neither keeps two processors busy; what they write is shown when they have ended.

import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from './setup/shared.mjs';

const node = (...args) => [process.execPath, ...args];
const npm = (...args) => ['npm', 'run', '--silent', ...args];
const module = (path, ...args) => node(join('node_modules', path), ...args);

function vitest(...projects) {
  const report = join('.build', `vitest-${projects[0]}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const chosen = projects.map((project) => `--project=${project}`);
  return { command: module('vitest/vitest.mjs', 'run', ...chosen, ...reporters), report };
}

const GROUPS = {
  test: {
    vitest: vitest(
      'unit',
      'model',
      'stress',
      'lifetime',
      'workers',
      'processes',
      'copy',
      'copy-workers',
      'examples',
      'agents',
      'oracle-*',
    ),
    native: { command: node('tools/native_tests.mjs', 'plain') },
  },
  lint: {
    biome: {
      command: module('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '--max-diagnostics=200'),
    },
    types: { command: module('typescript/bin/tsc', '-p', 'tsconfig.test.json') },
    sync: { command: node('tools/check-sync.mjs') },
    words: { command: node('tools/check-words.mjs') },
    layout: { command: node('tools/gen-layout.mjs', '--check') },
  },
  package: {
    vitest: vitest('package'),
  },
  everything: {
    start: { command: npm('start') },
    test: { command: npm('test') },
    lint: { command: npm('lint') },
    asan: { command: node('tools/native_tests.mjs', 'address') },
    tsan: { command: node('tools/native_tests.mjs', 'thread'), beside: 'asan' },
    models: { command: node('tools/check-models.mjs') },
    warnings: { command: node('tools/check-warnings.mjs'), beside: 'models' },
    cmake: { command: node('tools/check-cmake.mjs') },
    docs: { command: npm('docs'), beside: 'cmake' },
    bench: { command: npm('bench', '--', '--quick', '--no-write') },
    prebuild: { command: npm('prebuild') },
    'prebuild:arm64': { command: npm('prebuild:arm64') },
    package: { command: npm('test:package') },
  },
};

/** Resolves to the exit code of the command and all it wrote, which is shown at once or, if `quiet`, later. Its stdin is empty. */
function execute([program, ...args], quiet) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of ['stdout', 'stderr']) {
      child[stream].setEncoding('utf8').on('data', (data) => {
        output += data;
        if (!quiet) process[stream].write(data);
      });
    }
    child.on('error', (error) => {
      output += `${error.message}\n`;
      console.error(error.message);
      resolve({ code: 1, output });
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function count({ code, output }, report) {
  const counted = fromReport(report) ?? fromClosingLine(output) ?? { passed: code === 0 ? 1 : 0, failed: 0 };
  if (code !== 0 && counted.failed === 0) counted.failed = 1;
  return counted;
}

function fromReport(report) {
  if (report === undefined || !existsSync(join(root, report))) return undefined;
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(join(root, report), 'utf8'));
  return { passed: numPassedTests, failed: numFailedTests };
}

function fromClosingLine(output) {
  const last = [...output.matchAll(/^(\d+) passed, (\d+) failed$/gm)].at(-1);
  return last && { passed: Number(last[1]), failed: Number(last[2]) };
}

const MAX_COMPLAINTS = 12;
// What reports say of failures; then what compilers and programs say, which passing tests may cause to be said, too.
const TELLING = [/^(FAIL(ED)? |failed: |AssertionError)/, /\berror\b|Error:|^\S+:\d+:\d+ | format ━/];

/** The lines that say what went wrong, or the last ones. */
function complaints(output) {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim().slice(0, 300))
    .filter((line) => line !== '' && !line.startsWith('✓'));
  const telling = TELLING.map((pattern) => lines.filter((line) => pattern.test(line))).find(
    ({ length }) => length > 0,
  );
  return (telling?.slice(0, MAX_COMPLAINTS) ?? lines.slice(-MAX_COMPLAINTS)).map(
    (line) => `         ${line}`,
  );
}

/** Runs one part; its counts, its output and its line in the summary. */
async function run([name, { command, report }], quiet) {
  if (report) rmSync(join(root, report), { force: true });
  const title = `\n== ${name}: ${command.slice(command[0] === process.execPath ? 1 : 0).join(' ')}`;
  if (!quiet) console.log(title);
  const start = performance.now();
  const result = await execute(command, quiet);
  if (quiet) console.log(`${title}\n${result.output}`);
  const { passed, failed } = count(result, report);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const line = `${failed > 0 ? 'FAILED' : 'ok    '} ${name.padEnd(16)} ${passed} of ${passed + failed} in ${seconds} s`;
  return { passed, failed, lines: failed > 0 ? [line, ...complaints(result.output)] : [line] };
}

/** The parts in lists of those that run at the same time. */
function inStages(parts) {
  const stages = [];
  for (const part of parts) {
    const last = stages.at(-1);
    if (last?.some(([name]) => name === part[1].beside)) last.push(part);
    else stages.push([part]);
  }
  return stages;
}

async function main(group, ...only) {
  const parts = Object.entries(GROUPS[group] ?? {}).filter(
    ([name]) => only.length === 0 || only.includes(name),
  );
  if (parts.length === 0)
    throw new Error(`usage: node tools/gate.mjs ${Object.keys(GROUPS).join('|')} [part…]`);
  const results = [];
  for (const stage of inStages(parts))
    results.push(...(await Promise.all(stage.map((part) => run(part, stage.length > 1)))));
  const sum = (what) => results.reduce((total, result) => total + result[what], 0);
  console.log(`\n${results.flatMap(({ lines }) => lines).join('\n')}`);
  console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') > 0 ? 1 : 0;
}

await main(...process.argv.slice(2));
