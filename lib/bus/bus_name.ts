// SPDX-License-Identifier: MIT
//
// What a bus may be called: what is also the name of its file. Pure, any thread.

import { invalidArgument } from '../memory/errors.js';

// The same as good_name() of native/core/shared_file.cc, which sees a text only up to its first NUL.
const GOOD = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}$/;

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function checkName(name: string): string {
  if (typeof name !== 'string' || !GOOD.test(name))
    throw invalidArgument('name', name, '1 to 63 of A-Z a-z 0-9 . _ -, not beginning with a dot');
  return name;
}
