/** What a model says about photographs whose object is known (photographs.json), and how much of its attention lies on it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BackendModel } from '../extension/engine/backend';
import type { ModelDescription } from '../extension/architecture/description';
import { fuseHeads, splitHeads } from '../extension/engine/headFusion';
import { readLogits } from '../extension/engine/predictions';
import { decodeImage } from '../extension/image/decode';
import { preprocess, type ResizeFunction } from '../extension/image/preprocess';

/** [left, top, right, bottom], shares of the central square. */
type Box = [number, number, number, number];

export interface Judged {
  file: string;
  label: string;
  probability: number;
  energy: number;
  unlike: boolean;
  /** The right class, or "unlike" for what is of no class. */
  sensible: boolean;
  /** Share of the class token's attention to patches, in the last layer and its mean over heads, that lies in the box. */
  attention: number;
  /** Share of the picture that the box covers: what attention spread evenly would give. */
  area: number;
}

/** Judges the photographs of photographs.json that lie in `folder`. Throws for a file that is missing or no picture. */
export async function judgePhotographs(
  folder: string,
  model: BackendModel,
  description: ModelDescription,
  resize: ResizeFunction,
): Promise<Judged[]> {
  const { photographs } = JSON.parse(readFileSync(path.join(__dirname, 'photographs.json'), 'utf8')) as {
    photographs: Record<string, { class: string | null; box: Box }>;
  };
  const { signal } = new AbortController();
  const judged: Judged[] = [];
  for (const [file, { class: name, box }] of Object.entries(photographs)) {
    const image = await decodeImage({ name: file, bytes: readFileSync(path.join(folder, file)) }, signal);
    const { values: input } = await preprocess(image, description.preprocessing, resize);
    const run = await model.forward({ input, batch: 1, attention: true, tokens: false, signal });
    const layer = (description.architecture?.depth ?? 1) - 1;
    const { shape, values } = await run.slice(0, { kind: 'attention-rows', layer, query: 0 });
    const { predictions, energy, unfamiliar } = readLogits(run.logits, { model, description }, 1);
    const { label, probability, index } = predictions[0]!;
    run.release();
    const ofHeads = splitHeads(values, shape[0] ?? 1);
    judged.push({
      file,
      label: label ?? `class ${index}`,
      probability: probability ?? NaN,
      energy,
      unlike: unfamiliar,
      sensible: name === null ? unfamiliar : label === name,
      attention: shareInside(fuseHeads(ofHeads, 'mean').subarray(model.loaded.numPrefix), box),
      area: (box[2] - box[0]) * (box[3] - box[1]),
    });
  }
  return judged;
}

/** Each patch of the square grid counts by the share of it that the box covers. */
function shareInside(map: Float32Array, [left, top, right, bottom]: Box): number {
  const side = Math.sqrt(map.length);
  const covered = (cell: number, from: number, to: number): number =>
    Math.max(0, Math.min(cell + 1, to * side) - Math.max(cell, from * side));
  let inside = 0;
  let all = 0;
  map.forEach((value, i) => {
    all += value;
    inside += value * covered(i % side, left, right) * covered(Math.floor(i / side), top, bottom);
  });
  return inside / all;
}
