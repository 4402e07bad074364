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
  if (bytes === 0) return '';
  const body = String.fromCharCode(97 + (bytes % 26)).repeat(Math.max(1, bytes - 8));
  return digest(body) + body;
};
const letters = MIXED.map(letter);
const pick = (list) => list[Math.floor(Math.random() * list.length)];

let received = 0;
let busyMs = 0;
let failure;

/** Answers as its value says. */
class Server extends Neuron {
  capabilities = ['server'];
  asked = 0;
  aborted = 0;
  ended = 0;
  constructor(concurrency = Number.POSITIVE_INFINITY) {
    super();
    this.concurrency = concurrency;
  }
  onRequest(request) {
    this.asked++;
    const { how, value, parts } = request.value;
    if (how === 'echo') return { value, from: process.pid };
    if (how === 'fail') throw new RangeError(value);
    if (how === 'stream') return this.parts(parts);
    request.signal.addEventListener('abort', () => this.aborted++);
    return new Promise(() => {}); // mute
  }
  async *parts(parts) {
    try {
      for (let i = 0; i < parts; i++) yield `part ${i}`;
    } finally {
      this.ended++;
    }
  }
}
let server;

class Peer extends Neuron {
  capabilities = ['peer'];
  onSpike(spike) {
    received++;
    const text = spike.text();
    if (text !== '' && text.slice(0, 8) !== digest(text.slice(8)))
      bad(`a spike of ${text.length} bytes is corrupt`);
    for (const end = performance.now() + busyMs; busyMs > 0 && performance.now() < end; );
  }
}

let bus;
let id;
let loading = false;
let accepted = 0;
let refused = 0;
const versions = [];

async function watch(key) {
  try {
    for await (const { value, version } of bus.blackboard(id).watch(key)) versions.push({ value, version });
  } catch (error) {
    versions.push({ code: error.code });
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

function watched(made) {
  return made.on('error', (error) => {
    if (error.code === 'ERR_NB_BAD_SEGMENT') failure = error.code;
    else bad(error.stack ?? error);
  });
}

function fire(spike, strict = false) {
  const sent = strict ? bus.fire(id, spike) : tolerate(() => bus.fire(id, spike));
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
    bus = watched(NeuronBus.create(options));
  },
  open: ({ name, options }) => {
    bus = watched(NeuronBus.open(name, options));
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
  /** `strict`: what it throws is the answer. */
  fire: ({ target, count, bytes, strict }) => {
    const spike = target === undefined ? { payload: letter(bytes) } : { target, payload: letter(bytes) };
    for (let i = 0; i < count; i++) fire(spike, strict);
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
  serve: ({ card, concurrency }) => {
    server = new Server(concurrency);
    return { neuron: bus.register(server, card ?? { name: `server of ${process.pid}` }) };
  },
  served: () => ({
    asked: server.asked,
    aborted: server.aborted,
    ended: server.ended,
    late: bus.stats().late,
  }),
  request: async ({ to, value, options }) => {
    const reply = await bus.request(id, to, value, options);
    return { value: reply.value, from: reply.from };
  },
  stream: async ({ to, value, options, until: last }) => {
    const parts = [];
    for await (const part of bus.stream(id, to, value, options)) {
      parts.push(part);
      if (parts.length === last) break;
    }
    return { parts: parts.length, last: parts.at(-1) };
  },
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
  watched: () => ({ watched: versions }),
  close: () => bus.close(),
  /** The error that ended the bus, without touching it. */
  failure: () => ({ failure, closed: bus.closed }),
  process: () => ({ pid: process.pid, wallMs: Date.now() }),
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id: question, what, ...rest } = JSON.parse(line);
  try {
    say({ id: question, ...(await commands[what](rest)) });
  } catch (error) {
    say({ id: question, error: { code: error.code, message: error.message, stack: error.stack } });
  }
});
