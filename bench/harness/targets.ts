export function evaluateTargets(_r: unknown): [] { return []; }
