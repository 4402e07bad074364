export function nativeAvailability(): string | undefined { return 'pending'; }
export function runNative(_t: string, _e: unknown): number { return 0; }
