// A million questions, every tenth without an answer in time, on the virtual clock: does the heap grow?
import { Neuron, NeuronBus } from 'neuronbus';

const ROUNDS = 1000;
const EACH = 1000;

class Server extends Neuron {
  onRequest(request) {
    return request.value % 10 === 0 ? undefined : 'answer';
  }
}

const bus = NeuronBus.create({ clock: 'virtual', maxNeurons: 8, maxSynapses: 8 });
const [a, b] = [1, 2].map((n) => bus.register(new Server(), { name: `server ${n}` }));
bus.connect(a, b).build();
const turn = () => new Promise((resolve) => setImmediate(resolve));
let [answered, timedOut] = [0, 0];
const good = () => answered++;
const bad = (error) => {
  if (error.code !== 'ERR_NB_TIMEOUT') throw error;
  timedOut++;
};

async function round() {
  for (let i = 0; i < EACH; i++) bus.request(a, b, i, { timeoutMs: 5 }).then(good, bad);
  bus.tick();
  bus.tick();
  bus.clock.advance(6);
  bus.tick(); // cancellations
  await turn();
}

function heap() {
  global.gc();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
}

let warm = 0;
for (let i = 0; i < ROUNDS; i++) {
  if (i === ROUNDS / 10) warm = heap();
  await round();
}
const grownKiB = Math.round((heap() - warm) / 1024);
const { pending, waiting, late, arena, published, delivered, queued } = bus.stats();
const blocks = arena.blocks;
console.log(
  JSON.stringify({
    answered,
    timedOut,
    grownKiB,
    pending,
    waiting,
    late,
    blocks,
    lost: published - delivered - queued,
  }),
);
bus.close();
