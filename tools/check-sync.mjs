// SPDX-License-Identifier: MIT
//
// Every atomic that orders memory carries a comment `SYNC some-label`, and its partner carries the same one. This script
// fails on a label that stands alone, on one without its paragraph in docs/memory-order.md, and on a paragraph without code.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, root } from './setup/shared.mjs';

const DOCUMENT = 'docs/memory-order.md';

/** A declaration of the shared words names the labels too, but it is no side of any pair. */
const DECLARATIONS = ['include/neuronbus/segment.h', 'include/neuronbus/workspace.h', 'lib/memory/layout.ts'];

const LABEL = /\bSYNC ([a-z0-9]+(?:-[a-z0-9]+)+)/g;

/** A paragraph says who pairs with whom: shorter than this it cannot. */
const PARAGRAPH_CHARACTERS = 80;

function labelsIn(files) {
  const places = new Map();
  for (const file of files) {
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .forEach((line, index) => {
        for (const [, label] of line.matchAll(LABEL)) {
          places.set(label, [...(places.get(label) ?? []), `${file}:${index + 1}`]);
        }
      });
  }
  return places;
}

/**
 * Labels that the document describes, with the length of the text: a label stands in a heading, alone or in backticks, or
 * in backticks at the start of a paragraph, a list item or a table row.
 */
function documented() {
  const path = join(root, DOCUMENT);
  const found = new Map();
  let open = [];
  for (const line of existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []) {
    const labels = labelsOfTitle(line);
    if (labels.length > 0) open = labels;
    else if (line.startsWith('#')) open = [];
    for (const label of open) found.set(label, (found.get(label) ?? 0) + line.length);
  }
  return found;
}

function labelsOfTitle(line) {
  const alone = /^#+ ([a-z0-9]+(?:-[a-z0-9]+)+)$/.exec(line);
  if (alone) return [alone[1]];
  const title = /^#+ .*/.exec(line)?.[0] ?? /^[-*|\s]*`[^`]+`/.exec(line)?.[0] ?? '';
  return [...title.matchAll(/`(?:SYNC )?([a-z0-9]+(?:-[a-z0-9]+)+)`/g)].map(([, label]) => label);
}

const code = filesBelow('native', 'include', 'lib').filter((file) => /\.(h|cc|ts)$/.test(file));
const declared = labelsIn(code.filter((file) => DECLARATIONS.includes(file)));
const used = labelsIn(code.filter((file) => !DECLARATIONS.includes(file)));
const described = documented();
const complaints = [];

for (const label of new Set([...declared.keys(), ...used.keys()])) {
  const places = used.get(label) ?? [];
  if (places.length === 0)
    complaints.push(`${label}: declared at ${declared.get(label)}, but no code carries it`);
  if (places.length === 1)
    complaints.push(`${label}: stands alone at ${places[0]}; label its partner as well`);
  if (!described.has(label)) complaints.push(`${label}: ${DOCUMENT} does not describe it`);
  else if (described.get(label) < PARAGRAPH_CHARACTERS)
    complaints.push(`${label}: its paragraph in ${DOCUMENT} says nothing`);
}
for (const label of described.keys()) {
  if (!used.has(label) && !declared.has(label)) {
    complaints.push(`${label}: ${DOCUMENT} describes it, but no code carries it`);
  }
}

for (const complaint of complaints) console.error(`check-sync: ${complaint}`);
console.log(`check-sync: ${used.size} labels, ${complaints.length} complaints`);
process.exitCode = complaints.length > 0 ? 1 : 0;
