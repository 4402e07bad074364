// The pair rules as their formula says, without traces: every pre-spike is looked at with every post-spike. Written from
// the formula alone (Song, Miller & Abbott 2000), to judge the library by. Not a test itself.

export interface PairRule {
  rule: 'pair' | 'pair-nearest';
  aPlus: number;
  aMinus: number;
  tauPlusMs: number;
  tauMinusMs: number;
  min: number;
  max: number;
}

export interface Event {
  /** ns */
  at: number;
  side: 'pre' | 'post';
}

const clamp = ({ min, max }: PairRule, weight: number) => Math.min(max, Math.max(min, weight));

/** Sum over the spikes of one side that came strictly before `at`; of the nearest rule only the last of them. */
function influence(spikes: readonly number[], at: number, tauNs: number, nearest: boolean): number {
  const earlier = spikes.filter((time) => time < at);
  const paired = nearest && earlier.length > 0 ? [Math.max(...earlier)] : earlier;
  return paired.reduce((sum, time) => sum + Math.exp(-(at - time) / tauNs), 0);
}

/** The weight after all events, which are in the order of time; those of the same time in the order they happened. */
export function weightAfter(rule: PairRule, initial: number, events: readonly Event[]): number {
  const nearest = rule.rule === 'pair-nearest';
  const pre: number[] = [];
  const post: number[] = [];
  let weight = initial;
  for (const { at, side } of events) {
    if (side === 'pre') {
      weight = clamp(rule, weight - rule.aMinus * influence(post, at, rule.tauMinusMs * 1e6, nearest));
      pre.push(at);
    } else {
      weight = clamp(rule, weight + rule.aPlus * influence(pre, at, rule.tauPlusMs * 1e6, nearest));
      post.push(at);
    }
  }
  return weight;
}
