// SPDX-License-Identifier: MIT
//
// The bridge from tools/setup.cjs to the modules. A file of its own, because old Node.js cannot even parse import().
'use strict';

import('./main.mjs').then((setup) => setup.main(process.argv.slice(2)));
