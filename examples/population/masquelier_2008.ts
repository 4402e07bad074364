// A neuron that listens to 2,000 others, half of which repeat, at random times, a pattern of 50 ms hidden in as dense noise. By
// STDP it comes to fire when the pattern begins, and at no other time: Masquelier, Guyonneau and Thorpe 2008, PLoS ONE 3(1): e1377.
//
//   node .build/examples/population/masquelier_2008.js [--runs N] [--seed N] [--quick] [--out DIR]
//
// Each run simulates 450 s with a seed of its own; --quick: 60 s, scored over the last 15.
import { DEFAULTS, runMasquelier } from './masquelier/report.js';
import { optionsFrom } from './options.js';
import { print } from './report.js';

print(await runMasquelier(optionsFrom(DEFAULTS)));
