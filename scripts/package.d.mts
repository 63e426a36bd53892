export function packageExtension(file: string): Promise<void>;
