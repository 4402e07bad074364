// SPDX-License-Identifier: MIT
//
// Everything between a fresh clone and a program that runs; `npm start`, `npm test` and the other scripts begin here.
//
//   node tools/setup.cjs                    install, native build, TypeScript build: each only when its inputs changed
//   node tools/setup.cjs --run FILE ARG…    and then `node FILE ARG…`
//
// Written so that every Node.js ever released can parse it: its first duty is to say that this one is too old.
'use strict';

var wanted = require('../package.json').engines.node;
var version = process.versions.node.split('.').map(Number);
var old = version[0] < 20 || (version[0] === 20 && version[1] < 19) || (version[0] === 22 && version[1] < 12);

if (old || version[0] === 21) {
  console.error(
    'NeuronBus needs Node.js ' +
      wanted +
      ', this is ' +
      process.versions.node +
      '; install a newer Node.js and try again.',
  );
  process.exitCode = 1;
} else {
  require('./setup/start.cjs');
}
