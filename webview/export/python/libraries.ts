/** How a model is opened with the library that its files were made for, and where its parts are there. Lines of Python. */
import type { PanelModel } from '../../../extension/protocol/panel';

export interface Library {
  /** To be installed beside torch, numpy and pillow. */
  packages: string[];
  imports: string[];
  /** Defines `model`, and run(x) that gives the logits (B, classes) and every layer's attention (B, heads, N, N). */
  open: string[];
  /** The norm in front of the last block's attention; null: not where this library has it in one place. */
  lastNorm: string | null;
  /** The module whose output is the patches' embeddings, (B, patches, D) or (B, D, rows, columns); null as above. */
  embedding: string | null;
}

/** Null for models that neither library reads. */
export function libraryOf({ family, architecture }: PanelModel): Library | null {
  if (!architecture) return null;
  if (timmFamilies.includes(family) && architecture.block.order !== 'parallel') return timm(architecture);
  if (family.startsWith('hf-')) return transformers(family, architecture.classes > 0);
  return null;
}

const timmFamilies = ['timm', 'timm-beit', 'timm-relpos', 'timm-eva'];

function timm({ classes, image: { height, width }, block }: NonNullable<PanelModel['architecture']>): Library {
  return {
    packages: ['timm', 'safetensors'],
    imports: ['import json', 'import timm', 'from safetensors.torch import load_file'],
    open: [
      'folder = MODEL if MODEL.is_dir() else MODEL.parent',
      'config = json.loads((folder / "config.json").read_text())',
      `arguments = {**config.get("model_args", {}), "num_classes": ${classes}}`,
      'name = config["architecture"]',
      'create = timm.create_model if timm.is_model(name) else lambda _, **rest: timm.models.VisionTransformer(**rest)',
      'model = create(name, **arguments)',
      'weights = {}',
      'for file in sorted(MODEL.glob("model*.safetensors")) if MODEL.is_dir() else [MODEL]:',
      '    weights.update(load_file(file))',
      'model.load_state_dict(weights)',
      `if tuple(model.patch_embed.img_size) != (${height}, ${width}):`,
      `    model.set_input_size(img_size=(${height}, ${width}))`,
      'model.eval().requires_grad_(False)',
      '',
      'attention = []',
      'for module in model.blocks.modules():',
      '    if hasattr(module, "fused_attn"):',
      '        module.fused_attn = False  # the fused kernel keeps no attention',
      '        module.attn_drop.register_forward_hook(lambda module, inputs, output: attention.append(output))',
      '',
      '',
      'def run(x):',
      '    attention.clear()',
      '    logits = model(x)',
      '    return logits, list(attention)',
    ],
    lastNorm: block.order === 'parallel-scaling' ? 'model.blocks[-1].in_norm' : 'model.blocks[-1].norm1',
    embedding: 'model.patch_embed',
  };
}

/** By family: where the backbone is, the norm of a block by its name (lists of blocks have other names in other versions), and what embeds patches. */
const parts: Partial<Record<string, readonly [backbone: string, norm: string, embedding: string]>> = {
  'hf-vit': ['vit', 'layernorm_before', 'embeddings.patch_embeddings'],
  'hf-vit-msn': ['vit', 'layernorm_before', 'embeddings.patch_embeddings'],
  'hf-deit': ['deit', 'layernorm_before', 'embeddings.patch_embeddings'],
  'hf-dinov2': ['dinov2', 'norm1', 'embeddings.patch_embeddings'],
  'hf-dinov2-registers': ['dinov2_with_registers', 'norm1', 'embeddings.patch_embeddings'],
  'hf-clip': ['vision_model', 'layer_norm1', 'embeddings.patch_embedding'],
  'hf-siglip': ['vision_model', 'layer_norm1', 'embeddings.patch_embedding'],
};

function transformers(family: string, classifies: boolean): Library {
  const kind = classifies ? 'AutoModelForImageClassification' : 'AutoModel';
  const [backbone, norm, embedding] = parts[family] ?? [];
  const inside = `getattr(model, "${backbone}", model)`;
  return {
    packages: ['transformers'],
    imports: [`from transformers import ${kind}`],
    open: [
      'folder = MODEL if MODEL.is_dir() else MODEL.parent',
      '# the default attention keeps no maps',
      `model = ${kind}.from_pretrained(folder, attn_implementation="eager")`,
      'model.eval().requires_grad_(False)',
      '',
      '',
      'def run(x):',
      '    output = model(x, output_attentions=True)',
      '    return getattr(output, "logits", None), list(output.attentions)',
    ],
    lastNorm:
      backbone === undefined
        ? null
        : `[part for name, part in ${inside}.named_modules() if name.endswith(".${norm}")][-1]`,
    embedding: backbone === undefined ? null : `${inside}.${embedding}`,
  };
}
