"""
Writes test/golden/cases: what PyTorch computes for small random models of every family and switch.

    python3 test/golden/generate.py [part of a case's name]

The models are this project's own reading of the published ones, with their parameter names; neither timm nor transformers
is needed. Weights come from fixed seeds, so a second run writes the same files (on the same PyTorch).
"""
import sys

import torch

from reference import articles, hf_cases, timm_cases, torchvision_vit

torch.set_num_threads(1)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    for family in (timm_cases, hf_cases, torchvision_vit, articles):
        for name, write in family.cases():
            if wanted in name:
                write()


if __name__ == "__main__":
    main()
