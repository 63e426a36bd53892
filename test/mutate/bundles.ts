/** The bundles of a copy: all are built once, then those that hold a changed file, and these are put back as they were. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildOptions, Metafile } from 'esbuild';

/** scripts/build.mjs, as far as it is used here. */
interface Script {
  bundles: BuildOptions[];
  options(bundle: BuildOptions, minify: boolean): BuildOptions;
  /** Every bundle's metafile, in the order of `bundles`. */
  build(): Promise<Metafile[]>;
}

interface Built {
  options: BuildOptions;
  inputs: Set<string>;
  outputs: { file: string; bytes: Buffer }[];
}

export class Bundles {
  private changed: Built[] = [];

  private constructor(private readonly built: Built[]) {}

  static async of(root: string): Promise<Bundles> {
    const script = (await import(pathToFileURL(path.join(root, 'scripts/build.mjs')).href)) as Script;
    const metafiles = await script.build();
    const built = metafiles.map(({ inputs, outputs }, i) => ({
      options: { ...script.options(script.bundles[i]!, false), logLevel: 'silent' as const },
      inputs: new Set(Object.keys(inputs)),
      outputs: Object.keys(outputs).map((name) => {
        const file = path.join(root, name);
        return { file, bytes: readFileSync(file) };
      }),
    }));
    return new Bundles(built);
  }

  /** Builds those with that file (relative to the root) as it is now; resolves to whether all did. */
  async buildWith(file: string): Promise<boolean> {
    this.changed = this.built.filter(({ inputs }) => inputs.has(file));
    const { build } = await import('esbuild');
    const results = await Promise.allSettled(this.changed.map(({ options }) => build(options)));
    return results.every(({ status }) => status === 'fulfilled');
  }

  putBack(): void {
    for (const { file, bytes } of this.changed.flatMap(({ outputs }) => outputs)) writeFileSync(file, bytes);
    this.changed = [];
  }
}
