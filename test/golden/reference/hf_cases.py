"""Hugging Face cases. Their trained grids are square; the resized ones run at another shape, as interpolate_pos_encoding does."""
import torch

from .common import write_case
from .hf import TowerFamily, VitFamily

SIZES = {"hidden_size": 20, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 40, "image_size": 16, "patch_size": 4, "num_channels": 3}
VIT = {**SIZES, "model_type": "vit", "hidden_act": "gelu", "layer_norm_eps": 1e-12, "qkv_bias": True}
DEIT = {**VIT, "model_type": "deit"}
DINOV2 = {k: v for k, v in {**VIT, "model_type": "dinov2", "mlp_ratio": 2, "layer_norm_eps": 1e-6, "use_swiglu_ffn": False}.items() if k != "intermediate_size"}
REGISTERS = {**DINOV2, "model_type": "dinov2_with_registers", "num_register_tokens": 3}
CLIP = {**{k: v for k, v in VIT.items() if k != "qkv_bias"}, "model_type": "clip_vision_model", "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5}
SIGLIP = {**CLIP, "model_type": "siglip_vision_model", "hidden_act": "gelu_pytorch_tanh", "layer_norm_eps": 1e-6}

VIT_PROCESSOR = {
    "do_normalize": True, "do_rescale": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
    "image_processor_type": "ViTImageProcessor", "resample": 2, "rescale_factor": 1 / 255, "size": {"height": 16, "width": 16},
}  # fmt: skip
CROP_PROCESSOR = {
    **VIT_PROCESSOR, "image_processor_type": "BitImageProcessor", "do_center_crop": True, "crop_size": {"height": 16, "width": 16},
    "resample": 3, "size": {"shortest_edge": 18}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
}  # fmt: skip

# name: (config, class name, labels, size to run at, options)
CASES = {
    "hf-vit": (VIT, "ViTForImageClassification", 5, None, {"batch": 2, "processor": VIT_PROCESSOR}),
    "hf-vit-no-qkv-bias": ({**VIT, "qkv_bias": False}, "ViTForImageClassification", 3, None, {}),
    "hf-vit-features": (VIT, "ViTModel", 0, None, {"pooler": True}),
    "hf-vit-bf16": (VIT, "ViTForImageClassification", 5, None, {"dtype": "BF16"}),
    "hf-vit-resized": (VIT, "ViTForImageClassification", 5, [20, 28], {}),
    "hf-deit": (DEIT, "DeiTForImageClassification", 5, None, {"processor": CROP_PROCESSOR}),
    "hf-deit-teacher": (DEIT, "DeiTForImageClassificationWithTeacher", 5, None, {"batch": 2}),
    "hf-dinov2": (DINOV2, "Dinov2ForImageClassification", 5, None, {"batch": 2, "processor": CROP_PROCESSOR, "mask": True}),
    "hf-dinov2-swiglu": ({**DINOV2, "use_swiglu_ffn": True}, "Dinov2ForImageClassification", 5, None, {"dtype": "F16"}),
    "hf-dinov2-features": (DINOV2, "Dinov2Model", 0, None, {}),
    "hf-dinov2-resized": (DINOV2, "Dinov2ForImageClassification", 5, [12, 24], {}),
    "hf-dinov2-registers": (REGISTERS, "Dinov2WithRegistersForImageClassification", 5, None, {"batch": 2}),
    "hf-dinov2-registers-resized": (REGISTERS, "Dinov2WithRegistersForImageClassification", 5, [20, 28], {}),
    "hf-clip": (CLIP, "CLIPVisionModel", 0, None, {"batch": 2, "processor": CROP_PROCESSOR}),
    "hf-clip-classifier": (CLIP, "CLIPForImageClassification", 5, None, {}),
    "hf-clip-resized": (CLIP, "CLIPVisionModel", 0, [24, 20], {}),
    "hf-siglip": (SIGLIP, "SiglipVisionModel", 0, None, {"batch": 2, "processor": {**VIT_PROCESSOR, "resample": 3}}),
    "hf-siglip-classifier": (SIGLIP, "SiglipForImageClassification", 5, None, {}),
    "hf-siglip-resized": (SIGLIP, "SiglipVisionModel", 0, [12, 20], {}),
    # 18 pixels in patches of 4: the convolution leaves the last two rows and columns out (so400m-patch14-384 does).
    "hf-siglip-leftover": ({**SIGLIP, "image_size": 18}, "SiglipVisionModel", 0, None, {}),
}
TINY = {"hidden_size": 12, "num_hidden_layers": 1, "image_size": 8}
for _name, _config, _class, _labels in (
    ("hf-vit-eps", {**VIT, **TINY, "intermediate_size": 24}, "ViTForImageClassification", 3),
    ("hf-dinov2-eps", {**DINOV2, **TINY}, "Dinov2ForImageClassification", 3),
    ("hf-clip-eps", {**CLIP, **TINY, "intermediate_size": 24}, "CLIPVisionModel", 0),
    ("hf-siglip-eps", {**SIGLIP, **TINY, "intermediate_size": 24}, "SiglipVisionModel", 0),
):
    CASES[_name] = (_config, _class, _labels, None, {"small": 0.003, "silent": True})


def cases():
    for name, (config, klass, labels, size, options) in CASES.items():
        yield name, lambda n=name, c=config, k=klass, l=labels, s=size, o=options: write(n, c, k, l, s, **o)


def write(name, c, klass, labels, size, pooler=False, mask=False, silent=False, **options):
    run_at = size or [c["image_size"]] * 2
    tower = c["model_type"] in ("clip_vision_model", "siglip_vision_model")
    if tower:
        model = TowerFamily(c, run_at, labels)
    else:
        model = VitFamily(c, run_at, labels, teacher="Teacher" in klass)
    config = {"architectures": [klass], **c}
    if klass in ("CLIPForImageClassification", "SiglipForImageClassification"):
        vision = {k: v for k, v in c.items()}
        config = {"architectures": [klass], "model_type": c["model_type"].split("_")[0], "vision_config": vision, "text_config": {}}
    if labels:
        config["id2label"] = {str(i): f"label {i}" for i in range(labels)}
    if silent:
        # The configuration class's default is to be known.
        del config["layer_norm_eps"]
    d = c["hidden_size"]
    extra = {}
    if pooler:
        extra = {"pooler.dense.weight": torch.ones(d, d), "pooler.dense.bias": torch.ones(d)}
    if mask:
        extra = {"dinov2.embeddings.mask_token": torch.zeros(1, d)}
    case = {"input_size": size} if size else None
    write_case(name, model, config, (c["num_channels"], *run_at), case=case, extra=extra, **options)
