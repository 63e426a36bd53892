import type { Command } from 'commander';
import path from 'node:path';
import { writeWholeFile } from '../files/wholeFile';
import { writeNpy } from '../files/npyEncoding';
import { modelQueryOf } from './engine';
import { withEngine } from './engineProcess';
import { addImageSize, addMemoryLimit, modelOption } from './options';

interface PreprocessOptions {
  model: string;
  imageSize?: [number, number];
  output: string;
  memoryLimit?: number;
}

export function addPreprocess(program: Command): void {
  const command = program
    .command('preprocess')
    .description('write the tensor a model gets for a picture, float32 (1, C, H, W)')
    .argument('<image>', 'a picture file')
    .addOption(modelOption())
    .requiredOption('-o, --output <file>', 'the .npy file to write');
  addImageSize(addMemoryLimit(command)).action(async (image: string, options: PreprocessOptions) => {
    await withEngine(async (engine) => {
      const of = { model: modelQueryOf(options) };
      const { imageId } = await engine.request('open-image', {
        path: path.resolve(image),
        preview: false,
        memoryLimit: options.memoryLimit,
        inputOf: of,
      });
      const { shape, values } = await engine.request('preprocess', { imageId, ...of });
      await writeWholeFile(options.output, [writeNpy(shape, values)]);
    });
  });
}
