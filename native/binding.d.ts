/**
 * The native boundary: everything TypeScript may ask of the C++ addon, and nothing else.
 *
 * Conventions
 * - Tensors are row-major float32. Shapes are written (B, C, H, W); B images, C channels, N tokens (prefix tokens
 *   first), D token length, h heads.
 * - Every method that computes returns a promise and works on a thread of the addon; nothing blocks the event loop
 *   for longer than a copy. Buffers handed out are copies owned by V8.
 * - Every number has a bound, native/limits.json: TypeScript and C++ read the same table.
 * - A rejected promise carries an Error whose message is one clear sentence, with its `template` and `args` for translation
 *   (extension/errors/sentence.ts). `error.code` is one of ErrorCode.
 */

export type ErrorCode =
  | 'ERR_CANCELLED' // the cancel token was set; takes effect between two blocks
  | 'ERR_FILE' // a weight file cannot be opened, is shorter than its header says, or changed
  | 'ERR_TENSOR' // a tensor is missing, or its shape, dtype or byte range is not what the architecture needs
  | 'ERR_ARCHITECTURE' // the description contradicts itself (patch larger than the image, lengths that do not meet, ...)
  | 'ERR_MEMORY' // the request would need more memory than the limit; the message says how much
  | 'ERR_ARGUMENT' // a wrong argument (index out of range, wrong input length)
  | 'ERR_INTERNAL'; // a defect of the addon; the message is what was thrown

/** Elementwise activations, by their torch.nn.modules.activation names in snake case. */
export type Activation =
  | 'gelu'
  | 'gelu_tanh'
  | 'quick_gelu'
  | 'relu'
  | 'relu6'
  | 'silu'
  | 'sigmoid'
  | 'tanh'
  | 'elu'
  | 'celu'
  | 'selu'
  | 'leaky_relu'
  | 'rrelu'
  | 'hardswish'
  | 'hardsigmoid'
  | 'hardtanh'
  | 'hardshrink'
  | 'softshrink'
  | 'tanhshrink'
  | 'softplus'
  | 'softsign'
  | 'mish'
  | 'log_sigmoid'
  | 'identity';

export interface Norm {
  /** identity: no parameters at all (the articles' "BatchNorm-free Identity"). */
  kind: 'layer' | 'rms' | 'identity';
  eps: number;
}

export type Resample = 'bicubic-antialias' | 'bicubic' | 'bilinear-antialias';

