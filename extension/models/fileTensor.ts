/** What a weight file holds, as data; ./fileTensors.ts reads it. */

export interface TensorStatistics {
  /** Root of the mean square; of the finite values, like the next two. */
  rms: number;
  least: number;
  most: number;
  zeros: number;
  /** NaN and infinities. */
  notFinite: number;
}

export interface FileTensor {
  name: string;
  /** As the format calls it: F32, BF16, I64; of ONNX as the standard does: float, int8. */
  dtype: string;
  shape: readonly number[];
  /** 0: its values lie in another file. */
  bytes: number;
  /** null: they were not read, or are no floating-point numbers that are read. */
  statistics: TensorStatistics | null;
}

export interface FileTensors {
  /** Of the whole file. */
  bytes: number;
  /** Bytes of values that statistics are read from. */
  readable: number;
  /** In the file's order; the first MOST_TENSORS. */
  tensors: FileTensor[];
  total: number;
}
