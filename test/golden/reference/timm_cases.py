"""timm VisionTransformer: plain ones of several geometries first, then every switch once."""
from .common import write_case
from .timm_vit import VisionTransformer, config

# Small: the whole folder is committed. 12x20 pixels in 4x4 patches are 3 rows of 5.
BASE = {"img_size": [12, 20], "patch_size": 4, "embed_dim": 20, "depth": 2, "num_heads": 2, "mlp_ratio": 2, "num_classes": 7}

PLAIN = {
    "timm-plain": ({"img_size": 32, "patch_size": 8, "embed_dim": 36, "depth": 3, "num_heads": 3, "num_classes": 10}, {}),
    "timm-wide": ({**BASE, "img_size": [32, 48], "patch_size": 8, "embed_dim": 48, "num_heads": 3, "mlp_ratio": 4, "depth": 1}, {}),
    "timm-nonsquare": (BASE, {"batch": 3}),
    "timm-odd-width": ({**BASE, "embed_dim": 35, "num_heads": 5, "mlp_ratio": 3.3, "num_classes": 5}, {"batch": 2}),
    "timm-patch-nonsquare": ({**BASE, "img_size": [24, 20], "patch_size": [6, 4]}, {}),
    "timm-one-channel": ({**BASE, "in_chans": 1}, {}),
    "timm-five-channels": ({**BASE, "in_chans": 5, "num_heads": 4}, {"batch": 2}),
    "timm-f16": (BASE, {"dtype": "F16", "batch": 2}),
    "timm-bf16": (BASE, {"dtype": "BF16", "batch": 2}),
    "timm-one-head": ({**BASE, "num_heads": 1, "num_classes": 1}, {}),
    "timm-many-tokens": ({**BASE, "img_size": [32, 40], "depth": 1}, {}),
}

SWITCHES = {
    "pool-avg": {"global_pool": "avg"},
    "pool-avgmax": {"global_pool": "avgmax"},
    "pool-max": {"global_pool": "max"},
    "pool-map": {"global_pool": "map", "class_token": False},
    "pool-map-prefix": {"global_pool": "map", "reg_tokens": 2},
    "pool-includes-prefix": {"global_pool": "avg", "pool_include_prefix": True},
    "fc-norm-off": {"global_pool": "avg", "class_token": False, "fc_norm": False},
    "fc-norm-token": {"fc_norm": True},
    "no-final-norm": {"final_norm": False},
    "no-class-token": {"class_token": False, "global_pool": "avg"},
    "no-positions": {"pos_embed": "none"},
    "registers": {"reg_tokens": 3},
    "registers-bare": {"reg_tokens": 4, "no_embed_class": True, "init_values": 1e-5},
    "pre-norm-quickgelu": {"pre_norm": True, "act_layer": "quick_gelu"},
    "gelu-tanh": {"act_layer": "gelu_tanh"},
    "silu": {"act_layer": "silu"},
    "layer-scale": {"init_values": 1e-5},
    "qk-norm": {"qk_norm": True},
    "no-qkv-bias": {"qkv_bias": False},
    "no-proj-bias": {"proj_bias": False},
    "swiglu-packed": {"mlp_layer": "SwiGLUPacked", "mlp_ratio": 3.34},
    "swiglu": {"mlp_layer": "SwiGLU", "mlp_ratio": 2.5},
    "glu": {"mlp_layer": "GluMlp", "act_layer": "gelu"},
    "scale-norms": {"scale_attn_norm": True, "scale_mlp_norm": True},
    "scale-norm-glu": {"scale_mlp_norm": True, "mlp_layer": "SwiGLUPacked"},
    "rms-norm": {"norm_layer": "rmsnorm", "qk_norm": True},
    "res-post": {"block_fn": "ResPostBlock", "init_values": 1e-5},
    "parallel-things": {"block_fn": "ParallelThingsBlock", "num_parallel": 2, "init_values": 1e-5},
    "parallel-scaling": {"block_fn": "ParallelScalingBlock", "qk_norm": True, "init_values": 1e-5},
    "parallel-scaling-no-bias": {"block_fn": "ParallelScalingBlock", "qkv_bias": False},
    "features": {"num_classes": 0},
}


def cases():
    for name, (args, options) in PLAIN.items():
        yield name, lambda n=name, a=args, o=options: write(n, a, **o)
    for name, switches in SWITCHES.items():
        args = {**BASE, **switches}
        yield f"timm-{name}", lambda n=f"timm-{name}", a=args: write(n, a, batch=2)
    distilled = {**BASE, "distilled": True}
    yield "deit-distilled", lambda: write("deit-distilled", distilled, architecture="deit_golden_distilled", batch=2)
    deit3 = {**BASE, "no_embed_class": True, "init_values": 1e-6}
    yield "deit3", lambda: write("deit3", deit3, architecture="deit3_golden")
    tiny = {**BASE, "img_size": [8, 8], "embed_dim": 12, "depth": 1}
    yield "timm-eps", lambda: write("timm-eps", tiny, small=0.03)
    # The name says CLIP, and CLIP's norms have torch's eps.
    clip = {**tiny, "pre_norm": True, "act_layer": "quick_gelu"}
    yield "timm-clip-eps", lambda: write("timm-clip-eps", clip, "vit_base_patch4_clip_quickgelu_8", eps=1e-5, small=0.03)
    # Trained at 12x20, run at 20x28: timm's set_input_size.
    for name, extra in (("timm-resized", {}), ("timm-resized-bare", {"reg_tokens": 2, "no_embed_class": True}), ("deit-resized", {"distilled": True})):
        yield name, lambda n=name, e=extra: resized(n, {**BASE, **e}, [20, 28])
    yield "timm-resized-down", lambda: resized("timm-resized-down", {**BASE, "img_size": [32, 24]}, [12, 16])


def write(name, args, architecture="vit_golden", eps=1e-6, **options):
    size = args["img_size"] if isinstance(args["img_size"], list) else [args["img_size"]] * 2
    model = VisionTransformer(eps=eps, **args)
    write_case(name, model, config(args, architecture), (args.get("in_chans", 3), *size), **options)


def resized(name, args, size):
    model = VisionTransformer(resize_to=size, **args)
    write_case(name, model, config(args), (3, *size), case={"input_size": size})