/** One attention + neural network unit. The same description serves encoding blocks and T2T token transformers. */
export interface Block {
  /** Length of the tokens that come in: (B, N, dimIn). */
  dimIn: number;
  /** Length of the tokens that go out: (B, N, dim). Equal to dimIn but in token transformers. */
  dim: number;
  heads: number;
  /** Width of one head; heads * headDim is the length of Q, K and V (equal to dim in every known family). */
  headDim: number;
  /** Multiplies Q before Q K^T. Data, never derived here (T2T releases differ). */
  scale: number;
  qkvBias: boolean;
  projBias: boolean;
  /** Normalise Q and K per head before the product (tensors attn.q_norm, attn.k_norm). */
  qkNorm: Norm | null;
  /** Normalise the concatenated heads before proj (timm scale_attn_norm: tensor attn.norm); null in parallel-scaling. */
  attnNorm: Norm | null;
  /** The published seed adds V after proj: x = v + proj(attn v). (Attention class of the articles.) */
  valueSkip: boolean;
  /** False in the seed's TokenTransformer: x = attn(norm1 x) without adding x. */
  attnResidual: boolean;
  norm: Norm;
  /**
   * pre:      x += ls1(attn(norm1 x)); x += ls2(mlp(norm2 x))         (plain ViT)
   * res-post: x += norm1(attn x);      x += norm2(mlp x)              (timm ResPostBlock; init values live in the norms)
   * post:     x = norm1(x + attn x);   x = norm2(x + mlp x)           (original transformer)
   * parallel: x += sum_p ls1_p(attn_p(norm1_p x)); x += sum_p ls2_p(mlp_p(norm2_p x))   (timm ParallelThingsBlock)
   * parallel-scaling: x += attn(norm x) + mlp(norm x), one fused in-projection          (timm ParallelScalingBlock)
   */
  order: 'pre' | 'res-post' | 'post' | 'parallel' | 'parallel-scaling';
  /** Number of parallel branches for order 'parallel' (timm num_parallel), otherwise 1. */
  branches: number;
  /** Tensors ls1.gamma and ls2.gamma exist (DeiT-3, DINOv2, CaiT-like layer scale). */
  layerScale: boolean;
  /** Rows of fc1: for 'swiglu' and 'glu' that is the two halves together (timm SwiGLUPacked, GluMlp). */
  mlpHidden: number;
  /**
   * mlp: fc2(act(fc1 x)); glu (timm GluMlp, gate_last=true): a, g = halves(fc1 x); fc2(a * act(g));
   * swiglu (timm SwiGLUPacked = GluMlp with act silu, gate_last=false): g, a = halves(fc1 x); fc2(act(g) * a).
   */
  mlp: 'mlp' | 'glu' | 'swiglu';
  mlpBias: boolean;
  /** Normalise the hidden activations before fc2 (timm scale_mlp_norm: tensor mlp.norm); null in parallel-scaling. */
  mlpNorm: Norm | null;
  activation: Activation;
  /**
   * Attention by positive random features instead of softmax (Choromanski et al. 2021), one head; T2T-ViT's Performer stages
   * (tensor attn.features (features, h*hd)). Its map is never made; rows of it are computed when asked for.
   */
  performer: { features: number } | null;
}

/**
 * Attention turns pairs of a query's and a key's values by angles that say where a patch lies, so that their product
 * knows how far apart two patches are (Su et al. 2021; for pictures Heo et al. 2024). Applied after qkNorm.
 */
export interface Rotary {
  /**
   * The angle of pair j of a head's headDim / 2 pairs, a and b being a patch's two coordinates:
   * axial: a * theta^(-4 j / headDim) for the first headDim / 4 pairs, b likewise for the others;
   * mixed: a * rope.freqs[0] + b * rope.freqs[1], trained for every block and head: (2, depth, heads, headDim / 2).
   */
  frequencies: 'axial' | 'mixed';
  /** Of axial frequencies; not read for mixed ones. */
  theta: number;
  /** Which coordinate is the first. */
  first: 'row' | 'column';
  /**
   * index: the patch's row (column) + offset, times reference / grid where a reference grid is given;
   * centre: 2 pi (2 (row + 0.5) / rows - 1), the same for every grid (DINOv3).
   */
  coordinates: 'index' | 'centre';
  offset: number;
  /** The grid whose indices the model was trained with (EVA-02, Perception Encoder); null: indices as they are. */
  reference: [rows: number, columns: number] | null;
  /** What makes a pair: neighbours (0, 1), (2, 3), ...; or one of each half (0, headDim / 2), ... */
  pairs: 'neighbours' | 'halves';
  /** Prefix tokens have trained angles (MLCD; tensor rope.prefix (prefix tokens, headDim / 2)). False: they are not turned. */
  prefix: boolean;
}

/**
 * A bias on the scores by how far apart query and key lie (for pictures Liu et al. 2021). Row (dy + R - 1)(2 C - 1) + dx + C - 1
 * of a table belongs to a key that lies dy rows above and dx columns left of the query, for a grid of R rows and C columns.
 */
