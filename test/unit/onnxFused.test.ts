/** The nodes that compute attention maps beside an operator that keeps them to itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAttention } from '../../extension/onnx/attention';
import type { AttributeValue } from '../../extension/onnx/schema';

type Attributes = Record<string, AttributeValue>;
const search = (opType: string, inputs: string[], attributes: Attributes) =>
  findAttention({
    ...{ name: '', inputs: [], outputs: [], initializers: new Map() },
    nodes: [
      {
        name: '',
        opType,
        domain: 'com.microsoft',
        inputs,
        outputs: ['out'],
        attributes: new Map(Object.entries(attributes)),
      },
    ],
  });
const reason = (heads: AttributeValue) =>
  (search('Attention', ['x', 'w'], { num_heads: heads }).closed as { message: string }[])[0]!.message;

test('the nodes beside a fused operator, with what they read and how', () => {
  const listed = (opType: string, inputs: string[], attributes: Attributes) => {
    const { opened } = search(opType, inputs, attributes);
    const { nodes, constants } = opened[0]!;
    const short = (name: string) => name.replace('opened/out/', '#');
    return {
      nodes: nodes.map(({ opType, inputs, attributes }) =>
        [opType, ...inputs.map(short), ...[...attributes].map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' '),
      ),
      constants: constants.map(({ name, dims, dataType, data }) => {
        const values = dataType === 7 ? new BigInt64Array(data.buffer) : new Float32Array(data.buffer);
        return `${short(name)} (${dims.join()}) ${dataType}: ${values.join(' ')}`;
      }),
    };
  };
  const turn = 'perm=[0,2,1,3]';
  assert.deepEqual(listed('Attention', ['x', 'w', '', '', '', 'more'], { num_heads: 2, scale: { float: 0.25 } }), {
    nodes: [
      ...['Cast x to=1', 'Cast w to=1', 'MatMul #0 #1', 'Reshape #2 #ints/0/0/3/2/-1'],
      ...['Gather #3 #index/0 axis=2', `Transpose #4 ${turn}`, 'Gather #3 #index/1 axis=2', `Transpose #6 ${turn}`],
      ...['Transpose #7 perm=[0,1,3,2]', 'MatMul #5 #8', 'Div #9 #divisor', 'Cast more to=1', 'Add #10 #11', 'Softmax #12 axis=-1'],
    ],
    constants: ['#ints/0/0/3/2/-1 (5) 7: 0 0 3 2 -1', '#index/0 () 7: 0', '#index/1 () 7: 1', '#divisor () 1: 4'],
  });
  const shape = ['Shape #A', 'Gather #B #index/3 axis=0', 'Cast #C to=1', 'Sqrt #D'];
  assert.deepEqual(listed('MultiHeadAttention', ['q', 'k', 'v', 'b'], { num_heads: 2, scale: { float: 0 } }), {
    nodes: [
      ...['Cast b to=1', 'Reshape #0 #ints/3/-1', 'Cast q to=1', 'Gather #1 #index/0 axis=0', 'Add #2 #3'],
      ...['Reshape #4 #ints/0/0/2/-1', `Transpose #5 ${turn}`, 'Cast k to=1', 'Gather #1 #index/1 axis=0', 'Add #7 #8'],
      ...['Reshape #9 #ints/0/0/2/-1', `Transpose #10 ${turn}`, 'Transpose #11 perm=[0,1,3,2]', 'MatMul #6 #12'],
      ...shape.map((each) => each.replace('#A', '#6').replace('#B', '#14').replace('#C', '#15').replace('#D', '#16')),
      ...['Div #13 #17', 'Softmax #18 axis=-1'],
    ],
    constants: ['#ints/3/-1 (2) 7: 3 -1', '#index/0 () 7: 0', '#ints/0/0/2/-1 (4) 7: 0 0 2 -1', '#index/1 () 7: 1', '#index/3 () 7: 3'],
  });
  // none of these is a number of heads
  const said = reason(0);
  assert.match(said, /cannot be taken apart$/);
  for (const heads of [-1, 'two', { float: 2 }]) assert.equal(reason(heads), said);
}); // prettier-ignore
