export function makeTarball(vsix: string, target: string, file: string): Promise<void>;
