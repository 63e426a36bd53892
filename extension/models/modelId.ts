/** How models are named besides by their path. */
import type { Size } from '../image/geometry';

/** The model that comes with the extension. */
export const EMBEDDED = 'embedded';

/** A model to find, read and check: by name, at a size. */
export interface ModelQuery {
  /** 'embedded', an id of the hub ("org/name") that was downloaded, or a path. */
  id: string;
  /** Relative paths are relative to this; the process's directory by default. */
  cwd?: string;
  /** In a workspace that is not trusted, its folders: model files may name nothing outside (files/namedFile.ts). */
  confinedTo?: string[];
  /** Run at this size, rounded to whole patches, and not at the one the model was trained for. */
  inputSize?: Size;
  /** Run at the size and shape of a picture (see pictureSize.ts). */
  pictureSize?: Size;
}

/** A model that one can choose. */
export interface RegistryEntry {
  /** As in ModelQuery. */
  id: string;
  name: string;
  kind: 'embedded' | 'cached' | 'workspace';
  path: string;
  /** The family its config names; null when only its tensors can tell. */
  family: string | null;
}
