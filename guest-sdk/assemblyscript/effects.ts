// The effects of a step, and whether the disk is synced.

let effects: string[] = [];
let unsynced = false, hasSynced = false;

export function begin(): void {
  effects = [];
  hasSynced = false;
}

export function effect(text: string): void { effects.push(text + "\n"); }

export function taken(): string { return effects.join(""); }

/** How many there are. */
export function count(): i32 { return effects.length; }

/** Moves the first effects behind all others. */
export function postpone(first: i32): void { effects = effects.slice(first).concat(effects.slice(0, first)); }

/** A change, or what was read, has to be durable before the next message. */
export function needsSync(): void { unsynced = true; }

export function isUnsynced(): bool { return unsynced; }

export function syncIfDue(): void {
  if (!unsynced) return;
  effect('{"sync":{}}');
  unsynced = false;
  hasSynced = true;
}

/** Whether there is a sync in this step. */
export function isBehindSync(): bool { return hasSynced; }
