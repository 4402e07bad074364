// SPDX-License-Identifier: MIT
//
// Generates docs/errors.md from include/neuronbus/errors.h and the drop reasons of include/neuronbus/segment.h.
//
//   node tools/gen-docs.mjs           writes the file
//   node tools/gen-docs.mjs --check   writes nothing; exit code 1 when the file differs from what would be written

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/shared.mjs';

const output = 'docs/errors.md';

function read(file) {
  return readFileSync(join(root, file), 'utf8');
}

/** Rows of the X-macro: code, number, and the message, which says what is wrong and, behind a semicolon, what to do. */
function errors() {
  const entry = /^\s*X\((\d+), (\w+), "((?:[^"\\]|\\.)*)"\)/gm;
  return [...read('include/neuronbus/errors.h').matchAll(entry)].map(([, number, name, message]) => {
    const [wrong, ...remedy] = message.split('; ');
    return [`\`ERR_NB_${name}\``, number, wrong, sentence(remedy.join('; '))];
  });
}

/** Rows of NB_DROP_*: the name in stats().dropped, and when it counts. */
function dropReasons() {
  const entry = /^#define NB_DROP_(\w+) \d+\s+\/\* (.+?) \*\/$/gm;
  return [...read('include/neuronbus/segment.h').matchAll(entry)].map(([, name, meaning]) => {
    const camel = name.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
    return [`\`${camel}\``, sentence(meaning)];
  });
}

/** With a capital, unless it begins with code. */
function sentence(text) {
  return /^\w+\(/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function table(header, rows) {
  if (rows.length === 0) throw new Error(`gen-docs: nothing found for the table "${header.join(', ')}"`);
  return [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const page = `# Errors

<!-- Written by tools/gen-docs.mjs from include/neuronbus/errors.h and segment.h; edit those. -->

Everything that NeuronBus throws is a \`NeuronBusError\` with one of these codes; its message begins with what was wrong in
the case at hand. The numbers are those of \`nb_status\` in native code. Full and empty rings are results, not errors, except
with backpressure \`'fail'\`.

${table(['code', 'number', 'what is wrong', 'what to do'], errors())}

## Why a spike was dropped

A dropped spike is no error: it is counted in \`bus.stats().dropped\`, and told by the event \`drop\` after the tick.

${table(['reason', 'when'], dropReasons())}
`;

const path = join(root, output);
if (!process.argv.includes('--check')) {
  writeFileSync(path, page);
  console.log(`gen-docs: wrote ${output}`);
} else if (existsSync(path) && readFileSync(path, 'utf8') === page) {
  console.log(`gen-docs: ${output} is current`);
} else {
  console.error(`gen-docs: ${output} differs from the headers; run node tools/gen-docs.mjs`);
  process.exitCode = 1;
}
