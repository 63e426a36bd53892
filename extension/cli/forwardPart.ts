import path from 'node:path';
import type { EngineClient } from '../engine/client';
import type { NpyArray } from '../files/npy';
import { writeNpy } from '../files/npyEncoding';
import { makeDirectory, writeWholeFile } from '../files/wholeFile';
import type { PartDescription } from '../architecture/description';
import { UsageError } from './errors';

/** Writes what a module of the articles makes of a tensor: output.npy, and the steps asked for by name ('steps': all). */
export async function forwardPart(
  engine: EngineClient,
  { name, part, weights }: PartDescription,
  { shape, values }: NpyArray,
  options: { output: string; outputs: string[]; memoryLimit?: number },
): Promise<void> {
  const made = await engine.request('run-part', {
    part,
    weights,
    input: values,
    shape,
    memoryLimit: options.memoryLimit,
  });
  const names = made.map((step) => step.name);
  // what a whole model writes when nothing is said has no meaning here
  const asked = options.outputs.filter((output) => !['logits', 'attention', 'tokens', 'steps'].includes(output));
  const unknown = asked.find((output) => !names.includes(output));
  if (unknown !== undefined) {
    throw new UsageError(`--outputs: ${name} has no step called ${unknown}; it has ${names.join(', ')}`);
  }
  const wanted = options.outputs.includes('steps') ? names : ['output', ...asked];
  await makeDirectory(options.output);
  for (const step of made.filter((step) => wanted.includes(step.name))) {
    await writeWholeFile(path.join(options.output, `${step.name}.npy`), [writeNpy(step.shape, step.values)]);
  }
}