export interface RelativeBias {
  /** block: every block its own, blocks.{i}.attn.rel_pos.*; shared: one for all, rel_pos.*; both: their sum (BEiT allows it). */
  tables: 'block' | 'shared' | 'both';
  /**
   * null: a trained table, tensor rel_pos.table ((2R-1)(2C-1), heads), with classEntries three rows longer;
   * otherwise the table is made by fc2(relu(fc1 x)) of the two logarithmic distances, tensors rel_pos.mlp.fc1 (hidden, 2), rel_pos.mlp.fc2
   * (heads, hidden): distances sign(d) ln(1 + |d|) (cr), or sign(e) log8(1 + |e|), e = 8 d / (R - 1), and 16 sigmoid of the result, fc2 without bias (swin).
   */
  network: { hidden: number; distances: 'cr' | 'swin' } | null;
  /** The patch grid of the trained table; resampled when it is not the image's grid. */
  grid: [rows: number, columns: number];
  /** The table's last three rows: class token to a patch, patch to class token, class token to itself. False: prefix tokens get no bias. */
  classEntries: boolean;
  /** bilinear as torch (HF); geometric: linear between places that lie ever further apart from the middle (BEiT's own, timm). */
  resample: 'bilinear' | 'geometric';
}

export type Tokenizer =
  | {
      kind: 'patch';
      /** Height and width of a patch in pixels; stride equals the patch, and pixels beyond the last whole patch are unused. */
      patch: [height: number, width: number];
      bias: boolean;
      /** Norm of every patch's token (AIMv2; tensor patch_embed.norm). */
      norm: Norm | null;
    }
  | {
      kind: 'soft-split';
      /** Kernel, stride and padding of each unfold, first to last; stages.length === splits.length - 1. */
      splits: { kernel: number; stride: number; padding: number }[];
      /** The token transformer after each split but the last. Its tensors: tokenizer.stages.{i}.* named as in a block. */
      stages: Block[];
      /** Bias of the last projection (tensor patch_embed.proj, shape (D, C_last * k^2)). */
      bias: boolean;
    };

/**
 * A Vision Transformer, complete and family-free. Tensor names are canonical (timm's):
 *   patch_embed.proj.{weight,bias}        patch_embed.norm.*  (D, C, ph, pw) or (D, C*ph*pw); soft-split: (D, C_last*k*k)
 *   cls_token (1,1,D)  dist_token (1,1,D)  reg_token (1,R,D)  det_token (1,E,D)      stored shapes may drop the leading ones
 *   pos_embed (1, P, D)  blocks.{i}.pos_embed (1, P, D)
 *   rope.freqs  rope.prefix  rel_pos.table, rel_pos.mlp.fc1|fc2.{weight,bias}, blocks.{i}.attn.rel_pos.*  (see Rotary, RelativeBias)
 *   norm_pre.{weight,bias}
 *   blocks.{i}.norm1|norm2.{weight,bias}  blocks.{i}.attn.qkv.{weight,bias} (3*h*hd, dimIn), rows Q then K then V, head-major
 *   blocks.{i}.attn.q_norm|k_norm|norm.{weight,bias}  blocks.{i}.attn.proj.{weight,bias}
 *   blocks.{i}.ls1|ls2.gamma  blocks.{i}.mlp.fc1|fc2|norm.*
 *   parallel: blocks.{i}.attns.{p}.norm|attn|ls.*  blocks.{i}.ffns.{p}.norm|mlp|ls.*
 *   parallel-scaling: blocks.{i}.in_norm, in_proj.weight (mlpHidden + 3*D, D), qkv_bias?, mlp_bias, q_norm, k_norm, attn_out_proj, mlp_out_proj, ls
 *   norm.*  fc_norm.*  projection.{weight,bias}  head.{weight,bias}  head_dist.{weight,bias}
 *   attn_pool.{latent,q,kv,proj,norm,mlp.fc1,mlp.fc2}.*  (timm AttentionPoolLatent, pool 'map')
 */
