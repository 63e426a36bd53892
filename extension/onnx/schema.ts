/**
 * The part of ONNX's protobuf schema this project needs (onnx.proto, IR version 9), over pbf.
 * Reading skips tensor bytes: a graph of a gigabyte is understood from its few kilobytes of structure.
 */
import { PbfReader, type PbfWriter } from 'pbf';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

/** TensorProto.DataType */
export const FLOAT = 1;
export const INT8 = 3;
export const INT64 = 7;
export const FLOAT16 = 10;

export type AttributeValue = number | number[] | string | { float: number };

export interface OnnxNode {
  name: string;
  opType: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  attributes: Map<string, AttributeValue>;
}

export interface OnnxValue {
  name: string;
  elementType: number;
  /** A number, or the name of a symbolic dimension; empty string when nothing is known. */
  shape: (number | string)[] | null;
}

export interface OnnxTensorInfo {
  name: string;
  dims: number[];
  dataType: number;
  /** The bytes lie in another file beside the model. */
  external: boolean;
  /** Where: location, offset, length, as text. */
  externalData: Map<string, string>;
  /** Raw bytes, a view into the file; null when stored in another form. */
  raw: Uint8Array | null;
}

export interface OnnxGraph {
  name: string;
  nodes: OnnxNode[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  initializers: Map<string, OnnxTensorInfo>;
}

export interface OnnxModel {
  irVersion: number;
  producer: string;
  opsets: Map<string, number>;
  graph: OnnxGraph;
  metadata: Map<string, string>;
}

/** Reads a model's structure. Throws with a plain reason (no file name: the caller knows it) on bytes that are no ONNX model. */
export function readModel(bytes: Uint8Array): OnnxModel {
  const model: OnnxModel = {
    irVersion: 0,
    producer: '',
    opsets: new Map(),
    graph: { name: '', nodes: [], inputs: [], outputs: [], initializers: new Map() },
    metadata: new Map(),
  };
  try {
    new PbfReader(bytes).readFields((tag, m, pbf) => {
      if (tag === 1) m.irVersion = pbf.readVarint();
      else if (tag === 2) m.producer = pbf.readString();
      else if (tag === 7) pbf.readMessage(readGraphField, m.graph);
      else if (tag === 8) {
        const opset = pbf.readMessage(readPairField, { key: '', value: '', version: 0 });
        m.opsets.set(opset.key, opset.version);
      } else if (tag === 14) {
        const pair = pbf.readMessage(readPairField, { key: '', value: '', version: 0 });
        m.metadata.set(pair.key, pair.value);
      }
    }, model);
  } catch {
    throw new FileFault(sentence('it is not an ONNX model (its protobuf cannot be read; the file may be cut short)'));
  }
  if (model.irVersion === 0 || model.graph.nodes.length === 0)
    throw new FileFault(sentence('it is not an ONNX model (it holds no graph)'));
  return model;
}

/** OperatorSetId and StringStringEntry share their shape: 1 a string, 2 a number or a string. */
function readPairField(tag: number, pair: { key: string; value: string; version: number }, pbf: PbfReader): void {
  if (tag === 1) pair.key = pbf.readString();
  else if (tag === 2 && pbf.type === 0) pair.version = pbf.readVarint();
  else if (tag === 2) pair.value = pbf.readString();
}

function readGraphField(tag: number, graph: OnnxGraph, pbf: PbfReader): void {
  if (tag === 1) {
    graph.nodes.push(
      pbf.readMessage(readNodeField, {
        name: '',
        opType: '',
        domain: '',
        inputs: [],
        outputs: [],
        attributes: new Map(),
      }),
    );
  } else if (tag === 2) graph.name = pbf.readString();
  else if (tag === 5) {
    const tensor = pbf.readMessage(readTensorField, {
      name: '',
      dims: [],
      dataType: 0,
      external: false,
      externalData: new Map(),
      raw: null,
    });
    graph.initializers.set(tensor.name, tensor);
  } else if (tag === 11) graph.inputs.push(pbf.readMessage(readValueField, { name: '', elementType: 0, shape: null }));
  else if (tag === 12) graph.outputs.push(pbf.readMessage(readValueField, { name: '', elementType: 0, shape: null }));
}

function readNodeField(tag: number, node: OnnxNode, pbf: PbfReader): void {
  if (tag === 1) node.inputs.push(pbf.readString());
  else if (tag === 2) node.outputs.push(pbf.readString());
  else if (tag === 3) node.name = pbf.readString();
  else if (tag === 4) node.opType = pbf.readString();
  else if (tag === 7) node.domain = pbf.readString();
  else if (tag === 5) {
    const attribute = pbf.readMessage<NamedAttribute>(readAttributeField, { name: '', value: undefined });
    if (attribute.value !== undefined) node.attributes.set(attribute.name, attribute.value);
  }
}

interface NamedAttribute {
  name: string;
  value: AttributeValue | undefined;
}

function readAttributeField(tag: number, a: NamedAttribute, pbf: PbfReader): void {
  if (tag === 1) a.name = pbf.readString();
  else if (tag === 2) a.value = { float: pbf.readFloat() };
  else if (tag === 3) a.value = pbf.readVarint(true);
  else if (tag === 4) a.value = pbf.readString();
  else if (tag === 8) a.value = pbf.readPackedVarint(Array.isArray(a.value) ? a.value : [], true);
}

function readTensorField(tag: number, tensor: OnnxTensorInfo, pbf: PbfReader): void {
  if (tag === 1) pbf.readPackedVarint(tensor.dims, true);
  else if (tag === 2) tensor.dataType = pbf.readVarint();
  else if (tag === 8) tensor.name = pbf.readString();
  else if (tag === 9) tensor.raw = pbf.readBytes();
  else if (tag === 13) {
    const { key, value } = pbf.readMessage(readPairField, { key: '', value: '', version: 0 });
    tensor.externalData.set(key, value);
  } else if (tag === 14) tensor.external ||= pbf.readVarint() === 1;
}

function readValueField(tag: number, value: OnnxValue, pbf: PbfReader): void {
  if (tag === 1) value.name = pbf.readString();
  else if (tag === 2) pbf.readMessage(readTypeField, value);
}

function readTypeField(tag: number, value: OnnxValue, pbf: PbfReader): void {
  if (tag !== 1) return;
  pbf.readMessage((inner, v, p) => {
    if (inner === 1) v.elementType = p.readVarint();
    else if (inner === 2) {
      v.shape = [];
      p.readMessage((dimTag, shape, q) => {
        if (dimTag === 1)
          shape.push(q.readMessage<{ value: number | string }>(readDimensionField, { value: '' }).value);
      }, v.shape);
    }
  }, value);
}

function readDimensionField(tag: number, dimension: { value: number | string }, pbf: PbfReader): void {
  if (tag === 1) dimension.value = pbf.readVarint(true);
  else if (tag === 2) dimension.value = pbf.readString();
}

/** ValueInfoProto. A null shape leaves type and shape to the engine's inference. */
export function writeValue(value: OnnxValue, pbf: PbfWriter): void {
  pbf.writeStringField(1, value.name);
  const { shape } = value;
  if (shape === null) return;
  const writeShape = (_: null, p: PbfWriter): void => {
    for (const dimension of shape) {
      p.writeMessage(
        1,
        (d, q) => {
          if (typeof d === 'number') q.writeVarintField(1, d);
          else q.writeStringField(2, d);
        },
        dimension,
      );
    }
  };
  const writeTensorType = (_: null, p: PbfWriter): void => {
    p.writeVarintField(1, value.elementType);
    p.writeMessage(2, writeShape, null);
  };
  pbf.writeMessage(2, (_: null, p) => p.writeMessage(1, writeTensorType, null), null);
}

/** NodeProto */
export function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.opType);
  if (node.domain !== '') pbf.writeStringField(7, node.domain);
  for (const entry of node.attributes) pbf.writeMessage(5, writeAttribute, entry);
}

function writeAttribute([name, value]: [string, AttributeValue], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  let type: number;
  if (Array.isArray(value)) {
    type = 7;
    for (const i of value) {
      pbf.writeTag(8, 0);
      pbf.writeVarint(i);
    }
  } else if (typeof value === 'string') {
    type = 3;
    pbf.writeStringField(4, value);
  } else if (typeof value === 'number') {
    type = 2;
    pbf.writeTag(3, 0);
    pbf.writeVarint(value);
  } else {
    type = 1;
    pbf.writeFloatField(2, value.float);
  }
  pbf.writeVarintField(20, type);
}
