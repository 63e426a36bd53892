/** ONNX Runtime's messages name places in its sources: a reader has no use for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeReason } from '../../extension/engine/onnx/runtime';

const reasons: [said: string, shown: string][] = [
  [
    '/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n',
    'Unsupported model IR version: 99, max supported IR version: 13',
  ],
  [
    'graph.cc:4388 InjectExternalInitializersFromFilesInMemory External initializer: c77 offset: 61440 are out of bounds.',
    'External initializer: c77 offset: 61440 are out of bounds',
  ],
  [
    "Non-zero status code returned while running Reshape node. Name:'r' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/tensor/reshape_helper.h:47 onnxruntime::ReshapeHelper::ReshapeHelper(const onnxruntime::TensorShape&, onnxruntime::TensorShapeVector&, bool) input_shape_size == size was false. The input tensor cannot be reshaped",
    "Non-zero status code returned while running Reshape node. Name:'r' Status Message: input_shape_size == size was false. The input tensor cannot be reshaped",
  ],
  [
    'Got invalid dimensions for input: x for the following indices\n index: 3 Got: 33 Expected: 32\n',
    'Got invalid dimensions for input: x for the following indices index: 3 Got: 33 Expected: 32',
  ],
  [
    'Load model from m.onnx failed: /onnxruntime_src/onnxruntime/core/graph/model.cc:182 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&) Unsupported model IR version: 99.',
    'Load model from m.onnx failed: Unsupported model IR version: 99',
  ],
  [
    'graph.cc:3970 void onnxruntime::Graph::Resolve(std::function<void(int)>) const Node has no inputs',
    'Node has no inputs',
  ],
  ['Exception during loading: kernels.cuh:7 no kernel\n  for it', 'Exception during loading: no kernel for it'],
  [
    'execution_frame.cc:173 onnxruntime::common::Status onnxruntime::IExecutionFrame::Get(int, const OrtValue*&) shape was false.',
    'shape was false',
  ],
  ['session.cc:12 onnxruntime::Session::Load The file is empty', 'The file is empty'],
  ['see https://example.org/model.cc for why', 'see https://example.org/model.cc for why'],
  ['at D:\\a\\onnxruntime_src\\x failed', 'at D:\\a\\onnxruntime_src\\x failed'],
  ['x'.repeat(500), 'x'.repeat(400)],
];

for (const [said, shown] of reasons) {
  test(shown.slice(0, 60), () => assert.equal(runtimeReason(new Error(said)), shown));
}

test('without a word it is said that there is none', () => {
  const reason = runtimeReason('/onnxruntime_src/core/a.cc');
  assert.ok(typeof reason === 'object' && 'message' in reason);
  assert.equal(reason.message, 'it gives no reason');
});

test('names of any length out of a file cost no time', () => {
  const started = performance.now();
  for (const name of ['a', '/', ':', '('])
    assert.equal(runtimeReason(`Node ${name.repeat(100_000)}`), `Node ${name.repeat(395)}`);
  // a second each and more where all of it is looked at
  assert.ok(performance.now() - started < 4000);
});
