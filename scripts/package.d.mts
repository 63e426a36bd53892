export function packageExtension(file: string, target?: string): Promise<void>;
