/** The steps of a model as a list to read: native/src/inspect/steps.cc names them and says their shapes. */
import type { Step } from '../../native/binding';
import type { Architecture } from './description';

export interface ShapeOfStep {
  /** As in the walk-through; encoding blocks share their shapes, so they are one entry: blocks.0-11.norm1. */
  step: string;
  /** With batch 1. */
  shape: number[];
}

/** The picture, then every step in the order of the computation. */
export function shapesOf({ image, depth }: Architecture, steps: readonly Step[]): ShapeOfStep[] {
  const blocks = depth > 1 ? `blocks.0-${depth - 1}.` : 'blocks.0.';
  return [
    { step: 'image', shape: [1, image.channels, image.height, image.width] },
    ...steps
      .filter(({ name }) => !/^blocks\.[1-9]/.test(name))
      .map(({ name, shape }) => ({ step: name.replace(/^blocks\.0\./, blocks), shape })),
  ];
}
