// Two stimuli, two actions, and a reward for the right one, after a pause: a network learns the task by reward-modulated STDP with
// eligibility traces, and learns it anew when the rule is turned around.
//
//   node .build/examples/population/two_choice.js [--runs N] [--seed N] [--quick] [--out DIR]
import { optionsFrom } from './options.js';
import { print } from './report.js';
import { DEFAULTS, runTwoChoice } from './two_choice/report.js';

print(await runTwoChoice(optionsFrom(DEFAULTS)));
