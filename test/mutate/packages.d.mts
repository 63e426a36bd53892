export interface Place {
  /** From 0. */
  line: number;
  column: number;
}

export interface ListedMutant {
  /** StrykerJS' name of the kind of change. */
  mutatorName: string;
  location: { start: Place; end: Place };
  replacement: string;
}

export interface Mapping {
  /** From 1. */
  generatedLine: number;
  generatedColumn: number;
  source: string | null;
  /** From 1. */
  originalLine: number | null;
  originalColumn: number | null;
}

export interface Packages {
  /** Every mutant that StrykerJS makes of a file. */
  mutantsOf(file: string, text: string): Promise<ListedMutant[]>;
  /** Every place of a source map. */
  eachMapping(map: unknown, visit: (mapping: Mapping) => void): void;
}

export function packages(): Promise<Packages>;