export interface Architecture {
  image: { channels: number; height: number; width: number };
  tokenizer: Tokenizer;
  dim: number;
  depth: number;
  /** One description for all encoding blocks. */
  block: Block;
  /** Prefix tokens, in this order in the sequence: class, distillation, registers. */
  prefix: {
    class: boolean;
    distillation: boolean;
    registers: number;
    /** Tokens that each look for an object (YOLOS; tensor det_token), which its own code has behind the patches. Left out: none. */
    detection?: number;
  };
  position:
    | { kind: 'none' }
    | {
        /** sinusoid: the articles' table, computed; sinusoid-2d: AIMv2's sines and cosines of column and row, computed. */
        kind: 'learned' | 'sinusoid' | 'sinusoid-2d';
        /**
         * all: pos_embed has a row for every prefix token and every patch;
         * class: rows for the class token and the patches, registers get none (DINOv2 with registers, reg after pos);
         * patches: rows for patches only (timm no_embed_class), prefix tokens are added after.
         */
        covers: 'all' | 'class' | 'patches';
        /** The patch grid the table was trained for, [rows, columns]; resampled when it is not the image's grid. */
        grid: [rows: number, columns: number];
        /** How to resample: timm antialiased bicubic; HF/torch bicubic without antialias (align_corners false); SigLIP 2 antialiased bilinear. */
        resample: Resample;
        /** Blocks 1 and on have a table of their own, which is added to the tokens before the block (YOLOS; tensors blocks.{i}.pos_embed). */
        eachBlock?: boolean;
      };
  /** Positions inside attention, beside position embeddings or instead of them; of the encoding blocks, never of token transformers. */
  rotary: Rotary | null;
  relativeBias: RelativeBias | null;
  /** LayerNorm after position embedding, before the blocks (CLIP; tensor norm_pre). */
  preNorm: Norm | null;
  /** Final norm over all tokens (tensor norm). */
  finalNorm: Norm | null;
  /**
   * token: the class token; avg/max/avgmax: over the patch tokens (avgmax = 0.5 * (avg + max));
   * distilled: class and distillation token, each with its head, logits averaged (DeiT);
   * class-avg: class token concatenated with the mean of the patch tokens (DINOv2 linear head, length 2D);
   * map: attention pooling with a latent query (SigLIP, timm 'map'); none: features only, no pooling.
   */
  pool: 'token' | 'avg' | 'max' | 'avgmax' | 'distilled' | 'class-avg' | 'map' | 'none';
  /** avg-type pools over all tokens, prefix included (timm pool_include_prefix). */
  poolIncludesPrefix: boolean;
  /** Norm after pooling (tensor fc_norm). */
  fcNorm: Norm | null;
  /** For pool 'map': width of the latent attention and its MLP. */
  mapPool: {
    heads: number;
    /** False: the latent itself is the query (AIMv2). Left out: true. */
    query?: boolean;
    /** False: K and V have no bias. Left out: true. */
    kvBias?: boolean;
    /** 0: no norm and no MLP after it. */
    mlpHidden: number;
    activation: Activation;
    eps: number;
  } | null;
  /**
   * A layer between the pooled feature and the head (tensor projection): torchvision's pre_logits with tanh; CLIP's projection
   * into the space it shares with texts, which has no head after it.
   */
  projection: { length: number; bias: boolean; activation: Activation | null } | null;
  /** Classes (rows of head.weight); 0: no head, `logits` is then the pooled feature (B, D), projected if there is a projection. */
  classes: number;
  headBias: boolean;
}

export type DType = 'F32' | 'F16' | 'BF16';

/** Bytes of a weight file, or as many zero bytes where a family leaves something out (BEiT's K has no bias). */
export type TensorPart = { file: string; begin: number; end: number } | { zeros: number };

/**
 * Where a canonical tensor's values come from. `parts` follow each other along axis 0 (HF keeps Q, K and V apart; here they
 * are one). The addon maps each file read-only and checks every range again. `shape` is how they lie in the file; with `axes`
 * the canonical tensor is numpy.transpose(stored, axes) of that.
 */
export type TensorSource =
  | { dtype: DType; shape: number[]; parts: TensorPart[]; axes?: number[] }
  | { dtype: 'F32'; shape: number[]; values: Float32Array };

