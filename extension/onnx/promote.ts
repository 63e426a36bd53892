/**
 * Makes inner values of a foreign model its outputs, on a copy in memory: the file stays as it is.
 * A message field that appears twice is merged by every protobuf parser, repeated fields one after the other: a second, small
 * GraphProto at the end adds nodes, constants and outputs, and leaves all else untouched.
 */
import { PbfWriter } from 'pbf';
import type { Constant, Opened } from './fused';
import { FLOAT, writeNode, writeValue, type OnnxNode } from './schema';

/** The name under which a promoted value leaves the graph, as float32 whatever it is inside. */
export const promoted = (value: string): string => `promoted/${value}`;

/** @param values inner values or outputs of the graph, or of what is opened */
export function promoteToOutputs(model: Uint8Array, values: string[], opened: Opened[] = []): Uint8Array {
  const tail = new PbfWriter();
  tail.writeMessage(
    7,
    (wanted: string[], pbf) => {
      for (const { nodes } of opened) for (const node of nodes) pbf.writeMessage(1, writeNode, node);
      for (const name of wanted) pbf.writeMessage(1, writeNode, cast(name));
      for (const { constants } of opened)
        for (const constant of constants) pbf.writeMessage(5, writeConstant, constant);
      for (const name of wanted)
        pbf.writeMessage(12, writeValue, { name: promoted(name), elementType: FLOAT, shape: null });
    },
    [...new Set(values)],
  );
  return Buffer.concat([model, tail.finish()]);
}

const cast = (value: string): OnnxNode => ({
  name: promoted(value),
  opType: 'Cast',
  domain: '',
  inputs: [value],
  outputs: [promoted(value)],
  attributes: new Map([['to', FLOAT]]),
});

/** TensorProto */
function writeConstant({ name, dims, dataType, data }: Constant, pbf: PbfWriter): void {
  pbf.writePackedVarint(1, dims);
  pbf.writeVarintField(2, dataType);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, data);
}
