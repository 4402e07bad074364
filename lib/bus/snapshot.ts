// SPDX-License-Identifier: MIT
//
// Snapshots of what a bus has learned: cards, synapses, weights. The file format, and nothing about the bus itself.
//
// A snapshot is one JSON object per file: { format, version, checksum, body }, where `checksum` is the SHA-256 of the
// text of `body`. Numbers are written in full precision, so weights come back bit for bit.

import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { invalidArgument, NeuronBusError } from '../memory/errors.js';
import { INLINE_BYTES } from '../memory/layout.js';
import { AgentCard, type AgentCardInit } from './agent_card.js';
import { type PlasticityRule, RULES, ruleParameters } from './synapse.js';

const FORMAT = 'neuronbus-snapshot';
const VERSION = 1;
/** Of a rule, in the order of nb_rule. */
export const PARAMETERS = 7;

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

/** @throws NeuronBusError ERR_NB_INVALID_ARGUMENT. */
export function checkPath(path: string): void {
  if (typeof path !== 'string' || path === '') throw invalidArgument('path', path, 'the path of a file');
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
    await rm(temporary, { force: true }).catch(() => {}); // it may never have been there
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
  if (file.body === undefined || file.checksum !== checksum(JSON.stringify(file.body)))
    throw bad('its checksum does not match');
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
    demand(neuron.id !== undefined && !ids.has(neuron.id), `neuron ${neuron.id} once, with an id`);
    ids.add(neuron.id);
  }
  const pairs = new Set<number>();
  for (const synapse of body.synapses) {
    const { pre, post } = synapse;
    const pair = pre * 65536 + post;
    demand(
      ids.has(pre) && ids.has(post) && pre !== post && !pairs.has(pair),
      `synapse ${pre} → ${post} once`,
    );
    pairs.add(pair);
    checkSynapse(synapse);
  }
  return body;
}

function checkSynapse({ weight, rule, parameters, filter, idleNs }: SavedSynapse): void {
  demand(Object.hasOwn(RULES, rule), 'a known rule');
  demand(Array.isArray(parameters) && parameters.length === PARAMETERS, `${PARAMETERS} parameters`);
  const [aPlus, aMinus, tauPlus, tauMinus, min, max, window] = parameters;
  const [tauPlusMs, tauMinusMs, answerWithinMs] = [tauPlus / 1e6, tauMinus / 1e6, window / 1e6];
  ruleParameters({ rule, aPlus, aMinus, tauPlusMs, tauMinusMs, min, max, answerWithinMs });
  demand(typeof weight === 'number' && weight >= min && weight <= max, 'a weight within its bounds');
  demand(typeof idleNs === 'number' && idleNs >= 0, 'an idle time');
  if (filter === null) return;
  demand(typeof filter === 'object', 'a filter or null');
  const { typeMask, minPriority, prefix } = filter;
  demand(Number.isInteger(typeMask) && typeMask > 0 && typeMask < 8, 'a set of types');
  demand(Number.isInteger(minPriority) && minPriority >= 0 && minPriority < 256, 'a priority');
  demand(typeof prefix === 'string' && Buffer.from(prefix, 'base64').length <= INLINE_BYTES, 'a prefix');
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`expected ${what}`);
}
