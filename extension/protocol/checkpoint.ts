/** What the extension host and the view of a weight file say to each other. Plain types; ./checkpointChecks.ts checks what arrives. */
import type { EngineErrorShape } from '../errors/errorShape';
import type { FileTensors } from '../models/fileTensor';
import type { Report } from '../models/report';
import type { Conversation } from './rpc';

/** Each replaces that part of what is shown. */
export type CheckpointHostEvent =
  /** What model the file is; `refusal`: none that could be described. */
  | { type: 'model'; report: Report | null; refusal: EngineErrorShape | null }
  /** What is in it; `refusal`: it cannot be read. */
  | { type: 'tensors'; file: FileTensors | null; refusal: EngineErrorShape | null }
  /** How much of the values is read, 0 to 1; null: nothing is being read. `waits`: they are many, and read when that is asked for. */
  | { type: 'reading'; share: number | null; waits: boolean };

export type CheckpointViewEvent =
  | { type: 'ready' }
  /** Makes it the model of all panels. */
  | { type: 'use-model' }
  /** The same facts as a text, to copy from. */
  | { type: 'text-report' }
  /** Reads the values of a large file. */
  | { type: 'read-values' }
  | { type: 'retry' };

export interface CheckpointConversation extends Conversation {
  hostEvent: CheckpointHostEvent;
  viewEvent: CheckpointViewEvent;
  requests: Record<string, never>;
}
