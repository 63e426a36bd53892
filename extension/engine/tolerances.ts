/** float32 passes of different order of summation agree to this (the tolerances against PyTorch: logits 1e-4, maps 1e-5). */
export const tolerances = { logits: 1e-4, attention: 1e-5 } as const;