export interface LoadRequest {
  architecture: Architecture;
  /** Tensors by canonical name, or a seed number: drawn by the articles' _init_weights rule, the same on every platform. */
  weights: { tensors: Record<string, TensorSource> } | { seed: number };
  /** Matrix products: packed (our kernels), blas (the platform's BLAS), naive (three loops; the oracle). */
  gemm: 'packed' | 'blas' | 'naive';
  /** Number format of the weights in memory: fp32; stored (F16/BF16 stay so where the file has them); bf16 and int8 (with gemm packed only, ERR_ARGUMENT otherwise), whose products take activations in them too. */
  precision: 'fp32' | 'stored' | 'bf16' | 'int8';
  /** Threads for one forward pass; 0: one for each physical core, at most 8. */
  threads: number;
  /**
   * Bytes that the weights, and these with one run (kept maps and tokens, and what it needs while it runs), may need;
   * estimated before anything is allocated, and ERR_MEMORY with the numbers when it is more. Left out: half of the
   * machine's memory.
   */
  memoryLimit?: number;
  cancel?: CancelToken;
}

/** Set from JavaScript while a model loads or runs; read by the addon between two blocks, and while weights are drawn. */
export interface CancelToken {
  cancel(): void;
  readonly cancelled: boolean;
}

export interface ForwardOptions {
  /** Keep every attention map, (layers, h, N, N) an image. Off: streaming softmax, bounded memory. */
  attention: boolean;
  /** Keep every block's tokens, (depth + 1, N, D) an image: what enters block 0, then what leaves each block. */
  tokens: boolean;
  cancel?: CancelToken;
  /** Measure the time of each stage; read it from Run.profile. */
  profile?: boolean;
  /** Patch indices (0-based, without prefix) whose tokens are replaced by zeros before position embedding. */
  maskedPatches?: Uint32Array;
}

/** How several heads become one map. */
export type HeadFusion = 'mean' | 'max' | 'min';

/** y = sum of weight * logits[index] of one image: what is differentiated. A class alone: one entry of weight 1; A against B: 1 and -1. */
export type Target = { index: number; weight: number }[];

/**
 * What to hand out of one backward pass. Of int8 weights these are the gradients of the weights as the model uses them (with their scales
 * multiplied back), the rounding of activations taken for the identity.
 */
export interface GradientRequest {
  /** One for each image of the run. */
  targets: Target[];
  /** Layers (0..depth-1) whose dy/dA is handed out, A the maps after softmax. Order parallel: by the mean map, every branch's moved alike. */
  attention?: number[];
  /** Layers (0..depth, as Run.tokens) whose dy/dtokens is handed out. */
  tokens?: number[];
  /** dy/dinput. Patches that the run masked have none. */
  input?: boolean;
  /**
   * Chefer et al. 2021, rules 5 and 6: R = I, then from the first layer to the last R += mean_h(max(0, G * A)) R, with G = dy/dA; the class
   * token's row of R. Pool distilled: the mean of the class and the distillation token's rows; pools over patches: the mean of the patches'
   * rows; class-avg: the mean of these two.
   */
  relevance?: boolean;
  /**
   * Selvaraju et al. 2017 on the tokens a (N, D) that norm1 of the last block makes: max(0, sum_d w_d a_td), w the mean over the patch tokens
   * of dy/da. Order parallel: attns.0.norm; parallel-scaling: in_norm.
   */
  gradCam?: boolean;
  /** Read between two blocks. */
  cancel?: CancelToken;
}

export interface Gradients {
  /** (B) */
  y: Float32Array;
  /** Each (B, h, N, N), in the request's order. */
  attention: { layer: number; values: Float32Array }[];
  /** Each (B, N, D), in the request's order. */
  tokens: { layer: number; values: Float32Array }[];
  /** (B, C, H, W) */
  input: Float32Array | null;
  /** (B, N) */
  relevance: Float32Array | null;
  /** (B, patches) */
  gradCam: Float32Array | null;
}

/** What one forward pass left behind. Everything stays in the addon; these methods copy slices out. */
export interface Run {
  readonly batch: number;
  readonly numTokens: number;
  /** (B, classes), or (B, D) pooled features when the model has no head. */
  readonly logits: Float32Array;
  /**
   * What the head reads: (B, D) of the class token or the pooled patches after the norms, projected where there is a projection; the
   * mean of the class and the distillation token where both have a head. Empty without pooling.
   */
  readonly features: Float32Array;
  /** Milliseconds by stage, in order, when asked for. */
  readonly profile: { stage: string; ms: number }[] | null;
  readonly bytes: number;

