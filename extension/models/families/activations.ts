/** Activation names as the families write them -> the addon's. */
import type { Activation } from '../../architecture/description';

/** timm's `act_layer` and HF's `hidden_act` (transformers ACT2FN); both spell gelu_tanh their own way. */
export const ACTIVATIONS: Record<string, Activation> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_erf: 'gelu',
  gelu_tanh: 'gelu_tanh',
  gelu_new: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  quickgelu: 'quick_gelu',
  relu: 'relu',
  relu6: 'relu6',
  silu: 'silu',
  swish: 'silu',
  sigmoid: 'sigmoid',
  tanh: 'tanh',
  elu: 'elu',
  celu: 'celu',
  selu: 'selu',
  leaky_relu: 'leaky_relu',
  hard_swish: 'hardswish',
  hard_sigmoid: 'hardsigmoid',
  mish: 'mish',
  linear: 'identity',
  identity: 'identity',
};
