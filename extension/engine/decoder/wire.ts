/** What travels between the engine process and a decoder process. Pixels take a file that both hold open, beside these messages. */
import type { EngineErrorShape } from '../../errors/errorShape';
import type { DecodedImage } from '../../image/decode';
import type { ImageSource } from '../../image/opened';
import type { Preprocessed } from '../../image/preprocess';
import type { Preprocessing } from '../../image/preprocessing';

/**
 * The file of pixels in the decoder process: without a name, and read and written by both. Each picture has a region of PIECES
 * pieces in it, written one after the other and round again: a large picture takes several turns, no second copy of it is kept,
 * and one process copies while the other does.
 */
export const PIXELS_FD = 3;
export const PIECE_BYTES = 4 * 2 ** 20;
export const PIECES = 3;

/** Where in the file the piece of that number is: pieces counted from 0, over all turns. */
export const pieceAt = (region: number, piece: number): number => (region * PIECES + (piece % PIECES)) * PIECE_BYTES;

export type ToDecoder =
  /**
   * `how`: the model's input is made of it, and goes in its pixels' place; null: its pixels are wanted.
   * `region`: where in the file they go, counted in regions; null when there is no file.
   * `memory`: bytes the process may hold until it is decoded.
   */
  | {
      kind: 'decode';
      id: number;
      source: ImageSource;
      how: Preprocessing | null;
      region: number | null;
      memory: number;
    }
  /** A piece was read, and its place may be written again. */
  | { kind: 'taken'; id: number }
  /**
   * Decode pictures and make of each the model's input. `room`: where in the file their values may go, one after the other; what does
   * not fit, or has no file, comes in the message.
   */
  | {
      kind: 'prepare';
      id: number;
      sources: ImageSource[];
      how: Preprocessing;
      room: { begin: number; bytes: number } | null;
      memory: number;
    };

/** A picture of a batch: the model's input (C, H, W), or why there is none. */
export type PreparedOnWire = (PreparedFacts & { values: { at: number } | Float32Array }) | { error: EngineErrorShape };

export interface PreparedFacts {
  shape: [channels: number, height: number, width: number];
  /** Of the upright picture. */
  width: number;
  height: number;
  /** Of its file, and when that was last changed. */
  bytes: number;
  modified: number | null;
  decodeMs: number;
  preprocessMs: number;
}

/** A picture without what is large. */
export type ImageFacts = Omit<DecodedImage, 'pixels' | 'preview'>;

export type FromDecoder =
  /** Sent once: sharp is loaded. */
  | { kind: 'ready' }
  /** What the header says, before anything is decoded; of a batch, only of its large pictures. */
  | { kind: 'size'; id: number; pixels: number }
  /** The pixels, or the values of the input, follow in pieces, and the preview is being made. */
  | { kind: 'decoded'; id: number; image: ImageFacts; input: Omit<Preprocessed, 'values'> | null; valueBytes: number }
  /** The next bytes of them: so many are in the file, or here where it cannot be written. */
  | { kind: 'piece'; id: number; bytes: number | Uint8Array }
  /** `rss`: what the process holds now. */
  | { kind: 'preview'; id: number; preview: DecodedImage['preview']; rss: number }
  /** One for each picture of a batch, in its order. */
  | { kind: 'prepared'; id: number; pictures: PreparedOnWire[]; rss: number }
  | { kind: 'refusal'; id: number; error: EngineErrorShape }
  /** The least limit of the pictures under way is passed; the process ends itself. */
  | { kind: 'memory'; limit: number };