  /** All maps of one layer: (h, N, N). */
  attention(image: number, layer: number): Promise<Float32Array>;
  /** Row `query` (0..N-1, prefix first) of every head of a layer: (h, N). */
  attentionRows(image: number, layer: number, query: number): Promise<Float32Array>;
  /** Tokens entering block `layer`, or leaving the last block for layer === depth: (N, D). */
  tokens(image: number, layer: number): Promise<Float32Array>;
  /**
   * Attention rollout (Abnar & Zuidema 2020, eq. 1): product over layers from..to (inclusive) of rows normalised
   * (A_fused + I) / 2; row `query` of it: (N). discardRatio: share of the smallest entries of A_fused put to zero first.
   */
  rollout(
    image: number,
    options: { query: number; from: number; to: number; fusion: HeadFusion; discardRatio: number },
  ): Promise<Float32Array>;
  /** Soft-split stages have attention too: (h, N_s, N_s) of token transformer `stage`; row `query` of each head: (h, N_s). */
  stageAttentionRows(image: number, stage: number, query: number): Promise<Float32Array>;
  /** Logits of the final norm and head applied to what leaves each block ("logit lens"): (depth, classes). */
  predictionByDepth(image: number): Promise<Float32Array>;
  /** Step names as in Model.steps; recomputed from the kept tokens on request. */
  step(image: number, name: string): Promise<{ shape: number[]; values: Float32Array }>;
  /** The first step, as in Model.steps, that holds NaN or infinity; null when all are finite. Attention's scores and weights are passed over. */
  firstNonFiniteStep(image: number): Promise<string | null>;
  /**
   * Gradients of y by one backward pass over the kept tokens: it needs a run with tokens, and computes one block again at a time.
   * ERR_ARGUMENT, ERR_CANCELLED, ERR_MEMORY.
   */
  gradients(request: GradientRequest): Promise<Gradients>;
  /**
   * Kobayashi et al. 2020: for query q and every token j the length of sum_h A[h,q,j] v_j^h W_o^h, without proj's bias: (N). W_o is proj's
   * weight alone: layer scale, value skip and a norm of the heads are left out; branches are added up. Needs a run with tokens.
   */
  valueAttention(image: number, layer: number, query: number): Promise<Float32Array>;
  /**
   * Outputs (variants, output length) of one image with patches' tokens put to zero (1 in masks (variants, patches)), as
   * ForwardOptions.maskedPatches does, beside those that the run itself masked. The picture is embedded once; variants run in batches within the
   * memory limit, without maps. `cancel` is read between two blocks.
   */
  maskedOutputs(image: number, masks: Uint8Array, variants: number, cancel?: CancelToken): Promise<Float32Array>;
  release(): void;
}

/** One step of the walk-through, in the order of the computation. */
export interface Step {
  /** e.g. patches, patch_embed, prefix, pos_embed, blocks.3.norm1, blocks.3.attn.q, blocks.3.attn.weights, norm, pool, head */
  name: string;
  /** With batch 1. */
  shape: number[];
  /** Where it is computed, relative to the repository: native/src/..., and the 1-based line. */
  source: { file: string; line: number };
}

export interface Model {
  readonly architecture: Architecture;
  readonly parameters: number;
  /** Bytes: of the weights, and of what the last pass worked in. */
  readonly memory: { weights: number; scratch: number };
  readonly steps: Step[];
  /** Input (B, C, H, W), already preprocessed. Runs of one model queue; models run one after another. */
  forward(input: Float32Array, batch: number, options: ForwardOptions): Promise<Run>;
  /** A tensor as the model uses it (seeded or converted to float32). */
  tensor(name: string): { shape: number[]; values: Float32Array };
  /** The first tensor, in the order of the computation, that holds NaN or infinity; null when all are finite. */
  firstNonFiniteTensor(): Promise<string | null>;
  close(): void;
}

