/**
 * Builds an ONNX model node by node and hands it out as chunks of bytes, so that the weights are written without
 * a second copy (protobuf needs the lengths first; they are known once the last node is in).
 */
import { PbfWriter } from 'pbf';
import { FLOAT, INT64, INT8, writeNode, writeValue, type AttributeValue, type OnnxValue } from './schema';

export type Attributes = Record<string, AttributeValue>;

/** The 2 GB a protobuf message may hold. */
const PROTOBUF_LIMIT = 2 ** 31 - 1;

export class GraphBuilder {
  private readonly nodes = new PbfWriter();
  private readonly values = new PbfWriter();
  private readonly initializers: { head: Uint8Array; data: Uint8Array }[] = [];
  private readonly constants = new Map<string, string>();
  private serial = 0;

  constructor(
    private readonly name: string,
    private readonly opset: number,
  ) {}

  input(value: OnnxValue): string {
    this.values.writeMessage(11, writeValue, value);
    return value.name;
  }

  output(value: OnnxValue): void {
    this.values.writeMessage(12, writeValue, value);
  }

  /** One node with one result; returns the result's name (its own, when given). */
  node(opType: string, inputs: string[], attributes: Attributes = {}, result = this.fresh(opType)): string {
    this.nodeWithResults(opType, inputs, [result], attributes);
    return result;
  }

  /** One node with `count` results. */
  several(opType: string, inputs: string[], count: number): string[] {
    const results = Array.from({ length: count }, () => this.fresh(opType));
    this.nodeWithResults(opType, inputs, results, {});
    return results;
  }

  /** A tensor cut into pieces. */
  split(input: string, axis: number, sizes: number[]): string[] {
    const results = sizes.map(() => this.fresh('Split'));
    this.nodeWithResults('Split', [input, this.int64(sizes)], results, { axis });
    return results;
  }

  /** A weight: float32, row-major. */
  weight(name: string, shape: number[], values: Float32Array): string {
    this.initializer(name, shape, FLOAT, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return name;
  }

  /** A weight of 8-bit numbers. */
  bytes(name: string, shape: number[], values: Int8Array): string {
    this.initializer(name, shape, INT8, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return name;
  }

  /** A float constant, shared by value. */
  scalar(value: number): string {
    return this.constant(`scalar ${value}`, FLOAT, [], new Float32Array([value]));
  }

  /** A one-dimensional int64 constant (shapes, axes), shared by value. */
  int64(values: number[]): string {
    return this.constant(
      `ints ${values.join(' ')}`,
      INT64,
      [values.length],
      new BigInt64Array(values.map((v) => BigInt(v))),
    );
  }

  /** The whole model as consecutive chunks. Throws when it would not fit one protobuf message. */
  finish(producer: string, metadata: Record<string, string> = {}): Uint8Array[] {
    const name = new PbfWriter();
    name.writeStringField(2, this.name);
    const parts: Uint8Array[] = [this.nodes.finish(), name.finish()];
    for (const { head, data } of this.initializers) parts.push(head, data);
    parts.push(this.values.finish());
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > PROTOBUF_LIMIT) {
      throw new Error(
        `the model's weights (${(length / 2 ** 30).toFixed(1)} GiB) do not fit the 2 GiB an ONNX file can hold`,
      );
    }
    const model = new PbfWriter();
    model.writeVarintField(1, 9);
    model.writeStringField(2, producer);
    model.writeMessage(8, (opset: number, pbf) => pbf.writeVarintField(2, opset), this.opset);
    for (const entry of Object.entries(metadata)) {
      model.writeMessage(
        14,
        ([key, value]: [string, string], pbf) => {
          pbf.writeStringField(1, key);
          pbf.writeStringField(2, value);
        },
        entry,
      );
    }
    model.writeTag(7, 2);
    model.writeVarint(length);
    return [model.finish(), ...parts];
  }

  private nodeWithResults(opType: string, inputs: string[], outputs: string[], attributes: Attributes): void {
    const node = {
      name: outputs[0] ?? '',
      opType,
      domain: '',
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    };
    this.nodes.writeMessage(1, writeNode, node);
  }

  private constant(key: string, dataType: number, shape: number[], values: Float32Array | BigInt64Array): string {
    let name = this.constants.get(key);
    if (name === undefined) {
      name = `const_${this.constants.size}`;
      this.constants.set(key, name);
      this.initializer(name, shape, dataType, new Uint8Array(values.buffer));
    }
    return name;
  }

  private initializer(name: string, shape: number[], dataType: number, data: Uint8Array): void {
    const tensor = new PbfWriter();
    for (const dimension of shape) {
      tensor.writeTag(1, 0);
      tensor.writeVarint(dimension);
    }
    tensor.writeVarintField(2, dataType);
    tensor.writeStringField(8, name);
    tensor.writeTag(9, 2);
    tensor.writeVarint(data.length);
    const inner = tensor.finish();
    const outer = new PbfWriter();
    outer.writeTag(5, 2);
    outer.writeVarint(inner.length + data.length);
    const tag = outer.finish();
    const head = new Uint8Array(tag.length + inner.length);
    head.set(tag);
    head.set(inner, tag.length);
    this.initializers.push({ head, data });
  }

  private fresh(opType: string): string {
    return `${opType}_${this.serial++}`;
  }
}
