// SPDX-License-Identifier: MIT
//
// Snapshots of what a bus has learned: cards, synapses, weights. The file format, and nothing about the bus itself.
//
// A snapshot is one JSON object per file: { format, version, checksum, body }, where `checksum` is the SHA-256 of the
// text of `body`. Numbers are written in full precision, so weights come back bit for bit.

import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NeuronBusError } from '../memory/errors.js';
import { AgentCard, type AgentCardInit } from './agent_card.js';
import { type PlasticityRule, RULES, ruleParameters } from './synapse.js';

const FORMAT = 'neuronbus-snapshot';
const VERSION = 1;

export interface SavedNeuron {
  id: number;
  card: AgentCardInit;
}

export interface SavedSynapse {
  /** Ids of the snapshot, not of the bus that loads it. */
  pre: number;
  post: number;
  weight: number;
  rule: PlasticityRule;
  /** aPlus, aMinus, tauPlusNs, tauMinusNs, min, max, answerWindowNs. */
  parameters: number[];
  filter: { typeMask: number; minPriority: number; prefix: string } | null;
  /** How long it had not been used when it was saved, ns. */
  idleNs: number;
}

export interface SnapshotBody {
  name: string;
  neurons: SavedNeuron[];
  synapses: SavedSynapse[];
}

/** What `load()` did. Neurons that are not registered yet get their synapses when one of that name registers. */
export interface LoadResult {
  /** Neurons of the snapshot that were found on the bus. */
  neurons: number;
  /** Synapses made or set to their saved weight. */
  synapses: number;
  /** Cards of the neurons that were not found. */
  pending: AgentCard[];
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * Writes beside the target, flushes to the disk, then renames: the file is the old one or the new one, never a part.
 *
 * @throws NeuronBusError ERR_NB_FILE_IO with the cause.
 */
export async function writeSnapshot(path: string, body: SnapshotBody): Promise<void> {
  const text = JSON.stringify(body);
  const file = `{"format":"${FORMAT}","version":${VERSION},"checksum":"${checksum(text)}","body":${text}}\n`;
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(file);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new NeuronBusError('FILE_IO', `save ${path}`, { cause });
  }
}

/** Makes the rename itself durable, where the platform can open a directory. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * A complete, checked snapshot.
 *
 * @throws NeuronBusError ERR_NB_FILE_IO (cannot be read), ERR_NB_BAD_FILE (truncated, foreign, damaged),
 * ERR_NB_VERSION (of a newer format).
 */
export async function readSnapshot(path: string): Promise<SnapshotBody> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new NeuronBusError('FILE_IO', `load ${path}`, { cause });
  }
  const bad = (why: string, cause?: unknown) => new NeuronBusError('BAD_FILE', `${path}: ${why}`, { cause });
  let file: { format?: unknown; version?: unknown; checksum?: unknown; body?: unknown };
  try {
    file = JSON.parse(text) as typeof file;
  } catch (cause) {
    throw bad('is truncated or not a snapshot', cause);
  }
  if (file === null || typeof file !== 'object' || file.format !== FORMAT) throw bad('is not a snapshot');
  if (file.version !== VERSION) {
    throw new NeuronBusError(
      'VERSION',
      `${path}: format ${String(file.version)}, this library reads ${VERSION}`,
    );
  }
  if (file.checksum !== checksum(JSON.stringify(file.body))) throw bad('its checksum does not match');
  try {
    return checkBody(file.body as SnapshotBody);
  } catch (cause) {
    throw bad('its content is not valid', cause);
  }
}

/** The checksum guards against damage; this guards against a well-formed file that no bus could hold. */
function checkBody(body: SnapshotBody): SnapshotBody {
  const ids = new Set<number>();
  for (const neuron of body.neurons) {
    new AgentCard({ ...neuron.card, id: neuron.id });
    if (ids.has(neuron.id)) throw new Error(`neuron ${neuron.id} appears twice`);
    ids.add(neuron.id);
  }
  const pairs = new Set<number>();
  for (const synapse of body.synapses) {
    const pair = synapse.pre * 65536 + synapse.post;
    if (!ids.has(synapse.pre) || !ids.has(synapse.post) || synapse.pre === synapse.post || pairs.has(pair)) {
      throw new Error(`synapse ${synapse.pre} → ${synapse.post} does not connect two neurons once`);
    }
    pairs.add(pair);
    if (!Object.hasOwn(RULES, synapse.rule)) throw new Error(`unknown rule ${synapse.rule}`);
    const [aPlus, aMinus, tauPlus, tauMinus, min, max, window] = synapse.parameters;
    ruleParameters({
      rule: synapse.rule,
      aPlus: aPlus ?? Number.NaN,
      aMinus: aMinus ?? Number.NaN,
      tauPlusMs: (tauPlus ?? Number.NaN) / 1e6,
      tauMinusMs: (tauMinus ?? Number.NaN) / 1e6,
      min: min ?? Number.NaN,
      max: max ?? Number.NaN,
      answerWithinMs: (window ?? Number.NaN) / 1e6,
    });
    if (!(synapse.weight >= min! && synapse.weight <= max!)) throw new Error('weight out of bounds');
    if (!(synapse.idleNs >= 0)) throw new Error('idle time out of range');
  }
  return body;
}
