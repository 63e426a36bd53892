/** What the extension host and the view of a .npy file say to each other. Plain types; ./arrayChecks.ts checks what arrives. */
import type { EngineErrorShape } from '../errors/errorShape';
import type { ArrayView, Reading } from '../files/arrayView';
import type { Conversation } from './rpc';

/** The picture that an array is drawn on. */
export interface ArrayPicture {
  name: string;
  /** Oriented size in pixels. */
  width: number;
  height: number;
  /** A preview of it. */
  mime: string;
  bytes: Uint8Array;
}

export type ArrayHostEvent =
  | { type: 'array'; array: ArrayView | null; refusal: EngineErrorShape | null }
  /** What whoever wrote the file knows of its matrices. */
  | { type: 'reading'; reading: Reading | null }
  | { type: 'picture'; picture: ArrayPicture | null; refusal: EngineErrorShape | null };

export type ArrayViewEvent =
  | { type: 'ready' }
  /** Another of its matrices, from 0 on. */
  | { type: 'matrix'; index: number }
  /** Somebody wants to choose the picture that it is drawn on, or none. */
  | { type: 'choose-picture' }
  | { type: 'no-picture' }
  | { type: 'retry' };

export interface ArrayConversation extends Conversation {
  hostEvent: ArrayHostEvent;
  viewEvent: ArrayViewEvent;
  requests: Record<string, never>;
}
