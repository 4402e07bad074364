// The same by `require`, and the proof that both ways lead to one and the same library.
const assert = require('node:assert/strict');
const library = require('neuronbus');

async function main() {
  const { exercise } = await import('./exercise.mjs');
  assert.equal((await import('neuronbus')).NeuronBus, library.NeuronBus);
  exercise(library);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