/** Pillow's 8-bit resampling (Image.resize with reducing_gap=None), bit-exact. */
export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

export interface ResizeRequest {
  /** Interleaved 8-bit pixels (height, width, channels), channels 1, 3 or 4. */
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: number;
  /** Region of the source that becomes the whole target, [left, top, right, bottom] in pixels, fractions allowed (Pillow's box). */
  box: [number, number, number, number];
  targetWidth: number;
  targetHeight: number;
  /** Antialiased when shrinking, as Pillow does; torch's F.interpolate without antialias is another thing. */
  interpolation: Interpolation;
}

/**
 * A module of the articles on its own. What goes in and comes out, batch first:
 *   soft-split (Unfold, transposed)               (B, C, H, W) -> (B, N, C*k*k); kernel = stride, padding 0: the plain patches
 *   attention, neural-net, encoding               (B, N, dimIn) -> (B, N, dim); tensors attn.*, mlp.*, or a block's without "blocks.{i}."
 *   tokenization (Patch_Tokenization, Tokens2Token)  (B, C, H, W) -> (B, patches, D)
 *   token-processing                              (B, patches, D) -> (B, N, D)
 *   prediction-processing                         (B, N, D) -> (B, classes)
 *   backbone (ViT_Backbone)                       (B, patches, D) -> (B, classes)
 */
export type Part =
  | { kind: 'soft-split'; split: { kernel: number; stride: number; padding: number } }
  | { kind: 'attention' | 'neural-net' | 'encoding'; block: Block }
  | { kind: 'tokenization' | 'token-processing' | 'prediction-processing' | 'backbone'; architecture: Architecture };

export interface PartRequest {
  part: Part;
  weights: LoadRequest['weights'];
  input: Float32Array;
  shape: number[];
  /** As in LoadRequest, for the weights and all steps together. */
  memoryLimit?: number;
}

/** What the values of a tensor, or of a piece of one, are like. */
export interface ValueSummary {
  count: number;
  /** NaN and infinities, and the index of the first; -1 when there is none. */
  notFinite: number;
  firstNotFinite: number;
  zeros: number;
  /** Of the finite values; Infinity and -Infinity when there is none. */
  least: number;
  most: number;
  /** Sum of their squares. */
  squares: number;
}

export interface Binding {
  /**
   * BLAS found at build time, CPU features found at run time, the kernel set chosen, and whether it multiplies bfloat16:
   * elsewhere that precision saves memory, and no time.
   */
  info(): { blas: string; features: string[]; kernels: string; bf16: boolean; cores: number };
  load(request: LoadRequest): Promise<Model>;
  /** Model.steps of an architecture, without weights. Throws ERR_ARCHITECTURE. */
  describeSteps(architecture: Architecture): Step[];
  /** Every step of the part in order, named as in Model.steps, and last its result, named "output"; all with the batch in front. */
  runPart(request: PartRequest): Promise<{ name: string; shape: number[]; values: Float32Array }[]>;
  cancelToken(): CancelToken;
  /** (targetHeight, targetWidth, channels) 8-bit. */
  resize(request: ResizeRequest): Promise<Uint8Array>;
  /** Sinusoid table of the articles, (tokens, length), angles in float64: even columns sin, odd cos. */
  sinusoid(tokens: number, length: number): Float32Array;
  /** Of little-endian values at any address; what is less than a value at the end is left out. Answers at once: of pieces of a few MB. */
  summarise(values: { bytes: Uint8Array; dtype: DType }): ValueSummary;
  /** Resample a position table (rows*columns, D) to another grid as Architecture.position.resample says. */
  resamplePositions(values: Float32Array, from: [number, number], to: [number, number], mode: Resample): Float32Array;
  /** Peak float32 GFLOP/s of this machine with that many threads, measured now (about 100 ms). */
  measurePeak(threads: number): Promise<number>;
}
