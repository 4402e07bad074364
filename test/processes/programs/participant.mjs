// One participant of a named bus, told what to do by lines of JSON on stdin: {id, what, ...}. It answers {id, ...} on stdout, and
// says {bad} whenever something is wrong. Under load it fires small, large and broadcast spikes at its peers and asks them for
// synapses; every spike carries a checksum.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Blackboard, Neuron, NeuronBus } from 'neuronbus';

const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const bad = (what) => say({ bad: `${process.pid}: ${what}` });
process.on('uncaughtException', (error) => bad(error.stack));

/** What may happen to a spike or a request when its target dies, or everybody is busy. */
const EXPECTED = new Set(
  'DEAD_TARGET UNKNOWN_NEURON TIMEOUT ARENA_FULL SYNAPSE_EXISTS UNKNOWN_SYNAPSE TOO_MANY_SYNAPSES'
    .split(' ')
    .map((name) => `ERR_NB_${name}`),
);
const MIXED = [3, 20, 46, 47, 200, 1500, 9000];

const digest = (body) => createHash('md5').update(body).digest('hex').slice(0, 8);
const letter = (bytes) => {
  const body = String.fromCharCode(97 + (bytes % 26)).repeat(Math.max(1, bytes - 8));
  return digest(body) + body;
};
const letters = MIXED.map(letter);
const pick = (list) => list[Math.floor(Math.random() * list.length)];

let received = 0;
let busyMs = 0;

class Peer extends Neuron {
  capabilities = ['peer'];
  onSpike(spike) {
    received++;
    const text = spike.text();
    if (text.slice(0, 8) !== digest(text.slice(8))) bad(`a spike of ${text.length} bytes is corrupt`);
    for (const end = performance.now() + busyMs; busyMs > 0 && performance.now() < end; );
  }
}

let bus;
let id;
let loading = false;
let accepted = 0;
let refused = 0;
const watched = [];

async function watch(key) {
  try {
    for await (const { value, version } of bus.blackboard(id).watch(key)) watched.push({ value, version });
  } catch (error) {
    watched.push({ code: error.code });
  }
}

function tolerate(action) {
  try {
    return action();
  } catch (error) {
    if (!EXPECTED.has(error.code)) bad(error.stack);
    return undefined;
  }
}

function fire(spike) {
  const sent = tolerate(() => bus.fire(id, spike));
  if (sent === true) accepted++;
  else refused++;
}

function load() {
  if (!loading) return;
  const peers = bus.discover('peer').filter((card) => card.id !== id);
  for (let i = 0; i < 20 && peers.length > 0; i++) {
    const peer = pick(peers).id;
    const what = Math.random();
    if (what < 0.02) tolerate(() => bus.connect(id, peer).build());
    else if (what < 0.03) tolerate(() => bus.disconnect(id, peer));
    else if (what < 0.2) fire({ payload: pick(letters) });
    else fire({ target: peer, payload: pick(letters) });
  }
  setImmediate(load);
}

const commands = {
  create: ({ options }) => {
    bus = NeuronBus.create(options);
  },
  open: ({ name, options }) => {
    bus = NeuronBus.open(name, options);
  },
  start: () => bus.start(),
  stop: () => bus.stop(),
  register: ({ card }) => {
    id = bus.register(new Peer(), card ?? { name: `peer of ${process.pid}` });
    return { neuron: id };
  },
  connect: ({ to }) => {
    bus.connect(id, to).build();
  },
  load: () => {
    loading = true;
    setImmediate(load);
  },
  quiet: () => {
    loading = false;
  },
  fire: ({ target, count, bytes }) => {
    for (let i = 0; i < count; i++)
      fire(target === undefined ? { payload: letter(bytes) } : { target, payload: letter(bytes) });
    return { accepted, refused };
  },
  busy: ({ ms }) => {
    busyMs = ms;
  },
  state: () => ({
    stats: bus.stats(),
    peers: bus.discover('peer').map((card) => card.id),
    received,
    accepted,
    refused,
  }),
  /** A block by hand: its reference; later whether it can still be read. */
  write: ({ bytes }) => ({ ref: bus.arena.write(letter(bytes)) }),
  read: ({ ref }) => ({ length: bus.arena.read(ref).length }),
  owner: () => ({ owner: bus.register(new Blackboard(), { name: `blackboard of ${process.pid}` }) }),
  board: async ({ method, values }) => ({ result: await bus.blackboard(id)[method](...values) }),
  count: async ({ key, times }) => {
    for (let i = 0; i < times; i++) await bus.blackboard(id).update(key, (value = 0) => value + 1);
  },
  watch: ({ key }) => {
    watch(key);
  },
  watched: () => ({ watched }),
  close: () => bus.close(),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id: question, what, ...rest } = JSON.parse(line);
  try {
    say({ id: question, ...(await commands[what](rest)) });
  } catch (error) {
    say({ id: question, error: { code: error.code, message: error.message, stack: error.stack } });
  }
});
