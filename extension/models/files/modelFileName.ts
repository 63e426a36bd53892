/** What a model file is called: the articles' constructor parameters as JSON that people write. */
export const MODEL_FILE_SUFFIX = '.vit.json';

export const isModelFile = (path: string): boolean => path.endsWith(MODEL_FILE_SUFFIX);
