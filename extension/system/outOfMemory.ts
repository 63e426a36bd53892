import { writeFileSync } from 'node:fs';

/**
 * Linux ends the process with the highest score when memory runs out: rather this one, which is
 * started again, than the editor. What it starts later inherits that.
 */
export function offerToOutOfMemoryKiller(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // some containers allow no change; everything else goes on
  }
}
