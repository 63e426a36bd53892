import type { BuildOptions } from 'esbuild';

export const bundles: (BuildOptions & { entryPoints: Record<string, string> })[];
export function options(bundle: BuildOptions, minify: boolean): BuildOptions;
