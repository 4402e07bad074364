// The nine agents. Each does its part and asks the next one, whom it finds by capability, within the same conversation; so the
// answer to the first question comes back through all of them. What they know together is on the blackboard. Called on the
// thread that the agent is registered on.
import { type Board, Neuron, type NeuronHandle, type Request } from 'neuronbus';
import { capabilityOf, GAIN, type Job, MEMORY, PLANT, ROLES, type Role, THRESHOLD } from './messages.js';
import { COLD, measure, type PlantState, SETPOINT, settle } from './plant.js';

/** What an agent adds to the job. */
type Work = (job: Job, board: Board) => Promise<Partial<Job>>;

export const FIRST_GAIN = 1.2;
export const FIRST_THRESHOLD = 4;
const MAX_CHANGE = 40;
/** Cycles whose records are kept. */
const MEMORY_CYCLES = 16;

async function known<T>(board: Board, key: string, otherwise: T): Promise<T> {
  return (await board.get<T>(key))?.value ?? otherwise;
}

const observe: Work = async ({ seed, cycle }, board) => {
  const plant = await known<PlantState>(board, PLANT, COLD);
  const readings = measure(plant, seed, cycle);
  const mean = readings.reduce((sum, reading) => sum + reading, 0) / readings.length;
  const spread = Math.max(...readings) - Math.min(...readings);
  return { observation: { mean, spread, power: plant.power } };
};

const reason: Work = async ({ observation }, board) => {
  const error = SETPOINT - observation!.mean;
  const threshold = await known(board, THRESHOLD, FIRST_THRESHOLD);
  return { finding: { error, anomaly: Math.abs(error) > threshold } };
};

const act: Work = async ({ observation, finding }, board) => {
  const gain = await known(board, GAIN, FIRST_GAIN);
  const change = finding!.anomaly ? finding!.error / gain : 0;
  return { action: { change, predicted: observation!.mean + gain * change } };
};

const validate: Work = async ({ observation, action }) => {
  const { change } = action!;
  const power = observation!.power + change;
  if (Math.abs(change) > MAX_CHANGE) return refuse(`a change above ${MAX_CHANGE} %`);
  if (power < 0 || power > 100) return refuse('a power outside 0 to 100 %');
  return { verdict: { approved: true } };
};

function refuse(rejected: string): Partial<Job> {
  return { rejected, verdict: { approved: false } };
}

const execute: Work = async ({ seed, cycle, action }, board) => {
  const { value } = await board.update<PlantState>(PLANT, (plant = COLD) =>
    settle(plant, plant.power + action!.change, seed, cycle),
  );
  return { outcome: value };
};

const remember: Work = async ({ cycle, observation, finding, action, verdict, outcome }, board) => {
  const records = { observation, finding, action, verdict, outcome };
  for (const [name, record] of Object.entries(records)) await board.set(`${MEMORY}${cycle}/${name}`, record);
  for (const old of await board.keys(`${MEMORY}${cycle - MEMORY_CYCLES}/`)) await board.delete(old);
  return { records: (await board.keys(`${MEMORY}${cycle}/`)).length };
};

const analyze: Work = async ({ cycle }, board) => {
  const recall = async <T>(name: string) => (await board.get<T>(`${MEMORY}${cycle}/${name}`))!.value;
  const before = await recall<NonNullable<Job['observation']>>('observation');
  const { change, predicted } = await recall<NonNullable<Job['action']>>('action');
  const { temperature } = await recall<NonNullable<Job['outcome']>>('outcome');
  // Below that, the weather does more than the power.
  const effect = Math.abs(change) < 2 ? null : (temperature - before.mean) / change;
  return { analysis: { surprise: Math.abs(temperature - predicted), effect } };
};

const learn: Work = async ({ analysis }, board) => {
  const { effect } = analysis!;
  const gain = await board.update<number>(GAIN, (gain = FIRST_GAIN) =>
    effect === null ? gain : gain + 0.5 * (Math.min(3, Math.max(0.2, effect)) - gain),
  );
  return { gain: gain.value };
};

// Who predicts well may look closely.
const improve: Work = async ({ analysis }, board) => {
  const threshold = await board.update<number>(THRESHOLD, (threshold = FIRST_THRESHOLD) =>
    Math.min(5, Math.max(1, 0.7 * threshold + 0.3 * analysis!.surprise)),
  );
  return { threshold: threshold.value };
};

const WORK: Record<Role, Work> = {
  observer: observe,
  reasoner: reason,
  actor: act,
  validator: validate,
  executor: execute,
  memory: remember,
  analyzer: analyze,
  learner: learn,
  improver: improve,
};

export class Agent extends Neuron {
  override readonly capabilities: readonly string[];
  readonly #role: Role;

  constructor(role: Role) {
    super();
    this.#role = role;
    this.capabilities = [capabilityOf(role)];
  }

  override async onRequest(request: Request, handle: NeuronHandle): Promise<unknown> {
    const role = this.#role;
    const latencyNs = Math.max(0, handle.bus.clock.now() - request.timestamp);
    const job = request.json() as Job;
    const hops = [...job.hops, { role, latencyNs, correlationId: request.correlationId }];
    const done: Job = { ...job, ...(await WORK[role](job, handle.blackboard())), hops };
    const next = ROLES[ROLES.indexOf(role) + 1];
    if (done.rejected !== undefined || next === undefined) return done;
    return (await request.request({ capability: capabilityOf(next) }, done)).value;
  }
}
