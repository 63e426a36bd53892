/** What is known about a model, as data; as text it is reports/modelReport.ts. */
import type { Architecture, Finding } from '../architecture/description';
import type { ShapeOfStep } from '../architecture/steps';
import type { KindStatistics } from './weightKinds';
import type { Sentence } from '../errors/sentence';
import type { Preprocessing } from '../image/preprocessing';

export interface Report {
  id: string;
  name: string;
  path: string;
  family: string;
  /** For people: "Hugging Face DINOv2". */
  familyTitle: Sentence;
  /** False when a finding is an error: the model is refused. */
  runnable: boolean;
  architecture: Architecture | null;
  /** Numbers learned; a sinusoid table is not counted. null for graphs whose weights are not described. */
  parameters: number | null;
  tokens: { total: number; prefix: string[]; grid: [rows: number, columns: number] } | null;
  weights: { source: 'tensors' | 'seed' | 'onnx'; dtypes: string[]; bytes: number; seed?: number };
  preprocessing: Preprocessing;
  classes: number | null;
  labels: string[] | null;
  noWeightDecay: string[];
  /** Every step of the walk-through. */
  shapes: ShapeOfStep[];
  /** What the values of each kind of weight are like; none where they were not read. */
  kinds: KindStatistics[];
  findings: Finding[];
}
