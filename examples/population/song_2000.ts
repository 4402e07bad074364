// Synapses that compete: by additive STDP the weights of one neuron's 1,000 Poisson inputs part into strong and weak ones, with few
// between: Song, Miller and Abbott 2000, Nature Neurosci. 3:919. With steps in proportion to what is left to the bound, they do not.
//
//   node .build/examples/population/song_2000.js [--runs N] [--seed N] [--quick] [--out DIR]
import { optionsFrom } from './options.js';
import { print } from './report.js';
import { DEFAULTS, runSong } from './song/report.js';

print(await runSong(optionsFrom(DEFAULTS)));
