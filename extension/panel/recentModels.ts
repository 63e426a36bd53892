import { isAbsolute } from 'node:path';
import type * as vscode from 'vscode';
import { HUB_ID } from '../models/hub/settings';

const KEY = 'recentModels';
const MOST = 6;

/** Models that were in use, the last one first, in every window: absolute paths and ids of the hub. */
export class RecentModels {
  constructor(private readonly memory: vscode.Memento) {}

  list(): string[] {
    const kept = this.memory.get<unknown>(KEY, []);
    return Array.isArray(kept) ? kept.filter((id) => typeof id === 'string') : [];
  }

  /** What is relative means another model in another folder and is not kept. */
  async remember(id: string): Promise<void> {
    const present = this.list();
    if (present[0] === id || !(isAbsolute(id) || HUB_ID.test(id))) return;
    await this.memory.update(KEY, [id, ...present.filter((other) => other !== id)].slice(0, MOST));
  }
}
