/**
 * How much memory this process and what it makes may use, and the refusal of what needs more before it is made. What a model and a run
 * need is estimated in native/src/architecture/footprint.cc (refused in native/src/model/model.cc) and, for ONNX, in extension/onnx/size.ts.
 */
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import path from 'node:path';
import { EngineError } from '../errors/engineError';
import { sentence, type Sentence } from '../errors/sentence';

const MIB = 2 ** 20;

/** What is used when nobody said: half of what this process may have. */
const SHARE = 0.5;

/** Bytes: what was set, or a share of what this process may have. */
export const memoryLimit = (setting: number | undefined): number => (setting ? setting : SHARE * availableMemory());

/**
 * Bytes a process that decodes pictures may hold: half of that limit, within what every picture of a camera needs and what the
 * largest one does.
 */
export const decoderMemory = (setting: number | undefined): number =>
  Math.min(Math.max(memoryLimit(setting) / 2, 256 * MIB), 1024 * MIB);

/** Bytes this process may have: the machine's, or the least of the limits it lives under (a container's, a service's). */
export const availableMemory = (): number =>
  Math.min(totalmem(), groupLimit('/sys/fs/cgroup', ownGroup()), process.constrainedMemory() || Infinity);

/** Of its control group (Linux, version 2), below the root of all: "/user.slice/a.service". */
function ownGroup(): string {
  return /^0::(.*)$/m.exec(read('/proc/self/cgroup'))?.[1] ?? '/';
}

/** The least memory.max of a control group and those it is in; Infinity when none has one. */
export function groupLimit(root: string, group: string): number {
  let least = Infinity;
  for (let at = path.posix.join('/', group); ; at = path.posix.dirname(at)) {
    const limit = /^\d+/.exec(read(path.join(root, at, 'memory.max')))?.[0];
    if (limit !== undefined) least = Math.min(least, Number(limit));
    if (at === '/') return least;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Throws ERR_MEMORY with both numbers when `bytes` are more than the limit. */
export function assertMemory(what: Sentence, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  const said = sentence(
    '{0} needs {1} of memory; the limit is {2} (vit.memoryLimit, --memory-limit).',
    what,
    inWords(bytes),
    inWords(limit),
  );
  throw new EngineError('ERR_MEMORY', said);
}

/** "24.1 GB" or "310 MB", as the addon says it. */
export const inWords = (bytes: number): string =>
  bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
