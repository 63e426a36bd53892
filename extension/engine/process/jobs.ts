import { Batches } from '../batches/batches';
import { Preparers } from '../batches/preparers';
import type { Turns } from '../batches/turns';
import { Decoders } from '../decoder/decoders';

/** What jobs are done with; their pictures are decoded apart from those that somebody waits for. `decoder`: dist/decoder.js, absolute. */
export function batchesOf(decoder: string, turns: Turns): Batches {
  const single = new Decoders(decoder);
  return new Batches(new Preparers(decoder, (...of) => single.prepare(...of)), turns);
}
